"""What stood before the rules when a purchase was evaluated, rebuilt from its row: the basket and the member.

Personal values (birth date, attributes) are not kept with a purchase, so they read as unknown.
"""

from __future__ import annotations

from datetime import date

from members.models import Purchase
from members.selectors.baskets import stored_basket
from programs.engine.facts import Basket, MemberFacts, Usage

__all__ = ["basket_of", "member_of"]


def basket_of(purchase: Purchase) -> Basket:
    """The purchase as the till sent it."""
    return stored_basket(
        occurred_at=purchase.occurred_at,
        lines=purchase.lines,
        tenders=purchase.tenders,
        header=purchase.header,
        partner=purchase.partner.code,
        store="" if purchase.store is None else purchase.store.code,
    )


def member_of(purchase: Purchase) -> MemberFacts:
    """The member as known then, as far as it is kept."""
    facts = purchase.facts
    return MemberFacts(
        joined_on=_day(facts.get("joined")),
        purchases=facts.get("purchases", 0),
        last_purchase_on=_day(facts.get("last")),
        usage={
            (rule, period): Usage(points, times) for rule, period, points, times in facts.get("usage", ())
        },
        balances=facts.get("balances", {}),
        budgets={(rule, period): used for rule, period, used in facts.get("budgets", ())},
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
