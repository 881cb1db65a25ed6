"""A member on a ladder: what happens to it, and the decisions that come of it.

Laws.
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
- Of two lifts the higher is held; the other stays beneath as a floor until its own end.
- A ladder that falls `at_once` or `after_days` follows the metric. A tier given there without being carried (a lift, say)
  is held as if its threshold had been counted that day, until that day leaves the window. `after_days`: a tier is lost so
  many days after the first day on which the value does not reach it, unless a purchase brings the value back before; then
  to the level of the value at that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from loyalty.core.exact import local_day, start_of_day
from members.engine.tiers.counters import Counter
from members.engine.tiers.standing import Standing
from members.engine.tiers.states import Decision, Grant, LadderState, Mode, Reason, Source, Upcoming, Validity
from members.engine.tiers.windows import DAY
from programs.engine.ladders import AfterReturn, Falls, Ladder, MetricKind, Starts


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


class MemberLadder(Standing):
    """Before anything is told, whatever is due up to that instant must be done (`fall_due`). `today` is the local day
    up to which it is done, where that is later than the document's own day."""

    __slots__ = ()

    # --- what happens -----------------------------------------------------------------------------------------
    def credit(self, day: date, amount: int, at: datetime, today: date | None = None) -> list[Decision]:
        """A purchase or event adds to its day."""
        self.measure.counter.add(day, amount)
        if today is not None and today > day:
            return self._counted_late(day, at, today)
        return self._counted(day, at)

    def _counted(self, day: date, at: datetime) -> list[Decision]:
        measure = self.measure
        value = measure.value(day)
        if value < self.rises_at and (value < self.stays_at or day < self.stays_from):
            return []  # so it is for nearly every purchase of an import
        if self.ladder.continuous:
            self.follow(day)
        else:
            place = measure.level(value, self.by_invitation())
            if self.ladder.starts is Starts.NEXT_PERIOD:
                reached = measure.validity(place, day, None)
                self.expect(Upcoming(reached.tier, reached.source, measure.windows.starts_on(day), day))
            else:
                self.offer(measure.validity(place, day, measure.windows.ends_on(day)), longer=True)
        return self.settle(at, day, Reason.REACHED)

    def _counted_late(self, day: date, at: datetime, today: date) -> list[Decision]:
        if self.ladder.continuous:
            self.follow(today)
        else:
            walked = self._walked(day, today)
            self.offer(walked.earned, longer=True)
            self.expect(walked.upcoming)
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
            walker._counted(day, at)
        walker.fall_due(start_of_day(today, self.zone))
        return state

    def look(self, at: datetime, reason: Reason = Reason.REACHED) -> list[Decision]:
        """Decide by all that is counted: the member may rise, but not fall."""
        today = local_day(at, self.zone)
        if self.ladder.continuous:
            self.follow(today)
        else:
            self.offer(self.measure.best(today, today, self.by_invitation()))
            if self.ladder.starts is Starts.NEXT_PERIOD:
                self.expect(self.measure.coming(today, self.by_invitation()))
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
                self.expect(measure.coming(today, self.by_invitation()))
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
        lift = Validity(grant.tier, self.source(grant), None, ends_on, grace, grant.reference)
        self._keep_beneath(lift)
        self.hold(lift)
        return self.settle(at, today, Reason.LIFTED)

    def _keep_beneath(self, lift: Validity) -> None:
        """Of two lifts the higher is held; the other one stays, as a floor, until its own end."""
        state = self.state
        if state.held is None:
            return
        lower = state.held if self.measure.higher(lift, state.held) is lift else lift
        if lower.grant:
            state.grants.append(Grant(lower.grant, Mode.LIFT, lower.tier, lower.ends_on, lower.source))

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
        return self.due

    def fall_due(self, instant: datetime) -> list[Decision]:
        """Everything that falls due up to an instant, each at its own time."""
        decisions: list[Decision] = []
        while self.due is not None and self.due <= instant:
            day = self.state.due_on
            assert day is not None
            decisions += self._begin(day, self.due)
            if self.state.due_on is not None and self.state.due_on <= day:
                raise AssertionError(f"ladder {self.ladder.key}: what was due on {day} is due again")
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
        by_invitation, over = self.place_by_invitation(was), _over(was, day)
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
            self.expect(measure.coming(day, self.by_invitation()))
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


def _over(validity: Validity, day: date) -> bool:
    return validity.ends_on is not None and validity.ends_on < day
