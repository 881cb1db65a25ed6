"""Amounts in words, in the reader's language: points, money, lengths of time, days of the year, lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from babel import dates
from django.utils.translation import get_language, gettext, ngettext

from loyalty.core.exact import format_decimal
from loyalty.core.translated import LAST_LANGUAGE, format_quantity, text
from programs.engine.document import Core
from programs.engine.point_types import PointType
from programs.engine.terms import Unit

__all__ = ["day_in_words", "day_of_year", "either", "length", "money", "quantity", "short"]


def quantity(points: int, item: PointType | None, language: str | None = None) -> str:
    """Points with their unit (1 point, 2 points), or with the name of the point type when it has no unit."""
    if item is None or not item.unit:
        figure = format_decimal(points, item.decimals if item else 0)
        return f"{figure} {text(dict(item.name), language)}" if item else figure
    unit = {spoken: dict(forms) for spoken, forms in item.unit}
    return format_quantity(points, item.decimals, unit, language)


def money(amount: int, core: Core) -> str:
    """Minor units of the programme's currency."""
    return f"{format_decimal(amount, core.money_digits)} {core.currency}"


def short(number: int, digits: int) -> str:
    """A decimal number without zeros at its end: 7500 thousandths are 7.5."""
    written = format_decimal(number, digits)
    return written.rstrip("0").rstrip(".") if digits else written


def length(count: int, unit: Unit) -> str:
    """12 months."""
    words = {
        Unit.DAYS: ngettext("%(count)d day", "%(count)d days", count),
        Unit.MONTHS: ngettext("%(count)d month", "%(count)d months", count),
        Unit.YEARS: ngettext("%(count)d year", "%(count)d years", count),
    }
    return words[unit] % {"count": count}


def day_in_words(day: date) -> str:
    """December 31, 2026."""
    return str(dates.format_date(day, "long", locale=_locale()))


def day_of_year(month: int, day: int) -> str:
    """December 31."""
    return str(dates.format_skeleton("MMMMd", date(2024, month, day), locale=_locale()))


def either(words: Iterable[str]) -> str:
    """Gold or Black; empty for nothing."""
    joined = ""
    for each in words:
        joined = gettext("%(first)s or %(second)s") % {"first": joined, "second": each} if joined else each
    return joined


def _locale() -> str:
    return (get_language() or LAST_LANGUAGE).replace("-", "_")
