"""A new revision of a ladder comes into force for a member who is on it.

Laws.
- Nobody falls at that instant. Who reaches a higher tier by the new ladder, also an inserted one, rises.
- A tier that is gone becomes the highest tier whose threshold is not above it. A grant of it likewise.
- A validity keeps its end. A tier that had none gets one as if it had been reached now, if the new ladder has ends.
- An earned tier that is not carried by the new thresholds is held from then on: it is decided at its end, and returns do
  not touch it meanwhile. Where the new ladder follows the metric and the tier has no end, it is held as if its threshold
  had been counted now, until that leaves the window.
- A tier that was to begin, or to be lost, on a certain day begins, or is lost, on that day; but on a ladder that follows
  the metric none is to begin, and on another one none is to be lost.
- A change of words changes nothing. The ladder must be the next one after the member's: every revision is told, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from loyalty.core.exact import local_day
from members.engine.tiers.counters import Counter
from members.engine.tiers.deciding import MemberLadder
from members.engine.tiers.measure import Measure
from members.engine.tiers.states import Decision, Reason, Validity
from programs.engine.ladders import Ladder, MetricKind


def revised(
    member: MemberLadder, ladder: Ladder, at: datetime, values: Mapping[date, int] | None = None
) -> list[Decision]:
    """`values`: the daily counter of the new ladder's metric, needed where the metric is another one."""
    old, state = member.ladder, member.state
    if values is None and old.metric != ladder.metric:
        raise ValueError(f"ladder {ladder.key} counts something else now: its counter is needed")
    counter = member.measure.counter
    if values is not None:
        counter = Counter(values, visits=ladder.metric.kind is MetricKind.VISITS)
    member.ladder, member.measure = ladder, Measure(ladder, member.joined_on, counter)
    if _deciding(old) == _deciding(ladder):
        return []
    today, gone = local_day(at, member.zone), ladder.position(state.tier) < 0
    _rename(member, old)
    if ladder.continuous:
        _follow_from_now(member, today)
    else:
        _keep_validity(member, today)
    decisions = member.look(at, Reason.REMOVED if gone else Reason.REVISED)
    if not gone and decisions and old.position(decisions[0].to_tier) < 0:
        return [decisions[0]._replace(reason=Reason.INSERTED)]
    return decisions


def _deciding(ladder: Ladder) -> Ladder:
    """The ladder without its words."""
    tiers = tuple(replace(tier, name=(), benefits=()) for tier in ladder.tiers)
    return replace(ladder, name=(), tiers=tiers)


def _rename(member: MemberLadder, old: Ladder) -> None:
    """Tiers that are gone become the next lower ones that are left."""
    state, ladder = member.state, member.ladder

    def left(tier: str) -> str:
        if ladder.position(tier) >= 0:
            return tier
        most = old.tiers[old.position(tier)].threshold
        lower = [each.key for each in ladder.tiers if each.threshold <= most and not each.invitation]
        return lower[-1]

    state.earned = state.earned._replace(tier=left(state.earned.tier))
    if state.held is not None:
        state.held = state.held._replace(tier=left(state.held.tier))
    if state.upcoming is not None:
        state.upcoming = state.upcoming._replace(tier=left(state.upcoming.tier))
    state.grants = [grant._replace(tier=left(grant.tier)) for grant in state.grants]


def _follow_from_now(member: MemberLadder, today: date) -> None:
    state = member.state
    state.upcoming = None
    if state.falls_on is None:
        ends_on = state.earned.ends_on or member.measure.unearned_end(today)
        member.hold_uncarried(today, ends_on)
        state.earned = state.earned._replace(ends_on=None, grace_days=0)


def _keep_validity(member: MemberLadder, today: date) -> None:
    state, measure = member.state, member.measure
    state.sinks_on = state.falls_on = None
    state.earned = _with_end(member, state.earned, today)
    if state.held is not None:
        state.held = _with_end(member, state.held, today)
    if not measure.carries(state.earned):
        member.hold(state.earned._replace(qualified_on=None))
        state.earned = measure.base


def _with_end(member: MemberLadder, validity: Validity, today: date) -> Validity:
    """The same tier with its end, or with one from now on where it had none."""
    if validity.ends_on is not None or validity.tier == member.ladder.tiers[0].key:
        return validity
    ends_on = member.measure.windows.ends_on(today)
    return validity._replace(ends_on=ends_on, grace_days=0 if ends_on is None else member.ladder.grace_days)
