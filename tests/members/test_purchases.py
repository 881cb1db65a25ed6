"""One purchase: it posts once, whenever it arrives, and a refused one leaves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.models import Purchase
from members.services.adjustments import adjust
from members.services.problems import DuplicateReceipt, EmptyPurchase, InsufficientPoints
from members.services.purchases import record_purchase
from members.services.recording import Recorded
from members.services.redemptions import redeem
from programs.engine.facts import Basket
from programs.models import Programme
from tests.members.club import FIRST, NOON, balances, basket, club, counted, member, operator, query

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme() -> Programme:
    made = club()
    member(made)
    return made


def buy(programme: Programme, receipt: str, sold: Basket, number: str = "A-1") -> Recorded:
    return record_purchase(
        membership=member(programme, number), basket=sold, receipt=receipt, partner=operator(),
        now=NOON + timedelta(days=5),
    )  # fmt: skip


@pytest.mark.parametrize("days", [0, 2, 31, 400])
def test_a_repeat_gives_the_first_answer_however_late(programme: Programme, days: int) -> None:
    first = buy(programme, "r1", basket(1234))
    redeem(membership=member(programme), points=5, partner=operator(), reference="s", now=NOON)
    again = record_purchase(
        membership=member(programme), basket=basket(1234), receipt="r1", partner=operator(),
        now=NOON + timedelta(days=days),
    )  # fmt: skip
    assert (again.document_id, again.awarded, again.repeated) == (first.document_id, {"points": 12}, True)
    assert balances() == {"A-1": (7, 0)}
    with pytest.raises(DuplicateReceipt):
        buy(programme, "r1", basket(1235))


def test_the_same_content_of_another_member_is_refused(programme: Programme) -> None:
    buy(programme, "r1", basket(1000))
    with pytest.raises(DuplicateReceipt):
        buy(programme, "r1", basket(1000), "B-2")


def test_paying_with_points_that_are_not_there_leaves_nothing(programme: Programme) -> None:
    adjust(membership=member(programme), points=10, reason="start", now=NOON)
    before = counted("purchase", "posting", "documentkey", "memberstats")
    with pytest.raises(InsufficientPoints):
        buy(programme, "r1", basket(2000, points=11))
    assert counted("purchase", "posting", "documentkey", "memberstats") == before
    assert buy(programme, "r1", basket(2000, points=10)).awarded["points"] > 0
    assert query("SELECT sum(amount) FROM members_posting WHERE kind = 'spend'") == [(10,)]


def test_an_empty_purchase_is_refused(programme: Programme) -> None:
    with pytest.raises(EmptyPurchase):
        buy(programme, "r1", basket())


def test_a_late_purchase_counts_only_what_was_before_it(programme: Programme) -> None:
    buy(programme, "r2", basket(1000, at=NOON + timedelta(days=1)))
    buy(programme, "r1", basket(1000, at=NOON))
    known = dict(Purchase.objects.values_list("number", "facts__purchases"))
    assert known == {"r1": 0, "r2": 0}
    buy(programme, "r3", basket(1000, at=NOON + timedelta(days=2)))
    assert Purchase.objects.get(number="r3").facts["purchases"] == 2
    assert query("SELECT purchases, last_purchase_at FROM members_memberstats") == [
        (3, NOON + timedelta(days=2))
    ]


def test_a_repeated_redemption_answers_the_same_and_other_amounts_are_refused(programme: Programme) -> None:
    anna = member(programme)
    adjust(membership=anna, points=10, reason="start", now=FIRST)
    for _time in range(2):
        assert redeem(membership=anna, points=10, partner=operator(), reference="s", now=NOON) == 10
    with pytest.raises(DuplicateReceipt):
        redeem(membership=anna, points=9, partner=operator(), reference="s", now=NOON)
    assert balances() == {"A-1": (0, 0)}
