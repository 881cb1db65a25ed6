"""Between a purchase as stored (plain JSON) and as the engine sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from programs.engine.drafts import Award
from programs.engine.facts import NOTHING, Basket, Line, Tender

_WORDS = ("category", "department", "brand")


def line_document(line: Line) -> dict[str, Any]:
    """A line as stored: only what is known."""
    stored: dict[str, Any] = {"sku": line.sku, "qty": line.quantity, "amount": line.amount}
    if line.category:
        stored["category"] = line.category
    if line.department:
        stored["department"] = line.department
    if line.brand:
        stored["brand"] = line.brand
    if line.labels:
        stored["labels"] = sorted(line.labels)
    if line.kind != "product":
        stored["kind"] = line.kind
    if line.discount:
        stored["discount"] = line.discount
    if line.tax:
        stored["tax"] = line.tax
    if line.attributes:
        stored["attrs"] = dict(line.attributes)
    return stored


def line_of(stored: Mapping[str, Any]) -> Line:
    """A stored line as the engine sees it."""
    get = stored.get
    return Line(
        stored["sku"],
        stored["qty"],
        stored["amount"],
        get("category", ""),
        get("department", ""),
        get("brand", ""),
        frozenset(get("labels", ())),
        get("kind", "product"),
        get("discount", 0),
        get("tax", 0),
        get("attrs") or NOTHING,
    )


def header_document(basket: Basket) -> dict[str, str]:
    header = {
        "channel": basket.channel,
        "payment": basket.payment,
        "till": basket.till,
        "cashier": basket.cashier,
    }
    return {name: value for name, value in header.items() if value}


def tender_documents(basket: Basket) -> list[dict[str, Any]]:
    stored = []
    for tender in basket.tenders:
        document: dict[str, Any] = {"kind": tender.kind, "amount": tender.amount}
        if tender.points:
            document |= {"type": tender.point_type, "points": tender.points}
        stored.append(document)
    return stored


def stored_basket(
    *,
    occurred_at: datetime,
    lines: Sequence[Mapping[str, Any]],
    tenders: Sequence[Mapping[str, Any]] = (),
    header: Mapping[str, str] = NOTHING,
    partner: str = "",
    store: str = "",
) -> Basket:
    """A stored purchase as the engine saw it."""
    return Basket(
        occurred_at,
        tuple(line_of(line) for line in lines),
        partner=partner,
        store=store,
        channel=header.get("channel", ""),
        payment=header.get("payment", ""),
        till=header.get("till", ""),
        cashier=header.get("cashier", ""),
        tenders=tuple(
            Tender(each["kind"], each["amount"], each.get("type", ""), each.get("points", 0))
            for each in tenders
        ),
    )


def award_document(award: Award) -> dict[str, Any]:
    """An award as it stands in a purchase's trace."""
    stored: dict[str, Any] = {
        "no": award.number,
        "rule": award.rule,
        "type": award.point_type,
        "points": award.points,
        "split": award.split,
        "base": award.base,
    }
    if award.cut:
        stored["cut"] = award.cut
        stored["uncut"] = award.uncut
    return stored


def award_of(stored: Mapping[str, Any]) -> Award:
    return Award(
        stored["no"],
        stored["rule"],
        stored["type"],
        stored["points"],
        tuple(stored["split"]),
        stored["base"],
        stored.get("cut", ""),
        stored.get("uncut", 0),
    )
