"""The calendar of a ladder for one member: over which days a value is counted, and how long a tier lasts.

Laws. All days are local days of the programme; windows and validities include both their end days.
- A day's value counts its window up to that day: the calendar or membership year that holds it, the months that end
  with it, or all days. So an ended year counts whole on its last day.
- A membership year begins on the anniversary of joining; somebody who joined on 29 February has it on the 28th in
  common years.
- The period of `starts` and `ends` is the membership year where the window is one, else the calendar year.
- A qualification on day q begins on q, or with `next_period` on the first day of the period after q. Its validity is
  counted from the day it begins. "N months after" ends on the same day of the month; where the tier begins with a
  period, and so at a midnight, on the day before, so that 12 months from 1 January end on 31 December.
- Days of grace are added to the end.
"""

from __future__ import annotations

from datetime import date, timedelta

from loyalty.core.exact import add_months
from programs.engine.ladders import Ends, Ladder, Starts, WindowKind

DAY = timedelta(days=1)


def calendar_year(day: date) -> tuple[date, date]:
    return date(day.year, 1, 1), date(day.year, 12, 31)


def membership_year(joined_on: date, day: date) -> tuple[date, date]:
    """The year from anniversary to anniversary that holds a day."""
    years = day.year - joined_on.year
    first = add_months(joined_on, 12 * years)
    if first > day:
        return add_months(joined_on, 12 * (years - 1)), first - DAY
    return first, add_months(joined_on, 12 * (years + 1)) - DAY


class Windows:
    __slots__ = ("_first", "_last", "joined_on", "ladder")

    def __init__(self, ladder: Ladder, joined_on: date) -> None:
        self.ladder = ladder
        self.joined_on = joined_on
        self._first, self._last = self.period(joined_on)

    def period(self, day: date) -> tuple[date, date]:
        if self.ladder.window is WindowKind.MEMBERSHIP_YEAR:
            return membership_year(self.joined_on, day)
        return calendar_year(day)

    def first(self, day: date) -> date:
        """The first day that counts for the value of a day."""
        window = self.ladder.window
        if window is WindowKind.ROLLING:
            return add_months(day, -self.ladder.window_months) + DAY
        if window is WindowKind.LIFETIME:
            return date.min
        if not self._first <= day <= self._last:
            self._first, self._last = self.period(day)
        return self._first

    def last_counting(self, day: date) -> date | None:
        """The last day whose value counts what was counted on `day`; None: it counts for ever."""
        window = self.ladder.window
        if window is WindowKind.LIFETIME:
            return None
        if window is not WindowKind.ROLLING:
            return self.period(day)[1]
        leaves = add_months(day, self.ladder.window_months)
        # Where the month is too short for the day (31 January plus one), it stays until the month's last day.
        return leaves if add_months(leaves, -self.ladder.window_months) < day else leaves - DAY

    def starts_on(self, day: date) -> date:
        """The day on which a tier that was reached on `day` begins."""
        return self.period(day)[1] + DAY if self.ladder.starts is Starts.NEXT_PERIOD else day

    def ends_on(self, day: date) -> date | None:
        """The last day, with grace, of a tier that was reached on `day`; None: it has no end."""
        ends = self.ladder.ends
        if ends is Ends.NEVER:
            return None
        start = self.starts_on(day)
        if ends is Ends.MONTHS_AFTER:
            last = add_months(start, self.ladder.months)
            if self.ladder.starts is Starts.NEXT_PERIOD:
                last -= DAY
        elif ends is Ends.ANNIVERSARY:
            last = membership_year(self.joined_on, start)[1]
        else:
            last = self.period(start)[1]
            if ends is Ends.END_OF_NEXT_PERIOD:
                last = self.period(last + DAY)[1]
        return last + timedelta(days=self.ladder.grace_days)

    def next_end_from(self, day: date) -> date:
        """The first day after `day` from which reaching a tier again may make it last longer."""
        ends, at_once = self.ladder.ends, self.ladder.starts is Starts.AT_ONCE
        if ends is Ends.MONTHS_AFTER:
            return date.max
        if ends is Ends.ANNIVERSARY and at_once:
            return membership_year(self.joined_on, day)[1] + DAY
        return self.period(day)[1] + DAY
