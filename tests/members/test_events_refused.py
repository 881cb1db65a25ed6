"""Events that name a purchase: only one of the member, and only what still waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.models import Membership
from members.selectors.accounts import balances
from members.selectors.verification import verify
from members.services.events import record_event
from members.services.problems import UnknownPurchase
from members.services.purchases import record_purchase
from programs.services.partners import ensure_partner
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, basket, counted, member, operator

pytestmark = pytest.mark.django_db
DOCUMENT = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
events: [{key: parcel, name: Parcel}]
point_types:
  - {key: points, name: Points, pending: {kind: event, event: parcel, timeout_days: 10, on_timeout: ON_TIMEOUT}}
rules: [{key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}}]
"""


def buyers(on_timeout: str = "lapse") -> tuple[Membership, Membership]:
    """Anna with r1 and Mark with r2, 10 points waiting each."""
    programme = load(
        DOCUMENT.replace("ON_TIMEOUT", on_timeout), now=FIRST, publish=True, effective_from=FIRST
    ).programme
    anna, mark = member(programme, "A-1"), member(programme, "M-1")
    for who, receipt in ((anna, "r1"), (mark, "r2")):
        record_purchase(membership=who, basket=basket(1000), receipt=receipt, partner=operator(), now=NOON)
    return anna, mark


def parcel(membership: Membership, receipt: str, *, days: int = 1, late: int = 0, number: str = "e1") -> None:
    """The event of `days` after the purchase, which becomes known `late` days after that."""
    at = NOON + timedelta(days=days)
    record_event(
        membership=membership, kind="parcel", number=number, partner=operator(), receipt=receipt,
        occurred_at=at, now=at + timedelta(days=late),
    )  # fmt: skip


def buckets(membership: Membership) -> tuple[int, int]:
    found = balances(membership)["points"]
    return found.available, found.pending


@pytest.mark.parametrize("receipt", ["r2", "r9"])
def test_a_purchase_of_somebody_else_or_of_nobody_is_refused_and_changes_nothing(receipt: str) -> None:
    anna, mark = buyers()
    before = counted("event", "documentkey", "posting")
    with pytest.raises(UnknownPurchase) as refused:
        parcel(anna, receipt)
    assert refused.value.code == "unknown_purchase"
    assert (counted("event", "documentkey", "posting"), buckets(anna), buckets(mark)) == (
        before, (0, 10), (0, 10)
    )  # fmt: skip
    parcel(anna, "r1")  # the number is still free
    assert (buckets(anna), buckets(mark)) == ((10, 0), (0, 10))


def test_a_purchase_of_another_partner_is_none_of_its_business() -> None:
    anna, _mark = buyers()
    with pytest.raises(UnknownPurchase):
        record_event(
            membership=anna,
            kind="parcel",
            number="e1",
            partner=ensure_partner("post"),
            receipt="r1",
            now=NOON,
        )
    assert buckets(anna) == (0, 10)


@pytest.mark.parametrize(
    ("days", "late", "left"),
    [
        (9, 0, (10, 0)),
        (9, 5, (0, 0)),  # it had come in time, but nobody knew when the time was over
        (11, 0, (0, 0)),
    ],
)
def test_what_has_lapsed_stays_lapsed(days: int, late: int, left: tuple[int, int]) -> None:
    anna, _mark = buyers()
    parcel(anna, "r1", days=days, late=late)
    assert (buckets(anna), counted("event")) == (left, [1])
    assert verify().ok


@pytest.mark.parametrize(("days", "late"), [(9, 5), (11, 0)])
def test_what_became_usable_by_its_time_is_not_freed_again(days: int, late: int) -> None:
    anna, _mark = buyers("activate")
    parcel(anna, "r1", days=days, late=late)
    assert buckets(anna) == (10, 0)
    assert verify().ok
