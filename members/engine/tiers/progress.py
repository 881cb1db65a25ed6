"""What is missing to the next tier, as in "240 to Gold by 31 December".

Laws. The next tier is the one above what the member has or has coming. What is counted stays counted until the end of
the window; where the window moves along, until the last day of the oldest day in it. The projection is what the whole
window will count at the pace so far: value × days of the window ÷ days of it that are over, rounded down; of a window
that moves along and is full already, the value itself; a window without end has none.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from members.engine.tiers.deciding import MemberLadder
from members.engine.tiers.measure import NO_END, Measure
from members.engine.tiers.windows import DAY
from programs.engine.ladders import Ends, WindowKind


class Progress(NamedTuple):
    """`next_tier` None: there is none above. `counts_until` None: for ever. `projected_tier`: the level of the
    projection. `to_keep`: what is missing for the present tier to go on after its end; None: nothing leads there yet.
    `keeps_from`: the day from which on it is counted for that; None: it is counted already."""

    value: int
    next_tier: str | None
    missing: int
    counts_until: date | None
    projection: int | None
    projected_tier: str | None
    to_keep: int | None
    keeps_from: date | None = None


def progress(member: MemberLadder, day: date) -> Progress:
    """Where a member stands on a day, up to which everything due has been done."""
    measure, state = member.measure, member.state
    value = measure.value(day)
    has = measure.places[state.tier]
    if state.upcoming is not None:
        has = max(has, measure.places[state.upcoming.tier])
    above = measure.above(has)
    projection = _projection(measure, day, value)
    to_keep, keeps_from = _to_keep(member, day, value)
    return Progress(
        value=value,
        next_tier=None if above is None else measure.ladder.tiers[above].key,
        missing=0 if above is None else max(0, measure.ladder.tiers[above].threshold - value),
        counts_until=_counts_until(measure, day),
        projection=projection,
        projected_tier=None if projection is None else measure.ladder.tiers[measure.level(projection)].key,
        to_keep=to_keep,
        keeps_from=keeps_from,
    )


def _counts_until(measure: Measure, day: date) -> date | None:
    counted = measure.counter.counted(measure.windows.first(day), day)
    return measure.windows.last_counting(next(counted, day))


def _projection(measure: Measure, day: date, value: int) -> int | None:
    windows = measure.windows
    if windows.ladder.window is WindowKind.LIFETIME:
        return None
    first = windows.first(day)
    last = day if windows.ladder.window is WindowKind.ROLLING else windows.period(day)[1]
    began = max(first, min(windows.joined_on, day))
    whole = (last - (first if windows.ladder.window is WindowKind.ROLLING else began) + DAY).days
    return value * whole // (day - began + DAY).days


def _to_keep(member: MemberLadder, day: date, value: int) -> tuple[int | None, date | None]:
    """What the present window lacks where reaching the tier again moves its end, else what the window of the last day
    lacks where that one carries it further."""
    tracked, measure = member.tracked(), member.measure
    windows, ends_on, last = measure.windows, tracked.ends_on, tracked.carried_until
    invited = member.ladder.tiers[measure.places[tracked.tier]].invitation
    if ends_on is None or last is None or (invited and not member.by_invitation()):
        return None, None
    threshold = measure.threshold(tracked.tier)
    if member.ladder.ends is not Ends.MONTHS_AFTER and (windows.ends_on(day) or NO_END) > ends_on:
        return max(0, threshold - value), None
    if (windows.ends_on(last) or NO_END) > ends_on:
        first = windows.first(last)
        return max(0, threshold - measure.counter.total(first, day)), first if first > day else None
    return None, None
