"""The terms of points: when they can be used, and how long they last.

A point type has terms, a rule may have its own. They are read once, when points are earned; later revisions do not
touch them (except that expiry which is switched on reaches points without an end, after one full period).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from loyalty.core.exact import add_months, days_in_month, format_decimal
from programs.engine.reader import Reader

LONGEST = 1_200  # months; nothing that a programme promises lasts longer
LONGEST_DAYS = 36_600
_DAY_OF_YEAR = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)


class ExpiryKind(StrEnum):
    """never. after: so long after earning. fixed: on fixed days of the year. activity: so long after the member was
    last active. tier: never while the member is in certain tiers, else so long after earning or leaving them."""

    NEVER = "never"
    AFTER = "after"
    FIXED = "fixed"
    ACTIVITY = "activity"
    TIER = "tier"


class Unit(StrEnum):
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


class RoundUp(StrEnum):
    """The last day moves to the end of the period that it lies in."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Activity(StrEnum):
    """What counts as being active. `purchase` counts even when it moved no points, `earn` and `spend` only when they
    did."""

    EARN = "earn"
    SPEND = "spend"
    PURCHASE = "purchase"
    EVENT = "event"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long points last. `length` counts in `unit`; `dates` are (month, day) of every year, of which the first
    that is at least `least_days` away is meant; `notice_days`: nothing expires without a notice so long before."""

    kind: ExpiryKind = ExpiryKind.NEVER
    length: int = 0
    unit: Unit = Unit.MONTHS
    round_up: RoundUp | None = None
    dates: tuple[tuple[int, int], ...] = ()
    least_days: int = 0
    activities: tuple[Activity, ...] = ()
    ladder: str = ""
    tiers: tuple[str, ...] = ()
    notice_days: int = 0

    @property
    def extendable(self) -> bool:
        """Whether the end of these points moves with what the member does."""
        return self.kind in (ExpiryKind.ACTIVITY, ExpiryKind.TIER)

    def last_day(self, start: date) -> date | None:
        """The last usable day of points whose time starts on `start`; None for points without an end (an end that
        the calendar does not have is none)."""
        if self.kind is ExpiryKind.NEVER:
            return None
        try:
            last = self._last_day(start)
        except (ValueError, OverflowError):
            return None
        return last if last < date.max else None

    def _last_day(self, start: date) -> date:
        if self.kind is ExpiryKind.FIXED:
            return _next_of(self.dates, start + timedelta(days=self.least_days))
        if self.unit is Unit.DAYS:
            last = start + timedelta(days=self.length)
        else:
            last = add_months(start, self.length * (12 if self.unit is Unit.YEARS else 1))
        return last if self.round_up is None else end_of_period(last, self.round_up)


NEVER = Expiry()


def end_of_period(day: date, period: RoundUp) -> date:
    """The last day of the month, quarter or year that holds a day."""
    month = {RoundUp.MONTH: day.month, RoundUp.QUARTER: (day.month + 2) // 3 * 3, RoundUp.YEAR: 12}[period]
    return date(day.year, month, days_in_month(day.year, month))


def _next_of(dates: tuple[tuple[int, int], ...], earliest: date) -> date:
    """The first of these days of the year that is not before `earliest`; 29 February is the 28th in common years."""
    found = [
        date(year, month, min(day, days_in_month(year, month)))
        for year in (earliest.year, earliest.year + 1)
        for month, day in dates
    ]
    return min(day for day in found if day >= earliest)


class PendingKind(StrEnum):
    """When points can be used: at once, after so many days, from a day on, or when an event comes."""

    AT_ONCE = "at_once"
    DAYS = "days"
    DATE = "date"
    EVENT = "event"


class OnTimeout(StrEnum):
    """The event did not come in time: the points lapse, or can be used all the same."""

    LAPSE = "lapse"
    ACTIVATE = "activate"


@dataclass(frozen=True, slots=True)
class Pending:
    """`days` after the day of earning, at its beginning; `on` at the beginning of that day; with `event` a time-out of
    `timeout_days` (0: none). More than `approval_above` points (smallest unit) wait for a person's approval."""

    kind: PendingKind = PendingKind.AT_ONCE
    days: int = 0
    on: date | None = None
    event: str = ""
    timeout_days: int = 0
    on_timeout: OnTimeout = OnTimeout.LAPSE
    approval_above: int | None = None


AT_ONCE = Pending()


# --- reading --------------------------------------------------------------------------------------
_WITH_LENGTH = (ExpiryKind.AFTER, ExpiryKind.ACTIVITY, ExpiryKind.TIER)


def read_expiry(reader: Reader | None) -> Expiry:
    """Only the settings that mean something for the kind are known."""
    if reader is None:
        return NEVER
    kind = reader.choice("kind", ExpiryKind)
    settings: dict[str, Any] = {"kind": kind}
    if kind in _WITH_LENGTH:
        settings["length"], settings["unit"] = _read_length(reader)
        settings["round_up"] = reader.optional("round_up", RoundUp)
    if kind is ExpiryKind.FIXED:
        settings["dates"] = _read_dates(reader)
        settings["least_days"] = reader.integer("least_days", low=0, high=LONGEST_DAYS, default=0)
    if kind is ExpiryKind.ACTIVITY:
        settings["activities"] = _read_activities(reader)
    if kind is ExpiryKind.TIER:
        settings["ladder"] = reader.key("ladder")
        settings["tiers"] = tuple(sorted(set(reader.texts("tiers", required=True, longest=100))))
    if kind is not ExpiryKind.NEVER:
        settings["notice_days"] = reader.integer("notice_days", low=0, high=366, default=0)
    reader.finish()
    return Expiry(**settings)


def _read_length(reader: Reader) -> tuple[int, Unit]:
    named = [unit for unit in Unit if reader.has(unit.value)]
    if len(named) != 1:
        reader.fault("one_length", options=[unit.value for unit in Unit])
        for unit in Unit:
            reader.take(unit.value)
        return 1, Unit.MONTHS
    unit = named[0]
    high = {Unit.DAYS: LONGEST_DAYS, Unit.MONTHS: LONGEST, Unit.YEARS: LONGEST // 12}[unit]
    return reader.integer(unit.value, low=1, high=high), unit


def _read_activities(reader: Reader) -> tuple[Activity, ...]:
    if not reader.has("activities"):
        reader.take("activities")
        return (Activity.EARN, Activity.SPEND)
    known = set()
    for name in reader.texts("activities", required=True, longest=20):
        if name in tuple(Activity):
            known.add(Activity(name))
        else:
            options = [activity.value for activity in Activity]
            reader.fault("unknown_choice", "activities", value=name[:60], options=options)
    return tuple(sorted(known))


def _read_dates(reader: Reader) -> tuple[tuple[int, int], ...]:
    """Days of the year as "12-31"."""
    found = set()
    for text in reader.texts("dates", required=True, longest=24):
        try:
            if not _DAY_OF_YEAR.fullmatch(text):
                raise ValueError(text)
            day = date.fromisoformat(f"2024-{text}")  # a leap year: 29 February can be written
        except ValueError:
            reader.fault("wrong_type", "dates", expected="day of the year", value=text[:60])
        else:
            found.add((day.month, day.day))
    return tuple(sorted(found))


def read_pending(reader: Reader | None, digits: int) -> Pending:
    """Points with `digits` decimals. Only the settings that mean something for the kind are known."""
    if reader is None:
        return AT_ONCE
    kind = reader.choice("kind", PendingKind, default=PendingKind.AT_ONCE)
    settings: dict[str, Any] = {"kind": kind}
    if kind is PendingKind.DAYS:
        settings["days"] = reader.integer("days", low=1, high=LONGEST_DAYS)
    if kind is PendingKind.DATE:
        settings["on"] = reader.date("on", required=True)
    if kind is PendingKind.EVENT:
        settings["event"] = reader.key("event")
        timeout = reader.integer("timeout_days", low=0, high=LONGEST_DAYS, default=0)
        settings["timeout_days"] = timeout
        if timeout:
            settings["on_timeout"] = reader.choice("on_timeout", OnTimeout, default=OnTimeout.LAPSE)
    above = reader.number("approval_above", digits, low=0, required=False, default=-1)
    settings["approval_above"] = None if above < 0 else above
    reader.finish()
    return Pending(**settings)


# --- writing --------------------------------------------------------------------------------------
def dump_expiry(expiry: Expiry) -> dict[str, Any]:
    """Every setting that matters for the kind, spelled out."""
    written: dict[str, Any] = {"kind": expiry.kind.value}
    if expiry.length:
        written[expiry.unit.value] = expiry.length
    if expiry.round_up is not None:
        written["round_up"] = expiry.round_up.value
    if expiry.dates:
        written["dates"] = [f"{month:02}-{day:02}" for month, day in expiry.dates]
        written["least_days"] = expiry.least_days
    if expiry.activities:
        written["activities"] = [activity.value for activity in expiry.activities]
    if expiry.ladder:
        written |= {"ladder": expiry.ladder, "tiers": list(expiry.tiers)}
    if expiry.notice_days:
        written["notice_days"] = expiry.notice_days
    return written


def dump_pending(pending: Pending, digits: int) -> dict[str, Any]:
    if pending == AT_ONCE:
        return {}
    written: dict[str, Any] = {"kind": pending.kind.value}
    if pending.kind is PendingKind.DAYS:
        written["days"] = pending.days
    if pending.on is not None:
        written["on"] = pending.on.isoformat()
    if pending.kind is PendingKind.EVENT:
        written["event"] = pending.event
        if pending.timeout_days:
            written |= {"timeout_days": pending.timeout_days, "on_timeout": pending.on_timeout.value}
    if pending.approval_above is not None:
        written["approval_above"] = format_decimal(pending.approval_above, digits)
    return written
