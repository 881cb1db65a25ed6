"""Days of a programme's zone, by counting them one at a time."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def beginning(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last day of that month where it is shorter."""
    year, month = day.year, day.month
    for _each in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def end_of(period: str, day: date) -> date:
    """The last day of the month, quarter or year that holds a day."""

    def name(each: date) -> tuple[int, int]:
        return each.year, {"month": each.month, "quarter": (each.month - 1) // 3, "year": 0}[period]

    while name(day + ONE_DAY) == name(day):
        day += ONE_DAY
    return day


def first_of(dates: tuple[tuple[int, int], ...], day: date) -> date:
    """The first day, from `day` on, that is one of these (month, day) of the year. 29 February is the 28th in common
    years."""

    def meant(each: date) -> bool:
        if (each.month, each.day) in dates:
            return True
        leap_day = (2, 29) in dates and (each.month, each.day) == (2, 28)
        return leap_day and not calendar.isleap(each.year)

    while not meant(day):
        day += ONE_DAY
    return day
