"""A year with late receipts, partial returns, redemptions and debts, against a calculation written apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from loyalty.core import clock
from loyalty.core.exact import parse_decimal
from members.models import Membership, Purchase
from members.selectors.accounts import balances, open_lots
from members.selectors.reports import totals
from members.services.adjustments import adjust
from members.services.enrolment import enrol
from members.services.problems import InsufficientPoints
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import ReturnLine, record_return
from programs.engine.facts import Basket, Line
from programs.models import Partner, Programme
from programs.services.programmes import load
from tests.real_year import synthetic

DOCUMENT = """
programme: {key: synthetic, name: Synthetic year, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: Points}
policies: {spending_order: oldest}
groups: [{key: base}]
rules:
  - key: base
    title: A point for each euro
    effect: {kind: per_step, points: 1, step: "1.00"}
  - key: coffee
    title: Two points for each coffee
    lines: {fact: line.category, is: equals, value: coffee}
    effect: {kind: per_unit, points: 2}
    caps: {per_member: [{per: month, points: 30}]}
  - key: bonus
    title: Fifty points from forty euros
    when: {fact: basket.total, is: at_least, value: "40.00"}
    effect: {kind: fixed, points: 50}
"""


class Company:
    """The product, doing what the generator's operations say."""

    def __init__(self) -> None:
        self.start = datetime.fromisoformat("2024-12-01T00:00:00+00:00")
        with clock.at(self.start):
            load(
                DOCUMENT, file_name="synthetic.yaml", publish=True, effective_from=self.start, now=self.start
            )
        self.programme = Programme.objects.get(key="synthetic")
        self.partner = Partner.objects.get(is_operator=True)
        self.memberships: dict[str, Membership] = {}

    def member(self, number: str) -> Membership:
        if number not in self.memberships:
            self.memberships[number] = enrol(programme=self.programme, number=number, now=self.start)
        return self.memberships[number]

    def do(self, operation: dict[str, Any]) -> dict[str, Any]:
        now = _moment(operation["recorded_at"])
        occurred_at = _moment(operation["occurred_at"])
        membership = self.member(operation["member"])
        times = {"now": now, "occurred_at": occurred_at}
        try:
            return getattr(self, f"_{operation['kind']}")(operation, membership, times)
        except InsufficientPoints as refusal:
            return {"refused": refusal.code}

    def _purchase(
        self, operation: dict[str, Any], membership: Membership, times: dict[str, Any]
    ) -> dict[str, Any]:
        lines = tuple(
            Line(
                line["sku"],
                parse_decimal(str(line["quantity"]), 3),
                parse_decimal(str(line["amount"]), 2),
                line["category"],
            )
            for line in operation["lines"]
        )
        recorded = record_purchase(
            membership=membership,
            basket=Basket(times["occurred_at"], lines),
            receipt=operation["receipt"],
            partner=self.partner,
            now=times["now"],
        )
        return {"awarded": recorded.awarded.get("points", 0)}

    def _return(
        self, operation: dict[str, Any], membership: Membership, times: dict[str, Any]
    ) -> dict[str, Any]:
        purchase = Purchase.objects.get(number=operation["receipt"])
        lines = [
            ReturnLine(
                line["line"] - 1,
                parse_decimal(str(line["quantity"]), 3) if line.get("quantity") is not None else None,
                parse_decimal(str(line["amount"]), 2) if line.get("amount") is not None else None,
            )
            for line in operation["lines"]
        ]
        returned = record_return(purchase=purchase, number=operation["reference"], lines=lines, **times)
        return {"taken": returned.taken.get("points", 0), "to_debt": returned.shortage.get("points", 0)}

    def _redeem(
        self, operation: dict[str, Any], membership: Membership, times: dict[str, Any]
    ) -> dict[str, Any]:
        spent = redeem(
            membership=membership,
            points=operation["points"],
            partner=self.partner,
            reference=operation["reference"],
            **times,
        )
        return {"redeemed": spent}

    def _adjust(
        self, operation: dict[str, Any], membership: Membership, times: dict[str, Any]
    ) -> dict[str, Any]:
        adjust(membership=membership, points=operation["points"], reason=operation["reason"], **times)
        return {"adjusted": operation["points"]}


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_every_member_and_every_step_agrees_with_the_independent_calculation(seed: int) -> None:
    operations = synthetic.generate(seed=seed, members=20, receipts=500)
    expected = synthetic.calculate(operations)
    company = Company()
    for index, operation in enumerate(operations):
        outcome = company.do(operation)
        wanted = expected.outcomes[index]
        assert {key: wanted.get(key) for key in outcome} == outcome, (index, operation, wanted)
    for number, account in expected.accounts.items():
        membership = company.member(number)
        mine = balances(membership)["points"]
        assert (mine.balance, mine.available, mine.debt) == (account.balance, account.available, account.debt)
        assert sum(lot.remaining for lot in open_lots(membership)) == account.available
    [mine] = [row for row in totals(company.programme) if row.point_type == "points"]
    assert mine.issued == expected.totals.issued
    assert mine.reversed == expected.totals.reversed
    assert mine.redeemed == expected.totals.redeemed
    assert mine.outstanding == expected.totals.outstanding
