"""Points that are set aside: used in full or in part, given back, and back by themselves when their time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from members.models import Membership
from members.models.ledger import Hold
from members.selectors.accounts import Balance, balances
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.holds import capture, hold, release
from members.services.problems import (
    DuplicateReceipt,
    HoldClosed,
    HoldEndsBefore,
    HoldTooSmall,
    InsufficientPoints,
    UnknownHold,
)
from tests.members.club import NOON, club, member, operator
from tests.members.faults import plant, red

LATER = NOON + timedelta(hours=1)


def holder(points: int = 100) -> Membership:
    membership = member(club())
    adjust(membership=membership, points=points, reason="a gift", now=NOON)
    return membership


def buckets(membership: Membership) -> tuple[int, int]:
    found: Balance = balances(membership)["points"]
    return found.available, found.held


@pytest.mark.django_db
def test_a_hold_is_captured_in_part_and_the_rest_given_back() -> None:
    anna = holder()
    held = hold(membership=anna, points=20, partner=operator(), reference="h1", now=NOON)
    assert buckets(anna) == (80, 20)
    used = {"membership": anna, "hold_id": held.hold_id, "partner": operator(), "now": LATER}
    assert capture(points=12, reference="c1", **used) == 12
    assert buckets(anna) == (80, 8)
    assert release(points=None, reference="l1", **used) == 8
    assert buckets(anna) == (88, 0)
    assert Hold.objects.get().state == "closed"
    assert verify().ok


@pytest.mark.django_db
def test_the_same_reference_answers_the_same_and_does_nothing_more() -> None:
    anna = holder()
    first = hold(membership=anna, points=20, partner=operator(), reference="h1", now=NOON)
    again = hold(membership=anna, points=20, partner=operator(), reference="h1", now=LATER)
    assert (again.hold_id, again.amount, again.repeated) == (first.hold_id, 20, True)
    with pytest.raises(DuplicateReceipt):
        hold(membership=anna, points=21, partner=operator(), reference="h1", now=LATER)
    used: dict[str, Any] = {"membership": anna, "hold_id": first.hold_id, "partner": operator(), "now": LATER}
    assert [capture(points=5, reference="c1", **used) for _ in range(3)] == [5, 5, 5]
    assert buckets(anna) == (80, 15)


@pytest.mark.django_db
def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    anna = holder()
    with pytest.raises(InsufficientPoints) as refused:
        hold(membership=anna, points=101, partner=operator(), reference="h1", now=NOON)
    assert refused.value.extra == {"possible": 100}
    held = hold(membership=anna, points=20, partner=operator(), reference="h1", now=NOON)
    used: dict[str, Any] = {"membership": anna, "partner": operator(), "now": LATER}
    with pytest.raises(HoldTooSmall):
        capture(hold_id=held.hold_id, points=21, reference="c1", **used)
    with pytest.raises(UnknownHold):
        capture(hold_id=held.hold_id + 1, points=1, reference="c1", **used)
    release(hold_id=held.hold_id, points=20, reference="l1", **used)
    with pytest.raises(HoldClosed):
        capture(hold_id=held.hold_id, points=1, reference="c2", **used)
    assert buckets(anna) == (100, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("late", [0, 3])
def test_a_hold_ends_by_itself_and_a_late_job_changes_nothing(late: int) -> None:
    anna = holder()
    hold(membership=anna, points=20, partner=operator(), reference="h1", now=NOON, expires_at=LATER)
    advance(anna.programme, LATER - timedelta(seconds=1))
    assert buckets(anna) == (80, 20)
    advance(anna.programme, LATER + timedelta(days=late))
    assert advance(anna.programme, LATER + timedelta(days=late)) == 0
    assert buckets(anna) == (100, 0)
    assert verify().ok


def test_a_hold_that_says_something_else_than_its_postings_is_found(committed_database: Any) -> None:
    with transaction.atomic():
        hold(membership=holder(), points=20, partner=operator(), reference="h1", now=NOON)
    assert red() == []
    plant(committed_database, "UPDATE members_hold SET captured = 5", tables=())
    assert red() == ["I8"]


@pytest.mark.django_db
@pytest.mark.parametrize("before", [timedelta(0), timedelta(hours=1)])
def test_a_hold_that_ends_before_it_begins_is_refused_and_changes_nothing(before: timedelta) -> None:
    anna = holder()
    with pytest.raises(HoldEndsBefore) as refused:
        hold(
            membership=anna, points=20, partner=operator(), reference="h1", now=NOON, expires_at=NOON - before
        )
    assert refused.value.code == "hold_ends_before"
    assert (buckets(anna), Hold.objects.count()) == ((100, 0), 0)
    tick = timedelta(microseconds=1)
    hold(membership=anna, points=20, partner=operator(), reference="h1", now=NOON, expires_at=NOON + tick)
    assert buckets(anna) == (80, 20)
