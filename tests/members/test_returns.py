"""Returns of one purchase, in parts and in any order: all of them together take exactly what was given."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest

from members.models import Person, Purchase
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.problems import DuplicateReceipt, NothingToReturn, ReturnTooLarge
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import Returned, ReturnLine, record_return
from programs.engine.facts import Tender
from programs.models import Programme
from tests.members.club import NOON, balances, basket, club, counted, member, operator, query

pytestmark = pytest.mark.django_db
# 3 pieces for 10.00, 7 for 9.99, one for 0.05: nothing divides evenly.
PARTS = [
    ReturnLine(0, quantity=1000), ReturnLine(0, amount=333), ReturnLine(1, quantity=3000),
    ReturnLine(2), ReturnLine(1, amount=100),
]  # fmt: skip


@pytest.fixture
def programme() -> Programme:
    made = club()
    member(made)
    return made


def bought(programme: Programme, points: int = 0) -> Purchase:
    sold = basket(1000, 999, 5, points=points)
    lines = tuple(
        line._replace(quantity=quantity)
        for line, quantity in zip(sold.lines, (3000, 7000, 1000), strict=True)
    )
    recorded = record_purchase(
        membership=member(programme), basket=sold._replace(lines=lines), receipt="r1", partner=operator(),
        now=NOON,
    )  # fmt: skip
    return Purchase.objects.select_related("revision", "membership__programme").get(pk=recorded.purchase_id)


def bring(purchase: Purchase, number: str, *lines: ReturnLine) -> Returned:
    return record_return(purchase=purchase, number=number, now=NOON, lines=list(lines) or None)


def is_sound() -> bool:
    return all(result.ok for result in verify().results)


@pytest.mark.parametrize("order", list(permutations(range(len(PARTS))))[::17], ids=str)
def test_parts_in_any_order_end_where_nothing_was_bought(
    programme: Programme, order: tuple[int, ...]
) -> None:
    adjust(membership=member(programme), points=7, reason="start", now=NOON)
    purchase = bought(programme, points=7)
    for at in order:
        bring(purchase, f"b{at}", PARTS[at])
        available, debt = balances()["A-1"]
        assert min(available, debt) == 0
    bring(purchase, "rest")
    assert balances() == {"A-1": (7, 0)}
    assert query("SELECT sum(amount) FROM members_return") == [(2004,)]
    with pytest.raises(NothingToReturn):
        bring(purchase, "more")
    assert is_sound()


def test_points_of_two_tenders_come_back_both(programme: Programme) -> None:
    adjust(membership=member(programme), points=9, reason="start", now=NOON)
    sold = basket(1000, points=9)
    tenders = (Tender("points", 5, "points", 5), Tender("points", 4, "points", 4))
    recorded = record_purchase(
        membership=member(programme), basket=sold._replace(tenders=tenders), receipt="r1", partner=operator(),
        now=NOON,
    )  # fmt: skip
    purchase = Purchase.objects.select_related("revision", "membership__programme").get(
        pk=recorded.purchase_id
    )
    assert bring(purchase, "b1", ReturnLine(0, amount=500)).restored == {"points": 4}
    assert bring(purchase, "b2").restored == {"points": 5}
    assert balances() == {"A-1": (9, 0)}
    assert is_sound()


def test_what_was_spent_becomes_debt_and_the_next_purchase_pays_it(programme: Programme) -> None:
    purchase = bought(programme)
    redeem(membership=member(programme), points=15, partner=operator(), reference="s", now=NOON)
    assert bring(purchase, "b1").shortage == {"points": 15}
    assert balances() == {"A-1": (0, 15)}
    record_purchase(
        membership=member(programme), basket=basket(2000), receipt="r2", partner=operator(), now=NOON
    )
    assert balances() == {"A-1": (5, 0)}
    assert is_sound()


@pytest.mark.parametrize(
    "line",
    [ReturnLine(0, quantity=3001), ReturnLine(0, amount=1001), ReturnLine(3), ReturnLine(-1),
     ReturnLine(0, quantity=-1), ReturnLine(0, amount=-1)],
    ids=str,
)  # fmt: skip
def test_more_than_there_is_is_refused_and_changes_nothing(programme: Programme, line: ReturnLine) -> None:
    purchase = bought(programme)
    with pytest.raises(ReturnTooLarge):
        bring(purchase, "b1", ReturnLine(1), line)
    assert (counted("return"), balances()) == ([0], {"A-1": (20, 0)})


def test_a_line_named_twice_counts_twice(programme: Programme) -> None:
    purchase = bought(programme)
    with pytest.raises(ReturnTooLarge):
        bring(purchase, "b1", ReturnLine(0, quantity=2000), ReturnLine(0, quantity=2000))


def test_a_repeat_gives_the_first_answer(programme: Programme) -> None:
    purchase = bought(programme)
    redeem(membership=member(programme), points=15, partner=operator(), reference="s", now=NOON)
    first = bring(purchase, "b1", ReturnLine(0))
    again = bring(purchase, "b1", ReturnLine(0))
    assert (again.return_id, again.taken, again.repeated) == (first.return_id, first.taken, True)
    with pytest.raises(DuplicateReceipt):
        bring(purchase, "b1", ReturnLine(1))
    assert counted("return") == [1]


BONUS = """
  - key: tartu
    title: 50 points for grown-ups in Tartu
    effect: {kind: fixed, points: 50}
    when:
      all:
        - {fact: member.age, is: at_least, value: 18}
        - {fact: member.attribute.city, is: one_of, value: [Tartu, Elva]}
        - {fact: member.attribute.street, is: is_set}
policies: {bonus_after_return: taken_back}
"""


def test_a_bonus_is_kept_when_what_came_back_has_nothing_to_do_with_its_condition() -> None:
    membership = member(club(BONUS))
    Person.objects.filter(member=membership.member).update(
        birth_date=date(1990, 1, 1), attributes={"city": "Tartu", "street": "Secret 5"}
    )
    recorded = record_purchase(
        membership=membership, basket=basket(1000, 500), receipt="r1", partner=operator(), now=NOON
    )
    assert recorded.awarded == {"points": 65}
    purchase = Purchase.objects.get()
    # The member may move, grow older or be erased: the purchase is judged by what was known then.
    Person.objects.filter(member=membership.member).update(birth_date=None, attributes={})
    record_return(purchase=purchase, number="b1", now=NOON, lines=[ReturnLine(1)])
    assert balances() == {"A-1": (65 - 5 - 17, 0)}  # a third of the bonus, rounded, went with the second line


def test_a_purchase_keeps_only_words_of_the_rules_about_its_member() -> None:
    membership = member(club(BONUS))
    Person.objects.filter(member=membership.member).update(
        birth_date=date(1990, 1, 1), attributes={"city": "Elva", "street": "Secret 5", "shoes": "44"}
    )
    record_purchase(membership=membership, basket=basket(1000), receipt="r1", partner=operator(), now=NOON)
    stored = Purchase.objects.get().facts
    assert stored["attributes"] == {"city": "Elva", "street": "…"}
    assert stored["age"] == 36
    assert "1990" not in str(stored)
