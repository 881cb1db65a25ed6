"""Laws of tiers that hold for every ladder, and a second opinion that scans day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.engine.tiers import Grant, Mode, periods
from programs.engine.ladders import AfterReturn, Ends, Falls, Ladder
from tests.members.tier_lives import (
    ANY_LADDER,
    CALENDAR_ENDS,
    CREDITS,
    DAYS,
    FROM_SCRATCH,
    JOINED,
    OFFSETS,
    TIERS,
    Life,
    by_day,
    following,
    in_order,
    lasting,
    noon,
)
from tests.members.tiers_by_scanning import Scanning

slowly = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


# --- a second opinion -------------------------------------------------------------------------------------------
@slowly
@given(
    terms=st.one_of(
        lasting(ends=CALENDAR_ENDS),
        lasting(ends=(Ends.MONTHS_AFTER,), falls=[Falls.TO_EARNED]),
        following(),
    ),
    joined=JOINED,
    bought=CREDITS,
)
def test_every_day_has_the_tier_that_scanning_day_by_day_finds(
    terms: Ladder, joined: date, bought: list[tuple[int, int]]
) -> None:
    life, amounts = Life(terms, joined), by_day(joined, bought)
    found = {}
    for day in life.days():
        life.begin(day)
        for amount in amounts.get(day, ()):
            life.buy(day, amount)
        found[day] = life.has
    expected = Scanning(terms, joined, life.counted).tiers(life.days()[-1])
    assert found == expected


@slowly
@given(
    terms=FROM_SCRATCH,
    joined=JOINED,
    events=st.lists(
        st.tuples(OFFSETS, st.sampled_from([0, 0, 1, 20, 200, 500]), st.integers(1, 12), st.booleans()),
        max_size=8,
    ),
)
def test_after_late_receipts_and_returns_the_tier_is_what_scanning_all_anew_finds(
    terms: Ladder, joined: date, events: list[tuple[int, int, int, bool]]
) -> None:
    life = Life(terms, joined)
    for offset, late, amount, returns in sorted(events, key=lambda event: event[0]):
        day = joined + timedelta(offset)
        bought_on = max(joined, day - timedelta(late))
        given_back = [each for each, left in life.counted.items() if left]
        if returns and given_back:
            bought_on = min(given_back, key=lambda each: abs((each - bought_on).days))
            life.give_back(bought_on, min(amount, life.counted[bought_on]), day)
        else:
            life.buy(bought_on, amount, day)
        assert life.has == Scanning(terms, joined, life.counted).tiers(day)[day]


# --- laws -------------------------------------------------------------------------------------------------------
@slowly
@given(
    terms=ANY_LADDER,
    joined=JOINED,
    bought=CREDITS,
    granted=st.lists(
        st.tuples(OFFSETS, st.sampled_from(Mode), st.sampled_from(TIERS), st.integers(1, 400)), max_size=2
    ),
)
def test_work_that_is_done_late_decides_the_same_as_work_in_time(
    terms: Ladder, joined: date, bought: list[tuple[int, int]], granted: list[tuple[Any, ...]]
) -> None:
    amounts, lives = by_day(joined, bought), {"late": Life(terms, joined), "in time": Life(terms, joined)}
    for name, life in lives.items():
        for day in life.days():
            if name == "in time":
                life.begin(day)
            for offset, mode, given_tier, length in granted:
                if joined + timedelta(offset) == day:
                    life.give(Grant(f"g{offset}", mode, given_tier.key, day + timedelta(length)), day)
            for amount in amounts.get(day, ()):
                life.buy(day, amount)
        life.begin(life.days()[-1])
    assert lives["late"].decisions == lives["in time"].decisions
    assert lives["late"].member.state == lives["in time"].member.state
    _stretches_follow_each_other(lives["late"])


def _stretches_follow_each_other(life: Life) -> None:
    found = periods(life.decisions)
    assert found[0].since == noon(life.joined)
    assert found[-1].until is None
    for before, after in pairwise(found):
        assert before.until == after.since > before.since
        assert (before.tier, before.source) != (after.tier, after.source)
    assert found[-1].tier == life.member.state.tier
    assert max(each.since for each in found) <= life.member.state.decided_at


@slowly
@given(terms=ANY_LADDER, joined=JOINED, bought=CREDITS, data=st.data())
def test_the_order_of_purchases_of_a_day_does_not_matter(
    terms: Ladder, joined: date, bought: list[tuple[int, int]], data: Any
) -> None:
    # Few different days, so that many purchases share one.
    credits_ = [(offset % 4 * 200, amount) for offset, amount in bought]
    shuffled = data.draw(st.permutations(credits_))
    lives = Life(terms, joined), Life(terms, joined)
    for life, order in zip(lives, (credits_, shuffled), strict=True):
        for offset, amount in sorted(order, key=lambda each: each[0]):
            life.buy(joined + timedelta(offset), amount)
    one, other = lives
    for day in one.days()[800:]:
        one.begin(day)
        other.begin(day)
        assert one.has == other.has


@slowly
@given(terms=ANY_LADDER, joined=JOINED, bought=CREDITS, kept=st.booleans(), data=st.data())
def test_nobody_has_a_tier_that_no_window_ever_reached(
    terms: Ladder, joined: date, bought: list[tuple[int, int]], kept: bool, data: Any
) -> None:
    after_return = AfterReturn.KEPT if kept else AfterReturn.REDECIDED
    life = Life(replace(terms, after_return=after_return), joined)
    highest = 0
    for day, amount in in_order(joined, bought):
        life.buy(day, amount)
        highest = max(highest, Scanning(terms, joined, life.counted).level(day))
        if data.draw(st.booleans()):
            life.give_back(day, amount, day)
        assert life.has.tier <= highest
    for day in life.days():
        life.begin(day)
        assert life.has.tier <= highest


@slowly
@given(
    terms=FROM_SCRATCH,
    joined=JOINED,
    bought=CREDITS,
    at=OFFSETS,
    kept_for=st.integers(0, 500),
    amount=st.integers(1, 25),
)
def test_a_purchase_that_is_returned_whole_leaves_what_would_be_without_it(
    terms: Ladder, joined: date, bought: list[tuple[int, int]], at: int, kept_for: int, amount: int
) -> None:
    day, back = joined + timedelta(at), joined + timedelta(at + kept_for)
    amounts, returned, without = by_day(joined, bought), Life(terms, joined), Life(terms, joined)
    for each in returned.days(DAYS + 500):
        for life in (returned, without):
            life.begin(each)
            for spent in amounts.get(each, ()):
                life.buy(each, spent)
        if each == day:
            returned.buy(day, amount)
        if each == back:
            returned.give_back(day, amount, back)
        assert each < back or returned.has == without.has


@slowly
@given(
    terms=lasting(falls=[Falls.TO_EARNED, Falls.ONE_LEVEL]),
    joined=JOINED,
    bought=CREDITS,
    amount=st.integers(1, 25),
)
def test_a_purchase_that_is_returned_the_same_day_leaves_tier_and_end_as_they_were(
    terms: Ladder, joined: date, bought: list[tuple[int, int]], amount: int
) -> None:
    life = Life(terms, joined)
    for day, spent in in_order(joined, bought):
        life.buy(day, spent)
    day = life.days()[-1]
    life.begin(day)
    before = life.has
    life.buy(day, amount)
    life.give_back(day, amount, day)
    assert life.has == before
