"""Counters are what purchases and returns add up to, whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from members.models import Membership, Purchase
from members.models.counters import BudgetCounter, RuleUsage
from members.models.ledger import Account
from members.services.adjustments import adjust
from members.services.imports.purchases import Options, import_purchases
from members.services.problems import InsufficientPoints, NothingToReturn, ReturnTooLarge
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import ReturnLine, record_return
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, basket, counted, member, operator, query, row, written
from tests.members.faults import faults

pytestmark = pytest.mark.django_db
# Everything that is counted, and periods that end at another hour than in UTC.
FIRST_RULES = """
programme: {key: club, name: Club, zone: Pacific/Auckland, currency: EUR}
point_types:
  - {key: points, name: Points, limits: {per_member: [{per: day, points: 60}, {per: year, points: 900}]}}
  - {key: cash, name: Cash, decimals: 2, limits: {budget: {points: "9.00", per: week}}}
rules:
  - key: base
    title: 1 point for each euro
    effect: {kind: per_step, points: 1, step: "1.00"}
    caps: {per_member: [{per: month, points: 150}], budget: {points: 1500}}
  - key: bonus
    title: 5 points
    effect: {kind: fixed, points: 5}
    caps: {times: [{per: week, times: 2}, {per: lifetime, times: 9}], cooldown_hours: 30}
  - key: back
    title: 2 % back
    point_type: cash
    effect: {kind: percent, percent: "2"}
    caps: {budget: {points: "2.00", per: day}}
"""
# Later: another zone, spent points are let go, `base` is no longer capped but waits, `bonus` has a budget instead.
LATER_RULES = """
programme: {key: club, name: Club, zone: America/Los_Angeles, currency: EUR}
point_types:
  - {key: points, name: Points, limits: {budget: {points: 2000, per: year}}}
  - {key: cash, name: Cash, decimals: 2}
policies: {spent_points: clamp, bonus_after_return: taken_back}
rules:
  - key: base
    title: 1 point for each euro
    effect: {kind: per_step, points: 1, step: "1.00"}
    caps: {cooldown_hours: 10}
  - key: bonus
    title: 5 points
    effect: {kind: fixed, points: 5}
    when: {fact: basket.total, is: at_least, value: "20.00"}
    caps: {times: [{per: week, times: 3}], budget: {points: 300, per: month}}
  - key: back
    title: 2 % back
    point_type: cash
    effect: {kind: percent, percent: "2"}
"""
CHANGE = datetime(2026, 2, 1, tzinfo=UTC)
START, DAYS = datetime(2025, 12, 1, tzinfo=UTC), 120
STEPS = 120


@pytest.fixture
def programme() -> Programme:
    load(FIRST_RULES, now=FIRST, publish=True, effective_from=FIRST)
    return load(LATER_RULES, now=CHANGE, publish=True, effective_from=CHANGE).programme


class Story:
    """Members of a programme who do whatever comes to mind; purchases come late and in any order."""

    def __init__(self, programme: Programme, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311 (nothing here is a secret)
        self.programme, self.shop = programme, operator()
        self.members = [member(programme, f"A-{number}") for number in range(4)]
        self.now = START + timedelta(days=DAYS)
        self.purchases: list[int] = []
        self.refused = 0

    def someone(self) -> Membership:
        return self.rng.choice(self.members)

    def buy(self, number: int) -> None:
        amounts = [self.rng.randrange(0, 4000) for _line in range(self.rng.randrange(1, 4))]
        at = START + timedelta(minutes=self.rng.randrange(DAYS * 1440))
        points = self.rng.choice([0, 0, 0, 7])
        recorded = record_purchase(
            membership=self.someone(), basket=basket(*amounts, at=at, points=points), receipt=f"r{number}",
            partner=self.shop, now=self.now,
        )  # fmt: skip
        self.purchases.append(recorded.purchase_id)

    def bring_back(self, number: int) -> None:
        key = self.rng.choice(self.purchases)
        purchase = Purchase.objects.select_related("revision", "membership__programme").get(pk=key)
        lines = self.rng.choice([
            None, [ReturnLine(0)], [ReturnLine(0, quantity=300)], [ReturnLine(0, amount=17)],
            [ReturnLine(position) for position in range(len(purchase.lines))],
        ])  # fmt: skip
        record_return(purchase=purchase, number=f"b{number}", now=self.now, lines=lines)

    def spend(self, number: int) -> None:
        """All that somebody has, or a little more."""
        account = self.rng.choice(Account.objects.select_related("point_type", "membership__programme"))
        redeem(
            membership=account.membership, points=account.available + self.rng.choice([0, 0, 1]) or 1,
            partner=self.shop, reference=f"s{number}", now=self.now, point_type=account.point_type.key,
        )  # fmt: skip

    def correct(self, number: int) -> None:
        adjust(membership=self.someone(), points=self.rng.randrange(1, 20), reason="why not", now=self.now)

    def steps(self) -> Iterator[int]:
        acts = [self.buy, self.bring_back, self.spend, self.correct]
        for number in range(STEPS):
            act = self.rng.choices(acts, [10, 6, 8, 1])[0] if self.purchases else self.buy
            try:
                act(number)
            except (InsufficientPoints, NothingToReturn, ReturnTooLarge):
                self.refused += 1
            yield number


@pytest.mark.parametrize("seed", range(5))
def test_they_are_right_whatever_members_do(programme: Programme, seed: int) -> None:
    story = Story(programme, seed)
    for number in story.steps():
        if number % 40 == 39:
            assert faults() == []
    assert 0 < story.refused < STEPS // 2
    purchases, returns, usage, budgets = counted("purchase", "return", "ruleusage", "budgetcounter")
    assert min(purchases, returns, usage) > 15
    assert budgets > 10
    # Spent points were owed under the first rules and let go under the later ones.
    [(owed, taken, due)] = query(
        "SELECT sum(amount) FILTER (WHERE from_side = 'debt'), sum(amount), (SELECT sum((entry ->> 'points')::int)"
        " FROM members_return, jsonb_array_elements(trace) entry) FROM members_posting WHERE kind = 'reverse'"
    )
    assert owed > 0
    assert taken < due


def test_a_purchase_counts_in_the_periods_of_its_own_zone(programme: Programme) -> None:
    """Half past eleven in the evening of 31 December in London is the next year in Auckland."""
    anna, shop = member(programme), operator()
    for number, at in enumerate(["2025-12-31T10:59:59+00:00", "2025-12-31T11:00:00+00:00"]):
        sold = basket(1000, at=datetime.fromisoformat(at))
        record_purchase(membership=anna, basket=sold, receipt=f"r{number}", partner=shop, now=CHANGE)
    assert list(
        RuleUsage.objects.filter(rule__in=("base", "*points"), period__contains="202")
        .order_by("rule", "period")
        .values_list("rule", "period", "points", "times")
    ) == [
        ("*points", "2025", 15, 2), ("*points", "2025-12-31", 15, 2), ("*points", "2026", 10, 1),
        ("*points", "2026-01-01", 10, 1), ("base", "2025-12", 10, 1), ("base", "2026-01", 10, 1),
    ]  # fmt: skip
    assert faults() == []


def test_a_return_is_counted_whole_where_spent_points_are_let_go(programme: Programme) -> None:
    """What a cap leaves to earn follows from the goods that were kept, not from the points that were left."""
    anna, shop = member(programme), operator()
    at = CHANGE + timedelta(days=1)
    record_purchase(membership=anna, basket=basket(3000, at=at), receipt="r1", partner=shop, now=at)
    redeem(membership=anna, points=31, partner=shop, reference="s1", now=at)
    purchase = Purchase.objects.select_related("revision", "membership__programme").get()
    returned = record_return(purchase=purchase, number="b1", now=at)
    assert (returned.taken, returned.shortage) == ({"points": 4, "cash": 60}, {"points": 31})
    used = dict(BudgetCounter.objects.values_list("rule", "used"))
    assert used == {"*points": 0, "bonus": 0}
    assert query("SELECT trace -> 0 ->> 'points', trace -> 1 ->> 'points' FROM members_return") == [
        ("30", "5")
    ]
    assert faults() == []


def test_an_import_counts_like_tills(programme: Programme, tmp_path: Path) -> None:
    rows = [
        row(f"r{number}", member=f"A-{number % 3}", occurred_at=f"2026-01-{28 + number % 4:02}T{number:02}:30",
            amount=f"{number}.75")
        for number in range(24)
    ]  # fmt: skip
    path = written(tmp_path / "receipts.csv", *rows)
    options = Options(enrol=True)
    batch = import_purchases(path=path, programme=programme, partner=operator(), options=options)
    assert batch.counts["posted"] == 24
    assert faults() == []
