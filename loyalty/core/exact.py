"""Exact arithmetic: rounding, splitting, decimals and the calendar.

The one place where points, money and days are divided. Standard library only, so that the engines may import
it. Amounts are whole numbers in the smallest unit (cents, hundredths of a point); no float enters or leaves.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.([0-9]{1,12}))?", re.ASCII)

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)


class Rounding(StrEnum):
    """How a fraction becomes a whole number. Each mode is symmetric: rounding -x gives minus rounding x,
    so that taking back a whole is exactly the whole."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    CEILING = "ceiling"


class InvalidNumber(ValueError):
    """Text that is not a plain decimal number with at most the allowed digits."""


def round_ratio(numerator: int, denominator: int, mode: Rounding = Rounding.FLOOR) -> int:
    """Round numerator / denominator (denominator > 0) to a whole number; symmetric around zero."""
    if mode is Rounding.FLOOR and numerator >= 0:
        return numerator // denominator
    whole, rest = divmod(abs(numerator), denominator)
    if rest:
        twice = 2 * rest
        if mode is Rounding.CEILING or (
            mode is not Rounding.FLOOR
            and (
                twice > denominator
                or (
                    twice == denominator
                    and (mode is Rounding.HALF_UP or (mode is Rounding.HALF_EVEN and whole % 2))
                )
            )
        ):
            whole += 1
    return -whole if numerator < 0 else whole


def split(amount: int, weights: Sequence[int], *, ties: str = "last") -> list[int]:
    """Divide `amount` in proportion to `weights` by largest remainder; the parts sum to `amount` exactly.

    Zero weights get nothing. Of equal remainders the last part (or the first, `ties="first"`) gets the unit.
    Splitting -amount gives the negated parts. Raises ValueError when there is something to split and the
    weights sum to zero.
    """
    if len(weights) == 1 and weights[0]:
        return [amount]
    if amount < 0:
        return [-part for part in split(-amount, weights, ties=ties)]
    total = sum(weights)
    if amount == 0:
        return [0] * len(weights)
    if total == 0:
        raise ValueError("weights sum to zero")
    if total < 0:
        weights, total = [-weight for weight in weights], -total
    parts = [amount * weight // total for weight in weights]
    left = amount - sum(parts)
    if left:
        # There are more remainders above zero than units left, so a zero weight never gets one.
        order = 1 if ties == "last" else -1
        rests = [(amount * weight % total, order * index) for index, weight in enumerate(weights)]
        if left == 1:
            parts[order * max(rests)[1]] += 1
        else:
            rests.sort(reverse=True)
            for _rest, position in rests[:left]:
                parts[order * position] += 1
    return parts


def parse_decimal(text: str, digits: int) -> int:
    """Read a plain decimal ("12.50", "-3") as a whole number of 10**-digits. Nothing is guessed: blanks,
    commas, exponents, signs other than "-", other scripts' digits and more decimals than allowed raise
    InvalidNumber."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise InvalidNumber("not_a_number")
    scale: int = 10**digits
    fraction = found[1]
    if fraction is None:
        return int(text) * scale
    whole = text[: -len(fraction) - 1]
    if len(fraction) > digits:
        if fraction[digits:].strip("0"):
            raise InvalidNumber("too_many_decimals")
        fraction = fraction[:digits]
    magnitude = abs(int(whole)) * scale + int(fraction.ljust(digits, "0") or "0")
    return -magnitude if text[0] == "-" else magnitude


def format_decimal(amount: int, digits: int) -> str:
    """Write a whole number of 10**-digits as a plain decimal: 1250, 2 gives "12.50"."""
    if digits == 0:
        return str(amount)
    text = str(abs(amount)).rjust(digits + 1, "0")
    return f"{'-' if amount < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def as_decimal(amount: int, digits: int) -> Decimal:
    """The same number as an exact Decimal."""
    return Decimal(amount).scaleb(-digits)


def currency_digits(currency: str) -> int:
    """Decimals of a currency's minor unit by ISO 4217 (EUR 2, JPY 0, KWD 3)."""
    return _MINOR_DIGITS.get(currency, 2)


def add_months(day: date, months: int) -> date:
    """The same day of the month N months on, clipped to the month's last day (31 January + 1 = 28
    February)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def days_in_month(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day at an instant in a zone."""
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; where the clock skips midnight, the instant of the jump."""
    # fold=0 reads a skipped midnight with the offset before the jump, which is the jump itself.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The local midnight that follows a day, in UTC: the instant from which the day is over."""
    return start_of_day(day + timedelta(days=1), zone)


class Period(StrEnum):
    """A calendar period in a programme's zone, for caps and counters."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    LIFETIME = "lifetime"


EVER = "ever"


def period_key(day: date, period: Period) -> str:
    """The name of the period that holds a day: "2026-01-31", "2026-W05", "2026-01", "2026" or "ever"."""
    if period is Period.MONTH:
        return f"{day.year:04}-{day.month:02}"
    if period is Period.DAY:
        return day.isoformat()
    if period is Period.WEEK:
        year, week, _weekday = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return f"{day.year:04}" if period is Period.YEAR else EVER


def periods_between(first: datetime, last: datetime, period: Period, zone: ZoneInfo) -> dict[datetime, str]:
    """The names of the periods that hold the instants from `first` to `last`, by the instant when each begins (the
    earliest one: when the day of `first` does)."""
    found: dict[datetime, str] = {}
    key, day, end = "", local_day(first, zone), local_day(last, zone)
    while day <= end:
        if key != (key := period_key(day, period)):
            # A day that the zone skips begins when the next one does, which takes its place.
            found[start_of_day(day, zone)] = key
        day += timedelta(days=1)
    return found
