"""Why a receipt earned what it earned, without words yet: codes, keys and whole numbers.

Money is minor units, quantities thousandths, points the smallest unit of their point type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from loyalty.core.translated import format_quantity
from members.choices import PostingKind
from members.models import Event, Purchase
from members.models.ledger import Posting
from members.selectors.explain.calculation import Calculation, calculated, point_type_document, sums
from members.selectors.explain.evidence import basket_of
from programs.selectors.rulesets import compiled

__all__ = ["Explanation", "Line", "Return", "earned_in_words", "explain", "receipts"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the receipt and what each award gave for it (award number to points)."""

    position: int
    sku: str
    category: str
    quantity: int
    amount: int
    points: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Return:
    """Goods that came back: [(line position from 1, share "1/2")], the points taken, by award, and the points
    given back that had paid for them, by point type."""

    number: str
    occurred_at: datetime
    amount: int
    lines: Sequence[tuple[int, str]]
    taken: Sequence[Mapping[str, Any]]
    restored: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Calculation):
    """Everything there is to say about one receipt in one programme."""

    purchase_id: int
    receipt: str
    store: str
    store_name: Mapping[str, str]
    amount: int
    header: Mapping[str, str]
    lines: Sequence[Line]
    tenders: Sequence[Mapping[str, Any]]
    returns: Sequence[Return]
    taken: Mapping[str, int]


def receipts(number: str, programme: str = "") -> QuerySet[Purchase]:
    """Purchases with this receipt number, in one programme or in all."""
    rows = Purchase.objects.select_related("membership__programme", "partner", "store", "revision")
    rows = rows.filter(number=number).order_by("membership__programme__key", "id")
    return rows.filter(membership__programme__key=programme) if programme else rows


def explain(purchase: Purchase) -> Explanation:
    """What the purchase earned and why, what gave nothing and why, and what returns took back."""
    entries = purchase.trace.get("awards", [])
    restored = _restored(purchase) if any(entry.get("points") for entry in purchase.tenders) else {}
    returns = [
        _return(row, restored.get(row.pk, {})) for row in purchase.returns.order_by("occurred_at", "id")
    ]
    store = purchase.store
    return Explanation(
        **calculated(purchase, basket_of(purchase)),
        purchase_id=purchase.pk,
        receipt=purchase.number,
        store="" if store is None else store.code,
        store_name={} if store is None else dict(store.name),
        amount=purchase.amount,
        header=purchase.header,
        lines=[_line(index, entry, entries) for index, entry in enumerate(purchase.lines)],
        tenders=purchase.tenders,
        returns=returns,
        taken=sums([entry for each in returns for entry in each.taken]),
    )


def _line(index: int, entry: Mapping[str, Any], awards: Sequence[Mapping[str, Any]]) -> Line:
    points = {award["no"]: award["split"][index] for award in awards if award["split"][index]}
    category = entry.get("category") or entry.get("department", "")
    return Line(index + 1, entry["sku"], category, entry["qty"], entry["amount"], points)


def _restored(purchase: Purchase) -> dict[int, dict[str, int]]:
    """Points given back by each return: {return id: {point type: points}}."""
    rows = Posting.objects.filter(
        account__membership=purchase.membership_id, kind=PostingKind.RESTORE, returned__purchase=purchase
    )
    found: dict[int, dict[str, int]] = {}
    for returned, key, points in rows.values_list("returned_id", "point_type__key", "amount"):
        totals = found.setdefault(returned, {})
        totals[key] = totals.get(key, 0) + points
    return found


def _return(row: Any, restored: Mapping[str, int]) -> Return:
    return Return(
        number=row.number,
        occurred_at=row.occurred_at,
        amount=row.amount,
        lines=[(entry["line"] + 1, str(entry.get("share", "1"))) for entry in row.lines],
        taken=row.trace,
        restored=restored,
    )


def earned_in_words(purchase: Purchase | Event, entries: Sequence[Mapping[str, Any]] | None = None) -> str:
    """What the purchase or event earned (or the given entries of a trace), in the units of its revision.

    The revision's document need not be loaded: rules are known by its fingerprint.
    """
    totals = sums(purchase.trace.get("awards", []) if entries is None else entries)
    if not any(totals.values()):
        return ""
    core = compiled(purchase.revision.sha256, purchase.revision_id).core
    shown = []
    for key, points in totals.items():
        item = core.point_type(key)
        known = {} if item is None else point_type_document(item)
        unit = known.get("unit") or known.get("name")
        shown.append(format_quantity(points, known.get("decimals", 0), unit))
    return ", ".join(shown)
