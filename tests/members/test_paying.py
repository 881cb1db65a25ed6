"""Bills that points pay: at the programme's rate, once per reference, and undone once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from members.models import Membership, Payment
from members.models.ledger import Posting
from members.selectors.accounts import balances, open_lots
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.paying import Bill, pay
from members.services.problems import (
    DuplicateReceipt,
    InsufficientPoints,
    NotMoney,
    NotSpendable,
    PaymentNotPossible,
    UnknownRedemption,
)
from members.services.purchases import record_purchase
from members.services.redemptions import RolledBack, redeem, roll_back
from programs.engine.facts import Basket, Line, Tender
from programs.engine.money import Payment as Paid
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, member, operator
from tests.members.test_concurrency import at_once

LATER = NOON + timedelta(hours=1)
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types:
  - key: points
    name: Points
    expiry: {kind: after, days: 30}
    money: {points: 100, amount: "1.00", lowest: 200, share: 50}
  - {key: stars, name: Stars}
  - {key: status, name: Status, spendable: false, money: {points: 1, amount: "1.00"}}
policies: {overspending: %s}
"""


def club(overspending: str = "refuse") -> Programme:
    return load(CLUB % overspending, now=FIRST, publish=True, effective_from=FIRST).programme


def rich(points: int = 1_000, overspending: str = "refuse") -> Membership:
    anna = member(club(overspending))
    adjust(membership=anna, points=points, reason="a gift", now=NOON)
    return anna


def paid(anna: Membership, *bill: int | None, reference: str = "p1", **more: Any) -> Paid:
    return pay(membership=anna, bill=Bill(*bill), partner=operator(), reference=reference, now=NOON, **more)


def left(anna: Membership) -> int:
    return balances(anna)["points"].available


@pytest.mark.django_db
def test_a_payment_is_a_redemption_that_stands_for_money() -> None:
    anna = rich()
    assert paid(anna, 1_250) == Paid(600, 600)
    row = Payment.objects.select_related("posting").get()
    assert (row.bill, row.amount, row.currency, row.member_id) == (1_250, 600, "EUR", anna.member_id)
    assert (row.posting.kind, row.posting.amount, row.posting.reference) == ("spend", 600, "p1")
    assert left(anna) == 400
    assert verify().ok


@pytest.mark.django_db
def test_the_same_reference_pays_once() -> None:
    anna = rich()
    assert paid(anna, 1_250, 400) == paid(anna, 1_250, 400) == Paid(400, 400)
    for other in ((1_250, 500), (1_251, 400), (1_250, None, 400), (1_250,)):
        with pytest.raises(DuplicateReceipt):
            paid(anna, *other)
    with pytest.raises(DuplicateReceipt):
        redeem(membership=anna, points=400, partner=operator(), reference="p1", now=NOON)
    assert left(anna) == 600
    assert Payment.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("bill", "possible", "amount"),
    [
        ((10_000, 1_001), 1_000, 1_000),  # more than there is
        ((1_000, 600), 500, 500),  # more than the share of the bill
        ((10_000, 250), 200, 200),  # no whole block
        ((10_000, 100), 0, 0),  # less than the lowest payment
        ((10_000, None, 1_001), 1_000, 1_000),
        ((10_000, None, 100), 0, 0),
        ((399,), 0, 0),  # a share too small for the lowest payment
    ],
)
def test_more_than_possible_is_refused_with_what_is_possible(
    bill: tuple[int | None, ...], possible: int, amount: int
) -> None:
    anna = rich()
    with pytest.raises(PaymentNotPossible) as refusal:
        paid(anna, *bill)
    assert refusal.value.extra == {"possible": possible, "amount": amount}
    assert left(anna) == 1_000
    assert not Payment.objects.exists()
    assert paid(anna, 10_000, None, 250) == Paid(300, 250)


@pytest.mark.django_db
def test_by_policy_what_is_possible_is_taken() -> None:
    anna = rich(overspending="clamp")
    assert paid(anna, 1_000, 600) == Paid(500, 500)
    assert paid(anna, 10_000, None, 9_999, reference="p2") == Paid(500, 500)
    with pytest.raises(PaymentNotPossible):
        paid(anna, 10_000, reference="p3")
    assert left(anna) == 0


@pytest.mark.django_db
def test_points_without_a_rate_and_points_that_only_count_pay_no_bill() -> None:
    anna = rich()
    for kind in ("stars", "status"):
        adjust(membership=anna, points=500, reason="a gift", now=NOON, point_type=kind)
    with pytest.raises(NotMoney):
        paid(anna, 1_000, point_type="stars")
    with pytest.raises(NotSpendable):
        paid(anna, 1_000, point_type="status")
    assert not Posting.objects.filter(kind="spend").exists()


# --- undoing ----------------------------------------------------------------------------------------
def undone(anna: Membership, reference: str = "p1", **more: Any) -> RolledBack:
    return roll_back(membership=anna, partner=operator(), reference=reference, **{"now": LATER, **more})


@pytest.mark.django_db
def test_a_payment_is_undone_once_and_its_points_keep_their_end() -> None:
    anna = rich()
    [lot] = open_lots(anna)
    paid(anna, 10_000)
    assert left(anna) == 0
    assert undone(anna) == undone(anna) == RolledBack(1_000)
    assert left(anna) == 1_000
    [back] = open_lots(anna)
    assert (back.pk, back.remaining, back.expires_on) == (lot.pk, 1_000, lot.expires_on)
    assert Posting.objects.filter(kind="restore").count() == 1
    assert verify().ok


@pytest.mark.django_db
def test_what_is_past_its_day_is_gone_again_and_told() -> None:
    anna = rich(300)
    paid(anna, 10_000, 200)
    much_later = NOON + timedelta(days=40)
    adjust(membership=anna, points=50, reason="a gift", now=much_later)
    first = undone(anna, now=much_later + timedelta(days=1))
    assert first == undone(anna, now=much_later + timedelta(days=2)) == RolledBack(200, 200)
    assert left(anna) == 50
    assert verify().ok


@pytest.mark.django_db
def test_a_plain_redemption_can_be_undone_and_an_unknown_one_not() -> None:
    anna = rich()
    redeem(membership=anna, points=30, partner=operator(), reference="s1", now=NOON)
    assert undone(anna, "s1") == RolledBack(30)
    eve = member(anna.programme, "E-1")
    for who, reference in ((anna, "s2"), (eve, "s1")):
        with pytest.raises((UnknownRedemption, DuplicateReceipt)):
            undone(who, reference)
    assert left(anna) == 1_000
    assert Posting.objects.filter(kind="restore").count() == 1


# --- at the till ------------------------------------------------------------------------------------
def bought(anna: Membership, *tenders: Tender, receipt: str = "r1") -> dict[str, int]:
    basket = Basket(NOON, (Line("lamp", 1_000, 2_000),), tenders=tenders)
    record_purchase(membership=anna, basket=basket, receipt=receipt, partner=operator(), now=NOON)
    rows = Posting.objects.filter(kind="spend", purchase__number=receipt).order_by("id")
    return {f"{row.point_type.key}-{at}": row.amount for at, row in enumerate(rows)}


@pytest.mark.django_db
def test_the_points_of_a_tender_are_counted_here() -> None:
    anna = rich()
    assert bought(anna, Tender("points", 450, "points"), Tender("points", 300)) == {
        "points-0": 500,
        "points-1": 300,
    }
    assert left(anna) == 200
    again = bought(anna, Tender("points", 450, "points"), Tender("points", 300))
    assert sum(again.values()) == 800
    assert left(anna) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tenders",
    [
        [Tender("points", 400, "points", 300)],  # fewer points than it costs
        [Tender("points", 400, "points", 500)],
        [Tender("points", 1_001, "points")],  # more than half of the bill
        [Tender("points", 600, "points"), Tender("points", 401, "points")],
        [Tender("points", 100, "points")],  # less than the lowest payment
    ],
)
def test_a_tender_that_costs_something_else_is_refused(tenders: list[Tender]) -> None:
    anna = rich(overspending="clamp")
    with pytest.raises(PaymentNotPossible) as refusal:
        bought(anna, *tenders)
    assert refusal.value.extra == {"possible": 1_000, "amount": 1_000}
    assert left(anna) == 1_000


@pytest.mark.django_db
def test_points_without_a_rate_pay_what_the_till_says() -> None:
    anna = rich()
    adjust(membership=anna, points=70, reason="a gift", now=NOON, point_type="stars")
    with pytest.raises(InsufficientPoints):
        bought(anna, Tender("points", 500, "stars", 71))
    assert bought(anna, Tender("points", 500, "stars", 70)) == {"stars-0": 70}


# --- many tills at once -----------------------------------------------------------------------------
def test_many_tills_at_once_pay_no_more_than_there_is(committed_database: Any) -> None:
    anna, shop = rich(), operator()

    def paying(reference: str) -> Callable[[], Any]:
        bill = Bill(10_000, 300)
        return lambda: pay(membership=anna, bill=bill, partner=shop, reference=reference, now=NOON)

    answers = Counter(at_once([paying(f"p{number}") for number in range(8)]))
    assert answers == {Paid(300, 300): 3, "payment_not_possible": 5}
    assert left(anna) == 100
    adjust(membership=anna, points=500, reason="a gift", now=NOON)
    assert at_once([paying("same")] * 8) == [Paid(300, 300)] * 8
    assert left(anna) == 300
    undoing = [lambda: undone(anna, "same")] * 8
    assert at_once(undoing) == [RolledBack(300)] * 8
    assert left(anna) == 600
    assert verify().ok
