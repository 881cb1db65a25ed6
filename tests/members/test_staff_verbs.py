"""Points that are given to a charity, forfeited, or were brought along by mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.core.problems import Problem
from members.models import Membership
from members.models.ledger import Lot, Posting
from members.selectors.accounts import balances
from members.selectors.reports import totals
from members.selectors.statement_words import sentence
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.forfeits import forfeit
from members.services.holds import hold
from members.services.openings import Opening, open_balance, undo_opening
from members.services.problems import (
    DuplicateReceipt,
    InsufficientPoints,
    OpeningUsed,
    ReasonNeeded,
    UnknownLot,
)
from members.services.purchases import record_purchase
from members.services.redemptions import donate, redeem
from programs.services.partners import ensure_partner
from programs.services.programmes import load
from tests.databases import CommittedDatabase
from tests.members.club import FIRST, NOON, basket, club, counted, member, operator
from tests.members.test_concurrency import at_once

DOCUMENT = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points, expiry: {kind: after, days: 90}}]
rules:
  - {key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}, pending: {kind: days, days: 14}}
"""


def buckets(membership: Membership) -> tuple[int, int, int]:
    found = balances(membership).get("points")
    return (0, 0, 0) if found is None else (found.available, found.pending, found.held)


def rich() -> Membership:
    """30 and 20 usable points in two lots, 10 that wait."""
    anna = member(load(DOCUMENT, now=FIRST, publish=True, effective_from=FIRST).programme)
    for days, points in ((0, 30), (1, 20)):
        adjust(membership=anna, points=points, reason="a gift", now=NOON + timedelta(days=days))
    at = NOON + timedelta(days=2)
    record_purchase(membership=anna, basket=basket(1000, at=at), receipt="r1", partner=operator(), now=at)
    return anna


LATER = NOON + timedelta(days=3)


def lots() -> list[int]:
    return list(Lot.objects.order_by("pk").values_list("remaining", flat=True))


def refused(refusal: type[Problem], code: str, act: Any, membership: Membership) -> None:
    before = (buckets(membership), counted("posting", "documentkey", "lot"))
    with pytest.raises(refusal) as raised:
        act()
    assert raised.value.code == code
    assert (buckets(membership), counted("posting", "documentkey", "lot")) == before


# --- donations ------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_donation_is_spent_once_and_called_what_it_is() -> None:
    anna, forest = rich(), ensure_partner("forest", name="Our forest")
    given = {"membership": anna, "charity": forest, "reference": "d1", "now": LATER}
    assert donate(points=35, **given) == 35
    assert donate(points=35, **given) == 35
    assert (buckets(anna), lots()) == ((15, 10, 0), [0, 15, 10])
    refused(DuplicateReceipt, "duplicate_receipt", lambda: donate(points=36, **given), anna)
    too_much = {**given, "reference": "d2"}
    refused(InsufficientPoints, "insufficient_points", lambda: donate(points=16, **too_much), anna)
    assert sentence(Posting.objects.get(kind="spend")) == "Donated to Our forest"
    redeem(membership=anna, points=1, partner=forest, reference="d1", now=LATER)  # another kind of document
    [row] = totals(anna.programme)
    assert row.redeemed == 36
    assert verify().ok


def test_the_same_donation_at_once_is_one(committed_database: CommittedDatabase) -> None:
    anna, forest = rich(), ensure_partner("forest")

    def give() -> int:
        return donate(membership=anna, points=30, charity=forest, reference="d1", now=LATER)

    assert at_once([give] * 12) == [30] * 12
    assert buckets(anna) == (20, 10, 0)


# --- forfeits -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "lot", "taken", "left"),
    [
        (None, None, 60, [0, 0, 0]),
        (35, None, 35, [0, 15, 10]),
        (50, None, 50, [0, 0, 10]),
        (None, 1, 20, [30, 0, 10]),
        (5, 1, 5, [30, 15, 10]),
        (None, 2, 10, [30, 20, 0]),
        (4, 2, 4, [30, 20, 6]),
    ],
)
def test_what_is_forfeited(points: int | None, lot: int | None, taken: int, left: list[int]) -> None:
    anna = rich()
    number = None if lot is None else Lot.objects.order_by("pk")[lot].pk
    assert forfeit(membership=anna, points=points, lot=number, reason=" Cards sold ", now=LATER) == taken
    assert lots() == left
    last = Posting.objects.filter(kind="forfeit").latest("pk")
    assert sentence(last) == "Lapsed: Cards sold"
    advance(anna.programme, LATER + timedelta(days=60))
    assert buckets(anna)[1] == 0
    assert verify().ok


@pytest.mark.django_db
def test_held_points_stay_held() -> None:
    anna = rich()
    hold(membership=anna, points=40, partner=operator(), reference="h1", now=LATER)
    assert forfeit(membership=anna, reason="Fraud", now=LATER) == 20
    assert buckets(anna) == (0, 0, 40)
    assert verify().ok


@pytest.mark.django_db
def test_forfeits_that_are_refused() -> None:
    anna = rich()
    lot = Lot.objects.order_by("pk")[1].pk
    other = member(anna.programme, "M-1")
    about: dict[str, Any] = {"membership": anna, "now": LATER, "reason": "Fraud"}
    for code, refusal, said in (
        ("reason_needed", ReasonNeeded, {"reason": " "}),
        ("insufficient_points", InsufficientPoints, {"points": 51}),
        ("insufficient_points", InsufficientPoints, {"points": 21, "lot": lot}),
        ("unknown_lot", UnknownLot, {"lot": lot, "membership": other}),
        ("insufficient_points", InsufficientPoints, {"membership": other}),
    ):
        refused(refusal, code, lambda said=said: forfeit(**{**about, **said}), anna)


# --- openings that were wrong ---------------------------------------------------------------------------------
@pytest.mark.django_db
def test_an_opening_that_was_wrong_is_taken_back_and_made_anew() -> None:
    anna = member(club())
    opened = [Opening(300, NOON - timedelta(days=100)), Opening(20)]
    open_balance(membership=anna, openings=opened, now=NOON)
    assert undo_opening(membership=anna, reason="Last year's list", now=LATER) == 320
    assert (buckets(anna), lots()) == ((0, 0, 0), [0, 0])
    assert sentence(Posting.objects.latest("pk")) == "Brought along by mistake, taken back: Last year's list"
    open_balance(membership=anna, openings=[Opening(31)], now=LATER)
    assert buckets(anna) == (31, 0, 0)
    assert undo_opening(membership=anna, reason="Again", now=LATER) == 31
    [row] = totals(anna.programme)
    assert (row.adjusted, row.outstanding, row.expired) == (0, 0, 0)
    assert verify().ok


@pytest.mark.django_db
@pytest.mark.parametrize("used", ["spent", "held", "adjusted", "nothing there", "undone", "no reason"])
def test_an_opening_that_is_not_as_it_was_cannot_be_taken_back(used: str) -> None:
    anna = member(club())
    if used != "nothing there":
        open_balance(membership=anna, openings=[Opening(100)], now=NOON)
    if used == "spent":
        redeem(membership=anna, points=1, partner=operator(), reference="s1", now=NOON)
    if used == "held":
        hold(membership=anna, points=1, partner=operator(), reference="h1", now=NOON)
    if used == "adjusted":
        adjust(membership=anna, points=1, reason="A gift", now=NOON)
    if used == "undone":
        undo_opening(membership=anna, reason="Wrong", now=NOON)
    reason, refusal, code = "Wrong", OpeningUsed, "opening_used"
    if used == "no reason":
        reason, refusal, code = "", ReasonNeeded, "reason_needed"  # type: ignore[assignment]
    refused(refusal, code, lambda: undo_opening(membership=anna, reason=reason, now=LATER), anna)


@pytest.mark.django_db
def test_an_opening_of_which_something_expired_cannot_be_taken_back() -> None:
    anna = member(load(DOCUMENT, now=FIRST, publish=True, effective_from=FIRST).programme)
    open_balance(membership=anna, openings=[Opening(5, NOON - timedelta(days=85)), Opening(20)], now=NOON)
    later = NOON + timedelta(days=10)
    with pytest.raises(OpeningUsed):
        undo_opening(membership=anna, reason="Wrong", now=later)
    advance(anna.programme, later)
    assert buckets(anna) == (20, 0, 0)
