"""The list of rules on a programme's desk: order, switching, copying, moving, budgets."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from loyalty.core.models import User
from members.models import BudgetCounter
from programs.admin.desk.tabs import tab_url
from programs.models import Programme, Rule
from programs.selectors.documents import working_document
from programs.services.programmes import load

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLUB = """
programme: {key: club, name: {en: Club}, zone: Europe/Tallinn, currency: EUR, languages: [en]}
point_types: [{key: points, name: {en: Points}, unit: {en: {one: point, other: points}}}]
groups: [{key: base}, {key: extra, mode: best_of}, {key: boost}]
rules:
  - {key: a, title: {en: A}, group: base, effect: {kind: fixed, points: 1}}
  - {key: x, title: {en: X}, group: extra, effect: {kind: fixed, points: 5}}
  - {key: b, title: {en: B}, group: base, effect: {kind: fixed, points: 2}, caps: {budget: {points: 1000}}}
  - {key: c, title: {en: C}, group: base, effect: {kind: fixed, points: 3}}
  - {key: two, title: {en: Double}, group: boost, effect: {kind: multiplier, factor: 2}}
"""


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


@pytest.fixture
def club() -> Programme:
    return load(CLUB, now=NOW).programme


def order(programme: Programme, group: str = "base") -> str:
    rules = working_document(programme)["rules"]
    return " ".join(rule["key"] for rule in rules if rule.get("group") == group)


@pytest.mark.parametrize(
    ("do", "base", "extra"),
    [
        ("up:b", "b a c", "x"),
        ("down:b", "a c b", "x"),
        ("up:a", "a b c", "x"),
        ("down:c", "a b c", "x"),
        ("place:c:base:a", "c a b", "x"),
        ("place:a:base:", "b c a", "x"),
        ("place:c:extra:x", "a b", "c x"),
        ("place:c:extra:", "a b", "x c"),
        ("place:c:base:c", "a b c", "x"),
        # What does not fit or is not there changes nothing.
        ("place:c:boost:", "a b c", "x"),
        ("place:c:nowhere:", "a b c", "x"),
        ("place:c:base:gone", "a b c", "x"),
        ("place:c", "a b c", "x"),
        ("up:gone", "a b c", "x"),
        ("explode:a", "a b c", "x"),
        ("", "a b c", "x"),
    ],
)
def test_rules_are_moved(boss: Client, club: Programme, do: str, base: str, extra: str) -> None:
    answer = boss.post(tab_url(club, "rules"), {"do": do}, follow=True)
    assert answer.status_code == 200
    assert (order(club), order(club, "extra")) == (base, extra)


def test_groups_are_tried_in_another_order(boss: Client, club: Programme) -> None:
    boss.post(tab_url(club, "rules"), {"do": "group_up:extra"})
    assert [group["key"] for group in working_document(club)["groups"]] == ["extra", "base", "boost"]
    boss.post(tab_url(club, "rules"), {"do": "group_up:extra"})
    assert [group["key"] for group in working_document(club)["groups"]] == ["extra", "base", "boost"]


def test_a_rule_is_switched_off_and_on(boss: Client, club: Programme) -> None:
    boss.post(tab_url(club, "rules"), {"do": "off:b"})
    assert Rule.objects.get(key="b").settings["enabled"] is False
    assert "switched off" in boss.get(tab_url(club, "rules")).content.decode()
    boss.post(tab_url(club, "rules"), {"do": "on:b"})
    assert Rule.objects.get(key="b").settings["enabled"] is True


def test_a_copy_stands_behind_its_original_and_is_off(boss: Client, club: Programme) -> None:
    for _time in range(2):
        boss.post(tab_url(club, "rules"), {"do": "copy:a"})
    assert order(club) == "a a-3 a-2 b c"
    copied = Rule.objects.get(key="a-2")
    assert copied.settings["enabled"] is False
    assert copied.settings["effect"] == Rule.objects.get(key="a").settings["effect"]


def test_budgets_are_told_at_a_glance(boss: Client, club: Programme) -> None:
    BudgetCounter.objects.create(programme=club, rule="b", period="ever", used=250)
    page = boss.get(tab_url(club, "rules")).content.decode()
    assert "250\N{NO-BREAK SPACE}points of 1,000\N{NO-BREAK SPACE}points given" in page
    assert 'value="25"' in page


def test_who_may_only_look_moves_nothing(club: Programme) -> None:
    reader = User.objects.create_staff("reader@example.com", name="Rea")
    reader.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(reader)
    page = client.get(tab_url(club, "rules")).content.decode()
    assert 'name="do" value="up' not in page
    assert client.post(tab_url(club, "rules"), {"do": "up:b"}).status_code == 403
    assert order(club) == "a b c"
