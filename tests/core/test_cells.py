"""Times, money and languages as the reader of a page is used to seeing them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from loyalty.core.admin.cells import as_json, link, moment
from loyalty.core.translated import format_money, language_name

EVENING = datetime(2026, 11, 25, 15, 47, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "25 Nov 2026, 17:47"),
        ("ru", "25 ноября 2026 г. 17:47"),
        ("et", "25. november 2026 17:47"),
    ],
)
def test_a_moment_is_told_on_the_clocks_of_the_programme(language: str, words: str) -> None:
    with translation.override(language):
        assert moment(EVENING, "Europe/Tallinn") == words


def test_a_moment_of_no_programme_is_told_on_the_clock_of_the_office() -> None:
    assert moment(EVENING) == "25 Nov 2026, 15:47"
    with timezone.override("America/New_York"):
        assert moment(EVENING) == "25 Nov 2026, 10:47"
    assert moment(None) == link(None) == as_json({}) == "—"


@pytest.mark.parametrize(
    ("amount", "currency", "language", "words"),
    [
        (4249, "EUR", "en", "€42.49"),
        (-4249, "EUR", "en", "-€42.49"),
        (4249, "JPY", "en", "¥4,249"),
        (123456, "EUR", "et", "1\N{NO-BREAK SPACE}234,56\N{NO-BREAK SPACE}€"),
    ],
)
def test_money_is_written_as_in_the_language_of_the_reader(
    amount: int, currency: str, language: str, words: str
) -> None:
    assert format_money(amount, currency, language) == words


def test_a_language_has_a_name_and_an_unknown_code_stays() -> None:
    assert language_name("et", "en") == "Estonian"
    assert language_name("et", "ru") == "эстонский"
    assert language_name("klingon!", "en") == "klingon!"
    assert language_name("qq", "en") == "qq"
