"""Random ladders and members for laws of tiers: hypothesis draws them, a `Life` lives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from loyalty.core.exact import start_of_day
from members.engine.tiers import Decision, Grant, MemberLadder, join
from programs.engine.ladders import Ends, Falls, Ladder, MetricKind, Starts, WindowKind
from tests.members.tier_stories import TALLINN, ladder, tier
from tests.members.tiers_by_scanning import FOR_EVER

TIERS = (tier("base", 0), tier("silver", 5), tier("gold", 10), tier("platinum", 20))
DAYS = 1200
CALENDAR_ENDS = (Ends.NEVER, Ends.END_OF_PERIOD, Ends.END_OF_NEXT_PERIOD, Ends.ANNIVERSARY)

JOINED = st.sampled_from([date(2024, 2, 29), date(2023, 6, 15), date(2024, 1, 1), date(2024, 12, 31)])
OFFSETS = st.integers(0, DAYS - 100)
CREDITS = st.lists(st.tuples(OFFSETS, st.integers(1, 12)), max_size=8)


@st.composite
def windows(draw: Any) -> dict[str, Any]:
    window = draw(st.sampled_from(WindowKind))
    months = draw(st.sampled_from([1, 3, 12, 24])) if window is WindowKind.ROLLING else 0
    return {"window": window, "window_months": months}


@st.composite
def lasting(draw: Any, *, ends: tuple[Ends, ...] = tuple(Ends), falls: Iterable[Falls] = ()) -> Ladder:
    """Ladders whose tiers last for a validity."""
    end = draw(st.sampled_from(ends))
    usual = (Falls.TO_EARNED, Falls.ONE_LEVEL, Falls.NEVER)
    return ladder(
        tiers=TIERS,
        metric=draw(st.sampled_from([MetricKind.SPEND, MetricKind.VISITS])),
        **draw(windows()),
        starts=draw(st.sampled_from(Starts)),
        ends=end,
        months=draw(st.sampled_from([1, 6, 12, 18])) if end is Ends.MONTHS_AFTER else 0,
        grace_days=draw(st.sampled_from([0, 1, 31])),
        falls=draw(st.sampled_from(tuple(falls) or usual)),
    )


@st.composite
def following(draw: Any, falls: tuple[Falls, ...] = (Falls.AT_ONCE, Falls.AFTER_DAYS)) -> Ladder:
    """Ladders that follow the metric."""
    fall = draw(st.sampled_from(falls))
    days = draw(st.sampled_from([1, 10, 40])) if fall is Falls.AFTER_DAYS else 0
    return ladder(tiers=TIERS, **draw(windows()), ends=Ends.NEVER, falls=fall, fall_days=days)


ANY_LADDER = st.one_of(lasting(), following())
# Where the level earned on a day depends on what was counted only, and not on when it was told.
FROM_SCRATCH = st.one_of(
    lasting(ends=CALENDAR_ENDS, falls=[Falls.TO_EARNED]), following(falls=(Falls.AT_ONCE,))
)


class Has(NamedTuple):
    tier: int
    ends_on: date


class Life:
    """A member whose days are lived one after the other, or skipped."""

    def __init__(self, terms: Ladder, joined: date) -> None:
        self.joined = joined
        self.counted: dict[date, int] = defaultdict(int)
        self.member: MemberLadder
        self.decisions: list[Decision]
        self.member, self.decisions = join(terms, TALLINN, joined, noon(joined))

    def begin(self, day: date) -> None:
        self.decisions += self.member.fall_due(start_of_day(day, TALLINN))

    def buy(self, day: date, amount: int, told_on: date | None = None) -> None:
        self.begin(told_on or day)
        self.counted[day] += amount
        self.decisions += self.member.credit(day, amount, noon(day), told_on)

    def give_back(self, day: date, amount: int, told_on: date) -> None:
        self.begin(told_on)
        self.counted[day] -= amount
        self.decisions += self.member.returned(day, amount, noon(told_on))

    def give(self, grant: Grant, day: date) -> None:
        self.begin(day)
        self.decisions += self.member.grant(grant, noon(day))

    @property
    def has(self) -> Has:
        state = self.member.state
        return Has(self.member.measure.places[state.tier], state.ends_on or FOR_EVER)

    def days(self, count: int = DAYS) -> list[date]:
        return [self.joined + timedelta(number) for number in range(count)]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=TALLINN).astimezone(UTC)


def in_order(joined: date, credits_: list[tuple[int, int]]) -> list[tuple[date, int]]:
    return sorted((joined + timedelta(offset), amount) for offset, amount in credits_)


def by_day(joined: date, credits_: list[tuple[int, int]]) -> dict[date, list[int]]:
    found: dict[date, list[int]] = defaultdict(list)
    for day, amount in in_order(joined, credits_):
        found[day].append(amount)
    return found
