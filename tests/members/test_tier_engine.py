"""Tiers as a marketing manager would tell them: what a member did, and what was decided when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from programs.engine.ladders import Ends, Falls, MetricKind, Starts, WindowKind
from tests.members.tier_stories import Story, ladder, tier, told

Options = dict[str, Any]


def test_everybody_begins_in_the_lowest_tier_without_an_end() -> None:
    story = Story(ladder(), joined="2026-05-03")
    assert [story.line(each) for each in story.decisions] == ["2026-05-03 >base joined 0"]
    assert story.has("2040-01-01") == ("base", None)
    assert story.member.due_at() is None
    assert story.lines == []


@pytest.mark.parametrize(
    ("spent", "reached"),
    [("499", None), ("500", "silver"), ("999", "silver"), ("1000", "gold"), ("5000", "platinum")],
)
def test_a_tier_is_reached_at_equality_and_several_may_be_jumped(spent: str, reached: str | None) -> None:
    lines = told(ladder(), f"2026-03-01 buys {spent}")
    expected = [] if reached is None else [f"2026-03-01 base>{reached} reached {spent} until 2027-12-31"]
    assert lines == expected


def test_tiers_are_climbed_one_by_one_as_the_sum_grows() -> None:
    steps = [f"2026-0{month}-01 buys 400" for month in range(1, 7)]
    assert told(ladder(), *steps) == [
        "2026-02-01 base>silver reached 800 until 2027-12-31",
        "2026-03-01 silver>gold reached 1200 until 2027-12-31",
        "2026-05-01 gold>platinum reached 2000 until 2027-12-31",
    ]


# --- how long it lasts ------------------------------------------------------------------------------------------
ENDS: list[tuple[str, Options, str | None]] = [
    ("never", {"ends": Ends.NEVER}, None),
    ("end_of_period", {"ends": Ends.END_OF_PERIOD}, "2026-12-31"),
    ("end_of_next_period", {"ends": Ends.END_OF_NEXT_PERIOD}, "2027-12-31"),
    ("months_after", {"ends": Ends.MONTHS_AFTER, "months": 12}, "2027-03-01"),
    ("anniversary", {"ends": Ends.ANNIVERSARY}, "2026-06-14"),
    ("grace", {"ends": Ends.END_OF_PERIOD, "grace_days": 31}, "2027-01-31"),
    ("grace_of_months", {"ends": Ends.MONTHS_AFTER, "months": 6, "grace_days": 10}, "2026-09-11"),
    ("membership_year", {"window": WindowKind.MEMBERSHIP_YEAR, "ends": Ends.END_OF_PERIOD}, "2026-06-14"),
    (
        "next_membership_year",
        {"window": WindowKind.MEMBERSHIP_YEAR, "ends": Ends.END_OF_NEXT_PERIOD},
        "2027-06-14",
    ),
]


@pytest.mark.parametrize(("options", "last_day"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_a_tier_lasts_as_long_as_the_ladder_says(options: Options, last_day: str | None) -> None:
    story = Story(ladder(**options), joined="2025-06-15").tell("2026-03-01 buys 1000")
    assert story.has("2026-03-02") == ("gold", last_day)


NEXT_PERIOD: list[tuple[str, Options, str, str | None]] = [
    ("never", {"ends": Ends.NEVER}, "2027-01-01", None),
    ("end_of_period", {"ends": Ends.END_OF_PERIOD}, "2027-01-01", "2027-12-31"),
    ("end_of_next_period", {"ends": Ends.END_OF_NEXT_PERIOD}, "2027-01-01", "2028-12-31"),
    ("twelve_months", {"ends": Ends.MONTHS_AFTER, "months": 12}, "2027-01-01", "2027-12-31"),
    ("anniversary", {"ends": Ends.ANNIVERSARY}, "2027-01-01", "2027-06-14"),
    (
        "membership_year",
        {"window": WindowKind.MEMBERSHIP_YEAR, "ends": Ends.END_OF_PERIOD},
        "2026-06-15",
        "2027-06-14",
    ),
]


@pytest.mark.parametrize(
    ("options", "begins", "last_day"), [row[1:] for row in NEXT_PERIOD], ids=[row[0] for row in NEXT_PERIOD]
)
def test_with_next_period_a_tier_begins_and_is_counted_from_its_first_day(
    options: Options, begins: str, last_day: str | None
) -> None:
    story = Story(ladder(starts=Starts.NEXT_PERIOD, **options), joined="2025-06-15")
    story.tell("2026-03-01 buys 1000", "2026-03-05 passes")
    assert story.lines == []
    assert story.member.state.upcoming is not None
    assert (story.member.state.upcoming.tier, str(story.member.state.upcoming.starts_on)) == ("gold", begins)
    until = "" if last_day is None else f" until {last_day}"
    story.tell(f"{begins} passes")
    assert story.lines == [f"{begins} 0h base>gold next_period_began 1000{until}"]


def test_what_is_reached_later_in_the_period_replaces_what_was_to_begin() -> None:
    assert told(
        ladder(starts=Starts.NEXT_PERIOD, ends=Ends.END_OF_PERIOD),
        "2026-03-01 buys 600",
        "2026-09-01 buys 600",
        "2027-02-01 buys 500",
        "2029-01-01 passes",
    ) == [
        "2027-01-01 0h base>gold next_period_began 1200 until 2027-12-31",
        "2028-01-01 0h gold>silver validity_ended 500 until 2028-12-31",
        "2029-01-01 0h silver>base validity_ended 0",
    ]


def test_a_tier_reached_for_the_next_period_goes_on_without_a_gap() -> None:
    assert told(
        ladder(starts=Starts.NEXT_PERIOD, ends=Ends.END_OF_PERIOD),
        "2026-03-01 buys 1000",
        "2027-03-01 buys 1500",
        "2028-01-01 passes",
    ) == [
        "2027-01-01 0h base>gold next_period_began 1000 until 2027-12-31",
        "2028-01-01 0h gold>gold next_period_began 1500 until 2028-12-31",
    ]


# --- windows ----------------------------------------------------------------------------------------------------
def test_a_calendar_year_forgets_what_was_bought_before_it() -> None:
    assert told(ladder(), "2026-12-31 buys 900", "2027-01-01 buys 400", "2027-12-31 buys 600") == [
        "2026-12-31 base>silver reached 900 until 2027-12-31",
        "2027-12-31 silver>gold reached 1000 until 2028-12-31",
    ]


def test_a_membership_year_runs_from_anniversary_to_anniversary() -> None:
    assert told(
        ladder(window=WindowKind.MEMBERSHIP_YEAR, ends=Ends.END_OF_PERIOD),
        "2025-06-15 buys 400",
        "2026-06-14 buys 100",
        "2026-06-15 buys 499",
        "2027-06-14 buys 1",
        joined="2025-06-15",
    ) == [
        "2026-06-14 base>silver reached 500 until 2026-06-14",
        "2026-06-15 0h silver>base validity_ended 0",
        "2027-06-14 base>silver reached 500 until 2027-06-14",
    ]


def test_who_joined_on_29_february_has_the_anniversary_on_the_28th_in_common_years() -> None:
    story = Story(ladder(window=WindowKind.MEMBERSHIP_YEAR, ends=Ends.END_OF_PERIOD), joined="2024-02-29")
    story.tell("2025-02-27 buys 500", "2025-02-28 buys 500", "2028-02-28 buys 500", "2028-02-29 passes")
    assert story.lines == [
        "2025-02-27 base>silver reached 500 until 2025-02-27",
        "2025-02-28 0h silver>base validity_ended 0",
        "2025-02-28 base>silver reached 500 until 2026-02-27",
        "2026-02-28 0h silver>base validity_ended 0",
        "2028-02-28 base>silver reached 500 until 2028-02-28",
        "2028-02-29 0h silver>base validity_ended 0",
    ]


@pytest.mark.parametrize(
    ("bought", "months", "last_day"),
    [
        ("2026-03-15", 12, "2027-03-14"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-02-28", 1, "2026-03-27"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2027-02-28", 12, "2028-02-27"),
    ],
)
def test_a_rolling_window_counts_a_day_until_it_leaves(bought: str, months: int, last_day: str) -> None:
    terms = ladder(window=WindowKind.ROLLING, window_months=months, ends=Ends.NEVER, falls=Falls.AT_ONCE)
    story = Story(terms).tell(f"{bought} buys 500")
    assert story.has(last_day) == ("silver", None)
    story.tell("2030-01-01 passes")
    following = date.fromisoformat(last_day) + timedelta(days=1)
    assert story.lines[1:] == [f"{following} 0h silver>base rolled_out 0"]


def test_a_lifetime_window_never_forgets() -> None:
    assert told(
        ladder(window=WindowKind.LIFETIME, ends=Ends.NEVER),
        "2026-03-01 buys 499",
        "2031-03-01 buys 1",
        "2050-03-01 buys 500",
    ) == ["2031-03-01 base>silver reached 500", "2050-03-01 silver>gold reached 1000"]


def test_a_lifetime_tier_with_an_end_is_renewed_by_what_was_ever_bought() -> None:
    assert told(ladder(window=WindowKind.LIFETIME), "2026-03-01 buys 500", "2029-12-31 passes") == [
        "2026-03-01 base>silver reached 500 until 2027-12-31",
        "2028-01-01 0h silver>silver renewed 500 until 2028-12-31",
        "2029-01-01 0h silver>silver renewed 500 until 2029-12-31",
    ]


def test_visits_count_days_with_a_purchase_and_not_purchases() -> None:
    tiers = (tier("base", 0), tier("silver", 1), tier("gold", 2))
    assert told(
        ladder(tiers=tiers, metric=MetricKind.VISITS),
        "2026-03-01 buys 1",
        "2026-03-01 buys 1",
        "2026-03-02 buys 3",
        "2026-03-03 returns 1 of 2026-03-01",
        "2026-03-04 returns 1 of 2026-03-01",
    ) == [
        "2026-03-01 base>silver reached 1 until 2027-12-31",
        "2026-03-02 silver>gold reached 2 until 2027-12-31",
        "2026-03-04 gold>silver returned 1 until 2027-12-31",
    ]


# --- the end of a validity --------------------------------------------------------------------------------------
def test_to_earned_falls_to_the_level_of_the_year_that_ended() -> None:
    assert told(ladder(), "2026-03-01 buys 2000", "2027-03-01 buys 600", "2029-01-01 passes") == [
        "2026-03-01 base>platinum reached 2000 until 2027-12-31",
        "2028-01-01 0h platinum>silver validity_ended 600 until 2028-12-31",
        "2029-01-01 0h silver>base validity_ended 0",
    ]


def test_one_level_falls_step_by_step_though_nothing_is_bought() -> None:
    assert told(ladder(falls=Falls.ONE_LEVEL), "2026-03-01 buys 2000", "2031-01-01 passes") == [
        "2026-03-01 base>platinum reached 2000 until 2027-12-31",
        "2028-01-01 0h platinum>gold validity_ended 0 until 2028-12-31",
        "2029-01-01 0h gold>silver validity_ended 0 until 2029-12-31",
        "2030-01-01 0h silver>base validity_ended 0",
    ]


def test_one_level_still_keeps_what_was_earned() -> None:
    lines = told(
        ladder(falls=Falls.ONE_LEVEL), "2026-03-01 buys 2000", "2027-03-01 buys 1000", "2028-01-01 passes"
    )
    assert lines[1:] == ["2028-01-01 0h platinum>gold validity_ended 1000 until 2028-12-31"]


def test_never_renews_at_each_end() -> None:
    terms = ladder(falls=Falls.NEVER, ends=Ends.END_OF_PERIOD)
    assert told(
        terms, "2026-03-01 buys 1000", "2026-04-01 returns 900 of 2026-03-01", "2028-01-01 passes"
    ) == [
        "2026-03-01 base>gold reached 1000 until 2026-12-31",
        "2027-01-01 0h gold>gold renewed 0 until 2027-12-31",
        "2028-01-01 0h gold>gold renewed 0 until 2028-12-31",
    ]


def test_reaching_it_again_in_the_next_year_makes_it_last_longer() -> None:
    assert told(
        ladder(),
        "2026-03-01 buys 1000",
        "2026-04-01 buys 100",
        "2027-05-01 buys 999",
        "2027-06-01 buys 1",
        "2027-07-01 buys 300",
        "2029-01-01 passes",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2027-06-01 gold>gold confirmed 1000 until 2028-12-31",
        "2029-01-01 0h gold>base validity_ended 0",
    ]


def test_months_begin_anew_with_a_rise_or_at_the_end_only() -> None:
    terms = ladder(window=WindowKind.ROLLING, window_months=12, ends=Ends.MONTHS_AFTER, months=12)
    assert told(
        terms,
        "2026-03-01 buys 600",
        "2026-06-01 buys 400",
        "2026-11-01 buys 600",
        "2027-06-02 passes",
        "2028-06-02 passes",
    ) == [
        "2026-03-01 base>silver reached 600 until 2027-03-01",
        "2026-06-01 silver>gold reached 1000 until 2027-06-01",
        "2027-06-02 0h gold>silver validity_ended 600 until 2028-06-01",
        "2028-06-02 0h silver>base validity_ended 0",
    ]


def test_days_of_grace_are_a_last_chance() -> None:
    terms = ladder(ends=Ends.END_OF_PERIOD, grace_days=31)
    first = ["2026-03-01 buys 1000", "2027-01-31 buys 999"]
    reached = "2026-03-01 base>gold reached 1000 until 2027-01-31"
    assert told(terms, *first, "2027-02-01 passes") == [
        reached,
        "2027-02-01 0h gold>silver validity_ended 999 until 2028-01-31",
    ]
    assert told(terms, *first, "2027-01-31 buys 1", "2027-02-01 passes") == [
        reached,
        "2027-01-31 gold>gold confirmed 1000 until 2028-01-31",
    ]


def test_with_anniversary_and_calendar_years_the_current_year_decides() -> None:
    assert told(
        ladder(ends=Ends.ANNIVERSARY),
        "2026-03-01 buys 1000",
        "2026-06-15 passes",
        "2027-06-15 passes",
        joined="2025-06-15",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2026-06-14",
        "2026-06-15 0h gold>gold renewed 1000 until 2027-06-14",
        "2027-06-15 0h gold>base validity_ended 0",
    ]


def test_in_the_grace_after_an_anniversary_reaching_it_again_counts_for_the_new_year() -> None:
    assert told(
        ladder(ends=Ends.ANNIVERSARY, grace_days=31),
        "2026-03-01 buys 1000",
        "2026-06-14 buys 1",
        "2026-06-20 buys 1",
        joined="2025-06-15",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2026-07-15",
        "2026-06-20 gold>gold confirmed 1002 until 2027-07-15",
    ]


def test_months_from_the_next_period_on_may_leave_a_gap() -> None:
    assert told(
        ladder(starts=Starts.NEXT_PERIOD, ends=Ends.MONTHS_AFTER, months=6),
        "2026-03-01 buys 1000",
        "2027-03-01 buys 1000",
        "2028-01-01 passes",
    ) == [
        "2027-01-01 0h base>gold next_period_began 1000 until 2027-06-30",
        "2027-07-01 0h gold>base validity_ended 1000",
        "2028-01-01 0h base>gold next_period_began 1000 until 2028-06-30",
    ]


# --- midnights --------------------------------------------------------------------------------------------------
def test_a_year_ends_at_midnight_of_the_programme_also_in_summer_time() -> None:
    story = Story(ladder(ends=Ends.END_OF_PERIOD), zone=ZoneInfo("America/Santiago"))
    story.tell("2026-12-31 buys 500")
    assert str(story.member.due_at()) == "2027-01-01 03:00:00+00:00"
    story.tell("2027-01-01 passes")
    assert story.lines[1:] == ["2027-01-01 0h silver>base validity_ended 0"]


def test_where_the_clock_skips_midnight_a_tier_ends_at_the_jump() -> None:
    terms = ladder(ends=Ends.MONTHS_AFTER, months=6)
    story = Story(terms, zone=ZoneInfo("America/Santiago")).tell("2026-03-05 buys 500")
    # On 6 September 2026 Chile goes from 23:59 to 01:00.
    assert str(story.member.due_at()) == "2026-09-06 04:00:00+00:00"
    story.tell("2026-09-06 passes")
    assert story.has("2026-09-06")[0] == "silver"  # the year so far still carries it
    assert story.lines[1:] == ["2026-09-06 0h silver>silver renewed 500 until 2027-03-05"]
