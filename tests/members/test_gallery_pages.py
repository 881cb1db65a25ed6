"""A new programme: from the gallery to a draft whose examples hold, and to publishing it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from loyalty.core.models import User
from programs.choices import ProgrammeStatus
from programs.models import Programme, WorkedExample
from programs.selectors.documents import working_document
from programs.services import readiness
from programs.services.gallery import CodeTaken, Start, make, templates
from programs.services.programmes import load
from programs.services.publishing import publish
from tests.members.club import NOON, RULES

pytestmark = pytest.mark.django_db
ADD = "/admin/programs/programme/add/"
START = {
    "name_en": "My club",
    "name_et": "Minu klubi",
    "key": "mine",
    "currency": "EUR",
    "zone": "Europe/Riga",
}


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def start(client: Client, template: str, **more: str) -> Any:
    return client.post(f"{ADD}?template={template}", {**START, **more}, follow=True)


def test_an_empty_installation_says_what_to_do_first(boss: Client) -> None:
    assert reverse("admin:programs_programme_add") == ADD
    assert "Make the first programme" in boss.get("/admin/").content.decode()
    listed = boss.get(reverse("admin:programs_programme_changelist")).content.decode()
    assert "take one from the gallery" in listed
    load(RULES, now=NOON)
    assert "Make the first programme" not in boss.get("/admin/").content.decode()


def test_the_gallery_shows_each_programme_with_facts_in_words(boss: Client) -> None:
    page = boss.get(ADD).content.decode()
    for template in templates().values():
        assert f'data-template="{template.key}"' in page
        assert str(template.purpose) in page
    for fact in (
        "1\N{NO-BREAK SPACE}point for every full €1.00",
        "Level: Green → Gold",
        "Can be used: 14 days after earning",
    ):
        assert fact in page
    boss.cookies["django_language"] = "ru"
    assert "Баллы супермаркета" in boss.get(ADD).content.decode()


def test_who_may_not_add_programmes_does_not_come_in() -> None:
    user = User.objects.create_staff("anna@example.com", name="Anna")
    user.user_permissions.add(Permission.objects.get(codename="view_programme"))
    client = Client()
    client.force_login(user)
    assert client.get(ADD).status_code == 403
    assert client.post(f"{ADD}?template=coffee", START).status_code == 403
    assert Programme.objects.count() == 0
    assert ADD not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("key", templates())
def test_each_makes_a_draft_that_passes_its_examples_and_can_be_published(boss: Client, key: str) -> None:
    answer = start(boss, key)
    programme = Programme.objects.get()
    assert answer.redirect_chain == [(f"/admin/programs/programme/{programme.pk}/desk/overview/", 302)]
    count = len(templates()[key].examples)
    assert f"Its {count} worked examples were run and hold." in answer.content.decode()
    assert (programme.key, dict(programme.name), programme.languages, programme.zone, programme.status) == (
        "mine", {"en": "My club", "et": "Minu klubi"}, ["en", "et"], "Europe/Riga", ProgrammeStatus.DRAFT,
    )  # fmt: skip
    assert list(WorkedExample.objects.values_list("state", flat=True)) == ["green"] * count
    readiness.require(programme, now=NOON)
    assert publish(programme, now=NOON).number == 1


@pytest.mark.parametrize("key", templates())
@pytest.mark.parametrize(("currency", "zone"), [("JPY", "Asia/Tokyo"), ("KWD", "America/Los_Angeles")])
def test_other_decimals_and_places_pass_the_same_examples(key: str, currency: str, zone: str) -> None:
    programme = make(templates()[key], Start("mine", {"en": "Mine"}, currency, zone), now=NOON)
    assert readiness.blockers(programme, now=NOON) == []


def test_an_empty_programme_gives_one_for_each_unit_of_money(boss: Client) -> None:
    start(boss, "empty", key="", collected_en="Stamps", currency="jpy")
    programme = Programme.objects.get()
    document = working_document(programme)
    assert programme.key == "my-club"
    assert document["point_types"][0]["name"] == {"en": "Stamps"}
    [rule] = document["rules"]
    assert rule["effect"] == {"kind": "per_step", "points": "1", "step": "1"}
    assert rule["title"]["en"] == "One for every 1"
    assert publish(programme, now=NOON).number == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"key": "club"}, "There is a programme with this code already."),
        ({"key": "My Club"}, "cannot be a code"),
        ({"zone": "Mars/Crater"}, "is not a known time zone"),
        ({"currency": "EU"}, "is not a currency"),
        ({"currency": ""}, "This field is required."),
        ({"name_en": "", "name_et": ""}, "Write the text in at least one language."),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field_and_nothing_is_made(
    boss: Client, more: dict[str, str], said: str
) -> None:
    load(RULES, now=NOON)
    page = start(boss, "coffee", **more).content.decode()
    assert said in page
    for value in more.values():
        assert not value or f'value="{value}"' in page
    assert (Programme.objects.count(), WorkedExample.objects.count()) == (1, 0)


def test_a_code_is_never_taken_from_another_programme() -> None:
    load(RULES, now=NOON)
    before = working_document(Programme.objects.get())
    with pytest.raises(CodeTaken):
        make(templates()["coffee"], Start("club", {"en": "Mine"}, "EUR", "Europe/Riga"), now=NOON)
    assert working_document(Programme.objects.get()) == before


def test_a_code_made_from_the_name_is_a_free_one(boss: Client) -> None:
    start(boss, "empty", key="", collected_en="Points")
    start(boss, "empty", key="", collected_en="Points")
    start(boss, "empty", key="", collected_en="Points", name_en="", name_et="", name_ru="Клуб")
    assert list(Programme.objects.order_by("pk").values_list("key", flat=True)) == [
        "my-club",
        "my-club-2",
        "programme",
    ]
