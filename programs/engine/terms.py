"""The terms of points: when they can be used, and how long they last.

A point type has terms, a rule may have its own. They are read once, when points are earned; later revisions do not
touch them (except that expiry which is switched on reaches points without an end, after one full period).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from loyalty.core.exact import add_months, days_in_month, format_decimal
from programs.engine.reader import Reader

LONGEST = 1_200  # months; nothing that a programme promises lasts longer
LONGEST_DAYS = 36_600


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
        """The last usable day of points whose time starts on `start`; None for points without an end."""
        if self.kind is ExpiryKind.NEVER:
            return None
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
def read_expiry(reader: Reader | None) -> Expiry:
    if reader is None:
        return NEVER
    kind = reader.choice("kind", ExpiryKind)
    length, unit = 0, Unit.MONTHS
    if kind in (ExpiryKind.AFTER, ExpiryKind.ACTIVITY, ExpiryKind.TIER):
        length, unit = _read_length(reader)
    round_up = reader.choice("round_up", RoundUp, default=RoundUp.MONTH) if reader.has("round_up") else None
    activities: tuple[Activity, ...] = ()
    if kind is ExpiryKind.ACTIVITY:
        activities = _read_activities(reader)
    ladder, tiers = "", ()
    if kind is ExpiryKind.TIER:
        ladder = reader.key("ladder")
        tiers = reader.texts("tiers", longest=100)
        if not tiers:
            reader.fault("missing", "tiers")
    expiry = Expiry(
        kind=kind,
        length=length,
        unit=unit,
        round_up=round_up if length else None,
        dates=_read_dates(reader) if kind is ExpiryKind.FIXED else (),
        least_days=(
            reader.integer("least_days", low=0, high=LONGEST_DAYS, default=0)
            if kind is ExpiryKind.FIXED
            else 0
        ),
        activities=activities,
        ladder=ladder,
        tiers=tiers,
        notice_days=reader.integer("notice_days", low=0, high=366, default=0),
    )
    reader.take("round_up")
    reader.finish()
    return expiry


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
    known = []
    for name in reader.texts("activities", longest=20):
        if name in tuple(Activity):
            known.append(Activity(name))
        else:
            options = [activity.value for activity in Activity]
            reader.fault("unknown_choice", "activities", value=name[:60], options=options)
    if not known:
        reader.fault("missing", "activities")
    return tuple(sorted(set(known)))


def _read_dates(reader: Reader) -> tuple[tuple[int, int], ...]:
    """Days of the year as "12-31"."""
    found = set()
    for text in reader.texts("dates", longest=24):
        try:
            day = date.fromisoformat(f"2024-{text}")  # a leap year: 29 February can be written
        except ValueError:
            reader.fault("wrong_type", "dates", expected="day of the year", value=text[:60])
        else:
            found.add((day.month, day.day))
    if not found:
        reader.fault("missing", "dates")
        found.add((12, 31))
    return tuple(sorted(found))


def read_pending(reader: Reader | None, digits: int) -> Pending:
    if reader is None:
        return AT_ONCE
    kind = reader.choice("kind", PendingKind, default=PendingKind.AT_ONCE)
    days = reader.integer("days", low=1, high=LONGEST_DAYS) if kind is PendingKind.DAYS else 0
    on = None
    if kind is PendingKind.DATE:
        on = reader.date("on")
        if on is None and not reader.has("on"):
            reader.fault("missing", "on")
    event, timeout, on_timeout = "", 0, OnTimeout.LAPSE
    if kind is PendingKind.EVENT:
        event = reader.key("event")
        timeout = reader.integer("timeout_days", low=0, high=LONGEST_DAYS, default=0)
        on_timeout = reader.choice("on_timeout", OnTimeout, default=OnTimeout.LAPSE)
    above = reader.number("approval_above", digits, low=0) if reader.has("approval_above") else None
    reader.take("approval_above")
    reader.finish()
    return Pending(kind, days, on, event, timeout, on_timeout, above)


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
        written |= {"event": pending.event, "timeout_days": pending.timeout_days}
        written["on_timeout"] = pending.on_timeout.value
    if pending.approval_above is not None:
        written["approval_above"] = format_decimal(pending.approval_above, digits)
    return written
