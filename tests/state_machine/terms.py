"""What a programme promises about its points. Field names and options are those of the programme document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tests.state_machine.days import ONE_DAY, end_of, first_of, months_later


def _one_of(value: object, *options: object) -> None:
    if value not in options:
        raise ValueError(f"{value!r} is none of {options}")


@dataclass(frozen=True)
class Expiry:
    """kind: never | after | fixed | activity. `length` in `unit` (days | months | years), rounded up to the end of the
    month | quarter | year; `dates` are (month, day); activities: earn, spend, purchase, event, transfer."""

    kind: str = "never"
    length: int = 0
    unit: str = "months"
    round_up: str | None = None
    dates: tuple[tuple[int, int], ...] = ()
    least_days: int = 0
    activities: tuple[str, ...] = ()
    notice_days: int = 0

    def __post_init__(self) -> None:
        _one_of(self.kind, "never", "after", "fixed", "activity")
        _one_of(self.unit, "days", "months", "years")
        _one_of(self.round_up, None, "month", "quarter", "year")
        for activity in self.activities:
            _one_of(activity, "earn", "spend", "purchase", "event", "transfer")


@dataclass(frozen=True)
class Pending:
    """kind: at_once | days | date | event. An award of more than `approval_above` points also waits for a person.
    `timeout_days` 0: waits for the event for ever. on_timeout: lapse | activate."""

    kind: str = "at_once"
    days: int = 0
    on: date | None = None
    event: str = ""
    timeout_days: int = 0
    on_timeout: str = "lapse"
    approval_above: int | None = None

    def __post_init__(self) -> None:
        _one_of(self.kind, "at_once", "days", "date", "event")
        _one_of(self.on_timeout, "lapse", "activate")


@dataclass(frozen=True)
class Conversion:
    """`take` points become `give` whole points of the type `to`, in whole multiples, at least `smallest` at a time."""

    to: str
    take: int
    give: int
    smallest: int = 0


NEVER = Expiry()
AT_ONCE = Pending()


@dataclass(frozen=True)
class PointType:
    key: str
    expiry: Expiry = NEVER
    pending: Pending = AT_ONCE
    spendable: bool = True
    transferable: bool = False
    conversions: tuple[Conversion, ...] = ()


@dataclass(frozen=True)
class Policies:
    """The programme's choices; the defaults are those of the product."""

    spending_order: str = "soonest"
    overspending: str = "refuse"
    spent_points: str = "debt"
    restored_points: str = "original"
    expiry_day: str = "last_usable"
    expiry_from: str = "activation"
    transferred_expiry: str = "original"

    def __post_init__(self) -> None:
        _one_of(self.spending_order, "soonest", "oldest", "newest")
        _one_of(self.overspending, "refuse", "clamp")
        _one_of(self.spent_points, "debt", "clamp", "pending_only")
        _one_of(self.restored_points, "original", "new")
        _one_of(self.expiry_day, "last_usable", "first_expired")
        _one_of(self.expiry_from, "activation", "earning")
        _one_of(self.transferred_expiry, "original", "new")


def last_day(expiry: Expiry, start: date, policies: Policies) -> date | None:
    """The last usable day of points whose time starts on `start`; None for points without an end. Chosen: they can be
    used on the day on which their time starts, whatever the dates say."""
    if expiry.kind == "never":
        return None
    if expiry.kind == "fixed":
        day = first_of(expiry.dates, start + timedelta(days=expiry.least_days))
    else:
        if expiry.unit == "days":
            day = start + timedelta(days=expiry.length)
        else:
            day = months_later(start, expiry.length * {"months": 1, "years": 12}[expiry.unit])
        if expiry.round_up is not None:
            day = end_of(expiry.round_up, day)
    return max(day - ONE_DAY, start) if policies.expiry_day == "first_expired" else day
