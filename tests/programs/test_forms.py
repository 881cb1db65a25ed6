"""The forms of the programme desk: what they show is what is stored, and what they save is checked like a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from loyalty.core.choices import UserKind
from loyalty.core.models import User
from programs.admin.desk.tabs import tab_url
from programs.engine.document import read_core
from programs.models import Brief, EventType, PointType, ProductList, Programme, Rule, TierLadder
from programs.selectors.documents import as_yaml, working_document
from programs.services.programmes import load
from tests.engine.whole import WHOLE
from tests.programs.pages import fields_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXAMPLES = sorted((Path(__file__).parents[1] / "scenarios" / "programmes").glob("*.yaml"))
PARTS: list[Any] = [PointType, EventType, TierLadder, ProductList, Rule]
CLUB = """
programme: {key: club, name: {en: Club}, zone: Europe/Tallinn, currency: EUR, languages: [en]}
point_types: [{key: points, name: {en: Points}}, {key: miles, name: {en: Miles}}]
rules:
  - {key: base, title: {en: Base}, effect: {kind: per_step, points: 1, step: "1.00"}}
"""


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


@pytest.fixture
def club() -> Programme:
    return load(CLUB, now=NOW).programme


def address(row: Any) -> str:
    return reverse(f"admin:programs_{row._meta.model_name}_change", args=(row.pk,))


def opened(boss: Client, url: str) -> dict[str, list[str]]:
    page = boss.get(url)
    assert page.status_code == 200
    return fields_of(page.content.decode())


WHOLE_TEXT = as_yaml(read_core(WHOLE))


@pytest.mark.parametrize("text", [WHOLE_TEXT, *(path.read_text() for path in EXAMPLES)])
def test_saving_what_is_shown_changes_nothing(boss: Client, text: str) -> None:
    programme = load(text, now=NOW).programme
    before = working_document(programme)
    rows = [row for model in PARTS for row in model.objects.all()]
    addresses = [address(row) for row in rows] + [tab_url(programme, key) for key in ("settings", "policies")]
    for url in addresses:
        answer = boss.post(url, opened(boss, url))
        assert answer.status_code == 302, (url, answer.context["adminform"].form.errors)
    programme.refresh_from_db()
    assert working_document(programme) == before


def test_a_rule_is_added_with_a_code_made_from_its_title(boss: Client, club: Programme) -> None:
    url = reverse("admin:programs_rule_add") + f"?programme={club.pk}"
    data = opened(boss, url) | {
        "title_en": ["Weekend bonus!"],
        "effect__kind": ["fixed"],
        "effect__points": ["50"],
        "effect__step": ["9.99"],
        "schedule__weekdays": ["sat", "sun"],
        "caps__times-0-per": ["day"],
        "caps__times-0-times": ["1"],
    }
    answer = boss.post(url, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    rule = Rule.objects.get(key="weekend-bonus")
    # The step belongs to another kind of effect, so it is not kept.
    assert rule.settings["effect"] == {"kind": "fixed", "points": "50"}
    assert rule.settings["schedule"] == {"weekdays": ["sat", "sun"]}
    assert rule.settings["caps"]["times"] == [{"per": "day", "times": 1}]
    assert rule.position == 1


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"effect__points": "1.5"}, "effect__points", "decimal places"),
        ({"effect__points": "0"}, "effect__points", "too small"),
        ({"effect__points": "１００"}, "effect__points", "is not a number"),
        ({"effect__points": "9" * 40}, "effect__points", "is not a number"),
        ({"effect__points": "9" * 17}, "effect__points", "too small or too large"),
        ({"effect__step": "1e3"}, "effect__step", "is not a number"),
        ({"effect__step": ""}, "effect__step", "Something is missing"),
        (
            {"schedule__since": "2026-05-01T10:00", "schedule__until": "2026-05-01T09:00"},
            "schedule__until",
            "end",
        ),
        ({"caps__times-0-per": "day", "caps__times-0-times": "x"}, "caps__times", "Row 1"),
        ({"title_en": "a\x00b"}, "title", "characters"),
        ({"group": "nowhere"}, "group", "nowhere"),
        ({"caps__cooldown_hours": "-1"}, "caps__cooldown_hours", "wrong form"),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_nothing_is_saved(
    boss: Client, club: Programme, values: dict[str, str], field: str, said: str
) -> None:
    before = working_document(club)
    url = address(Rule.objects.get())
    answer = boss.post(url, opened(boss, url) | {name: [value] for name, value in values.items()})
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert said in " ".join(errors[field]), errors
    assert working_document(club) == before


def test_two_people_save_the_same_rule_and_the_second_sees_what_the_first_did(
    boss: Client, club: Programme
) -> None:
    url = address(Rule.objects.get())
    mine, theirs = opened(boss, url), opened(boss, url)
    assert boss.post(url, theirs | {"effect__points": ["2"]}).status_code == 302
    answer = boss.post(url, mine | {"effect__step": ["5.00"]})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Somebody else changed this" in page
    assert "effect.points" in page
    assert Rule.objects.get().settings["effect"] == {"kind": "per_step", "points": "2", "step": "1.00"}
    # Saving again, now knowing it, puts the own values in place.
    again = fields_of(page)
    assert again["effect__step"] == ["5.00"]
    assert boss.post(url, again).status_code == 302
    assert Rule.objects.get().settings["effect"] == {"kind": "per_step", "points": "1", "step": "5.00"}


def test_a_point_type_that_rules_give_is_not_taken_out(boss: Client, club: Programme) -> None:
    used, unused = PointType.objects.get(key="points"), PointType.objects.get(key="miles")
    Rule.objects.update(settings={**Rule.objects.get().settings, "point_type": "points"})
    for row, gone in ((used, False), (unused, True)):
        boss.post(address(row).replace("change", "delete"), {"post": "yes"})
        row.refresh_from_db()
        assert (row.retired_at is not None) is gone
    assert working_document(club)["point_types"] == [used.settings]


def test_a_code_is_never_used_again(boss: Client, club: Programme) -> None:
    boss.post(address(PointType.objects.get(key="miles")).replace("change", "delete"), {"post": "yes"})
    url = reverse("admin:programs_pointtype_add") + f"?programme={club.pk}"
    answer = boss.post(url, opened(boss, url) | {"name_en": ["Miles"], "key": ["miles"]})
    assert "key" in answer.context["adminform"].form.errors
    assert boss.post(url, opened(boss, url) | {"name_en": ["Miles"]}).status_code == 302
    assert PointType.objects.filter(key="miles-2", retired_at=None).exists()


def test_decimal_places_of_a_published_point_type_stay(boss: Client) -> None:
    load(CLUB, now=NOW, publish=True)
    url = address(PointType.objects.get(key="points"))
    answer = boss.post(url, opened(boss, url) | {"decimals": ["2"]})
    assert "decimals" in answer.context["adminform"].form.errors


def test_who_may_only_look_cannot_save(club: Programme) -> None:
    reader = User.objects.create_user("reader@example.com", kind=UserKind.STAFF, is_staff=True)
    reader.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(reader)
    before = working_document(club)
    for url in (address(Rule.objects.get()), tab_url(club, "settings"), tab_url(club, "policies")):
        assert client.get(url).status_code == 200
        assert client.post(url, {"name_en": "Mine", "zone": "UTC"}).status_code == 403
    assert client.get(reverse("admin:programs_rule_add") + f"?programme={club.pk}").status_code == 403
    assert working_document(club) == before


def test_a_tier_is_inserted_between_two(boss: Client) -> None:
    load(WHOLE_TEXT, now=NOW)
    ladder = TierLadder.objects.get(key="status")
    url = address(ladder)
    data = opened(boss, url)
    number = 1 + max(int(name.split("-")[1]) for name in data if name.startswith("tiers-"))
    added = {f"tiers-{number}-name_en": ["Bronze"], f"tiers-{number}-threshold": ["100.00"]}
    answer = boss.post(url, data | added)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    ladder.refresh_from_db()
    assert [tier["key"] for tier in ladder.settings["tiers"]].index("bronze") == 1


def test_a_brief_is_written_step_by_step(boss: Client, club: Programme) -> None:
    url = tab_url(club, "brief")
    data = opened(boss, url) | {
        "goal": ["keep"],
        "key_factor": ["They come for the bread."],
        "targets-0-what": ["share of customers who come again"],
        "targets-0-target": ["38 %"],
    }
    assert boss.post(url, data).status_code == 302
    brief = Brief.objects.get()
    assert [done for _step, done in brief.steps] == [True, True, False, False, False]
    assert brief.targets == [{"what": "share of customers who come again", "target": "38 %"}]
    # What is shown is what is stored; nobody else's idea of a goal gets in.
    assert boss.post(url, opened(boss, url)).status_code == 302
    brief.refresh_from_db()
    assert (brief.goal, len(brief.targets)) == ("keep", 1)
    assert boss.post(url, data | {"goal": ["win"]}).status_code == 200
    assert Brief.objects.get().goal == "keep"
