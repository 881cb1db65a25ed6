"""Days end once, at the local midnight that follows them: eight zones, every day from 2024 to 2032.

What the engine says is held against zoneinfo and the calendar directly: the local date just before an end and at it.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty.core.exact import end_of_day, local_day, start_of_day
from programs.engine.terms import Expiry, ExpiryKind, RoundUp, Unit

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # clocks change at midnight: some days begin at one o'clock
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # 12:45 ahead
    "Asia/Kolkata",
    "Europe/Moscow",
    "Africa/Casablanca",  # clocks change around Ramadan
]
FIRST, LAST = date(2024, 1, 1), date(2032, 12, 31)
INSTANT = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)


def days(first: date = FIRST, last: date = LAST) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


def clipped(year: int, month: int, day: int) -> date:
    """A day of a month that may be shorter, by the calendar alone."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def ends_well(last: date, zone: ZoneInfo) -> bool:
    """Whether points with this last usable day can be used through all of it and no longer."""
    end = end_of_day(last, zone)
    return (end - INSTANT).astimezone(zone).date() == last and end.astimezone(zone).date() == last + ONE_DAY


def test_there_are_more_than_twenty_six_thousand_days() -> None:
    assert len(ZONES) * sum(1 for _day in days()) == 26_304


@pytest.mark.parametrize("name", ZONES)
def test_every_day_ends_once_when_the_next_begins(name: str) -> None:
    zone = ZoneInfo(name)
    for day in days():
        begin, end = start_of_day(day, zone), end_of_day(day, zone)
        assert end == start_of_day(day + ONE_DAY, zone)
        assert ends_well(day, zone), day
        assert timedelta(hours=22) < end - begin < timedelta(hours=26)
        # It does not come back: no instant outside has its date, none inside another one.
        inside = [begin, begin + timedelta(hours=3), end - timedelta(hours=3), end - INSTANT]
        outside = [begin - timedelta(hours=3), begin - INSTANT, end, end + timedelta(hours=3)]
        assert all(instant.astimezone(zone).date() == day for instant in inside), day
        assert all(instant.astimezone(zone).date() != day for instant in outside), day


@pytest.mark.parametrize("name", ZONES)
def test_a_purchase_half_an_hour_before_midnight_belongs_to_its_day(name: str) -> None:
    zone = ZoneInfo(name)
    for day in days():
        for fold in (0, 1):  # where the clock goes back at midnight there are two
            bought = datetime.combine(day, time(23, 30, fold=fold), tzinfo=zone).astimezone(UTC)
            assert local_day(bought, zone) == day
            assert start_of_day(day, zone) <= bought < end_of_day(day, zone)


ONE_MONTH = Expiry(ExpiryKind.AFTER, 1)
YEAR_TO_END_OF_MONTH = Expiry(ExpiryKind.AFTER, 12, round_up=RoundUp.MONTH)
ONE_YEAR = Expiry(ExpiryKind.AFTER, 1, Unit.YEARS)
END_OF_YEAR = Expiry(ExpiryKind.FIXED, dates=((12, 31),))


@pytest.mark.parametrize("name", ZONES)
def test_points_of_every_day_can_be_used_through_their_last_day_and_no_longer(name: str) -> None:
    zone = ZoneInfo(name)
    for day in days():
        month, year = (day.month % 12 + 1, day.year + day.month // 12)
        wanted = {
            ONE_MONTH: clipped(year, month, day.day),
            YEAR_TO_END_OF_MONTH: clipped(day.year + 1, day.month, 31),
            ONE_YEAR: clipped(day.year + 1, day.month, day.day),
            END_OF_YEAR: date(day.year, 12, 31),
        }
        for expiry, last in wanted.items():
            assert expiry.last_day(day) == last, (expiry, day)
            assert ends_well(last, zone), last


@pytest.mark.parametrize("name", ZONES)
def test_a_daily_look_at_midnight_finds_each_end_on_its_own_day(name: str) -> None:
    """0 early, 0 double, 0 missed: of the lots of every day those end at a midnight whose last day is just over."""
    zone = ZoneInfo(name)
    ends = [(end_of_day(last, zone), last) for day in days() if (last := ONE_MONTH.last_day(day)) is not None]
    assert ends == sorted(ends)
    waiting = iter(ends)
    following = next(waiting, None)
    for day in days(FIRST, date(2033, 2, 1)):
        midnight, found = start_of_day(day, zone), []
        while following is not None and following[0] <= midnight:
            found.append(following[1])
            following = next(waiting, None)
        assert set(found) <= {day - ONE_DAY}, day
    assert following is None


@pytest.mark.parametrize("name", ZONES)
def test_the_thirty_first_and_the_leap_day(name: str) -> None:
    zone = ZoneInfo(name)
    cases = {
        (date(2026, 1, 31), ONE_MONTH): date(2026, 2, 28),
        (date(2028, 1, 31), ONE_MONTH): date(2028, 2, 29),
        (date(2026, 3, 31), ONE_MONTH): date(2026, 4, 30),
        (date(2026, 12, 31), ONE_MONTH): date(2027, 1, 31),
        (date(2028, 2, 29), ONE_YEAR): date(2029, 2, 28),
        (date(2027, 2, 28), YEAR_TO_END_OF_MONTH): date(2028, 2, 29),
        (date(2028, 2, 29), YEAR_TO_END_OF_MONTH): date(2029, 2, 28),
    }
    for (day, expiry), last in cases.items():
        bought = datetime.combine(day, time(23, 30), tzinfo=zone).astimezone(UTC)
        assert expiry.last_day(local_day(bought, zone)) == last
        assert ends_well(last, zone)


@pytest.mark.parametrize(
    ("name", "day", "begins", "hours"),
    [
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00+00:00", 23),  # there is no midnight
        ("America/Santiago", date(2026, 4, 4), "2026-04-04T03:00+00:00", 25),  # the last hour comes twice
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00+00:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00+00:00", 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00+00:00", 24.5),
        ("Pacific/Chatham", date(2026, 9, 27), "2026-09-26T11:15+00:00", 23),
        ("Asia/Kolkata", date(2026, 5, 13), "2026-05-12T18:30+00:00", 24),
        ("Africa/Casablanca", date(2026, 2, 15), "2026-02-14T23:00+00:00", 25),  # Ramadan begins
    ],
)
def test_days_of_other_lengths_are_in_the_table(name: str, day: date, begins: str, hours: float) -> None:
    zone = ZoneInfo(name)
    assert start_of_day(day, zone) == datetime.fromisoformat(begins)
    assert end_of_day(day, zone) - start_of_day(day, zone) == timedelta(hours=hours)
