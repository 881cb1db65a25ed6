"""The field in a form: what it gives, what it refuses and where it says so; and who may ask its addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import translation

from loyalty.core.choices import UserKind
from loyalty.core.models import User
from programs.admin.conditions.fields import to_fields
from programs.admin.conditions.nodes import from_document
from programs.engine.reader import Fault
from programs.models import Programme, Store
from programs.selectors.suggestions import suggestions
from programs.services.programmes import load
from tests.members.club import operator
from tests.programs.conditions.host import HostForm
from tests.programs.conditions.test_builder_browser import CLUB, NESTED, SENTENCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme() -> Programme:
    return load(CLUB, now=datetime(2026, 1, 1, tzinfo=UTC)).programme


def sent(when: Any, separator: str = ".", **more: str) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, values in to_fields(from_document(when) if when else None, "when", separator).items():
        data.setlist(name, values)
    data.update({"title": "A title", **more})
    return data


def posted(programme: Programme, when: Any, **more: str) -> HostForm:
    return HostForm(sent(when, **more), programme=programme)


def test_what_was_built_is_saved_as_a_document(programme: Programme) -> None:
    form = posted(programme, NESTED)
    assert form.is_valid()
    assert form.cleaned_data == {"title": "A title", "when": NESTED, "lines": None}
    assert SENTENCE in str(form["when"]).replace("&quot;", '"')


def test_a_pressed_button_is_no_attempt_to_save(programme: Programme) -> None:
    form = posted(programme, {"fact": "basket.total", "is": "at_least", "value": ""}, **{"when-op": "add:0"})
    form.data["title"] = ""
    assert form.is_operation()
    assert not form.is_valid()
    assert (form.errors, form.cleaned_data) == ({}, {})
    drawn = str(form["when"])
    assert 'name="when-0.1-fact"' in drawn
    assert "conditions-faulty" not in drawn


def test_the_field_and_the_file_refuse_for_the_same_reasons(programme: Programme) -> None:
    wrong = {
        "all": [
            {"fact": "basket.total", "is": "at_least", "value": "1.234"},
            {"fact": "basket.lines", "is": "between", "value": [5, 2]},
            {"not": {"fact": "member.tier", "is": "equals", "value": "platinum"}},
            {"fact": "purchase.date", "is": "equals", "value": "yesterday"},
            {"fact": "line.sku", "is": "equals", "value": "x"},
            {"any": []},
        ]
    }
    form = posted(programme, wrong)
    assert not form.is_valid()
    assert form.errors.get_json_data()["when"][0]["code"] == "faulty"
    drawn = str(form["when"])
    for place, words in (
        ("0.0-fault-value", "“1.234” has too many decimal places. (expected: at most 2 decimal places)"),
        ("0.1-fault-value", "The end does not come after the beginning."),
        ("0.3-fault-value", "The value has the wrong form. (expected: a date such as 2026-12-31)"),
        ("0.4-fault-fact", "“line.sku” cannot be asked here."),
        ("0.5-fault", "A group of conditions needs at least one condition."),
    ):
        assert f'id="when-{place}">{words}<' in drawn
    # What was typed is still there, also what a field for dates could not hold.
    assert 'type="text" name="when-0.3-value" id="when-0.3-value" value="yesterday"' in drawn
    # Only a tree that can be read is asked whether its tiers are there.
    form = posted(programme, {"not": wrong["all"][2]["not"]})
    assert not form.is_valid()
    assert "The ladder has no tier “platinum”. (expected: one of base, gold)" in str(form["when"])


def test_faults_of_the_whole_document_are_shown_beside_their_rows(programme: Programme) -> None:
    form = posted(programme, NESTED)
    assert form.is_valid()
    field = form.fields["when"]
    mine = Fault("wrong_trigger", ("rules", 3, "when", "all", 1, "any", 0, "fact"), {"value": "basket.total"})
    other = Fault("missing", ("rules", 3, "title"))
    assert field.refuse([mine, other], under=("rules", 3, "when")) == [other]
    assert 'id="when-0.1.0-fault-fact"' in str(form["when"])


@pytest.mark.parametrize(("language", "written"), [("en", "20.00"), ("et", "20,00"), ("ru", "20,00")])
def test_decimals_are_written_as_in_the_language_of_the_reader(
    programme: Programme, language: str, written: str
) -> None:
    when = {"fact": "basket.total", "is": "at_least", "value": "20.00"}
    with translation.override(language):
        form = HostForm(initial={"when": when}, programme=programme)
        assert f'value="{written}"' in str(form["when"])
        data = sent(when)
        data["when-0-value"] = written.replace("20", "1 020")
        form = HostForm(data, programme=programme)
        assert form.is_valid()
    assert form.cleaned_data["when"] == {**when, "value": "1020.00"}


def test_a_comma_is_no_decimal_point_where_it_parts_thousands(programme: Programme) -> None:
    data = sent({"fact": "basket.quantity", "is": "at_least", "value": "1"})
    data["when-0-value"] = "1,000"
    assert not HostForm(data, programme=programme).is_valid()


def test_only_what_changed_counts_as_changed(programme: Programme) -> None:
    form = HostForm(sent(NESTED), programme=programme, initial={"title": "A title", "when": NESTED})
    assert form.changed_data == []
    form = HostForm(sent(None), programme=programme, initial={"title": "A title", "when": NESTED})
    assert form.changed_data == ["when"]


def test_facts_are_offered_in_groups_with_tiers_and_events(programme: Programme) -> None:
    drawn = str(
        HostForm(initial={"when": {"fact": "member.tier", "is": "equals"}}, programme=programme)["when"]
    )
    for words in (
        '<optgroup label="The purchase">',
        '<optgroup label="The member">',
        '<option value="member.tier" selected>Tier</option>',
        '<option value="event.number.nights">“nights” of the event</option>',
        '<option value="member.attribute.">',
        '<option value="gold">Gold</option>',
    ):
        assert words in drawn, words
    assert '<optgroup label="The line">' not in drawn
    unknown = str(
        HostForm(initial={"when": {"fact": "basket.x", "is": "equals"}}, programme=programme)["when"]
    )
    assert '<option value="basket.x" selected>basket.x</option>' in unknown


# --- addresses ----------------------------------------------------------------------------------------------
def client(**rights: Any) -> Client:
    user = User.objects.create_user("eve@example.com", kind=UserKind.STAFF, is_staff=True, name="Eve")
    if rights.get("permitted"):
        user.user_permissions.add(Permission.objects.get(codename="view_programme"))
    logged_in = Client()
    logged_in.force_login(user)
    return logged_in


def test_only_who_may_see_programmes_may_ask(programme: Programme) -> None:
    for name in ("operate", "suggest"):
        address = reverse(f"conditions:{name}", args=(programme.pk,))
        assert Client().get(address).status_code == 302
    stranger = client()
    assert stranger.post(reverse("conditions:operate", args=(programme.pk,))).status_code == 403
    assert stranger.get(reverse("conditions:suggest", args=(programme.pk,))).status_code == 403


def test_the_view_draws_the_builder_after_the_operation(programme: Programme) -> None:
    asker = client(permitted=True)
    address = reverse("conditions:operate", args=(programme.pk,))
    asked = {"builder": "when", "scope": "purchase", "when-op": "add:0"}
    answer = asker.post(address, asked)
    assert answer.status_code == 200
    assert 'data-focus="when-0.0-fact"' in answer.content.decode()
    assert asker.get(address).status_code == 405
    for wrong in ({"builder": "<x>"}, {"scope": "galaxy"}):
        assert asker.post(address, {**asked, **wrong}).status_code == 400
    assert asker.post(reverse("conditions:operate", args=(0,)), asked).status_code == 404


def test_stores_are_suggested_by_code_and_name(programme: Programme) -> None:
    for code, name in (("S1", "Main street"), ("S2", "Harbour")):
        Store.objects.create(partner=operator(), code=code, name={"en": name})
    answer = client(permitted=True).get(
        reverse("conditions:suggest", args=(programme.pk,)), {"fact": "purchase.store", "typed": "harb"}
    )
    assert answer.json() == {"values": [{"value": "S2", "label": "Harbour"}]}
    assert suggestions.offered("purchase.store", programme, "\x00") == []
    assert suggestions.offered("basket.total", programme) == []
