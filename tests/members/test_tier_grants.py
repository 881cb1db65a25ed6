"""Tiers given by hand, by import and by invitation; and the stretches of time that decisions make."""

from __future__ import annotations

from datetime import date

import pytest

from members.engine.tiers import Grant, Mode, Reason, Source, join, periods
from programs.engine.ladders import Ends, Falls, Starts, WindowKind
from tests.members.tier_stories import TALLINN, WITH_BLACK, WITH_CIRCLE, Story, ladder, told


# --- floor ------------------------------------------------------------------------------------------------------
def test_a_floor_lifts_until_its_last_day_and_then_what_was_earned_counts() -> None:
    assert told(
        ladder(), "2026-02-01 floor gold until 2026-06-30", "2026-03-01 buys 600", "2026-07-01 passes"
    ) == [
        "2026-02-01 base>gold grant_started 0 until 2026-06-30",
        "2026-07-01 0h gold>silver grant_ended 600 until 2027-12-31",
    ]


def test_a_floor_does_not_hold_back() -> None:
    assert told(
        ladder(), "2026-02-01 floor gold until 2026-06-30", "2026-03-01 buys 2000", "2026-07-01 passes"
    ) == [
        "2026-02-01 base>gold grant_started 0 until 2026-06-30",
        "2026-03-01 gold>platinum reached 2000 until 2027-12-31",
    ]


def test_a_floor_below_what_is_earned_shows_when_that_falls() -> None:
    assert told(ladder(), "2026-03-01 buys 1000", "2026-04-01 floor silver", "2028-01-01 passes") == [
        "2026-03-01 base>gold reached 1000 until 2027-12-31",
        "2028-01-01 0h gold>silver validity_ended 0",
    ]


def test_a_floor_and_a_validity_that_end_together_are_one_decision() -> None:
    assert told(
        ladder(ends=Ends.END_OF_PERIOD),
        "2026-02-01 floor gold until 2026-12-31",
        "2026-03-01 buys 600",
        "2027-01-01 passes",
    ) == [
        "2026-02-01 base>gold grant_started 0 until 2026-12-31",
        "2027-01-01 0h gold>base grant_ended 0",
    ]


def test_a_return_never_touches_a_floor() -> None:
    assert told(
        ladder(), "2026-02-01 floor gold", "2026-03-01 buys 1000", "2026-03-02 returns 1000 of 2026-03-01"
    ) == ["2026-02-01 base>gold grant_started 0"]


def test_a_floor_may_be_revoked_before_its_end() -> None:
    story = Story(ladder()).tell("2026-02-01 floor gold until 2026-06-30", "2026-03-01 revokes floor")
    assert story.lines[1:] == ["2026-03-01 gold>base grant_ended 0"]
    assert story.member.due_at() is None


def test_a_grant_whose_last_day_is_over_does_nothing() -> None:
    story = Story(ladder()).tell(
        "2026-02-01 floor gold until 2026-01-31", "2026-02-01 lift gold until 2026-01-31"
    )
    assert story.lines == []


# --- fixed ------------------------------------------------------------------------------------------------------
def test_a_fixed_tier_is_exactly_that_while_it_runs() -> None:
    assert told(
        ladder(),
        "2026-02-01 buys 600",
        "2026-03-01 fixed base until 2026-06-30",
        "2026-04-01 buys 600",
        "2026-07-01 passes",
    ) == [
        "2026-02-01 base>silver reached 600 until 2027-12-31",
        "2026-03-01 silver>base grant_started 600 until 2026-06-30",
        "2026-07-01 0h base>gold grant_ended 1200 until 2027-12-31",
    ]


def test_the_latest_fixed_tier_counts_and_the_earlier_one_comes_back() -> None:
    story = Story(ladder()).tell("2026-02-01 fixed silver")
    noon = story.noon(date(2026, 3, 1))
    story.decisions += story.member.grant(Grant("second", Mode.FIXED, "gold", date(2026, 3, 31)), noon)
    story.tell("2026-04-01 passes")
    assert story.lines == [
        "2026-02-01 base>silver grant_started 0",
        "2026-03-01 silver>gold grant_started 0 until 2026-03-31",
        "2026-04-01 0h gold>silver grant_ended 0",
    ]


# --- lift -------------------------------------------------------------------------------------------------------
def test_a_lift_lasts_as_if_it_had_been_earned() -> None:
    assert told(ladder(), "2026-02-01 lift gold", "2027-03-01 buys 600", "2028-01-01 passes") == [
        "2026-02-01 base>gold lifted 0 until 2027-12-31",
        "2028-01-01 0h gold>silver validity_ended 600 until 2028-12-31",
    ]


def test_a_lift_is_kept_by_earning_it() -> None:
    story = Story(ladder()).tell("2026-02-01 lift gold", "2027-03-01 buys 1000")
    assert story.lines[1:] == ["2027-03-01 gold>gold confirmed 1000 until 2028-12-31"]
    assert story.member.state.source == Source.EARNED
    story.tell("2027-03-05 returns 1000 of 2027-03-01")
    assert story.lines[2:] == ["2027-03-05 gold>gold returned 0 until 2027-12-31"]
    assert story.member.state.source == Source.MANUAL


def test_a_lift_may_have_an_end_of_its_own_and_may_be_revoked() -> None:
    story = Story(ladder()).tell("2026-02-01 lift gold until 2026-04-30", "2026-02-05 buys 500")
    assert story.has("2026-05-01") == ("silver", "2027-12-31")
    story = Story(ladder()).tell("2026-02-01 lift gold", "2026-02-02 revokes lift")
    assert story.lines[1:] == ["2026-02-02 gold>base grant_ended 0"]


def test_a_lift_begins_at_once_even_where_tiers_begin_with_the_next_period() -> None:
    terms = ladder(starts=Starts.NEXT_PERIOD, ends=Ends.END_OF_PERIOD)
    assert told(terms, "2026-02-01 lift gold") == ["2026-02-01 base>gold lifted 0 until 2027-12-31"]


@pytest.mark.parametrize("order", [("gold", "silver"), ("silver", "gold")])
def test_of_two_lifts_the_higher_counts_and_the_other_comes_back(order: tuple[str, str]) -> None:
    last_days = {"gold": date(2026, 6, 30), "silver": date(2026, 9, 30)}
    story = Story(ladder())
    for tier in order:
        given = Grant(tier, Mode.LIFT, tier, last_days[tier])
        story.decisions += story.member.grant(given, story.noon(date(2026, 2, 1)))
    assert story.has("2026-06-30") == ("gold", "2026-06-30")
    assert story.has("2026-07-01") == ("silver", "2026-09-30")
    assert story.has("2026-10-01") == ("base", None)


@pytest.mark.parametrize(
    ("window", "last_day"),
    [
        ({"window": WindowKind.CALENDAR_YEAR}, "2026-12-31"),
        ({"window": WindowKind.ROLLING, "window_months": 12}, "2027-01-31"),
        ({"window": WindowKind.LIFETIME}, None),
    ],
    ids=["calendar_year", "rolling", "lifetime"],
)
def test_a_lift_on_a_ladder_that_follows_the_metric_lasts_one_window(
    window: dict, last_day: str | None
) -> None:
    story = Story(ladder(**window, ends=Ends.NEVER, falls=Falls.AT_ONCE))
    story.tell("2026-02-01 lift gold", "2026-03-01 buys 600", "2026-03-05 returns 100 of 2026-03-01")
    assert story.has("2026-03-06") == ("gold", last_day)
    story.tell("2027-02-01 passes")
    left = {None: "gold", "2026-12-31": "base", "2027-01-31": "silver"}
    assert story.has("2027-02-01") == (left[last_day], None)


def test_after_a_lift_the_days_before_a_fall_are_waited_for_too() -> None:
    terms = ladder(ends=Ends.NEVER, falls=Falls.AFTER_DAYS, fall_days=10)
    assert told(terms, "2026-02-01 lift gold", "2027-02-01 passes") == [
        "2026-02-01 base>gold lifted 0 until 2026-12-31",
        "2027-01-01 0h gold>gold rolled_out 0",
        "2027-01-11 0h gold>base waiting_ended 0",
    ]


# --- invitation -------------------------------------------------------------------------------------------------
def test_nobody_rises_into_an_invitation_tier_by_the_metric() -> None:
    lines = told(ladder(tiers=WITH_BLACK), "2026-02-01 buys 1999", "2026-02-02 buys 1")
    assert [line.split()[1] for line in lines] == ["base>gold", "gold>platinum"]


def test_an_invited_member_keeps_the_tier_by_reaching_its_threshold() -> None:
    story = Story(ladder(tiers=WITH_BLACK)).tell(
        "2026-02-01 lift black", "2027-05-01 buys 1500", "2028-05-01 buys 1499", "2029-01-01 passes"
    )
    assert story.lines == [
        "2026-02-01 base>black lifted 0 until 2027-12-31",
        "2027-05-01 black>black confirmed 1500 until 2028-12-31",
        "2029-01-01 0h black>gold validity_ended 1499 until 2029-12-31",
    ]
    assert [each.source for each in story.decisions[1:]] == ["invitation", "invitation", "earned"]


def test_an_invited_member_rises_above_the_invitation() -> None:
    assert told(ladder(tiers=WITH_BLACK), "2026-02-01 lift black", "2026-05-01 buys 2000") == [
        "2026-02-01 base>black lifted 0 until 2027-12-31",
        "2026-05-01 black>platinum reached 2000 until 2027-12-31",
    ]


def test_an_invitation_without_a_threshold_ends_with_its_validity() -> None:
    assert told(
        ladder(tiers=WITH_CIRCLE), "2026-02-01 lift circle", "2027-05-01 buys 499", "2028-01-01 passes"
    ) == [
        "2026-02-01 base>circle lifted 0 until 2027-12-31",
        "2028-01-01 0h circle>base validity_ended 0",
    ]


def test_falls_by_one_level_pass_over_an_invitation_tier() -> None:
    terms = ladder(tiers=WITH_BLACK, falls=Falls.ONE_LEVEL)
    lines = told(terms, "2026-02-01 buys 2000", "2028-01-01 passes")
    assert lines[1:] == ["2028-01-01 0h platinum>gold validity_ended 0 until 2028-12-31"]


# --- import -----------------------------------------------------------------------------------------------------
def test_an_imported_tier_keeps_the_end_that_it_came_with() -> None:
    story = Story(ladder())
    imported = Grant("opening", Mode.LIFT, "gold", date(2026, 9, 30), Source.IMPORT)
    story.decisions += story.member.grant(imported, story.noon(date(2026, 1, 1)))
    story.tell("2026-10-01 passes")
    assert story.lines == [
        "2026-01-01 base>gold lifted 0 until 2026-09-30",
        "2026-10-01 0h gold>base validity_ended 0",
    ]
    assert [each.source for each in story.decisions[1:]] == ["import", "earned"]


def test_a_ladder_that_is_new_begins_with_what_was_counted_before() -> None:
    day = date(2026, 7, 1)
    counted = {date(2025, 5, 1): 1200, date(2026, 5, 1): 600}
    story = Story(ladder())
    member, decisions = join(ladder(), TALLINN, date(2020, 1, 1), story.noon(day), counted)
    assert [story.line(each) for each in decisions] == [
        "2026-07-01 >base joined 0",
        "2026-07-01 base>gold reached 1200 until 2026-12-31",
    ]
    assert member.state.since == story.noon(day)


# --- stretches --------------------------------------------------------------------------------------------------
def test_decisions_make_stretches_without_gap_or_overlap() -> None:
    story = Story(ladder()).tell(
        "2026-02-01 lift gold", "2026-02-10 buys 1000", "2027-05-01 buys 1000", "2029-01-01 passes"
    )
    found = periods(story.decisions)
    assert [(each.tier, each.source.value) for each in found] == [
        ("base", "earned"),
        ("gold", "manual"),
        ("gold", "earned"),
        ("base", "earned"),
    ]
    assert [each.since for each in found[1:]] == [each.until for each in found[:-1]]
    assert (found[0].since, found[-1].until) == (story.noon(date(2026, 1, 1)), None)


def test_a_stretch_that_lasted_no_time_is_left_out() -> None:
    story = Story(ladder()).tell("2026-01-01 buys 1000", "2028-01-05 hands in 500 of 2027-12-30")
    assert [each.reason for each in story.decisions] == [
        Reason.JOINED,
        Reason.REACHED,
        Reason.VALIDITY_ENDED,
        Reason.REACHED,
    ]
    assert [(each.tier, str(each.since)[:16]) for each in periods(story.decisions)] == [
        ("gold", "2026-01-01 10:00"),
        ("silver", "2027-12-31 22:00"),
    ]
