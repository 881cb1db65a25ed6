"""What stood before the rules when a purchase was evaluated, rebuilt from its row."""

from __future__ import annotations

from members.models import Purchase
from members.selectors.baskets import stored_basket
from programs.engine.facts import Basket

__all__ = ["basket_of"]


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
