"""Tiers the slow way: from what was counted by day, scanning day by day from joining on. Written from the rules that a
manager reads, as a second opinion on the engine. Days are whole; nothing is given by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from loyalty.core.exact import add_months
from programs.engine.ladders import Ends, Falls, Ladder, MetricKind, Starts, WindowKind

ONE = timedelta(days=1)
FOR_EVER = date(9999, 12, 31)


class Has(NamedTuple):
    tier: int
    ends_on: date


class Scanning:
    def __init__(self, ladder: Ladder, joined_on: date, counted: dict[date, int]) -> None:
        self.ladder = ladder
        self.joined_on = joined_on
        self.counted = {day: amount for day, amount in counted.items() if amount}

    # --- the calendar -----------------------------------------------------------------------------------------
    def anniversary(self, year: int) -> date:
        return add_months(self.joined_on, 12 * (year - self.joined_on.year))

    def next_anniversary(self, day: date) -> date:
        return next(found for year in (day.year, day.year + 1) if (found := self.anniversary(year)) > day)

    def begin_of_next_period(self, day: date) -> date:
        if self.ladder.window is WindowKind.MEMBERSHIP_YEAR:
            return self.next_anniversary(day)
        return date(day.year + 1, 1, 1)

    def counts_on(self, counted: date, day: date) -> bool:
        """Whether what was counted on one day is part of the value of another."""
        window = self.ladder.window
        if counted > day:
            return False
        if window is WindowKind.LIFETIME:
            return True
        if window is WindowKind.ROLLING:
            return counted > add_months(day, -self.ladder.window_months)
        if window is WindowKind.CALENDAR_YEAR:
            return counted.year == day.year
        begin = self.anniversary(day.year)
        return counted >= (begin if begin <= day else self.anniversary(day.year - 1))

    def begins(self, day: date) -> date:
        return day if self.ladder.starts is Starts.AT_ONCE else self.begin_of_next_period(day)

    def last_day(self, day: date) -> date:
        """The last day, with grace, of a tier that was reached on a day."""
        ladder, begin = self.ladder, self.begins(day)
        if ladder.ends is Ends.NEVER:
            return FOR_EVER
        if ladder.ends is Ends.MONTHS_AFTER:
            over = add_months(begin, ladder.months)
            last = over if ladder.starts is Starts.AT_ONCE else over - ONE
        elif ladder.ends is Ends.ANNIVERSARY:
            last = self.next_anniversary(begin) - ONE
        else:
            over = self.begin_of_next_period(begin)
            if ladder.ends is Ends.END_OF_NEXT_PERIOD:
                over = self.begin_of_next_period(over)
            last = over - ONE
        return last + ladder.grace_days * ONE

    # --- the metric -------------------------------------------------------------------------------------------
    def value(self, day: date) -> int:
        amounts = [amount for counted, amount in self.counted.items() if self.counts_on(counted, day)]
        if self.ladder.metric.kind is MetricKind.VISITS:
            return sum(1 for amount in amounts if amount > 0)
        return sum(amounts)

    def level(self, day: date) -> int:
        value = self.value(day)
        return max(place for place, tier in enumerate(self.ladder.tiers) if tier.threshold <= max(value, 0))

    def reached(self, day: date) -> Has:
        level = self.level(day)
        return Has(level, self.last_day(day) if level else FOR_EVER)

    # --- day by day -------------------------------------------------------------------------------------------
    def tiers(self, until: date) -> dict[date, Has]:
        """What the member has at the end of each day."""
        follows = self.ladder.falls in (Falls.AT_ONCE, Falls.AFTER_DAYS)
        return self._following(until) if follows else self._lasting(until)

    def _following(self, until: date) -> dict[date, Has]:
        found: dict[date, Has] = {}
        tier, too_low = 0, 0
        for day in _days_between(self.joined_on, until):
            # The fall comes at the beginning of the day, before its purchases.
            too_low = too_low + 1 if self._level_before_purchases(day) < tier else 0
            if too_low > self.ladder.fall_days:
                tier, too_low = self._level_before_purchases(day), 0
            if self.level(day) >= tier:
                tier, too_low = self.level(day), 0
            found[day] = Has(tier, FOR_EVER)
        return found

    def _level_before_purchases(self, day: date) -> int:
        others = {counted: amount for counted, amount in self.counted.items() if counted != day}
        return Scanning(self.ladder, self.joined_on, others).level(day)

    def _lasting(self, until: date) -> dict[date, Has]:
        found: dict[date, Has] = {}
        has = Has(0, FOR_EVER)
        beginning: dict[date, list[date]] = {}
        for each in self.counted:
            beginning.setdefault(self.begins(each), []).append(each)
        for day in _days_between(self.joined_on, until):
            begins = [self.reached(each) for each in sorted(beginning.get(day, ()))]
            if self.ladder.starts is Starts.AT_ONCE:
                # The end of a validity comes at midnight, before the day's purchases.
                has = self._at_the_end(has, day) if has.ends_on < day else has
                has = self._the_better(has, begins)
            elif has.ends_on < day:
                has = self._at_the_end(has, day, begins)
            else:
                has = self._the_better(has, begins)
            found[day] = has
        return found

    def _the_better(self, has: Has, reached: list[Has]) -> Has:
        for each in reached:
            longer = each.ends_on > has.ends_on and self.ladder.ends is not Ends.MONTHS_AFTER
            if each.tier > has.tier or (each.tier == has.tier and longer):
                has = each
        return has

    def _at_the_end(self, had: Has, day: date, begins: list[Has] | None = None) -> Has:
        """`day` is the first after the validity. The windows whose own validity reaches past its end: with months the
        one of its last day (and the days of grace after it), else that of every day with a purchase; the one of the
        last day; the one of the day itself, in which nothing was bought yet on that day."""
        if self.ladder.starts is Starts.AT_ONCE:
            others = {counted: amount for counted, amount in self.counted.items() if counted < day}
            return Scanning(self.ladder, self.joined_on, others)._decided_at_the_end(had, day, [])
        return self._decided_at_the_end(had, day, begins or [])

    def _decided_at_the_end(self, had: Has, day: date, begins: list[Has]) -> Has:
        last = had.ends_on - self.ladder.grace_days * ONE
        months = self.ladder.ends is Ends.MONTHS_AFTER
        bought = [each for each in sorted(self.counted) if each < day and (each >= last or not months)]
        looks = [*([last] if months else []), *bought, *([] if months else [last]), day]
        running = [each for each in looks if self.begins(each) <= day <= self.last_day(each)]
        best = Has(0, FOR_EVER)
        for each in running:
            reached = self.reached(each)
            confirmed = each in bought and not months and reached.ends_on > best.ends_on
            if reached.tier > best.tier or (reached.tier == best.tier > 0 and confirmed):
                best = reached
        best = self._the_better(best, begins)
        lowest = {Falls.TO_EARNED: 0, Falls.ONE_LEVEL: max(0, had.tier - 1), Falls.NEVER: had.tier}
        if best.tier >= lowest[self.ladder.falls]:
            return best
        end = self.last_day(last)
        return Has(lowest[self.ladder.falls], end if end > had.ends_on else self.last_day(day))


def _days_between(first: date, last: date) -> list[date]:
    return [first + number * ONE for number in range((last - first).days + 1)]
