"""Receipts that arrive in another order than they happened: the same points as on time, or a difference that the
receipt explains."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from members.models import Membership, Purchase
from members.selectors.accounts import balances
from members.selectors.explain import explain, in_words
from members.selectors.verification import verify
from members.services.purchases import record_purchase
from members.services.returns import record_return
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, basket, member, operator

pytestmark = pytest.mark.django_db
HEAD = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
"""
BASE = '  - {key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}CAPS}\n'
FIRST_ONE = """
  - {key: first, title: First purchase, effect: {kind: fixed, points: 100}, caps: {times: [{per: lifetime, times: 1}]},
     when: {fact: member.purchases_before, is: equals, value: 0}}
"""
MONTHLY = ", caps: {per_member: [{per: month, points: 50}]}"
TIERS = """
groups: [{key: base}, {key: status}]
ladders:
  - key: status
    name: Status
    tiers: [{key: member, name: Member}, {key: gold, name: Gold, threshold: "50.00"}]
rules:
  - {key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}}
  - {key: gold, title: Gold, group: status, effect: {kind: multiplier, factor: 2},
     when: {fact: member.tier, is: equals, value: gold}}
"""
AMOUNTS = [3000, 4000, 1500, 2500]  # on 2, 16 and 30 March and 13 April


def joined(text: str) -> Membership:
    return member(load(HEAD + text, now=FIRST, publish=True, effective_from=FIRST).programme)


def happened(number: int) -> datetime:
    return NOON + timedelta(days=14 * number)


def buy(anna: Membership, number: int, now: datetime) -> dict[str, int]:
    sold = basket(AMOUNTS[number], at=happened(number))
    about: dict[str, Any] = {"membership": anna, "receipt": f"r{number}", "partner": operator()}
    return record_purchase(basket=sold, now=now, **about).awarded


def points(anna: Membership) -> int:
    return balances(anna)["points"].available


def arrive(anna: Membership, order: tuple[int, ...]) -> None:
    """The receipts in this order, all of them after the last one happened."""
    for turn, number in enumerate(order):
        buy(anna, number, happened(len(AMOUNTS)) + timedelta(minutes=turn))


ORDERS = list(permutations(range(len(AMOUNTS))))


@pytest.mark.parametrize("order", ORDERS[::5], ids=str)
@pytest.mark.parametrize(
    ("caps", "more", "on_time"),
    [
        ("", "", 110),
        (MONTHLY, "", 75),  # 50 of March, whichever receipt they are for, and 25 of April
        ("", FIRST_ONE, 210),
        (MONTHLY, FIRST_ONE, 175),
    ],
)
def test_the_order_of_arrival_changes_no_sum(
    order: tuple[int, ...], caps: str, more: str, on_time: int
) -> None:
    anna = joined("rules:\n" + BASE.replace("CAPS", caps) + more)
    arrive(anna, order)
    assert points(anna) == on_time
    assert verify().ok


def test_the_first_purchase_is_paid_once_though_an_earlier_one_becomes_known() -> None:
    anna = joined("rules:\n" + BASE.replace("CAPS", "") + FIRST_ONE)
    assert buy(anna, 1, happened(1)) == {"points": 140}
    assert buy(anna, 0, happened(2)) == {"points": 30}
    words = in_words(explain(Purchase.objects.get(number="r0")))
    assert "First purchase" in str(words.skips)
    assert "as often as is possible" in str(words.skips)


def test_with_the_first_purchase_its_bonus_goes_and_no_other_becomes_the_first() -> None:
    anna = joined("rules:\n" + BASE.replace("CAPS", "") + FIRST_ONE)
    buy(anna, 1, happened(1))
    buy(anna, 0, happened(2))
    record_return(purchase=Purchase.objects.get(number="r1"), number="b1", now=happened(3))
    assert points(anna) == 30
    assert verify().ok


@pytest.mark.parametrize(
    ("order", "golden"),
    [
        ((0, 1, 2, 3), {2, 3}),  # on time: 70.00 were spent by the third
        ((1, 0, 2, 3), {2, 3}),
        ((2, 0, 1, 3), {3}),
        ((2, 3, 0, 1), {1}),
        ((3, 1, 0, 2), {2}),
        ((3, 2, 1, 0), set()),
    ],
    ids=str,
)
def test_a_receipt_is_judged_by_the_tier_of_its_time_as_it_was_known_and_says_so(
    order: tuple[int, ...], golden: set[int]
) -> None:
    """Whoever was not gold yet when a receipt arrived stays at what was said then; nothing is reckoned anew unseen."""
    anna = joined(TIERS)
    arrive(anna, order)
    expected = 0
    for number, cents in enumerate(AMOUNTS):
        purchase = Purchase.objects.get(number=f"r{number}")
        gold = number in golden
        assert purchase.facts["tiers"]["status"] == ("gold" if gold else "member"), number
        skips = str(in_words(explain(purchase)).skips)
        assert ("Gold" in skips) is not gold
        expected += cents // 100 * (2 if gold else 1)
    assert points(anna) == expected
    assert verify().ok
