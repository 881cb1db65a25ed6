"""Rounding, splitting, decimals and the calendar."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.core.exact import (
    InvalidNumber,
    Period,
    Rounding,
    add_months,
    as_decimal,
    currency_digits,
    end_of_day,
    format_decimal,
    local_day,
    parse_decimal,
    period_key,
    periods_between,
    round_ratio,
    split,
    start_of_day,
)

AMOUNTS = st.integers(-(10**15), 10**15)
MODES = {
    Rounding.FLOOR: ROUND_DOWN,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.HALF_DOWN: ROUND_HALF_DOWN,
    Rounding.CEILING: ROUND_UP,  # symmetric: away from zero
}


@pytest.mark.parametrize(
    ("mode", "halves"),
    [
        # 0.5, 1.5, 2.5, 2.4, 2.6, 3.0
        (Rounding.FLOOR, [0, 1, 2, 2, 2, 3]),
        (Rounding.HALF_UP, [1, 2, 3, 2, 3, 3]),
        (Rounding.HALF_EVEN, [0, 2, 2, 2, 3, 3]),
        (Rounding.HALF_DOWN, [0, 1, 2, 2, 3, 3]),
        (Rounding.CEILING, [1, 2, 3, 3, 3, 3]),
    ],
)
def test_every_mode_rounds_and_its_negative_is_the_negative(mode: Rounding, halves: list[int]) -> None:
    tenths = [5, 15, 25, 24, 26, 30]
    assert [round_ratio(value, 10, mode) for value in tenths] == halves
    assert [round_ratio(-value, 10, mode) for value in tenths] == [-value for value in halves]


@given(AMOUNTS, st.integers(1, 10**9), st.sampled_from(list(Rounding)))
def test_rounding_is_that_of_decimal_numbers(numerator: int, denominator: int, mode: Rounding) -> None:
    rounded = round_ratio(numerator, denominator, mode)
    assert rounded == -round_ratio(-numerator, denominator, mode)
    assert abs(Fraction(numerator, denominator) - rounded) < 1
    assert round_ratio(numerator, 1000, mode) == int(
        Decimal(numerator).scaleb(-3).quantize(Decimal(1), rounding=MODES[mode])
    )
    if numerator >= 0 and mode is Rounding.CEILING:
        assert rounded == int(Decimal(-(-numerator // denominator)).quantize(Decimal(1), ROUND_CEILING))


@pytest.mark.parametrize(
    ("amount", "weights", "ties", "parts"),
    [
        (10, [1, 1, 1], "last", [3, 3, 4]),
        (10, [1, 1, 1], "first", [4, 3, 3]),
        (11, [1, 1, 1], "last", [3, 4, 4]),
        (-10, [1, 1, 1], "last", [-3, -3, -4]),
        (10, [0, 5, 0], "last", [0, 10, 0]),
        (1, [0, 1, 0], "last", [0, 1, 0]),
        (100, [2, 1], "last", [67, 33]),
        (5, [1], "last", [5]),
        (0, [0, 0], "last", [0, 0]),
        (0, [], "last", []),
        (7, [-1, -1], "last", [3, 4]),
        (10, [3, -1], "last", [15, -5]),
    ],
)
def test_split_table(amount: int, weights: list[int], ties: str, parts: list[int]) -> None:
    assert split(amount, weights, ties=ties) == parts


def test_nothing_to_split_by_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        split(1, [0, 0])
    with pytest.raises(ValueError, match="sum to zero"):
        split(1, [])


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.sampled_from(["first", "last"]))
def test_split_is_exact_symmetric_and_fair(amount: int, weights: list[int], ties: str) -> None:
    total = sum(weights)
    if total == 0:
        return
    parts = split(amount, weights, ties=ties)
    assert sum(parts) == amount
    assert split(-amount, weights, ties=ties) == [-part for part in parts]
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, total)) < 1
        assert weight or not part


@given(AMOUNTS, st.lists(st.integers(-1000, 1000), min_size=1, max_size=20))
def test_split_by_weights_of_both_signs_sums_and_gives_zero_weights_nothing(
    amount: int, weights: list[int]
) -> None:
    if sum(weights) == 0:
        return
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(weight or not part for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    ("text", "digits", "number"),
    [
        ("12.50", 2, 1250),
        ("-3", 2, -300),
        ("-0.05", 2, -5),
        ("0.05", 2, 5),
        ("1.500", 1, 15),
        ("7", 0, 7),
        ("7.00", 0, 7),
        ("999999999999999999", 0, 10**18 - 1),
    ],
)
def test_decimals_are_read(text: str, digits: int, number: int) -> None:
    assert parse_decimal(text, digits) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[
            (text, "not_a_number")
            for text in (
                "",
                " 1",
                "1 ",
                "1,5",
                "1e3",
                "+1",
                "--1",
                ".5",
                "5.",
                "0x10",
                "1_000",
                "NaN",
                "inf",
                "١٢",
            )
        ],
        ("1" * 19, "not_a_number"),
        ("1\n", "not_a_number"),
        ("0.1234567890123", "not_a_number"),
        ("12.345", "too_many_decimals"),
        ("0.30000000001", "too_many_decimals"),
    ],
)
def test_nothing_is_guessed_in_numbers(text: str, reason: str) -> None:
    with pytest.raises(InvalidNumber, match=reason):
        parse_decimal(text, 2)


@given(AMOUNTS, st.integers(0, 6))
def test_decimals_come_back_as_written(amount: int, digits: int) -> None:
    text = format_decimal(amount, digits)
    assert parse_decimal(text, digits) == amount
    assert Decimal(text) == as_decimal(amount, digits)


def test_currencies_know_their_digits() -> None:
    assert [currency_digits(code) for code in ("EUR", "JPY", "KWD", "USD")] == [2, 0, 3, 2]


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 1), -1, date(2025, 12, 1)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_months_are_clipped_to_their_end(day: date, months: int, result: date) -> None:
    assert add_months(day, months) == result


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Tallinn", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC), 23),
        ("Europe/Tallinn", date(2026, 10, 25), datetime(2026, 10, 24, 21, tzinfo=UTC), 25),
        ("UTC", date(2026, 3, 29), datetime(2026, 3, 29, tzinfo=UTC), 24),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC), 23),  # 00:00 is skipped
    ],
)
def test_days_begin_and_end_in_their_zone(zone: str, day: date, start: datetime, hours: int) -> None:
    where = ZoneInfo(zone)
    assert start_of_day(day, where) == start
    assert local_day(start, where) == day
    assert (end_of_day(day, where) - start).total_seconds() == hours * 3600


def test_periods_have_names() -> None:
    names = [period_key(date(2027, 1, 1), period) for period in Period]
    assert names == ["2027-01-01", "2026-W53", "2027-01", "2027", "ever"]


# Midnight skipped or repeated, half an hour of summer, a whole day left out (Apia, 30 December 2011).
ODD_ZONES = (
    "Europe/Tallinn", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe",
    "Africa/Casablanca", "America/Havana", "Pacific/Apia", "Pacific/Chatham",
)  # fmt: skip
LONG_AGO = datetime(2011, 12, 1, tzinfo=UTC)


@given(
    zone=st.sampled_from(ODD_ZONES).map(ZoneInfo),
    period=st.sampled_from(Period),
    first=st.integers(0, 15 * 366 * 96),
    steps=st.lists(st.integers(0, 40 * 96), max_size=8),
)
def test_an_instant_lies_in_the_period_that_began_last(
    zone: ZoneInfo, period: Period, first: int, steps: list[int]
) -> None:
    instants = [LONG_AGO + timedelta(minutes=15 * (first + step)) for step in (0, *steps)]
    periods = periods_between(min(instants), max(instants), period, zone)
    begins, names = list(periods), list(periods.values())
    assert begins == sorted(begins)
    assert [names[bisect_right(begins, each) - 1] for each in instants] == [
        period_key(local_day(each, zone), period) for each in instants
    ]


def test_a_day_that_a_zone_skips_is_no_period() -> None:
    days = periods_between(
        datetime(2011, 12, 29, 12, tzinfo=UTC), datetime(2011, 12, 30, 12, tzinfo=UTC), Period.DAY,
        ZoneInfo("Pacific/Apia"),
    )  # fmt: skip
    assert days == {
        datetime(2011, 12, 29, 10, tzinfo=UTC): "2011-12-29",
        datetime(2011, 12, 30, 10, tzinfo=UTC): "2011-12-31",
    }
