"""A member's daily counter of one metric: what was counted on which local day, net of returns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import date


class Counter:
    """Values by day with running sums, so that a window costs two look-ups. With `visits` a day counts one when its
    value is above zero, whatever the value."""

    __slots__ = ("_days", "_sums", "_values", "visits")

    def __init__(self, values: Mapping[date, int] | None = None, *, visits: bool = False) -> None:
        self.visits = visits
        self._days = sorted(values or ())
        self._values = [] if values is None else [values[day] for day in self._days]
        self._sums = [0]
        self._sum_from(0)

    def add(self, day: date, amount: int) -> None:
        days, values = self._days, self._values
        if not days or day > days[-1]:
            days.append(day)
            values.append(amount)
            self._sums.append(self._sums[-1] + self._counted(amount))
        elif day == days[-1]:
            values[-1] += amount
            self._sums[-1] = self._sums[-2] + self._counted(values[-1])
        else:
            at = bisect_left(days, day)
            if days[at] == day:
                values[at] += amount
            else:
                days.insert(at, day)
                values.insert(at, amount)
            self._sum_from(at)

    @property
    def first_day(self) -> date | None:
        return self._days[0] if self._days else None

    def counts(self, day: date) -> bool:
        """Whether a day counts something."""
        return self.total(day, day) != 0

    def total(self, first: date, last: date) -> int:
        """What the days from `first` to `last`, both included, count together."""
        days = self._days
        end = len(days) if not days or last >= days[-1] else bisect_right(days, last)
        return self._sums[end] - self._sums[bisect_left(days, first)]

    def counted(self, first: date, last: date) -> Iterator[date]:
        """The days from `first` to `last` that count something, in order."""
        for at in range(bisect_left(self._days, first), bisect_right(self._days, last)):
            if self._sums[at + 1] != self._sums[at]:
                yield self._days[at]

    def back_from(self, last: date) -> Iterator[date]:
        """The days up to `last` that count something, the latest first."""
        for at in reversed(range(bisect_right(self._days, last))):
            if self._sums[at + 1] != self._sums[at]:
                yield self._days[at]

    def _counted(self, value: int) -> int:
        return int(value > 0) if self.visits else value

    def _sum_from(self, at: int) -> None:
        del self._sums[at + 1 :]
        total = self._sums[at]
        for value in self._values[at:]:
            total += self._counted(value)
            self._sums.append(total)
