"""How long points last and when they can be used: last days by table and law, settings there and back, faults."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.reader import Reader
from programs.engine.terms import (
    AT_ONCE,
    LONGEST,
    LONGEST_DAYS,
    NEVER,
    Activity,
    Expiry,
    ExpiryKind,
    Pending,
    PendingKind,
    RoundUp,
    Unit,
    dump_expiry,
    dump_pending,
    end_of_period,
    read_expiry,
    read_pending,
)


def expiry(**settings: Any) -> Expiry:
    reader = Reader(settings)
    read = read_expiry(reader)
    assert reader.faults == []
    return read


def pending(digits: int = 0, **settings: Any) -> Pending:
    reader = Reader(settings)
    read = read_pending(reader, digits)
    assert reader.faults == []
    return read


# --- the last usable day --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "start", "last"),
    [
        ({"kind": "after", "days": 1}, "2026-05-13", "2026-05-14"),
        ({"kind": "after", "days": 365}, "2027-03-01", "2028-02-29"),
        ({"kind": "after", "months": 1}, "2026-01-31", "2026-02-28"),
        ({"kind": "after", "months": 1}, "2028-01-31", "2028-02-29"),
        ({"kind": "after", "months": 1}, "2026-05-31", "2026-06-30"),
        ({"kind": "after", "months": 1}, "2026-02-28", "2026-03-28"),  # clipped days are not pulled up again
        ({"kind": "after", "months": 12}, "2028-02-29", "2029-02-28"),
        ({"kind": "after", "years": 1}, "2028-02-29", "2029-02-28"),
        ({"kind": "after", "years": 4}, "2028-02-29", "2032-02-29"),
        ({"kind": "after", "months": 12}, "2026-01-10", "2027-01-10"),
        ({"kind": "after", "months": 12, "round_up": "month"}, "2026-01-10", "2027-01-31"),
        ({"kind": "after", "months": 12, "round_up": "month"}, "2027-02-28", "2028-02-29"),
        ({"kind": "after", "months": 12, "round_up": "quarter"}, "2026-01-10", "2027-03-31"),
        ({"kind": "after", "months": 12, "round_up": "quarter"}, "2026-12-31", "2027-12-31"),
        ({"kind": "after", "months": 12, "round_up": "quarter"}, "2026-04-01", "2027-06-30"),
        ({"kind": "after", "months": 12, "round_up": "year"}, "2026-01-01", "2027-12-31"),
        ({"kind": "after", "days": 30, "round_up": "month"}, "2026-12-02", "2027-01-31"),
        ({"kind": "activity", "months": 6}, "2026-08-31", "2027-02-28"),
        ({"kind": "tier", "ladder": "status", "tiers": ["gold"], "years": 2}, "2026-05-13", "2028-05-13"),
        ({"kind": "fixed", "dates": ["12-31"]}, "2026-05-13", "2026-12-31"),
        ({"kind": "fixed", "dates": ["12-31"]}, "2026-12-31", "2026-12-31"),
        ({"kind": "fixed", "dates": ["12-31"], "least_days": 1}, "2026-12-31", "2027-12-31"),
        ({"kind": "fixed", "dates": ["12-31", "06-30"]}, "2026-06-30", "2026-06-30"),
        ({"kind": "fixed", "dates": ["12-31", "06-30"]}, "2026-07-01", "2026-12-31"),
        ({"kind": "fixed", "dates": ["12-31", "06-30"], "least_days": 90}, "2026-04-01", "2026-06-30"),
        ({"kind": "fixed", "dates": ["12-31", "06-30"], "least_days": 91}, "2026-04-01", "2026-12-31"),
        ({"kind": "fixed", "dates": ["02-29"]}, "2027-01-15", "2027-02-28"),
        ({"kind": "fixed", "dates": ["02-29"]}, "2028-01-15", "2028-02-29"),
        ({"kind": "fixed", "dates": ["02-29"]}, "2027-03-01", "2028-02-29"),
        ({"kind": "fixed", "dates": ["01-01"], "least_days": 366}, "2026-01-01", "2028-01-01"),
    ],
)
def test_the_last_usable_day(settings: dict[str, Any], start: str, last: str) -> None:
    assert expiry(**settings).last_day(date.fromisoformat(start)) == date.fromisoformat(last)


def test_points_without_an_end_have_no_last_day() -> None:
    assert NEVER.last_day(date(2026, 5, 13)) is None
    assert expiry(kind="never") == NEVER


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"kind": "after", "years": 100}, date(9950, 1, 1)),
        ({"kind": "after", "days": LONGEST_DAYS}, date(9990, 1, 1)),
        ({"kind": "after", "months": 1, "round_up": "year"}, date(9999, 5, 1)),
        ({"kind": "fixed", "dates": ["06-30"]}, date(9999, 7, 1)),
    ],
)
def test_an_end_beyond_the_calendar_is_none(settings: dict[str, Any], start: date) -> None:
    assert expiry(**settings).last_day(start) is None


DAYS = st.dates(date(2000, 1, 1), date(2400, 12, 31))


@generated(DAYS, st.integers(1, LONGEST))
def test_months_end_on_the_same_day_or_the_last_of_the_month(start: date, months: int) -> None:
    last = Expiry(ExpiryKind.AFTER, months).last_day(start)
    assert last is not None
    assert (last.year - start.year) * 12 + last.month - start.month == months
    assert last.day == min(start.day, monthrange(last.year, last.month)[1])


@generated(DAYS, st.integers(1, LONGEST // 12), st.sampled_from([None, *RoundUp]))
def test_years_are_twelve_months_each(start: date, years: int, round_up: RoundUp | None) -> None:
    in_years = Expiry(ExpiryKind.AFTER, years, Unit.YEARS, round_up)
    assert in_years.last_day(start) == Expiry(ExpiryKind.AFTER, years * 12, round_up=round_up).last_day(start)


@generated(DAYS, st.sampled_from(RoundUp))
def test_rounding_up_goes_to_the_end_of_the_period_that_holds_the_day(day: date, period: RoundUp) -> None:
    last, following = end_of_period(day, period), end_of_period(day, period) + timedelta(days=1)
    assert last >= day
    assert end_of_period(last, period) == last
    assert following.day == 1
    assert (
        following.month
        in {RoundUp.MONTH: range(1, 13), RoundUp.QUARTER: (1, 4, 7, 10), RoundUp.YEAR: (1,)}[period]
    )
    longest = {RoundUp.MONTH: 31, RoundUp.QUARTER: 92, RoundUp.YEAR: 366}[period]
    assert (last - day).days < longest


DAYS_OF_YEAR = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))


@generated(DAYS, st.lists(DAYS_OF_YEAR, min_size=1, max_size=5, unique=True), st.integers(0, 800))
def test_of_fixed_days_the_first_that_is_far_enough_is_taken(
    start: date, dates: list[tuple[int, int]], least: int
) -> None:
    last = Expiry(ExpiryKind.FIXED, dates=tuple(dates), least_days=least).last_day(start)
    day = start + timedelta(days=least)
    while not any((day.month, day.day) == (m, min(d, monthrange(day.year, m)[1])) for m, d in dates):
        day += timedelta(days=1)
    assert last == day


LENGTHS = st.one_of(
    st.fixed_dictionaries({"days": st.integers(1, LONGEST_DAYS)}),
    st.fixed_dictionaries({"months": st.integers(1, LONGEST)}),
    st.fixed_dictionaries({"years": st.integers(1, LONGEST // 12)}),
)
ROUNDED = st.fixed_dictionaries(
    {}, optional={"round_up": st.sampled_from([*RoundUp, None]), "notice_days": st.integers(0, 366)}
)
EXPIRIES = st.one_of(
    st.just({"kind": "never"}),
    st.builds(lambda length, more: {"kind": "after", **length, **more}, LENGTHS, ROUNDED),
    st.builds(
        lambda length, more, names: {"kind": "activity", **length, **more, **names},
        LENGTHS,
        ROUNDED,
        st.fixed_dictionaries(
            {}, optional={"activities": st.lists(st.sampled_from(list(Activity)), min_size=1, max_size=9)}
        ),
    ),
    st.builds(
        lambda length, more, tiers: {"kind": "tier", "ladder": "status", "tiers": tiers, **length, **more},
        LENGTHS,
        ROUNDED,
        st.lists(st.sampled_from(["member", "gold", "black"]), min_size=1, max_size=4),
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("fixed"),
            "dates": st.lists(
                DAYS_OF_YEAR.map(lambda day: f"{day[0]:02}-{day[1]:02}"), min_size=1, max_size=24
            ),
        },
        optional={"least_days": st.integers(0, LONGEST_DAYS), "notice_days": st.integers(0, 366)},
    ),
)
APPROVAL = st.fixed_dictionaries(
    {}, optional={"approval_above": st.one_of(st.none(), st.integers(0, 10**9), st.just("12.5"))}
)
PENDINGS = st.builds(
    lambda kind, approval: {**kind, **approval},
    st.one_of(
        st.just({}),
        st.just({"kind": "at_once"}),
        st.fixed_dictionaries({"kind": st.just("days"), "days": st.integers(1, LONGEST_DAYS)}),
        st.fixed_dictionaries({"kind": st.just("date"), "on": st.dates().map(str)}),
        st.just({"kind": "event", "event": "review"}),
        st.fixed_dictionaries(
            {
                "kind": st.just("event"),
                "event": st.just("stay"),
                "timeout_days": st.integers(1, LONGEST_DAYS),
            },
            optional={"on_timeout": st.sampled_from(["lapse", "activate"])},
        ),
    ),
    APPROVAL,
)


@generated(EXPIRIES)
def test_expiry_comes_back_the_same(settings: dict[str, Any]) -> None:
    read = expiry(**settings)
    written = dump_expiry(read)
    assert expiry(**written) == read
    assert dump_expiry(expiry(**written)) == written


@generated(PENDINGS, st.integers(1, 4))
def test_pending_comes_back_the_same(settings: dict[str, Any], digits: int) -> None:
    read = pending(digits, **settings)
    written = dump_pending(read, digits)
    assert pending(digits, **written) == read
    assert (written == {}) is (read == AT_ONCE)


@generated(EXPIRIES, DAYS, st.integers(0, 3_000))
def test_points_that_are_earned_later_never_end_earlier(
    settings: dict[str, Any], start: date, later: int
) -> None:
    terms = expiry(**settings)
    first, second = terms.last_day(start), terms.last_day(start + timedelta(days=later))
    assert (first is None) is (terms.kind is ExpiryKind.NEVER)
    assert first is None or (second is not None and start <= first <= second)


def test_only_activity_and_tiers_move_an_end() -> None:
    assert [kind.value for kind in ExpiryKind if Expiry(kind).extendable] == ["activity", "tier"]


def test_what_is_not_said_takes_the_default() -> None:
    assert read_expiry(None) == NEVER
    assert read_pending(None, 0) == pending() == AT_ONCE
    assert expiry(kind="activity", months=6).activities == (Activity.EARN, Activity.SPEND)
    assert expiry(kind="after", months=6).notice_days == 0
    assert pending(kind="event", event="review").timeout_days == 0
    assert pending(approval_above=0) == Pending(PendingKind.AT_ONCE, approval_above=0)
    assert pending(2, approval_above="1.5").approval_above == 150


# --- faults ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, [("missing", "kind")]),
        ({"kind": "sometimes"}, [("unknown_choice", "kind")]),
        ({"kind": "never", "months": 12}, [("unknown_key", "months")]),
        ({"kind": "never", "notice_days": 30}, [("unknown_key", "notice_days")]),
        ({"kind": "after"}, [("one_length", "")]),
        ({"kind": "after", "months": 1, "days": 1}, [("one_length", "")]),
        ({"kind": "after", "months": 0}, [("out_of_range", "months")]),
        ({"kind": "after", "months": LONGEST + 1}, [("out_of_range", "months")]),
        ({"kind": "after", "years": 1 << 4_000}, [("out_of_range", "years")]),
        ({"kind": "after", "days": "12"}, [("wrong_type", "days")]),
        ({"kind": "after", "days": True}, [("wrong_type", "days")]),
        ({"kind": "after", "months": 1, "round_up": "week"}, [("unknown_choice", "round_up")]),
        ({"kind": "after", "months": 1, "dates": ["12-31"]}, [("unknown_key", "dates")]),
        ({"kind": "after", "months": 1, "notice_days": 400}, [("out_of_range", "notice_days")]),
        ({"kind": "fixed"}, [("missing", "dates")]),
        ({"kind": "fixed", "dates": []}, [("missing", "dates")]),
        ({"kind": "fixed", "dates": "12-31"}, [("wrong_type", "dates")]),
        ({"kind": "fixed", "dates": ["02-30"]}, [("wrong_type", "dates")]),
        ({"kind": "fixed", "dates": ["W05"]}, [("wrong_type", "dates")]),
        ({"kind": "fixed", "dates": ["1231"]}, [("wrong_type", "dates")]),
        ({"kind": "fixed", "dates": ["12-31"] * 25}, [("too_many", "dates")]),
        ({"kind": "fixed", "dates": ["12-31"], "round_up": "month"}, [("unknown_key", "round_up")]),
        ({"kind": "fixed", "dates": ["12-31"], "months": 3}, [("unknown_key", "months")]),
        ({"kind": "activity", "months": 1, "activities": []}, [("missing", "activities")]),
        ({"kind": "activity", "months": 1, "activities": ["sleep"]}, [("unknown_choice", "activities")]),
        ({"kind": "activity", "months": 1, "activities": [1]}, [("wrong_type", "activities")]),
        ({"kind": "tier", "months": 1}, [("missing", "ladder"), ("missing", "tiers")]),
        ({"kind": "tier", "months": 1, "ladder": "A", "tiers": ["x"]}, [("bad_key", "ladder")]),
    ],
)
def test_each_fault_of_expiry(settings: dict[str, Any], found: list[tuple[str, str]]) -> None:
    reader = Reader(settings, ("expiry",))
    read_expiry(reader)
    assert [(fault.code, ".".join(map(str, fault.path[1:]))) for fault in reader.faults] == found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"kind": "later"}, [("unknown_choice", "kind")]),
        ({"days": 3}, [("unknown_key", "days")]),
        ({"kind": "days"}, [("missing", "days")]),
        ({"kind": "days", "days": 0}, [("out_of_range", "days")]),
        ({"kind": "date"}, [("missing", "on")]),
        ({"kind": "date", "on": "soon"}, [("wrong_type", "on")]),
        ({"kind": "date", "on": 20261231}, [("wrong_type", "on")]),
        ({"kind": "event"}, [("missing", "event")]),
        ({"kind": "event", "event": "x", "timeout_days": -1}, [("out_of_range", "timeout_days")]),
        ({"kind": "event", "event": "x", "on_timeout": "lapse"}, [("unknown_key", "on_timeout")]),
        (
            {"kind": "event", "event": "x", "timeout_days": 1, "on_timeout": 1},
            [("unknown_choice", "on_timeout")],
        ),
        ({"approval_above": "0.5"}, [("too_many_decimals", "approval_above")]),
        ({"approval_above": -1}, [("out_of_range", "approval_above")]),
    ],
)
def test_each_fault_of_pending(settings: dict[str, Any], found: list[tuple[str, str]]) -> None:
    reader = Reader(settings, ("pending",))
    read_pending(reader, 0)
    assert [(fault.code, ".".join(map(str, fault.path[1:]))) for fault in reader.faults] == found
