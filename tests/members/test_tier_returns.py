"""Tiers after returns, after late documents, and on ladders that follow the metric."""

from __future__ import annotations

import pytest

from programs.engine.ladders import AfterReturn, Ends, Falls, Starts, WindowKind
from tests.members.tier_stories import Story, ladder, told

ROLLING_YEAR = {"window": WindowKind.ROLLING, "window_months": 12}


# --- returns ----------------------------------------------------------------------------------------------------
def test_a_return_falls_to_what_is_left_at_once() -> None:
    assert told(
        ladder(),
        "2026-03-01 buys 2000",
        "2026-03-05 returns 1000 of 2026-03-01",
        "2026-03-06 returns 999 of 2026-03-01",
    ) == [
        "2026-03-01 base>platinum reached 2000 until 2027-12-31",
        "2026-03-05 platinum>gold returned 1000 until 2027-12-31",
        "2026-03-06 gold>base returned 1",
    ]


def test_a_return_that_leaves_the_threshold_changes_nothing() -> None:
    lines = told(ladder(), "2026-03-01 buys 1200", "2026-03-05 returns 200 of 2026-03-01")
    assert lines == ["2026-03-01 base>gold reached 1200 until 2027-12-31"]


def test_a_return_in_the_next_year_recounts_the_year_of_the_purchase() -> None:
    assert told(
        ladder(), "2026-03-01 buys 600", "2026-11-01 buys 500", "2027-02-01 returns 200 of 2026-11-01"
    ) == [
        "2026-03-01 base>silver reached 600 until 2027-12-31",
        "2026-11-01 silver>gold reached 1100 until 2027-12-31",
        "2027-02-01 gold>silver returned 600 until 2027-12-31",
    ]


def test_a_return_of_what_confirmed_a_tier_gives_it_its_former_end() -> None:
    assert told(
        ladder(), "2026-03-01 buys 1000", "2027-03-01 buys 1000", "2027-04-01 returns 1 of 2027-03-01"
    )[1:] == [
        "2027-03-01 gold>gold confirmed 1000 until 2028-12-31",
        "2027-04-01 gold>gold returned 1000 until 2027-12-31",
    ]


def test_a_return_of_an_earlier_purchase_leaves_what_a_later_one_carries() -> None:
    lines = told(
        ladder(), "2026-03-01 buys 1000", "2027-03-01 buys 1000", "2027-04-01 returns 1000 of 2026-03-01"
    )
    assert lines[1:] == ["2027-03-01 gold>gold confirmed 1000 until 2028-12-31"]


def test_a_return_with_months_leaves_the_lower_tier_as_it_was_reached() -> None:
    terms = ladder(**ROLLING_YEAR, ends=Ends.MONTHS_AFTER, months=12)
    assert told(
        terms, "2026-03-01 buys 500", "2026-06-01 buys 500", "2026-06-02 returns 500 of 2026-06-01"
    ) == [
        "2026-03-01 base>silver reached 500 until 2027-03-01",
        "2026-06-01 silver>gold reached 1000 until 2027-06-01",
        "2026-06-02 gold>silver returned 500 until 2027-03-01",
    ]


def test_a_return_of_all_that_was_bought_on_the_day_of_confirming_undoes_it() -> None:
    assert told(
        ladder(window=WindowKind.LIFETIME),
        "2026-03-01 buys 1000",
        "2027-03-01 buys 10",
        "2027-03-02 returns 10 of 2027-03-01",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2027-03-01 gold>gold confirmed 1010 until 2028-12-31",
        "2027-03-02 gold>gold returned 1000 until 2027-12-31",
    ]


def test_a_kept_tier_stays_until_its_validity_ends() -> None:
    assert told(
        ladder(after_return=AfterReturn.KEPT),
        "2026-03-01 buys 1000",
        "2026-03-05 returns 1000 of 2026-03-01",
        "2028-01-01 passes",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2028-01-01 0h gold>base validity_ended 0",
    ]


def test_a_return_takes_a_tier_that_has_not_begun_unless_it_is_kept() -> None:
    steps = ["2026-03-01 buys 600", "2026-09-01 buys 600", "2026-09-05 returns 600 of 2026-09-01"]
    terms = {"starts": Starts.NEXT_PERIOD, "ends": Ends.END_OF_PERIOD}
    assert told(ladder(**terms), *steps, "2027-01-01 passes") == [
        "2027-01-01 0h base>silver next_period_began 600 until 2027-12-31"
    ]
    assert told(ladder(**terms, after_return=AfterReturn.KEPT), *steps, "2027-01-01 passes") == [
        "2027-01-01 0h base>gold next_period_began 600 until 2027-12-31"
    ]


def test_a_soft_fall_is_not_taken_by_a_return() -> None:
    assert told(
        ladder(falls=Falls.ONE_LEVEL),
        "2026-03-01 buys 1000",
        "2028-02-01 buys 1000",
        "2028-02-05 returns 1000 of 2028-02-01",
    ) == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2028-01-01 0h gold>silver validity_ended 0 until 2028-12-31",
        "2028-02-01 silver>gold reached 1000 until 2029-12-31",
        "2028-02-05 gold>silver returned 0 until 2028-12-31",
    ]


# --- late documents ---------------------------------------------------------------------------------------------
def test_a_late_receipt_counts_on_its_own_day_and_lifts_from_then() -> None:
    assert told(ladder(), "2026-03-01 buys 600", "2026-03-09 hands in 400 of 2026-03-05") == [
        "2026-03-01 base>silver reached 600 until 2027-12-31",
        "2026-03-05 silver>gold reached 1000 until 2027-12-31",
    ]


def test_a_late_receipt_of_last_year_counts_for_last_year() -> None:
    story = Story(ladder(ends=Ends.END_OF_PERIOD)).tell("2026-03-01 buys 600", "2027-01-05 passes")
    story.tell("2027-01-05 hands in 400 of 2026-12-30")
    assert story.has("2027-01-05") == ("base", None)
    story = Story(ladder()).tell("2026-03-01 buys 600", "2027-01-05 hands in 400 of 2026-12-30")
    assert story.lines[1:] == ["2026-12-30 silver>gold reached 1000 until 2027-12-31"]


def test_a_late_receipt_never_decides_before_an_earlier_decision() -> None:
    assert told(ladder(), "2026-03-01 buys 500", "2028-01-05 hands in 500 of 2027-12-30") == [
        "2026-03-01 base>silver reached 500 until 2027-12-31",
        "2028-01-01 0h silver>base validity_ended 0",
        "2028-01-01 0h base>silver reached 500 until 2028-12-31",
    ]


def test_a_late_receipt_counts_with_what_was_bought_since() -> None:
    assert told(ladder(), "2026-03-09 buys 600", "2026-03-10 hands in 400 of 2026-03-05") == [
        "2026-03-09 base>silver reached 600 until 2027-12-31",
        "2026-03-09 silver>gold reached 1000 until 2027-12-31",
    ]


def test_a_late_receipt_confirms_but_does_not_begin_months_anew() -> None:
    assert told(ladder(), "2026-03-01 buys 1000", "2027-02-01 hands in 1000 of 2027-01-20") == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2027-01-20 gold>gold confirmed 1000 until 2028-12-31",
    ]
    months = ladder(**ROLLING_YEAR, ends=Ends.MONTHS_AFTER, months=12)
    assert told(months, "2026-03-01 buys 1000", "2027-02-01 hands in 500 of 2027-01-20") == [
        "2026-03-01 base>gold reached 1000 until 2027-03-01"
    ]


def test_a_late_receipt_counts_for_a_tier_that_is_to_begin() -> None:
    assert told(
        ladder(starts=Starts.NEXT_PERIOD),
        "2026-03-01 buys 600",
        "2026-12-20 hands in 400 of 2026-12-10",
        "2027-01-01 passes",
    ) == ["2027-01-01 0h base>gold next_period_began 1000 until 2028-12-31"]


def test_a_late_receipt_lifts_for_good_where_nobody_falls() -> None:
    terms = ladder(ends=Ends.END_OF_PERIOD, falls=Falls.NEVER)
    assert told(terms, "2027-01-05 hands in 1000 of 2026-12-30") == [
        "2026-12-30 base>gold reached 0 until 2027-12-31"
    ]


def test_a_late_receipt_from_long_ago_changes_nothing_now() -> None:
    story = Story(ladder()).tell("2030-03-01 hands in 5000 of 2026-03-05")
    assert story.lines == []
    assert story.has("2030-03-02") == ("base", None)


# --- ladders that follow the metric -----------------------------------------------------------------------------
def test_at_once_follows_what_rolls_out_of_the_window() -> None:
    terms = ladder(**ROLLING_YEAR, ends=Ends.NEVER, falls=Falls.AT_ONCE)
    assert told(
        terms, "2026-03-01 buys 1000", "2026-09-01 buys 600", "2027-02-28 buys 1", "2028-03-01 passes"
    ) == [
        "2026-03-01 base>gold reached 1000",
        "2027-03-01 0h gold>silver rolled_out 601",
        "2027-09-01 0h silver>base rolled_out 1",
    ]


def test_at_once_falls_with_the_new_year() -> None:
    terms = ladder(ends=Ends.NEVER, falls=Falls.AT_ONCE)
    assert told(terms, "2026-03-01 buys 1000", "2027-01-01 buys 500") == [
        "2026-03-01 base>gold reached 1000",
        "2027-01-01 0h gold>base rolled_out 0",
        "2027-01-01 base>silver reached 500",
    ]


def test_at_once_falls_with_a_return() -> None:
    terms = ladder(**ROLLING_YEAR, ends=Ends.NEVER, falls=Falls.AT_ONCE)
    assert told(terms, "2026-03-01 buys 1000", "2026-03-05 returns 1 of 2026-03-01") == [
        "2026-03-01 base>gold reached 1000",
        "2026-03-05 gold>silver returned 999",
    ]


def test_a_kept_tier_stays_as_long_as_the_returned_purchase_would_have_counted() -> None:
    terms = ladder(**ROLLING_YEAR, ends=Ends.NEVER, falls=Falls.AT_ONCE, after_return=AfterReturn.KEPT)
    story = Story(terms).tell("2026-03-01 buys 1000", "2026-03-05 returns 600 of 2026-03-01")
    assert story.lines[1:] == ["2026-03-05 gold>gold returned 400 until 2027-02-28"]
    assert story.tell("2027-03-01 passes").lines[2:] == ["2027-03-01 0h gold>base rolled_out 0"]


AFTER_DAYS = {**ROLLING_YEAR, "ends": Ends.NEVER, "falls": Falls.AFTER_DAYS, "fall_days": 30}


def test_after_days_waits_and_then_falls_to_the_value_of_that_time() -> None:
    assert told(ladder(**AFTER_DAYS), "2026-03-01 buys 500", "2026-03-20 buys 500", "2027-04-01 passes") == [
        "2026-03-01 base>silver reached 500",
        "2026-03-20 silver>gold reached 1000",
        # below gold since 1 March; on 20 March silver was lost too
        "2027-03-31 0h gold>base waiting_ended 0",
    ]


@pytest.mark.parametrize(("amount", "falls"), [("499", True), ("500", False)])
def test_after_days_a_purchase_that_brings_the_value_back_stops_the_fall(amount: str, falls: bool) -> None:
    story = Story(ladder(**AFTER_DAYS)).tell(
        "2026-03-01 buys 500", "2026-08-20 buys 500", f"2027-03-30 buys {amount}", "2027-04-01 passes"
    )
    gold = ["2026-03-01 base>silver reached 500", "2026-08-20 silver>gold reached 1000"]
    assert story.lines == [*gold, *(["2027-03-31 0h gold>silver waiting_ended 999"] if falls else [])]
    assert story.member.state.falls_on is None


def test_after_days_begins_again_after_it_was_stopped() -> None:
    story = Story(ladder(**AFTER_DAYS)).tell(
        "2026-03-01 buys 500", "2026-08-20 buys 500", "2027-03-30 buys 500", "2027-09-01 passes"
    )
    assert str(story.member.state.falls_on) == "2027-09-19"
    assert story.has("2027-09-18") == ("gold", None)
    assert story.has("2027-09-19") == ("silver", None)


def test_after_days_counts_from_a_return_too() -> None:
    story = Story(ladder(**AFTER_DAYS)).tell("2026-03-01 buys 500", "2026-03-10 returns 1 of 2026-03-01")
    assert story.has("2026-04-08") == ("silver", None)
    assert story.tell("2026-04-09 passes").lines[1:] == ["2026-04-09 0h silver>base waiting_ended 499"]
