"""Birthdays and anniversaries of joining: which of them come next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from programs.engine.events import Trigger
from programs.engine.policies import LeapBirthday

_FEBRUARY_29 = (2, 29)


class Occasion(NamedTuple):
    """A day that comes back every year."""

    day: date
    trigger: str


def in_year(day: date, year: int, leap: LeapBirthday) -> date:
    """The day of another year; of 29 February, in common years, the one that the policy says."""
    if (day.month, day.day) != _FEBRUARY_29:
        return day.replace(year=year)
    february_28 = date(year, 2, 28)
    following = february_28 + timedelta(days=1)
    return following if following.month == 2 or leap is LeapBirthday.MAR_1 else february_28


def days_of(first: date, after: date, until: date, leap: LeapBirthday) -> list[date]:
    """The days that come back yearly after a first one: those after one day and up to another, in the order of time."""
    days = [in_year(first, year, leap) for year in range(max(after.year, first.year + 1), until.year + 1)]
    return [day for day in days if after < day <= until]


def next_occasions(
    after: date, until: date, born: date | None, joined: date, leap: LeapBirthday
) -> list[Occasion]:
    """Birthdays and anniversaries after one day and up to another, in the order of time. The day of joining is no
    anniversary of it."""
    found = [Occasion(day, Trigger.ANNIVERSARY.value) for day in days_of(joined, after, until, leap)]
    if born is not None:
        found += [Occasion(day, Trigger.BIRTHDAY.value) for day in days_of(born, after, until, leap)]
    return sorted(found)
