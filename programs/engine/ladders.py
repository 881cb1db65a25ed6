"""Tier ladders: what a member's tier is decided by, from when to when it lasts, and how it falls.

The metric is counted by local day of the purchase or event, net of returns. A tier is reached at equality with its
threshold; the order of tiers is by threshold. The first tier (the lowest threshold) is everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loyalty.core.exact import format_decimal
from programs.engine.facts import QUANTITY_DIGITS
from programs.engine.reader import Reader

MOST_LADDERS = 10
MOST_TIERS = 50
MOST_BENEFITS = 50
LONGEST_MONTHS = 240


class MetricKind(StrEnum):
    """spend: what was paid for purchases, in minor units. points: earned points of a type. purchases: their number.
    visits: days with a purchase. event: the sum of a number of an event (nights, flights)."""

    SPEND = "spend"
    POINTS = "points"
    PURCHASES = "purchases"
    VISITS = "visits"
    EVENT = "event"


class WindowKind(StrEnum):
    """Over which days the metric is summed."""

    CALENDAR_YEAR = "calendar_year"
    MEMBERSHIP_YEAR = "membership_year"
    ROLLING = "rolling"
    LIFETIME = "lifetime"


class Starts(StrEnum):
    """A tier that was reached begins at once, or with the next period."""

    AT_ONCE = "at_once"
    NEXT_PERIOD = "next_period"


class Ends(StrEnum):
    """How long a tier lasts once it was reached or confirmed. A period is the calendar year, or the membership year
    where the window is one."""

    NEVER = "never"
    END_OF_PERIOD = "end_of_period"
    END_OF_NEXT_PERIOD = "end_of_next_period"
    MONTHS_AFTER = "months_after"
    ANNIVERSARY = "anniversary"


class Falls(StrEnum):
    """What happens when the metric no longer carries the tier: at the end of its validity to the level earned, or one
    level, or never; or as soon as the metric is below the threshold, at once or so many days later."""

    TO_EARNED = "to_earned"
    ONE_LEVEL = "one_level"
    NEVER = "never"
    AT_ONCE = "at_once"
    AFTER_DAYS = "after_days"


class AfterReturn(StrEnum):
    """A return lowered the metric: the tier is decided again, or kept until its validity ends."""

    REDECIDED = "redecided"
    KEPT = "kept"


class BenefitKind(StrEnum):
    MULTIPLIER = "multiplier"
    DISCOUNT = "discount"
    FREE_DELIVERY = "free_delivery"
    PERSONAL_MANAGER = "personal_manager"
    PRIORITY_SERVICE = "priority_service"
    EARLY_ACCESS = "early_access"
    CLOSED_EVENTS = "closed_events"
    BIRTHDAY_GIFT = "birthday_gift"
    OTHER = "other"


Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """`point_type` for points; `event` and `field` for events."""

    kind: MetricKind = MetricKind.SPEND
    point_type: str = ""
    event: str = ""
    field: str = ""

    @property
    def counter(self) -> str:
        """The name of the daily counter that it sums. Days with purchases are counted from the purchases."""
        if self.kind is MetricKind.POINTS:
            return f"points:{self.point_type}"
        if self.kind is MetricKind.EVENT:
            return f"event:{self.event}:{self.field}"
        return "spend" if self.kind is MetricKind.SPEND else "purchases"

    def digits(self, money_digits: int, point_digits: dict[str, int]) -> int:
        """Decimals of the smallest unit of the metric."""
        if self.kind is MetricKind.SPEND:
            return money_digits
        if self.kind is MetricKind.POINTS:
            return point_digits.get(self.point_type, 0)
        return QUANTITY_DIGITS if self.kind is MetricKind.EVENT else 0


@dataclass(frozen=True, slots=True)
class Benefit:
    """What members of a tier get, in words; `value` such as "10 %"."""

    kind: BenefitKind
    name: Words
    value: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """`threshold` in the metric's smallest unit. Into an `invitation` tier nobody rises by the metric alone."""

    key: str
    name: Words
    threshold: int
    invitation: bool = False
    benefits: tuple[Benefit, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """`tiers` by threshold. `window_months` for rolling, `months` for months_after, `fall_days` for after_days."""

    key: str
    name: Words
    metric: Metric
    tiers: tuple[Tier, ...]
    window: WindowKind = WindowKind.CALENDAR_YEAR
    window_months: int = 0
    starts: Starts = Starts.AT_ONCE
    ends: Ends = Ends.END_OF_NEXT_PERIOD
    months: int = 0
    grace_days: int = 0
    falls: Falls = Falls.TO_EARNED
    fall_days: int = 0
    after_return: AfterReturn = AfterReturn.REDECIDED

    @property
    def continuous(self) -> bool:
        """Whether the tier follows the metric all the time instead of lasting for a validity."""
        return self.falls in (Falls.AT_ONCE, Falls.AFTER_DAYS)

    def position(self, tier: str) -> int:
        """The place of a tier from 0; -1 for one that the ladder does not have."""
        return next((place for place, each in enumerate(self.tiers) if each.key == tier), -1)


# --- reading --------------------------------------------------------------------------------------
def read_ladder(reader: Reader, point_digits: dict[str, int], money_digits: int) -> Ladder:
    metric = _read_metric(reader.child("metric"), point_digits)
    window, window_months = _read_window(reader.child("window"))
    falls = reader.choice("falls", Falls, default=Falls.TO_EARNED)
    ends = reader.choice("ends", Ends, default=_usual_end(window, falls))
    digits = metric.digits(money_digits, point_digits)
    tiers = [_read_tier(child, digits) for child in reader.children("tiers", most=MOST_TIERS)]
    _check_tiers(reader, tiers, digits)
    ladder = Ladder(
        key=reader.key(),
        name=tuple(sorted(reader.words("name", required=True).items())),
        metric=metric,
        tiers=tuple(sorted(tiers, key=lambda tier: (tier.threshold, tier.invitation))),
        window=window,
        window_months=window_months,
        starts=reader.choice("starts", Starts, default=Starts.AT_ONCE),
        ends=ends,
        months=reader.integer("months", low=1, high=LONGEST_MONTHS) if ends is Ends.MONTHS_AFTER else 0,
        grace_days=reader.integer("grace_days", low=0, high=366, default=0),
        falls=falls,
        fall_days=reader.integer("fall_days", low=1, high=366) if falls is Falls.AFTER_DAYS else 0,
        after_return=reader.choice("after_return", AfterReturn, default=AfterReturn.REDECIDED),
    )
    _check_end(reader, ladder)
    reader.finish()
    return ladder


def _usual_end(window: WindowKind, falls: Falls) -> Ends:
    if window is WindowKind.LIFETIME or falls in (Falls.AT_ONCE, Falls.AFTER_DAYS):
        return Ends.NEVER
    return Ends.END_OF_NEXT_PERIOD


def _check_end(reader: Reader, ladder: Ladder) -> None:
    """A tier that follows the metric has no validity: nothing that speaks of one goes with it. Grace is added to the
    end of a validity, so there must be one."""
    if ladder.continuous:
        against = {
            "ends": ladder.ends is not Ends.NEVER,
            "starts": ladder.starts is not Starts.AT_ONCE,
            "after_return": ladder.after_return is not AfterReturn.REDECIDED,
            "grace_days": ladder.grace_days > 0,
        }
        for name in (name for name, wrong in against.items() if wrong):
            reader.fault("ladder_contradiction", name, other="falls", value=ladder.falls.value)
    elif ladder.ends is Ends.NEVER and ladder.grace_days:
        reader.fault("ladder_contradiction", "grace_days", other="ends", value=ladder.ends.value)


def _read_metric(reader: Reader | None, point_digits: dict[str, int]) -> Metric:
    if reader is None:
        return Metric()
    kind = reader.choice("of", MetricKind)
    point_type = event = field = ""
    if kind is MetricKind.POINTS:
        point_type = reader.key("point_type")
        if point_type and point_type not in point_digits:
            options = sorted(point_digits)
            reader.fault("unknown_point_type", "point_type", value=point_type, options=options)
    elif kind is MetricKind.EVENT:
        event, field = reader.key("event"), reader.key("field")
    reader.finish()
    return Metric(kind, point_type, event, field)


def _read_window(reader: Reader | None) -> tuple[WindowKind, int]:
    if reader is None:
        return WindowKind.CALENDAR_YEAR, 0
    kind = reader.choice("kind", WindowKind)
    months = 0
    if kind is WindowKind.ROLLING:
        months = reader.integer("months", low=1, high=LONGEST_MONTHS, default=12)
    reader.finish()
    return kind, months


def _read_tier(reader: Reader, digits: int) -> Tier:
    invitation = reader.boolean("invitation", default=False)
    tier = Tier(
        key=reader.key(),
        name=tuple(sorted(reader.words("name", required=True).items())),
        # Nobody rises into an invitation tier by it, but it says which tiers are below.
        threshold=reader.number("threshold", digits, low=0, required=invitation),
        invitation=invitation,
        benefits=tuple(_read_benefit(child) for child in reader.children("benefits", most=MOST_BENEFITS)),
    )
    reader.finish()
    return tier


def _read_benefit(reader: Reader) -> Benefit:
    kind = reader.choice("kind", BenefitKind)
    benefit = Benefit(
        kind=kind,
        name=tuple(sorted(reader.words("name", required=kind is BenefitKind.OTHER).items())),
        value=reader.text("value", longest=60),
    )
    reader.finish()
    return benefit


def _check_tiers(reader: Reader, tiers: list[Tier], digits: int) -> None:
    """At least one tier; keys differ, and thresholds of tiers that are reached by them; somebody who has nothing yet
    has a tier."""
    if not tiers:
        reader.fault("missing", "tiers")
        return
    keys: set[str] = set()
    thresholds: set[int] = set()
    for index, tier in enumerate(tiers):
        place = Reader({}, (*reader.path, "tiers", index), reader.faults)
        if tier.key and tier.key in keys:
            place.fault("duplicate", "key", value=tier.key)
        keys.add(tier.key)
        if tier.invitation:
            continue
        if tier.threshold in thresholds and not place.faulty("threshold"):
            place.fault("duplicate", "threshold", value=format_decimal(tier.threshold, digits))
        thresholds.add(tier.threshold)
    if 0 not in thresholds:
        reader.fault("no_base_tier", "tiers")


# --- writing --------------------------------------------------------------------------------------
def dump_ladder(ladder: Ladder, point_digits: dict[str, int], money_digits: int) -> dict[str, Any]:
    digits = ladder.metric.digits(money_digits, point_digits)
    window: dict[str, Any] = {"kind": ladder.window.value}
    if ladder.window_months:
        window["months"] = ladder.window_months
    written: dict[str, Any] = {
        "key": ladder.key,
        "name": dict(ladder.name),
        "metric": _dump_metric(ladder.metric),
        "window": window,
        "starts": ladder.starts.value,
        "ends": ladder.ends.value,
        "months": ladder.months,
        "grace_days": ladder.grace_days,
        "falls": ladder.falls.value,
        "fall_days": ladder.fall_days,
        "after_return": ladder.after_return.value,
        "tiers": [_dump_tier(tier, digits) for tier in ladder.tiers],
    }
    return {name: value for name, value in written.items() if value != 0}


def _dump_metric(metric: Metric) -> dict[str, Any]:
    written = {"of": metric.kind.value, "point_type": metric.point_type}
    written |= {"event": metric.event, "field": metric.field}
    return {name: value for name, value in written.items() if value}


def _dump_tier(tier: Tier, digits: int) -> dict[str, Any]:
    written: dict[str, Any] = {
        "key": tier.key,
        "name": dict(tier.name),
        "threshold": format_decimal(tier.threshold, digits),
        "invitation": tier.invitation,
        "benefits": [_dump_benefit(benefit) for benefit in tier.benefits],
    }
    return {name: value for name, value in written.items() if value not in (False, [])}


def _dump_benefit(benefit: Benefit) -> dict[str, Any]:
    written = {"kind": benefit.kind.value, "name": dict(benefit.name), "value": benefit.value}
    return {name: value for name, value in written.items() if value}
