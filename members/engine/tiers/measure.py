"""What the metric says about a member on a ladder, whatever tier the member has now.

Laws.
- A value reaches a tier at equality; an invitation tier only for a member who is in it and only if it has a threshold.
- A day qualifies for the level of its value, from the day its tier begins to its end. The level earned on a day is the
  highest for which some day qualifies then. The days looked at are those on which something was counted, the last day of
  the validity that ended (without grace), and the day itself.
- Of the days that qualify for that level the one with the latest end decides, since reaching a tier again makes it last
  longer; but the last and the present day only where no counted day reaches it, and then the former first. With
  `months_after` only a rise or an end of validity begins the months anew: there the earliest day decides, and days before
  the last one have had their say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date

from members.engine.tiers.counters import Counter
from members.engine.tiers.states import Source, Upcoming, Validity
from members.engine.tiers.windows import DAY, Windows
from programs.engine.ladders import Ends, Falls, Ladder, WindowKind

NO_END = date.max


class Measure:
    __slots__ = ("_levels", "_thresholds", "counter", "ladder", "places", "windows")

    def __init__(self, ladder: Ladder, joined_on: date, counter: Counter) -> None:
        self.ladder = ladder
        self.counter = counter
        self.windows = Windows(ladder, joined_on)
        self.places = {tier.key: place for place, tier in enumerate(ladder.tiers)}
        self._levels = [place for place, tier in enumerate(ladder.tiers) if not tier.invitation]
        self._thresholds = [ladder.tiers[place].threshold for place in self._levels]

    # --- levels -----------------------------------------------------------------------------------------------
    def value(self, day: date) -> int:
        """What the window of a day counts up to that day."""
        return self.counter.total(self.windows.first(day), day)

    def threshold(self, tier: str) -> int:
        return self.ladder.tiers[self.places[tier]].threshold

    def level(self, value: int, member_of: int = 0) -> int:
        """The place of the highest tier that a value reaches, with the invitation tier at `member_of` (0: none)."""
        at = bisect_right(self._thresholds, value) - 1
        place = self._levels[at] if at > 0 else 0
        return member_of if member_of > place and value >= self.ladder.tiers[member_of].threshold else place

    def above(self, place: int) -> int | None:
        """The place of the next tier that the metric leads to."""
        return next((each for each in self._levels if each > place), None)

    def below(self, place: int) -> int:
        """The place of the next lower tier that the metric leads to."""
        return max((each for each in self._levels if each < place), default=0)

    def higher(self, one: Validity, other: Validity | None) -> Validity:
        """The one with the higher tier; of the same tier the one that lasts longer; then the first."""
        if other is None or self.rank(one) >= self.rank(other):
            return one
        return other

    def rank(self, validity: Validity) -> tuple[int, date]:
        return self.places[validity.tier], validity.ends_on or NO_END

    # --- validities -------------------------------------------------------------------------------------------
    @property
    def base(self) -> Validity:
        return Validity(self.ladder.tiers[0].key, Source.EARNED, None, None)

    def validity(self, place: int, day: date, ends_on: date | None) -> Validity:
        """The tier at a place as the value of `day` carries it."""
        if place == 0:
            return self.base
        tier = self.ladder.tiers[place]
        source = Source.INVITATION if tier.invitation else Source.EARNED
        return Validity(tier.key, source, day, ends_on, self.ladder.grace_days)

    def carries(self, validity: Validity) -> bool:
        """Whether the day that a tier was earned on still reaches it."""
        day = validity.qualified_on
        return day is not None and self.value(day) >= self.threshold(validity.tier)

    def best(self, day: date, last: date, member_of: int = 0) -> Validity:
        """The level earned on a day. `last`: the last day without grace of the validity that ended, or the day."""
        months_after = self.ladder.ends is Ends.MONTHS_AFTER
        turns = [turn for turn in (last, day) if self._qualifies(turn, day)]
        looked = list(self._active(day, last if months_after else None))[::-1]
        if months_after:
            looked, turns = sorted({*looked, *turns}), []
        best, best_place, best_end = day, 0, NO_END
        for each in looked:
            place, end = self._reached(each, member_of)
            if place > best_place or (place == best_place > 0 and end > best_end and not months_after):
                best, best_place, best_end = each, place, end
        for each in turns:
            place, end = self._reached(each, member_of)
            if place > best_place:
                best, best_place, best_end = each, place, end
        return self.validity(best_place, best, None if best_end == NO_END else best_end)

    def _reached(self, day: date, member_of: int) -> tuple[int, date]:
        return self.level(self.value(day), member_of), self.windows.ends_on(day) or NO_END

    def _qualifies(self, looked: date, day: date) -> bool:
        return self.windows.starts_on(looked) <= day <= (self.windows.ends_on(looked) or NO_END)

    def _active(self, day: date, earliest: date | None) -> Iterator[date]:
        """The counted days whose qualification runs on `day`, the latest first."""
        for each in self.counter.back_from(day):
            if (earliest is not None and each < earliest) or (self.windows.ends_on(each) or NO_END) < day:
                return
            if self.windows.starts_on(each) <= day:
                yield each

    def coming(self, day: date, member_of: int = 0) -> Upcoming | None:
        """The highest level that the period of `day` has reached so far and that begins with the next one."""
        best: tuple[int, date] | None = None
        for each in self.counter.counted(self.windows.period(day)[0], day):
            place = self.level(self.value(each), member_of)
            if place and (best is None or place > best[0]):
                best = place, each
        if best is None:
            return None
        found = self.validity(best[0], best[1], None)
        return Upcoming(found.tier, found.source, self.windows.starts_on(best[1]), best[1])

    # --- ladders that follow the metric -------------------------------------------------------------------------
    def sinks_on(self, tier: str, day: date) -> date | None:
        """The first day after `day` whose value is below the tier's threshold when nothing more is counted."""
        threshold = self.threshold(tier)
        if threshold <= 0 or self.ladder.window is WindowKind.LIFETIME:
            return None
        if self.ladder.window is not WindowKind.ROLLING:
            return self.windows.period(day)[1] + DAY
        for each in self.counter.counted(self.windows.first(day), day):
            if self.counter.total(each + DAY, day) < threshold:
                last = self.windows.last_counting(each)
                return None if last is None else last + DAY
        return None

    def unearned_end(self, day: date) -> date | None:
        """The last day of a tier that is given on a day as if it had been earned then."""
        return self.windows.last_counting(day) if self.ladder.continuous else self.windows.ends_on(day)

    def soft_end(self, ended: Validity, day: date) -> date | None:
        """The last day of a tier that goes on from `day`, the first after its validity, though nothing carries it: as if
        the validity that ended had carried it, or else the day itself."""
        carried, ended_on = ended.carried_until, ended.ends_on
        if carried is not None and ended_on is not None:
            end = self.windows.ends_on(carried)
            if end is None or end > ended_on:
                return end
        return self.windows.ends_on(day)

    def soft_place(self, was: int) -> int:
        """The lowest place to which a member may come from `was` at the end of validity."""
        if self.ladder.falls is Falls.NEVER:
            return was
        return self.below(was) if self.ladder.falls is Falls.ONE_LEVEL else 0
