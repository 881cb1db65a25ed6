"""A ladder that changes under its members, and what a member is told is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from members.engine.tiers import progress, revised
from programs.engine.ladders import Ends, Falls, Metric, MetricKind, Starts, WindowKind
from tests.members.tier_stories import USUAL, WITH_BLACK, Story, ladder, tier

PLUS = (*USUAL[:2], tier("plus", 750), *USUAL[2:])
ROLLING_YEAR = {"window": WindowKind.ROLLING, "window_months": 12}


# --- revisions --------------------------------------------------------------------------------------------------
def test_who_reaches_an_inserted_tier_rises_when_it_comes_into_force() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 800").revise("2026-07-01", tiers=PLUS)
    assert story.lines[1:] == ["2026-07-01 silver>plus inserted 800 until 2027-12-31"]


def test_an_inserted_tier_is_reached_by_last_year_too_while_that_still_counts() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 800").revise("2027-01-05", tiers=PLUS)
    assert story.lines[1:] == ["2027-01-05 silver>plus inserted 800 until 2027-12-31"]


def test_who_does_not_reach_an_inserted_tier_keeps_everything() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 700").revise("2026-07-01", tiers=PLUS)
    story.tell("2026-08-01 buys 50")
    assert story.lines[1:] == ["2026-08-01 silver>plus reached 750 until 2027-12-31"]


def test_an_inserted_tier_begins_with_the_next_period_where_all_do() -> None:
    story = Story(ladder(starts=Starts.NEXT_PERIOD)).tell("2026-03-01 buys 800")
    story.revise("2026-07-01", tiers=PLUS).tell("2027-01-01 passes")
    assert story.lines == ["2027-01-01 0h base>plus next_period_began 800 until 2028-12-31"]


def test_a_member_of_a_tier_that_is_gone_moves_to_the_next_lower_one_with_the_same_end() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 1500")
    story.revise("2026-07-01", tiers=(USUAL[0], USUAL[1], USUAL[3]))
    assert story.lines[1:] == ["2026-07-01 gold>silver removed 1500 until 2027-12-31"]


def test_a_tier_under_a_new_key_takes_the_members_of_the_old_one() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 1500")
    story.revise("2026-07-01", tiers=(*USUAL[:2], tier("sun", 1000), USUAL[3]))
    assert story.lines[1:] == ["2026-07-01 gold>sun removed 1500 until 2027-12-31"]


def test_a_floor_of_a_tier_that_is_gone_goes_with_it() -> None:
    story = Story(ladder()).tell("2026-03-01 floor gold")
    story.revise("2026-07-01", tiers=(USUAL[0], USUAL[1], USUAL[3]))
    assert story.lines[1:] == ["2026-07-01 gold>silver removed 0"]


def test_a_lowered_threshold_lifts_and_a_raised_one_tells_at_the_end() -> None:
    lower = (USUAL[0], USUAL[1], tier("gold", 800), USUAL[3])
    higher = (USUAL[0], USUAL[1], tier("gold", 1800), USUAL[3])
    story = Story(ladder()).tell("2026-03-01 buys 900").revise("2026-07-01", tiers=lower)
    assert story.lines[1:] == ["2026-07-01 silver>gold revised 900 until 2027-12-31"]
    story.revise("2026-08-01", tiers=higher)
    story.tell("2026-08-02 returns 100 of 2026-03-01", "2027-03-01 buys 1000", "2028-01-01 passes")
    assert story.lines[2:] == ["2028-01-01 0h gold>silver validity_ended 1000 until 2028-12-31"]


def test_other_words_change_nothing_and_decide_nothing() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 900")
    before = repr(story.member.state)
    named = tuple(replace(each, name=(("en", each.key.title()),)) for each in USUAL)
    story.revise("2026-07-01", tiers=named, name=(("en", "Club"),))
    assert (story.lines[1:], repr(story.member.state)) == ([], before)
    assert story.member.ladder.tiers == named


def test_a_tier_that_had_no_end_gets_one_from_the_revision_on() -> None:
    story = Story(ladder(ends=Ends.NEVER)).tell("2020-03-01 buys 1000", "2026-05-01 buys 1")
    story.revise("2026-07-01", ends=Ends.END_OF_NEXT_PERIOD).tell("2028-01-01 passes")
    assert story.lines[1:] == [
        "2026-07-01 gold>gold revised 1000 until 2027-12-31",
        "2028-01-01 0h gold>base validity_ended 0",
    ]


def test_a_tier_with_an_end_keeps_it_when_others_have_none_any_more() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 1000").revise("2026-07-01", ends=Ends.NEVER)
    assert story.lines[1:] == []
    story.tell("2030-01-01 passes")
    assert story.lines[1:] == ["2028-01-01 0h gold>gold renewed 1000"]


def test_a_ladder_begins_to_follow_the_metric_when_validities_are_over() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 1000", "2027-03-01 buys 600")
    story.revise("2027-07-01", ends=Ends.NEVER, falls=Falls.AT_ONCE).tell("2028-01-01 passes")
    assert story.lines[1:] == ["2028-01-01 0h gold>base rolled_out 0"]


def test_a_raised_threshold_of_a_ladder_that_follows_leaves_one_window() -> None:
    story = Story(ladder(**ROLLING_YEAR, ends=Ends.NEVER, falls=Falls.AT_ONCE)).tell("2026-03-01 buys 1000")
    story.revise("2026-07-01", tiers=(USUAL[0], USUAL[1], tier("gold", 1200), USUAL[3]))
    story.tell("2028-01-01 passes")
    assert story.lines[1:] == [
        "2026-07-01 gold>gold revised 1000 until 2027-06-30",
        "2027-07-01 0h gold>base rolled_out 0",
    ]


@pytest.mark.parametrize("change", [{"fall_days": 90}, {"falls": Falls.AT_ONCE, "fall_days": 0}])
def test_a_fall_that_was_waited_for_comes_on_its_day_after_a_revision(change: dict) -> None:
    story = Story(ladder(ends=Ends.NEVER, falls=Falls.AFTER_DAYS, fall_days=30)).tell("2026-03-01 buys 1000")
    story.tell("2027-01-05 passes").revise("2027-01-10", **change).tell("2027-02-01 passes")
    assert story.lines[1:] == ["2027-01-31 0h gold>base waiting_ended 0"]


def test_a_ladder_that_counts_something_else_needs_its_counter() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 1000")
    visits = replace(story.member.ladder, metric=Metric(MetricKind.VISITS), tiers=(USUAL[0], tier("gold", 3)))
    at = story.noon(date(2026, 7, 1))
    before = repr(story.member.state)
    with pytest.raises(ValueError, match="its counter is needed"):
        revised(story.member, visits, at)
    assert repr(story.member.state) == before
    counted = {date(2026, 7, 1): 2}
    story.decisions += revised(story.member, visits, at, counted)
    assert story.lines[1:] == []
    story.tell("2028-01-01 passes")
    assert story.lines[1:] == ["2028-01-01 0h gold>base validity_ended 0"]


# --- progress ---------------------------------------------------------------------------------------------------
def test_240_to_gold_by_31_december() -> None:
    story = Story(ladder()).tell("2026-03-01 buys 760")
    found = progress(story.member, date(2026, 7, 2))  # day 183 of 365
    assert (found.next_tier, found.missing, str(found.counts_until)) == ("gold", 240, "2026-12-31")
    assert (found.value, found.projection, found.projected_tier) == (760, 760 * 365 // 183, "gold")


def test_who_joined_in_the_year_is_projected_from_joining_on() -> None:
    story = Story(ladder(), joined="2026-12-22").tell("2026-12-22 buys 300")
    found = progress(story.member, date(2026, 12, 24))  # three of ten days
    assert (found.projection, found.projected_tier) == (1000, "gold")


def test_a_rolling_window_counts_until_its_oldest_day_leaves() -> None:
    story = Story(ladder(**ROLLING_YEAR, ends=Ends.END_OF_NEXT_PERIOD), joined="2025-01-01")
    story.tell("2025-02-01 buys 50", "2025-09-10 buys 100", "2026-03-01 buys 200")
    found = progress(story.member, date(2026, 4, 1))
    assert (found.value, found.missing, str(found.counts_until)) == (300, 200, "2026-09-09")
    assert (found.projection, found.projected_tier) == (300, "base")


def test_the_highest_tier_has_no_next_one_and_lifetime_no_projection() -> None:
    story = Story(ladder(window=WindowKind.LIFETIME, ends=Ends.NEVER)).tell("2026-03-01 buys 2500")
    found = progress(story.member, date(2026, 7, 2))
    assert found == (2500, None, 0, None, None, None, None, None)


def test_the_next_tier_is_above_what_is_granted_or_to_begin_and_never_by_invitation() -> None:
    story = Story(ladder(tiers=WITH_BLACK)).tell("2026-03-01 floor gold")
    assert progress(story.member, date(2026, 3, 2))[1:3] == ("platinum", 2000)
    story = Story(ladder(starts=Starts.NEXT_PERIOD)).tell("2026-03-01 buys 600")
    assert progress(story.member, date(2026, 3, 2))[1:3] == ("gold", 400)


@pytest.mark.parametrize(
    ("options", "day", "to_keep", "keeps_from"),
    [
        # the year of the purchase: all of the next year's is missing; in that year: what it lacks
        ({}, "2026-07-01", 1000, "2027-01-01"),
        ({}, "2027-07-01", 700, None),
        # nothing bought this year leads beyond its end
        ({"ends": Ends.END_OF_PERIOD}, "2026-07-01", None, None),
        ({"ends": Ends.NEVER}, "2026-07-01", None, None),
        # of what counts on the last day, 1 March 2027, nothing is bought yet
        ({**ROLLING_YEAR, "ends": Ends.MONTHS_AFTER, "months": 12}, "2026-07-01", 1000, None),
        ({**ROLLING_YEAR, "ends": Ends.MONTHS_AFTER, "months": 12}, "2027-02-20", 700, None),
    ],
)
def test_what_is_missing_to_keep_a_tier(
    options: dict, day: str, to_keep: int | None, keeps_from: str | None
) -> None:
    story = Story(ladder(**options)).tell("2026-03-01 buys 1000")
    if day.startswith("2027"):
        story.tell("2027-02-01 buys 300")
    story.tell(f"{day} passes")
    found = progress(story.member, date.fromisoformat(day))
    assert (found.to_keep, found.keeps_from and str(found.keeps_from)) == (to_keep, keeps_from)
