"""Whatever happens to a member on a ladder, in whatever order, some laws hold after every step."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.core.exact import start_of_day
from members.engine.tiers import Counter, Grant, MemberLadder, Mode, periods, revised
from programs.engine.ladders import Ladder, MetricKind
from tests.members.tier_lives import ANY_LADDER, JOINED, TIERS, Life, noon
from tests.members.tier_stories import TALLINN, tier

CHANGED = (
    TIERS,
    (*TIERS[:2], tier("inserted", 7), *TIERS[2:]),
    (TIERS[0], TIERS[3]),
    (TIERS[0], tier("silver", 9), tier("gold", 9, invitation=True), TIERS[3]),
)
PASSED = st.sampled_from([0, 0, 1, 30, 100, 370])
STEPS = st.one_of(
    st.tuples(st.just("buy"), PASSED, st.integers(1, 12), st.sampled_from([0, 0, 0, 1, 40, 400])),
    st.tuples(st.just("return"), PASSED, st.integers(1, 12), st.integers(0, 20)),
    st.tuples(
        st.sampled_from(Mode), PASSED, st.sampled_from([each.key for each in TIERS]), st.integers(-1, 400)
    ),
    st.tuples(st.just("revoke"), PASSED, st.sampled_from(Mode), st.just(0)),
    st.tuples(st.just("revise"), PASSED, ANY_LADDER, st.sampled_from(CHANGED)),
)


def happen(life: Life, day: date, step: tuple[Any, ...]) -> None:
    what, _passed, one, other = step
    bought = sorted(each for each, left in life.counted.items() if left)
    if what == "buy":
        life.buy(max(life.joined, day - timedelta(other)), one, day)
    elif what == "return" and bought:
        bought_on = bought[other % len(bought)]
        life.give_back(bought_on, min(one, life.counted[bought_on]), day)
    elif what == "revoke":
        life.decisions += life.member.revoke(one.value, noon(day))
    elif what == "revise":
        revise(life, day, one, other)
    elif isinstance(what, Mode) and life.member.ladder.position(one) >= 0:
        life.give(Grant(what.value, what, one, day + timedelta(other) if other < 300 else None), day)


def revise(life: Life, day: date, terms: Ladder, tiers: tuple[Any, ...]) -> None:
    """Another ladder in all respects; nobody falls."""
    had = life.member.ladder.tiers[life.member.measure.places[life.member.state.tier]]
    life.decisions += revised(life.member, replace(terms, tiers=tiers), noon(day), dict(life.counted))
    places = life.member.measure.places
    not_above = [each.key for each in tiers if each.threshold <= had.threshold and not each.invitation]
    lowest = places[had.key] if had.key in places else places[not_above[-1]]
    assert places[life.member.state.tier] >= lowest


def reloaded(life: Life) -> MemberLadder:
    member = life.member
    counter = Counter(life.counted, visits=member.ladder.metric.kind is MetricKind.VISITS)
    return MemberLadder(member.ladder, member.zone, member.joined_on, counter, deepcopy(member.state))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(terms=ANY_LADDER, joined=JOINED, steps=st.lists(STEPS, max_size=12))
def test_whatever_happens_the_record_is_whole_and_a_stored_state_goes_on_the_same(
    terms: Ladder, joined: date, steps: list[tuple[Any, ...]]
) -> None:
    life, day = Life(terms, joined), joined
    for step in steps:
        day += timedelta(step[1])
        stored = reloaded(life)
        known = len(life.decisions)
        life.begin(day)
        assert stored.fall_due(start_of_day(day, TALLINN)) == life.decisions[known:]
        assert stored.state == life.member.state
        due = life.member.due_at()
        assert due is None or due > start_of_day(day, TALLINN)
        happen(life, day, step)
        _the_record_is_whole(life)


def _the_record_is_whole(life: Life) -> None:
    state = life.member.state
    for before, after in pairwise(life.decisions):
        assert before.to_tier == after.from_tier
        assert before.occurred_at <= after.occurred_at
        assert (before.to_tier, before.source, before.ends_on) != (after.to_tier, after.source, after.ends_on)
    last = life.decisions[-1]
    assert (last.to_tier, last.source, last.ends_on) == (state.tier, state.source, state.ends_on)
    has = life.member.effective()
    assert (has.tier, has.source, has.ends_on) == (state.tier, state.source, state.ends_on)
    found = periods(life.decisions)
    assert found[0].since == noon(life.joined)
    assert (found[-1].tier, found[-1].source, found[-1].until) == (state.tier, state.source, None)
    for one, other in pairwise(found):
        assert one.until == other.since > one.since
