"""The calculation with tiers, expiry and redemptions checked by hand, before anything is compared with it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from tests.real_year.terms import END_OF_NEXT_YEAR, END_OF_YEAR, MemberYear, Terms, calculate, gone_at


def year(terms: Terms, *baskets: tuple[str, int], until: datetime = END_OF_YEAR) -> MemberYear:
    """One member's baskets: (UTC time, cents)."""
    table = pd.DataFrame(
        [
            {"basket": number, "member": 7, "occurred_at": pd.Timestamp(at, tz="UTC"), "amount": amount}
            for number, (at, amount) in enumerate(baskets)
        ]
    )
    return calculate(table, terms, until)["7"]


def test_the_basket_that_lifts_earns_at_the_rate_before_it_and_rounds_once() -> None:
    mine = year(
        Terms(multipliers=True),
        ("2017-02-01 12:00", 50_000),
        ("2017-02-02 12:00", 399),
        ("2017-02-03 12:00", 100_000),
    )
    assert mine.figures(END_OF_YEAR) == (500 + 4 + 1500, 0, 0, 2004, "gold")


def test_thresholds_are_reached_at_equality() -> None:
    assert year(Terms(), ("2017-02-01 12:00", 49_999)).tier_at(END_OF_YEAR) == "base"
    assert year(Terms(), ("2017-02-01 12:00", 50_000)).tier_at(END_OF_YEAR) == "silver"


def test_a_tier_holds_to_the_end_of_the_following_year() -> None:
    mine = year(Terms(), ("2017-02-01 12:00", 50_000))
    assert (mine.tier_at(END_OF_YEAR), mine.tier_at(END_OF_NEXT_YEAR)) == ("silver", "base")


def test_points_go_at_the_local_midnight_after_ninety_days() -> None:
    # 03:00 UTC is still 31 January in New York; the clocks change in between
    assert gone_at(date(2017, 1, 31)) == datetime(2017, 5, 2, 4, tzinfo=UTC)
    baskets = ("2017-02-01 03:00", 1000)
    assert year(Terms(expiry=True), baskets, until=datetime(2017, 5, 2, 3, 59, tzinfo=UTC)).balance == 10
    assert year(Terms(expiry=True), baskets, until=datetime(2017, 5, 2, 4, tzinfo=UTC)).expired == 10


@pytest.mark.parametrize(("second", "redeemed"), [(19_999, 0), (20_000, 500)])
def test_five_hundred_points_are_spent_before_the_basket_earns(second: int, redeemed: int) -> None:
    mine = year(
        Terms(redeeming=True, expiry=True),
        ("2017-01-10 12:00", 30_000),
        ("2017-01-11 12:00", second),
        ("2017-01-12 12:00", 70_000),
        until=datetime(2017, 1, 13, tzinfo=UTC),
    )
    assert mine.redeemed == redeemed
    assert mine.balance == 300 + second // 100 + 700 - redeemed


def test_the_points_that_go_soonest_are_spent_first() -> None:
    mine = year(
        Terms(redeeming=True, expiry=True),
        ("2017-01-10 12:00", 60_000),
        ("2017-02-10 12:00", 10_000),
        until=datetime(2017, 4, 20, tzinfo=UTC),
    )
    assert mine.figures(END_OF_YEAR) == (700, 100, 500, 100, "silver")
