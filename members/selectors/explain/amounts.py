"""Money, quantities, days and lists as people read them, in the language that is active."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import numbers
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from loyalty.core.exact import as_decimal
from loyalty.core.translated import format_money

__all__ = ["listed", "moment", "money", "money_text", "number", "quantity"]

LONGEST_LIST = 8


def _locale() -> str:
    return (get_language() or "en").replace("-", "_")


def money(amount: int, currency: str) -> str:
    """Minor units as money: 4249 is 42.49 euros."""
    return format_money(amount, currency)


def money_text(amount: Decimal | str, currency: str) -> str:
    """A decimal amount as money."""
    shown: str = numbers.format_currency(Decimal(amount), currency, locale=_locale())
    return shown


def quantity(thousandths: int) -> str:
    """Thousandths of a unit, without zeros nobody needs: 1500 is 1.5."""
    return number(as_decimal(thousandths, 3))


def number(value: Decimal | int | str) -> str:
    """A plain number: up to six decimals, grouped."""
    shown: str = numbers.format_decimal(Decimal(value), format="#,##0.######", locale=_locale())
    return shown


def moment(instant: datetime, zone: str) -> str:
    """A time on the clocks of the programme."""
    return date_format(instant.astimezone(ZoneInfo(zone)), "DATETIME_FORMAT")


def listed(values: Sequence[Any]) -> str:
    """Values one after the other; of a long list the first few and how many more there are."""
    shown = ", ".join(str(value) for value in values[:LONGEST_LIST])
    hidden = len(values) - LONGEST_LIST
    return shown if hidden <= 0 else _("%(values)s and %(count)d more") % {"values": shown, "count": hidden}
