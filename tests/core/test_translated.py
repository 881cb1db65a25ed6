"""Texts in several languages, units with plural forms, quantities in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from loyalty.core import translated
from loyalty.core.admin.translated import TranslatedFormField
from loyalty.core.translated import TranslatedField, TranslatedText

POINTS = {
    "en": {"one": "point", "other": "points"},
    "ru": {"one": "балл", "few": "балла", "many": "баллов", "other": "балла"},
}


@pytest.mark.parametrize(
    ("value", "language", "default", "expected"),
    [
        ({"en": "Club", "ru": "Клуб"}, "ru", None, "Клуб"),
        ({"en": "Club", "ru": "Клуб"}, "et", "ru", "Клуб"),
        ({"en": "Club", "ru": "Клуб"}, "et", None, "Club"),
        ({"ru": "Клуб"}, "et", None, "Клуб"),
        ({"en": "Club"}, "en-gb", None, "Club"),
        ({"en": "", "ru": "Клуб"}, "en", None, "Клуб"),
        ({}, "en", None, ""),
        (None, "en", None, ""),
    ],
)
def test_the_text_falls_back(value: Any, language: str, default: str | None, expected: str) -> None:
    assert translated.text(value, language, default=default) == expected


def test_a_text_is_shown_in_the_readers_language() -> None:
    value = TranslatedText({"en": "Club", "ru": "Клуб"})
    with translation.override("ru"):
        assert str(value) == "Клуб"


@pytest.mark.parametrize(
    ("quantity", "language", "expected"),
    [
        (1, "en", "point"),
        (0, "en", "points"),
        (-1, "en", "point"),
        (1, "ru", "балл"),
        (3, "ru", "балла"),
        (11, "ru", "баллов"),
        (21, "ru", "балл"),
        (Decimal("1.50"), "ru", "балла"),
        # No Estonian text: the English text by the English rule.
        (21, "et", "points"),
    ],
)
def test_units_follow_the_quantity(quantity: int | Decimal, language: str, expected: str) -> None:
    assert translated.plural(POINTS, quantity, language) == expected


@pytest.mark.parametrize(
    ("points", "decimals", "language", "expected"),
    [
        (1234, 0, "en", "1,234\xa0points"),
        (1234, 0, "ru", "1\xa0234\xa0балла"),
        (123450, 2, "en", "1,234.50\xa0points"),
        (-5, 2, "ru", "-0,05\xa0балла"),
        (10**17 + 1, 2, "en", "1,000,000,000,000,000.01\xa0points"),
    ],
)
def test_quantities_in_words(points: int, decimals: int, language: str, expected: str) -> None:
    assert translated.format_quantity(points, decimals, POINTS, language) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"xx": "Club"}, "unknown_language"),
        ("Club", "not_translated"),
        ({"en": 5}, "not_text"),
        ({"en": ""}, "required"),
        ({}, "required"),
    ],
)
def test_what_is_no_translated_text_is_refused(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TranslatedField().validate(value, None)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"en": {"one": "point"}}, "missing_plural"),
        ({"en": {"few": "points", "other": "points"}}, "unknown_plural"),
    ],
)
def test_plural_forms_are_those_of_the_language(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TranslatedField(plural=True).validate(value, None)
    assert refusal.value.code == code


def test_the_form_has_one_input_per_language_and_plural_form() -> None:
    field = TranslatedFormField(plural=True)
    html = field.widget.render("unit", POINTS, {"id": "id_unit"})
    assert 'name="unit_ru_few"' in html
    assert 'value="балла"' in html
    data = {"unit_en_one": "point", "unit_en_other": " points ", "unit_ru_one": ""}
    value = field.widget.value_from_datadict(data, {}, "unit")
    assert field.clean(value) == {"en": {"one": "point", "other": "points"}}


def test_a_required_text_needs_one_language() -> None:
    field = TranslatedFormField()
    with pytest.raises(ValidationError):
        field.clean(field.widget.value_from_datadict({"name_en": "  "}, {}, "name"))
