"""The demo company in small: made once, verified, and left alone by a second run."""

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from loyalty.core import clock
from loyalty.core.approvals import approve, to_decide
from loyalty.core.models import Job, User
from loyalty.core.roles import shipped_roles
from members.management.commands.demo_data import demo_logins
from members.models import (
    Event,
    Membership,
    Person,
    Purchase,
    Return,
    TierDecision,
    TierGrant,
    TierPeriod,
    Transfer,
)
from members.models.ledger import Hold, Posting
from members.selectors.due import due_memberships
from members.selectors.verification import verify
from members.services.demo import people, receipts
from programs.choices import ExampleState
from programs.models import Brief, Product, Programme, Revision, Store, WorkedExample
from programs.services.programmes import load

pytestmark = pytest.mark.django_db

COUNTED = (
    Event, Hold, Membership, Person, Posting, Purchase, Return, Revision, Store, TierDecision, TierGrant, Transfer, User,
    Job, Brief, Product, WorkedExample,
)  # fmt: skip


def demo_data() -> Any:
    out = io.StringIO()
    call_command("demo_data", "--members", "30", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_company_is_made_once() -> None:
    made = demo_data()
    assert made["made"]
    assert verify(None).ok
    assert made["members"] == Membership.objects.count() == 30
    assert made["receipts"] == Purchase.objects.count() > 300
    assert (made["redemptions"], made["returns"]) == (3, 2)
    assert (made["opening balances"], made["transfers"], made["holds"]) == (2, 2, 2)
    assert Event.objects.filter(kind="registration").count() == 30
    assert set(TierPeriod.objects.values_list("tier", flat=True)) == {"green", "silver", "gold"}
    assert not due_memberships(Programme.objects.get(), clock.now())
    assert not Person.objects.filter(last_name="").exists()
    assert set(TierGrant.objects.values_list("actor__email", flat=True)) == {"marketing@marta.example"}
    texts = Programme.objects.get().name
    assert {"en", "ru", "et"} <= set(texts)
    assert {
        award["rule"]
        for trace in Purchase.objects.values_list("trace", flat=True)
        for award in trace["awards"]
    } == {"per-euro", "coffee-and-bakery", "weekend", "big-basket", "gold-twice", "breakfast"}

    assert set(WorkedExample.objects.values_list("state", flat=True)) == {ExampleState.GREEN}
    assert Product.objects.count() == made["products"]
    assert Brief.objects.get().goal

    before = [model.objects.count() for model in COUNTED]
    assert demo_data()["made"] is False
    assert [model.objects.count() for model in COUNTED] == before


def test_a_database_in_use_is_left_alone_except_in_development(settings: Any) -> None:
    text = Path("tests/scenarios/programmes/grocery_points.yaml").read_text()
    load(text, now=datetime(2025, 1, 1, tzinfo=UTC), publish=True)
    with pytest.raises(SystemExit):
        demo_data()
    assert not User.objects.exists()
    settings.DEBUG = True
    assert demo_data()["made"]
    assert verify(None).ok


def test_everybody_may_log_in() -> None:
    demo_data()
    for who, email, password in demo_logins():
        user = authenticate(None, username=email, password=password)
        assert user is not None, who
        assert user.is_staff
        assert user.has_perm("programs.view_programme")
    calls = User.objects.get(email="calls@marta.example")
    assert not calls.has_perm("programs.change_rule")
    roles = {name for (name,) in User.objects.filter(is_superuser=False).values_list("groups__name")}
    assert roles == {role.group for role in shipped_roles()}


def test_a_request_waits_for_the_approver() -> None:
    demo_data()
    approver = User.objects.get(email="approver@marta.example")
    [waiting] = to_decide(approver)
    assert waiting.requested_by.email == "calls@marta.example"
    approve(waiting, by=approver, now=clock.now())
    assert Posting.objects.filter(reference=f"approval {waiting.pk}", amount=2000).exists()
    assert verify(None).ok


def test_a_run_that_was_broken_off_is_continued() -> None:
    demo_data()
    for user in User.objects.all():  # the staff come last
        User.objects.filter(pk=user.pk).update(email=f"gone-{user.pk}@marta.example")
    before = [model.objects.count() for model in COUNTED if model not in (Posting, User, Job)]
    made = demo_data()
    assert made["made"]
    assert (made["members"], made["opening balances"], made["transfers"], made["holds"]) == (0, 0, 0, 0)
    assert [model.objects.count() for model in COUNTED if model not in (Posting, User, Job)] == before
    assert verify(None).ok


def test_the_year_is_the_same_every_time(tmp_path: Any) -> None:
    start = date(2025, 3, 1)
    for name in ("a", "b"):
        receipts.write_receipts(tmp_path / name, people.invent(20, start, 1), start, 1)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
