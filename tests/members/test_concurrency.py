"""Many tills at once, each with a connection of its own: nothing is spent twice and no receipt posts twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from loyalty.core.problems import Problem
from members.models import Membership
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import record_return
from programs.models import Partner, Programme
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, balances, basket, club, counted, member, operator, query


@pytest.fixture
def programme(committed_database: Any) -> Programme:
    return club()


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call gave, or the code of its refusal; all of them start together."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return call()
        except Problem as problem:
            return problem.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def spending(
    membership: Membership, partner: Partner, reference: str, points: int = 100
) -> Callable[[], Any]:
    return lambda: redeem(
        membership=membership, points=points, partner=partner, reference=reference, now=NOON
    )


def buying(membership: Membership, partner: Partner, *amounts: int, points: int = 0) -> Callable[[], Any]:
    return lambda: record_purchase(
        membership=membership, basket=basket(*amounts, points=points), receipt="r1", partner=partner, now=NOON
    )


def is_sound() -> bool:
    return all(result.ok for result in verify().results)


def test_sixty_four_clients_cannot_spend_more_than_there_is(programme: Programme) -> None:
    anna, shop = member(programme), operator()
    adjust(membership=anna, points=1000, reason="start", now=NOON)
    answers = Counter(at_once([spending(anna, shop, f"s{number}") for number in range(64)]))
    assert answers == {100: 10, "insufficient_points": 54}
    assert balances() == {"A-1": (0, 0)}
    assert query("SELECT min(available_after), max(version) FROM members_posting") == [(0, 11)]
    assert is_sound()


def test_one_reference_spends_once(programme: Programme) -> None:
    anna, shop = member(programme), operator()
    adjust(membership=anna, points=1000, reason="start", now=NOON)
    assert at_once([spending(anna, shop, "same")] * 16) == [100] * 16
    assert balances() == {"A-1": (900, 0)}


def test_one_reference_of_many_members_is_the_first_ones(programme: Programme) -> None:
    shop = operator()
    members = [member(programme, f"A-{number}") for number in range(8)]
    for each in members:
        adjust(membership=each, points=100, reason="start", now=NOON)
    answers = Counter(at_once([spending(each, shop, "same") for each in members]))
    assert answers == {100: 1, "duplicate_receipt": 7}
    assert sorted(balances().values()) == [(0, 0)] + [(100, 0)] * 7


def test_one_receipt_sent_sixteen_times_is_one_purchase(programme: Programme) -> None:
    anna, shop = member(programme), operator()
    answers = at_once([buying(anna, shop, 1000)] * 16)
    assert len({answer.document_id for answer in answers}) == 1
    assert sum(answer.repeated for answer in answers) == 15
    assert {tuple(answer.awarded.items()) for answer in answers} == {(("points", 10),)}
    assert counted("purchase", "posting", "lot", "documentkey") == [1, 1, 1, 1]


@pytest.mark.parametrize("amounts", [(1000, 1000), (1000, 2000)], ids=["same content", "other content"])
def test_two_members_with_one_receipt_number(programme: Programme, amounts: tuple[int, int]) -> None:
    """Also the same content is not the same receipt: nobody is told what another member got."""
    shop = operator()
    members = [member(programme, "A-1"), member(programme, "B-2")]
    answers = at_once([buying(each, shop, amount) for each, amount in zip(members, amounts, strict=True)])
    assert sum(answer == "duplicate_receipt" for answer in answers) == 1
    assert counted("purchase", "posting", "documentkey") == [1, 1, 1]
    assert is_sound()


def test_one_return_sent_many_times_takes_once(programme: Programme) -> None:
    from members.models import Purchase

    anna, shop = member(programme), operator()
    buying(anna, shop, 1000)()
    purchase = Purchase.objects.select_related("membership__programme", "revision").get()
    calls = [lambda: record_return(purchase=purchase, number="b1", now=NOON)] * 8
    calls += [lambda: record_return(purchase=purchase, number="b2", now=NOON)] * 8
    answers = at_once(calls)
    assert answers.count("nothing_to_return") == 8
    assert balances() == {"A-1": (0, 0)}
    assert counted("return") == [1]


def test_spending_buying_and_returning_together_stay_sound(programme: Programme) -> None:
    shop = operator()
    anna, mark = member(programme, "A-1"), member(programme, "B-2")
    for each in (anna, mark):
        adjust(membership=each, points=500, reason="start", now=NOON)

    def mixed(number: int) -> Callable[[], Any]:
        who = (anna, mark)[number % 2]
        if number % 3:
            return spending(who, shop, f"s{number}", 70)
        return lambda: record_purchase(
            membership=who, basket=basket(1000, 500, points=30), receipt=f"m{number}", partner=shop, now=NOON
        ).awarded["points"]

    answers = at_once([mixed(number) for number in range(24)])
    assert set(answers) <= {70, "insufficient_points", 14, 15}
    assert all(available >= 0 for available, _debt in balances().values())
    assert is_sound()


CAPPED = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
rules:
  - key: first
    title: 50 points for the first purchase
    effect: {kind: fixed, points: 50}
    when: {fact: member.purchases_before, is: equals, value: 0}
  - key: base
    title: 10 points, three times a month, 100 for everybody
    effect: {kind: fixed, points: 10}
    caps: {times: [{per: month, times: 3}], budget: {points: 100}}
"""


def test_purchases_of_one_moment_all_count(committed_database: Any) -> None:
    """One first purchase, three awards of a rule, and not a point beyond the budget of all members."""
    programme = load(CAPPED, now=FIRST, publish=True, effective_from=FIRST).programme
    shop = operator()
    members = [member(programme, f"A-{number}") for number in range(4)]

    def bought(number: int) -> Callable[[], Any]:
        return lambda: record_purchase(
            membership=members[number % 4], basket=basket(1000), receipt=f"r{number}", partner=shop, now=NOON
        ).awarded.get("points", 0)

    answers = Counter(at_once([bought(number) for number in range(32)]))
    assert answers == {60: 4, 10: 6, 0: 22}
    assert query("SELECT purchases, amount FROM members_memberstats") == [(8, 8000)] * 4
    assert query("SELECT used FROM members_budgetcounter") == [(100,)]
    assert is_sound()


DUE = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: Points, expiry: {kind: after, days: 30}}
  - {key: stars, name: Stars, pending: {kind: days, days: 14}}
ladders:
  - {key: status, name: Status, tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "5.00"}]}
rules:
  - {key: base, title: Base, effect: {kind: fixed, points: 10}}
  - {key: stars, title: Stars, point_type: stars, effect: {kind: fixed, points: 4}}
"""


def test_jobs_that_run_at_once_do_what_one_does(committed_database: Any) -> None:
    """Pending points, expiry and the ends of tiers of two years later, each posted once."""
    programme = load(DUE, now=FIRST, publish=True, effective_from=FIRST).programme
    for number in range(20):
        who = member(programme, f"A-{number}")
        if number % 4:
            record_purchase(
                membership=who, basket=basket(1000), receipt=f"r{number}", partner=operator(), now=NOON
            )
    until = NOON + timedelta(days=800)
    at_once([lambda: advance(programme, until)] * 4)
    assert query("SELECT kind, count(*) FROM members_posting GROUP BY kind ORDER BY kind") == [
        ("activate", 15), ("earn", 30), ("expire", 15)
    ]  # fmt: skip
    assert query("SELECT to_tier, count(*) FROM members_tierdecision GROUP BY to_tier ORDER BY to_tier") == [
        ("base", 35), ("gold", 15)
    ]  # fmt: skip
    assert is_sound()
    assert advance(programme, until) == 0
