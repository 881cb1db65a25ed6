"""A member on a ladder: what happens to it, and the decisions that come of it.

Laws.
- The tier is the higher of what the metric carries (`earned`) and what the member keeps whatever the metric says
  (`held`), of equal tiers the one that lasts longer. Over it lie grants: a floor lifts it, the latest fixed tier replaces
  it. A decision is written when tier, source or last day of what the member has change, and only then; so nothing is
  written about an earned tier that changes underneath a grant.
- What falls due comes at the first instant of a local day, all of one day in one decision. Work that is done late gives
  the same decisions as work done in time.
- A purchase counts at once: it lifts by as many levels as its day's value reaches. A late document gives what it would
  have led to by today had it come in time, if that is more than what the member has. The decision has the instant of the
  document, but never one before an earlier decision of the ladder, and what was decided is not written anew.
- A return (`redecided`) that takes away what an earned tier was reached by leaves what the metric would have led to by
  today without it, never more. It does not take a tier that is held or granted, and none where nobody falls. `kept`:
  nothing changes until the validity ends; on a ladder that follows the metric, until the day of the purchase leaves the
  window.
- At the end of validity the member has the level earned on the day after, or with `one_level` at least the next lower
  tier, or with `never` the same one. A tier that goes on without being carried lasts as long as if the validity that
  ended had carried it, and is held. A lift at its end is decided in the same way.
- A ladder that falls `at_once` or `after_days` follows the metric. A tier given there without being carried (a lift, say)
  is held as if its threshold had been counted that day, until that day leaves the window. `after_days`: a tier is lost so
  many days after the first day on which the value does not reach it, unless a purchase brings the value back before; then
  to the level of the value at that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty.core.exact import local_day, start_of_day
from members.engine.tiers.counters import Counter
from members.engine.tiers.measure import Measure
from members.engine.tiers.states import Decision, Grant, LadderState, Mode, Reason, Source, Upcoming, Validity
from members.engine.tiers.windows import DAY
from programs.engine.ladders import AfterReturn, Ends, Falls, Ladder, MetricKind, Starts

_OUT_OF_REACH = 1 << 100


def join(
    ladder: Ladder, zone: ZoneInfo, joined_on: date, at: datetime, values: Mapping[date, int] | None = None
) -> tuple[MemberLadder, list[Decision]]:
    """Put a member on a ladder at an instant (of joining, or of a ladder that is new), in the base tier or in the tier
    that `values`, what was counted before, carry."""
    base = ladder.tiers[0].key
    counter = Counter(values, visits=ladder.metric.kind is MetricKind.VISITS)
    state = LadderState(Validity(base, Source.EARNED, None, None), base, Source.EARNED, at, at)
    decision = Decision(ladder.key, "", base, at, Reason.JOINED, 0, None, Source.EARNED)
    member = MemberLadder(ladder, zone, joined_on, counter, state)
    return member, [decision, *(member.look(at) if values else ())]


class MemberLadder:
    """Before anything is told, whatever is due up to that instant must be done (`fall_due`). `today` is the local day
    up to which it is done, where that is later than the document's own day."""

    __slots__ = (
        "_due",
        "_rises_at",
        "_stays_at",
        "_stays_from",
        "joined_on",
        "ladder",
        "measure",
        "state",
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
        self._due: datetime | None = None
        self._rises_at = self._stays_at = 0
        self._stays_from = date.min
        self.foresee()

    # --- what happens -----------------------------------------------------------------------------------------
    def credit(self, day: date, amount: int, at: datetime, today: date | None = None) -> list[Decision]:
        """A purchase or event adds to its day."""
        measure = self.measure
        measure.counter.add(day, amount)
        if today is not None and today > day:
            return self._credit_late(day, at, today)
        value = measure.value(day)
        if value < self._rises_at and (value < self._stays_at or day < self._stays_from):
            return []  # so it is for nearly every purchase of an import
        if self.ladder.continuous:
            self.follow(day)
        else:
            place = measure.level(value, self.by_invitation())
            if self.ladder.starts is Starts.NEXT_PERIOD:
                reached = measure.validity(place, day, None)
                self._expect(Upcoming(reached.tier, reached.source, measure.windows.starts_on(day), day))
            else:
                self._offer(measure.validity(place, day, measure.windows.ends_on(day)), longer=True)
        return self.settle(at, day, Reason.REACHED)

    def _credit_late(self, day: date, at: datetime, today: date) -> list[Decision]:
        if self.ladder.continuous:
            self.follow(today)
        else:
            walked = self._walked(day, today)
            self._offer(walked.earned, longer=True)
            self._expect(walked.upcoming)
            if walked.held is not None:
                self.hold(walked.held)
        return self.settle(at, today, Reason.REACHED)

    def _walked(self, first: date, today: date) -> LadderState:
        """What would be if the ladder had begun on a day, by what is counted now."""
        ladder, counter, begin = self.ladder, self.measure.counter, start_of_day(first, self.zone)
        state = LadderState(self.measure.base, ladder.tiers[0].key, Source.EARNED, begin, begin)
        walker = MemberLadder(ladder, self.zone, self.joined_on, counter, state)
        for day in list(counter.counted(first, today)):
            at = start_of_day(day, self.zone)
            walker.fall_due(at)
            walker.credit(day, 0, at)
        walker.fall_due(start_of_day(today, self.zone))
        return state

    def look(self, at: datetime, reason: Reason = Reason.REACHED) -> list[Decision]:
        """Decide by all that is counted: the member may rise, but not fall."""
        today = local_day(at, self.zone)
        if self.ladder.continuous:
            self.follow(today)
        else:
            self._offer(self.measure.best(today, today, self.by_invitation()))
            if self.ladder.starts is Starts.NEXT_PERIOD:
                self._expect(self.measure.coming(today, self.by_invitation()))
        return self.settle(at, today, reason)

    def returned(self, day: date, amount: int, at: datetime, today: date | None = None) -> list[Decision]:
        """A return takes from the day of its purchase."""
        measure, state = self.measure, self.state
        measure.counter.add(day, -amount)
        today = local_day(at, self.zone) if today is None else today
        kept = self.ladder.after_return is AfterReturn.KEPT
        if self.ladder.continuous:
            if kept and state.falls_on is None:
                self.hold_uncarried(today, measure.windows.last_counting(day))
            self.follow(today)
        elif not kept:
            most = measure.places[state.earned.tier]
            lost = not measure.carries(state.earned) or (
                day == state.earned.qualified_on and not measure.counter.counts(day)
            )
            if most and lost and self.ladder.falls is not Falls.NEVER:
                walked = self._walked(measure.counter.first_day or today, today).earned
                state.earned = walked if measure.places[walked.tier] <= most else state.earned
            if self.ladder.starts is Starts.NEXT_PERIOD:
                state.upcoming = None
                self._expect(measure.coming(today, self.by_invitation()))
        return self.settle(at, today, Reason.RETURNED)

    def grant(self, grant: Grant, at: datetime) -> list[Decision]:
        """A tier by hand begins. One whose last day is over does nothing; one of a known reference takes its place."""
        state, today = self.state, local_day(at, self.zone)
        self._drop(grant.reference)
        if grant.until is not None and grant.until < today:
            return self.settle(at, today, Reason.GRANT_ENDED)
        if grant.mode != Mode.LIFT:
            state.grants.append(grant)
            return self.settle(at, today, Reason.GRANT_STARTED)
        usual = grant.until is None
        ends_on = self.measure.unearned_end(today) if usual else grant.until
        grace = self.ladder.grace_days if usual and not self.ladder.continuous else 0
        source = self._source(grant)
        self.hold(Validity(grant.tier, source, None, ends_on, grace, grant.reference))
        return self.settle(at, today, Reason.LIFTED)

    def revoke(self, reference: str, at: datetime) -> list[Decision]:
        """A tier by hand ends before its time."""
        self._drop(reference)
        return self.settle(at, local_day(at, self.zone), Reason.GRANT_ENDED)

    def _drop(self, reference: str) -> None:
        state = self.state
        state.grants = [each for each in state.grants if each.reference != reference]
        if state.held is not None and state.held.grant == reference:
            state.held = None

    # --- what falls due ---------------------------------------------------------------------------------------
    def due_at(self) -> datetime | None:
        """The instant at which something falls due next."""
        return self._due

    def fall_due(self, instant: datetime) -> list[Decision]:
        """Everything that falls due up to an instant, each at its own time."""
        decisions: list[Decision] = []
        while self._due is not None and self._due <= instant:
            day = self.state.due_on
            assert day is not None
            decisions += self._begin(day, self._due)
        return decisions

    def _begin(self, day: date, at: datetime) -> list[Decision]:
        """What is due at the beginning of a day."""
        state = self.state
        ended = [grant for grant in state.grants if grant.until is not None and grant.until < day]
        state.grants = [grant for grant in state.grants if grant not in ended]
        reason = self._pass(day) if self.ladder.continuous else self._renew(day)
        if any(grant.tier == state.tier for grant in ended):
            reason = Reason.GRANT_ENDED
        return self.settle(at, day, reason)

    def _renew(self, day: date) -> Reason:
        """Validities that are over by `day`, and a tier that begins."""
        state, measure = self.state, self.measure
        was, noted = self.tracked(), state.upcoming
        by_invitation, over = self._place_by_invitation(was), _over(was, day)
        self._begin_period(day, by_invitation)
        if over or _over(state.earned, day):
            ended = was if over else state.earned
            best = measure.best(day, ended.carried_until or day, by_invitation)
            state.earned = best if _over(state.earned, day) else measure.higher(state.earned, best)
        if state.held is not None and _over(state.held, day):
            state.held = None
        if over:
            self._soften(was, day)
        if self.ladder.starts is Starts.NEXT_PERIOD:
            self._expect(measure.coming(day, self.by_invitation()))
        now = self.tracked().tier
        if noted is not None and noted.starts_on <= day and now == noted.tier:
            return Reason.NEXT_PERIOD_BEGAN
        return Reason.RENEWED if now == was.tier else Reason.VALIDITY_ENDED

    def _begin_period(self, day: date, by_invitation: int) -> None:
        """A tier that was to begin begins; where the earned one is over, also one that is not above it."""
        state, measure = self.state, self.measure
        over, upcoming = _over(state.earned, day), state.upcoming
        if upcoming is None and over and self.ladder.starts is Starts.NEXT_PERIOD:
            upcoming = measure.coming(day - DAY, by_invitation)
        if upcoming is not None and upcoming.starts_on <= day:
            ends_on = measure.windows.ends_on(upcoming.qualified_on)
            begun = measure.validity(measure.places[upcoming.tier], upcoming.qualified_on, ends_on)
            state.earned = begun if over else measure.higher(begun, state.earned)
            state.upcoming = None

    def _soften(self, was: Validity, day: date) -> None:
        """At the end of a validity the member comes no lower than the ladder says."""
        measure = self.measure
        lowest = measure.soft_place(measure.places[was.tier])
        if measure.places[self.tracked().tier] < lowest:
            tier = self.ladder.tiers[lowest].key
            source = was.source if tier == was.tier else Source.EARNED
            ends_on = measure.soft_end(was, day)
            self.state.held = Validity(tier, source, None, ends_on, self.ladder.grace_days)

    def _pass(self, day: date) -> Reason:
        """A day begins on a ladder that follows the metric."""
        state = self.state
        if state.held is not None and _over(state.held, day):
            if self.measure.places[state.held.tier] > self.measure.places[state.earned.tier]:
                state.earned, state.falls_on = state.held._replace(ends_on=None, grace_days=0), None
            state.held = None
        waited = state.falls_on is not None
        self.follow(day)
        return Reason.WAITING_ENDED if waited and state.falls_on is None else Reason.ROLLED_OUT

    # --- steps ------------------------------------------------------------------------------------------------
    def follow(self, day: date) -> None:
        """The earned tier follows the value of a day."""
        state, measure = self.state, self.measure
        place = measure.level(measure.value(day), self.by_invitation())
        has = measure.places[state.earned.tier]
        waits = self.ladder.falls is Falls.AFTER_DAYS
        if place < has and waits and state.falls_on is None:
            state.falls_on = day + timedelta(days=self.ladder.fall_days)
        elif place >= has or not waits or (state.falls_on is not None and state.falls_on <= day):
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

    def _offer(self, validity: Validity, *, longer: bool = False) -> None:
        """Take a validity with a higher tier, or (`longer`) one in which the same tier lasts longer."""
        measure, earned = self.measure, self.state.earned
        longer = longer and self.ladder.ends is not Ends.MONTHS_AFTER
        if measure.places[validity.tier] > measure.places[earned.tier] or (
            longer and measure.rank(validity) > measure.rank(earned)
        ):
            self.state.earned = validity

    def _expect(self, upcoming: Upcoming | None) -> None:
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
        return Validity(grant.tier, self._source(grant), None, grant.until)

    def _source(self, grant: Grant) -> Source:
        by_invitation = (
            grant.source == Source.MANUAL and self.ladder.tiers[self.measure.places[grant.tier]].invitation
        )
        return Source.INVITATION if by_invitation else grant.source

    def by_invitation(self) -> int:
        return self._place_by_invitation(self.tracked())

    def _place_by_invitation(self, validity: Validity) -> int:
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
        self._due = None if due_on is None else start_of_day(due_on, self.zone)
        has = measure.places[state.earned.tier]
        reached = has if state.upcoming is None else max(has, measure.places[state.upcoming.tier])
        above = measure.above(reached)
        self._rises_at = _OUT_OF_REACH if above is None else tiers[above].threshold
        if by_invitation := self.by_invitation():
            self._rises_at = min(self._rises_at, tiers[by_invitation].threshold)
        self._stays_at, self._stays_from = _OUT_OF_REACH, date.min
        if state.falls_on is not None:
            self._stays_at = tiers[has].threshold
        elif state.earned.ends_on is not None and state.upcoming is None:
            self._stays_at = tiers[has].threshold
            self._stays_from = measure.windows.next_end_from(state.earned.qualified_on or self.joined_on)


def _over(validity: Validity, day: date) -> bool:
    return validity.ends_on is not None and validity.ends_on < day
