"""What stood before the rules when a purchase was evaluated, rebuilt from its row: the basket and the member.

Parts of the stored rows that are missing (an older purchase, a fact nobody asked for) read as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from members.models import Purchase
from programs.engine.facts import Basket, Line, MemberFacts, Tender, Usage

__all__ = ["basket_of", "member_of"]


def basket_of(purchase: Purchase) -> Basket:
    """The purchase as the till sent it."""
    header = purchase.header
    return Basket(
        occurred_at=purchase.occurred_at,
        lines=tuple(_line(entry) for entry in purchase.lines),
        partner=purchase.partner.code,
        store="" if purchase.store is None else purchase.store.code,
        channel=header.get("channel", ""),
        payment=header.get("payment", ""),
        till=header.get("till", ""),
        cashier=header.get("cashier", ""),
        tenders=tuple(
            Tender(entry["kind"], entry["amount"], entry.get("type", ""), entry.get("points", 0))
            for entry in purchase.tenders
        ),
    )


def _line(entry: Mapping[str, Any]) -> Line:
    return Line(
        sku=entry["sku"],
        quantity=entry["qty"],
        amount=entry["amount"],
        category=entry.get("category", ""),
        department=entry.get("department", ""),
        brand=entry.get("brand", ""),
        labels=frozenset(entry.get("labels", ())),
        kind=entry.get("kind", "product"),
        discount=entry.get("discount", 0),
        tax=entry.get("tax", 0),
        attributes=entry.get("attrs", {}),
    )


def member_of(purchase: Purchase) -> MemberFacts:
    """The member as known then."""
    facts = purchase.facts
    return MemberFacts(
        joined_on=_day(facts.get("joined_on")),
        birth_date=_day(facts.get("birth_date")),
        purchases=facts.get("purchases", 0),
        last_purchase_on=_day(facts.get("last_purchase_on")),
        attributes=facts.get("attributes", {}),
        segments=frozenset(facts.get("segments", ())),
        usage={
            (rule, period): Usage(points, times) for rule, period, points, times in facts.get("usage", ())
        },
        last_award={
            rule: datetime.fromisoformat(moment) for rule, moment in dict(facts.get("last_award", {})).items()
        },
        balances=facts.get("balances", {}),
        budgets={(rule, period): used for rule, period, used in facts.get("budgets", ())},
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
