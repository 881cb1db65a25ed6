"""The tab “Try a basket”: who buys what, what it would bring, and keeping it as a worked example."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.test import Client

from loyalty.core.models import User
from members.models import Person
from programs.admin.desk.tabs import tab_url
from programs.models import Programme, WorkedExample
from programs.services.gallery import Start, make, templates
from programs.services.programmes import load
from tests.members.club import NOON, RULES, club, member

pytestmark = pytest.mark.django_db
TWICE = RULES.replace("points: 1", "points: 2")
BASKET = {"at": "2026-03-02T12:00", "lines-0-sku": "TEA", "lines-0-qty": "1", "lines-0-amount": "10.00"}


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def ask(client: Client, programme: Programme, **more: str) -> Any:
    return client.post(tab_url(programme, "try"), {**BASKET, **more})


def named(programme: Programme, number: str, first: str, last: str) -> None:
    Person.objects.filter(member=member(programme, number).member).update(first_name=first, last_name=last)


def test_a_draft_is_tried_with_somebody_new_and_nothing_stays(boss: Client) -> None:
    programme = load(RULES, now=NOON).programme
    page = boss.get(tab_url(programme, "try")).content.decode()
    assert "what is in force" not in page
    before = {model: model._default_manager.count() for model in apps.get_models()}
    answer = ask(boss, programme)
    page = answer.content.decode()
    for said in (
        "This purchase earned 10\N{NO-BREAK SPACE}Points.",
        "Somebody new",
        "1 point for each euro: 10",
    ):
        assert said in page
    assert answer.context["trial"]["points"] == [
        ("Points", "0\N{NO-BREAK SPACE}Points", "10\N{NO-BREAK SPACE}Points")
    ]
    assert {model: model._default_manager.count() for model in apps.get_models()} == before


def test_the_working_copy_and_what_is_in_force_are_tried_apart(boss: Client) -> None:
    programme = club()
    load(TWICE, now=NOON)
    assert "earned 20" in ask(boss, programme, document="working").content.decode()
    assert "earned 10" in ask(boss, programme, document="in_force").content.decode()


def test_a_member_is_found_by_name_and_of_several_one_is_chosen(boss: Client) -> None:
    programme = club()
    named(programme, "A-1", "Anna", "Kask")
    named(programme, "A-2", "Anna", "Tamm")
    answer = ask(boss, programme, document="in_force", member="anna kask")
    assert answer.context["chosen"] == "Anna Kask"
    answer = ask(boss, programme, document="in_force", member="anna")
    assert [(number, name) for _pk, number, name in answer.context["candidates"]] == [
        ("A-1", "Anna Kask"),
        ("A-2", "Anna Tamm"),
    ]
    chosen = str(answer.context["candidates"][1][0])
    answer = ask(boss, programme, document="in_force", member="anna", membership=chosen)
    assert answer.context["chosen"] == "Anna Tamm"
    assert (
        "Nobody in this programme" in ask(boss, programme, document="in_force", member="zoe").content.decode()
    )


def test_who_may_not_see_members_tries_with_somebody_new(boss: Client) -> None:
    programme = club()
    named(programme, "A-1", "Anna", "Kask")
    user = User.objects.create_staff("m@example.com", name="Max")
    user.user_permissions.add(Permission.objects.get(codename="view_rule"))
    client = Client()
    client.force_login(user)
    answer = ask(client, programme, document="in_force", member="anna")
    assert answer.context["trial"]["points"][0][1] == "0\N{NO-BREAK SPACE}Points"
    assert answer.context["chosen"] is None
    assert "Save as worked example" not in answer.content.decode()
    assert ask(client, programme, document="in_force", save="1").status_code == 403
    assert WorkedExample.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lines-0-amount": "ten"}, "Row 1, amount: “ten” is not a number."),
        ({"lines-0-amount": "", "lines-0-qty": "", "lines-0-sku": ""}, "Say what is bought"),
        ({"at": "yesterday"}, "The value has the wrong form."),
        ({"at": ""}, "This field is required."),
        ({"at": "9999-12-31T23:59"}, "too small or too large"),
        ({"at": "0001-01-01T00:00"}, "too small or too large"),
    ],
)
def test_what_cannot_be_tried_is_told_at_its_field(boss: Client, more: dict[str, str], said: str) -> None:
    programme = load(RULES, now=NOON).programme
    answer = ask(boss, programme, **more)
    page = answer.content.decode()
    assert said in page
    assert "trial" not in answer.context
    for name, value in more.items():
        assert not value or f'value="{value}"' in page, name


def test_a_basket_is_kept_as_an_example_that_holds(boss: Client) -> None:
    template = templates()["coffee"]
    start = Start("coffee", {"en": "Coffee"}, "EUR", "Europe/Tallinn")
    programme = make(template, start, now=NOON)
    answer = boss.post(
        tab_url(programme, "try"),
        {**BASKET, "lines-0-category": "coffee", "save": "1", "title": "A coffee"},
        follow=True,
    )
    assert "Saved as a worked example. It holds." in answer.content.decode()
    example = WorkedExample.objects.get(key="tried-basket")
    assert (str(example), example.state) == ("A coffee", "green")
    assert example.source == (
        "id: tried-basket\n"
        "title: {en: A coffee}\n"
        "steps:\n"
        "  - at: 2026-03-02T12:00\n"
        "    purchase:\n"
        "      ref: r1\n"
        "      member: somebody\n"
        '      lines: [{sku: TEA, category: coffee, qty: 1, amount: "10.00"}]\n'
        "    expect: {awarded: 20, members: {somebody: {balance: 30, pending: 0, tier: green}}}\n"
    )


@pytest.mark.parametrize("key", templates())
def test_a_basket_of_every_programme_of_the_gallery_is_kept_and_holds(boss: Client, key: str) -> None:
    programme = make(templates()[key], Start("mine", {"en": "Mine"}, "EUR", "Europe/Tallinn"), now=NOON)
    ask(boss, programme, payment="bank-card", save="1")
    assert WorkedExample.objects.get(key="tried-basket").state == "green"


def test_of_a_member_nothing_but_the_basket_is_kept(boss: Client) -> None:
    programme = club()
    named(programme, "A-1", "Anna", "Kask")
    ask(boss, programme, document="in_force", member="kask", save="1")
    source = WorkedExample.objects.get().source
    assert "expect: {awarded: 10}" in source
    assert ("A-1" in source, "Anna" in source, "Kask" in source) == (False, False, False)


def test_what_is_in_force_kept_as_an_example_may_not_hold_for_the_working_copy(boss: Client) -> None:
    programme = club()
    load(TWICE, now=NOON)
    data = {**BASKET, "document": "in_force", "save": "1"}
    page = boss.post(tab_url(programme, "try"), data, follow=True).content.decode()
    assert "but it does not hold" in page
    assert WorkedExample.objects.get().state == "red"
