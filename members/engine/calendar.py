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


def next_occasions(
    after: date, until: date, born: date | None, joined: date, leap: LeapBirthday
) -> list[Occasion]:
    """Birthdays and anniversaries after one day and up to another, in the order of time; never before joining, and
    the day of joining itself is no anniversary."""
    found = []
    for year in range(after.year, until.year + 1):
        if born is not None and born.year < year:
            found.append(Occasion(in_year(born, year, leap), Trigger.BIRTHDAY.value))
        if joined.year < year:
            found.append(Occasion(in_year(joined, year, leap), Trigger.ANNIVERSARY.value))
    return sorted(each for each in found if after < each.day <= until)
