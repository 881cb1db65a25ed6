"""The demo company in small: made once, verified, and left alone by a second run."""

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from loyalty.core.models import Job, User
from members.management.commands.demo_data import demo_logins
from members.models import Membership, Person, Purchase, Return
from members.models.ledger import Posting
from members.selectors.verification import verify
from members.services.demo import people, receipts
from programs.models import Programme, Revision, Store
from programs.services.programmes import load

pytestmark = pytest.mark.django_db

COUNTED = (Membership, Person, Posting, Purchase, Return, Revision, Store, User, Job)


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
    assert (made["redemptions"], made["returns"]) == (6, 3)
    assert not Person.objects.filter(last_name="").exists()
    texts = Programme.objects.get().name
    assert {"en", "ru", "et"} <= set(texts)
    assert {
        award["rule"]
        for trace in Purchase.objects.values_list("trace", flat=True)
        for award in trace["awards"]
    } == {"per-euro", "coffee-and-bakery", "weekend", "big-basket"}

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
        assert user.has_perm("members.view_membership")
    calls = User.objects.get(email="calls@marta.example")
    assert not calls.has_perm("programs.change_rule")


def test_the_year_is_the_same_every_time(tmp_path: Any) -> None:
    start = date(2025, 3, 1)
    for name in ("a", "b"):
        receipts.write_receipts(tmp_path / name, people.invent(20, start, 1), start, 1)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
