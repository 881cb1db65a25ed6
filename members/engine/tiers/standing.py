"""What a member has on a ladder, and the steps by which it changes.

Laws.
- The tier is the higher of what the metric carries (`earned`) and what the member keeps whatever the metric says
  (`held`), of equal tiers the one that lasts longer. Over it lie grants: a floor lifts it, the latest fixed tier replaces
  it. A decision is written when tier, source or last day of what the member has change, and only then; so nothing is
  written about an earned tier that changes underneath a grant.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty.core.exact import start_of_day
from members.engine.tiers.counters import Counter
from members.engine.tiers.measure import Measure
from members.engine.tiers.states import Decision, Grant, LadderState, Mode, Reason, Source, Upcoming, Validity
from programs.engine.ladders import Ends, Falls, Ladder

_OUT_OF_REACH = 1 << 100


class Standing:
    """The state, what the metric says, and when either of them matters next."""

    __slots__ = (
        "due",
        "joined_on",
        "ladder",
        "measure",
        "rises_at",
        "state",
        "stays_at",
        "stays_from",
        "zone",
    )

    def __init__(
        self, ladder: Ladder, zone: ZoneInfo, joined_on: date, counter: Counter, state: LadderState
    ) -> None:
        self.ladder = ladder
        self.zone = zone
        self.joined_on = joined_on
        self.measure = Measure(ladder, joined_on, counter)
        self.state = state
        self.due: datetime | None = None
        self.rises_at = self.stays_at = 0
        self.stays_from = date.min
        self.foresee()

    # --- steps ------------------------------------------------------------------------------------------------
    def follow(self, day: date) -> None:
        """The earned tier follows the value of a day."""
        state, measure = self.state, self.measure
        place = measure.level(measure.value(day), self.by_invitation())
        has = measure.places[state.earned.tier]
        if place < has and state.falls_on is None and self.ladder.falls is Falls.AFTER_DAYS:
            state.falls_on = day + timedelta(days=self.ladder.fall_days)
        elif place >= has or state.falls_on is None or state.falls_on <= day:
            state.falls_on = None
            if place != has:
                state.earned = measure.validity(place, day, None)
        waiting = state.falls_on is not None
        state.sinks_on = None if waiting else measure.sinks_on(state.earned.tier, day)

    def hold(self, validity: Validity) -> None:
        """The member keeps a tier whatever the metric says."""
        self.state.held = self.measure.higher(validity, self.state.held)

    def hold_uncarried(self, day: date, ends_on: date | None) -> None:
        """An earned tier that the value of a day does not reach any more is held instead."""
        state, measure = self.state, self.measure
        place = measure.level(measure.value(day), self.by_invitation())
        if place < measure.places[state.earned.tier]:
            self.hold(state.earned._replace(qualified_on=None, ends_on=ends_on))
            state.earned = measure.validity(place, day, None)

    def offer(self, validity: Validity, *, longer: bool = False) -> None:
        """Take a validity with a higher tier, or (`longer`) one in which the same tier lasts longer."""
        measure, earned = self.measure, self.state.earned
        longer = longer and self.ladder.ends is not Ends.MONTHS_AFTER
        if measure.places[validity.tier] > measure.places[earned.tier] or (
            longer and measure.rank(validity) > measure.rank(earned)
        ):
            self.state.earned = validity

    def expect(self, upcoming: Upcoming | None) -> None:
        """Note a tier that begins with the next period, when it is higher than what is noted and goes beyond the earned
        one."""
        state, measure = self.state, self.measure
        if upcoming is None:
            return
        place = measure.places[upcoming.tier]
        if state.upcoming is not None and place <= measure.places[state.upcoming.tier]:
            return
        ends_on = measure.windows.ends_on(upcoming.qualified_on)
        begun, earned = measure.validity(place, upcoming.qualified_on, ends_on), state.earned
        if place > measure.places[earned.tier] or (
            self.ladder.ends is not Ends.MONTHS_AFTER and measure.rank(begun) > measure.rank(earned)
        ):
            state.upcoming = upcoming

    # --- what the member has ----------------------------------------------------------------------------------
    def tracked(self) -> Validity:
        """The tier without grants."""
        return self.measure.higher(self.state.earned, self.state.held)

    def effective(self) -> Validity:
        """The tier with grants."""
        state = self.state
        fixed = [grant for grant in state.grants if grant.mode == Mode.FIXED]
        if fixed:
            return self._granted(fixed[-1])
        found = self.tracked()
        for grant in state.grants:
            found = self.measure.higher(found, self._granted(grant))
        return found

    def _granted(self, grant: Grant) -> Validity:
        return Validity(grant.tier, self.source(grant), None, grant.until)

    def source(self, grant: Grant) -> Source:
        by_invitation = (
            grant.source == Source.MANUAL and self.ladder.tiers[self.measure.places[grant.tier]].invitation
        )
        return Source.INVITATION if by_invitation else grant.source

    def by_invitation(self) -> int:
        return self.place_by_invitation(self.tracked())

    def place_by_invitation(self, validity: Validity) -> int:
        """The place of an invitation tier that the metric may confirm; 0 for other tiers."""
        place = self.measure.places[validity.tier]
        tier = self.ladder.tiers[place]
        return place if tier.invitation and tier.threshold > 0 else 0

    def settle(self, at: datetime, day: date, reason: Reason) -> list[Decision]:
        """Write the decision, if what the member has is not what it was; look ahead."""
        state = self.state
        now = self.effective()
        self.foresee()
        if (now.tier, now.source, now.ends_on) == (state.tier, state.source, state.ends_on):
            return []
        if reason is Reason.REACHED and now.tier == state.tier:
            reason = Reason.CONFIRMED
        at = max(at, state.decided_at)
        value = self.measure.value(now.qualified_on or day)
        decision = Decision(self.ladder.key, state.tier, now.tier, at, reason, value, now.ends_on, now.source)
        if now.tier != state.tier:
            state.since = at
        state.tier, state.source, state.ends_on, state.decided_at = now.tier, now.source, now.ends_on, at
        return [decision]

    def foresee(self) -> None:
        """Note when something is due, and from which value (and day) on a purchase matters."""
        state, measure, tiers = self.state, self.measure, self.ladder.tiers
        due_on = state.due_on
        self.due = None if due_on is None else start_of_day(due_on, self.zone)
        has = measure.places[state.earned.tier]
        reached = has if state.upcoming is None else max(has, measure.places[state.upcoming.tier])
        above = measure.above(reached)
        self.rises_at = _OUT_OF_REACH if above is None else tiers[above].threshold
        if by_invitation := self.by_invitation():
            self.rises_at = min(self.rises_at, tiers[by_invitation].threshold)
        self.stays_at, self.stays_from = _OUT_OF_REACH, date.min
        if state.falls_on is not None:
            self.stays_at = tiers[has].threshold
        elif state.earned.ends_on is not None and state.upcoming is None:
            self.stays_at = tiers[has].threshold
            self.stays_from = measure.windows.next_end_from(state.earned.qualified_on or self.joined_on)
