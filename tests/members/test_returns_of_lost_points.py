"""Returns of goods whose points went unused: only what is there still, or was used, is charged."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from members.models import Membership, Purchase
from members.selectors.explain import explain, in_words
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.holds import hold
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import Returned, ReturnLine, record_return
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, balances, basket, member, operator

pytestmark = pytest.mark.django_db
GONE = NOON + timedelta(days=40)
EXPIRING = "expiry: {kind: after, days: 10}"
LAPSING = "pending: {kind: event, event: parcel, timeout_days: 10}"


def joined(terms: str = EXPIRING, spent_points: str = "debt") -> Membership:
    """A member of a club whose points do not last."""
    text = f"""
programme: {{key: club, name: Club, zone: Europe/Tallinn, currency: EUR}}
point_types: [{{key: points, name: Points, {terms}}}]
events: [{{key: parcel, name: Parcel}}]
policies: {{spent_points: {spent_points}}}
rules:
  - {{key: base, title: 1 point for each euro, effect: {{kind: per_step, points: 1, step: "1.00"}}}}
  - {{key: gift, title: A gift, effect: {{kind: fixed, points: 20}}, pending: {{kind: at_once}}}}
"""
    return member(load(text, now=FIRST, publish=True, effective_from=FIRST).programme)


def bought(membership: Membership, receipt: str = "r1", *, days: int = 0) -> Purchase:
    """60.00 and 40.00: 100 points in one lot and 20 of the gift, which are pending no longer than a moment."""
    now = NOON + timedelta(days=days)
    recorded = record_purchase(
        membership=membership, basket=basket(6000, 4000, at=now), receipt=receipt, partner=operator(), now=now
    )
    return Purchase.objects.select_related("revision", "membership__programme").get(pk=recorded.document_id)


def spend(membership: Membership, points: int, days: int = 0) -> None:
    now = NOON + timedelta(days=days)
    redeem(membership=membership, points=points, partner=operator(), reference=f"s{days}", now=now)


def bring(purchase: Purchase, number: str = "b1", *lines: ReturnLine, days: int = 40) -> Returned:
    now = NOON + timedelta(days=days)
    return record_return(purchase=purchase, number=number, now=now, lines=list(lines) or None)


def test_what_expired_unused_is_not_charged_again() -> None:
    purchase = bought(joined())
    returned = bring(purchase)
    assert (returned.taken, returned.lost, returned.shortage) == ({"points": 0}, {"points": 120}, {})
    assert balances() == {"A-1": (0, 0)}
    assert verify().ok


def test_what_lapsed_while_it_waited_is_not_charged_again() -> None:
    purchase = bought(joined(LAPSING))
    returned = bring(purchase)
    # The gift could be used at once and never expires: it is there still.
    assert (returned.taken, returned.lost, returned.shortage) == ({"points": 20}, {"points": 100}, {})
    assert balances() == {"A-1": (0, 0)}
    assert verify().ok


@pytest.mark.parametrize(
    ("spent_points", "taken", "shortage", "debt"),
    [
        ("debt", 50, {"points": 50}, 50),
        ("clamp", 0, {"points": 50}, 0),
        ("pending_only", 0, {"points": 50}, 0),
    ],
)
def test_what_was_used_is_charged_by_the_policy(
    spent_points: str, taken: int, shortage: dict[str, int], debt: int
) -> None:
    anna = joined(spent_points=spent_points)
    purchase = bought(anna)
    spend(anna, 50)
    returned = bring(purchase)
    assert (returned.taken, returned.lost) == ({"points": taken}, {"points": 70})
    assert returned.shortage == shortage
    assert balances() == {"A-1": (0, debt)}
    assert verify().ok


def test_other_points_are_taken_only_for_what_was_used() -> None:
    anna = joined()
    purchase = bought(anna)
    spend(anna, 50)
    bought(anna, "r2", days=35)
    assert bring(purchase).taken == {"points": 50}
    assert balances() == {"A-1": (70, 0)}
    assert verify().ok


@pytest.mark.parametrize(
    ("first", "taken", "lost"),
    # 60 points and 12 of the gift belong to the first line. Of the 100 points 50 were spent; the rest is gone, as is the
    # gift.
    [(0, [10, 40], [62, 8]), (1, [0, 50], [48, 22])],
)
def test_returns_in_parts_let_off_first_and_never_more_than_was_lost(
    first: int, taken: list[int], lost: list[int]
) -> None:
    anna = joined()
    purchase = bought(anna)
    spend(anna, 50)
    answers = [bring(purchase, f"b{at}", ReturnLine(at)) for at in (first, 1 - first)]
    assert [each.taken["points"] for each in answers] == taken
    assert [each.lost["points"] for each in answers] == lost
    assert balances() == {"A-1": (0, 50)}
    assert verify().ok


PARTS = [
    ReturnLine(0, amount=1700),
    ReturnLine(1, amount=999),
    ReturnLine(0, amount=4300),
    ReturnLine(1, amount=3001),
]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3], ids=str)
def test_parts_before_and_after_the_end_leave_exactly_what_was_used(order: tuple[int, ...]) -> None:
    anna = joined()
    purchase = bought(anna)
    spend(anna, 30)
    answers = [
        bring(purchase, f"b{at}", PARTS[at], days=days)
        for at, days in zip(order, (5, 6, 40, 41), strict=True)
    ]
    assert sum(each.taken["points"] + each.lost.get("points", 0) for each in answers) == 120
    assert balances() == {"A-1": (0, 30)}
    assert verify().ok


def test_held_points_are_not_lost() -> None:
    anna = joined()
    purchase = bought(anna)
    until = NOON + timedelta(days=60)
    hold(membership=anna, points=30, partner=operator(), reference="h1", now=NOON, expires_at=until)
    returned = bring(purchase)
    assert (returned.lost, returned.shortage) == ({"points": 90}, {"points": 30})
    advance(anna.programme, until)  # given back past their day, they pay what is owed
    assert balances() == {"A-1": (0, 0)}
    assert verify().ok


def test_a_repeat_gives_the_first_answer() -> None:
    anna = joined()
    purchase = bought(anna)
    spend(anna, 50)
    first, again = bring(purchase), bring(purchase)
    assert (again.taken, again.lost, again.repeated) == (first.taken, first.lost, True)


def test_the_receipt_says_what_was_not_charged() -> None:
    purchase = bought(joined())
    bring(purchase)
    told = in_words(explain(Purchase.objects.get()))
    assert "gone unused and not charged again: 120\N{NO-BREAK SPACE}Points" in told.returns[0]
