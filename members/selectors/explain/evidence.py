"""What stood before the rules when a document was evaluated, rebuilt from its row."""

from __future__ import annotations

from members.models import Event, Purchase
from members.selectors.baskets import stored_basket
from programs.engine.document import Core
from programs.engine.events import Trigger, as_line, built_in
from programs.engine.facts import Basket

__all__ = ["basket_of", "basket_of_event"]


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


def basket_of_event(event: Event, core: Core) -> Basket:
    """The event as rules see it: a receipt of one line with the event's amount and quantity."""
    declared = core.event(event.kind.removeprefix(f"{Trigger.EVENT}:"))
    if declared is None:
        line = as_line(event.kind, built_in(event.kind), event.payload)
    else:
        line = as_line(declared.key, declared, event.payload)
    return Basket(
        event.occurred_at, (line,), partner=event.partner.code, trigger=event.kind, payload=event.payload
    )
