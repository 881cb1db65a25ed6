"""One purchase, in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.core.trips import Trip
from members.choices import DocumentKind, MembershipStatus
from members.models import DocumentKey, Membership, Purchase
from members.services.filling import filled
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.problems import MembershipClosed
from members.services.recording import Recorded, Recorder, Seller, content_digest
from programs.engine.facts import Basket
from programs.models import Partner, Store
from programs.selectors.products import plan_products


def record_purchase(
    *,
    membership: Membership,
    basket: Basket,
    receipt: str,
    partner: Partner,
    now: datetime,
    store: Store | None = None,
) -> Recorded:
    """Record a purchase once: the same receipt again gives the first answer, `repeated`.

    Raises DuplicateReceipt (same number, other content), InsufficientPoints (paid with points that are not there),
    EmptyPurchase, NoRevision, MembershipClosed; nothing is changed then.
    """
    basket = basket._replace(partner=partner.code, store=store.code if store else "")
    digest = content_digest(receipt, basket)
    said = Said(
        membership.programme, partner.pk, DocumentKind.PURCHASE, receipt, digest, membership.member_id
    )
    trip = Trip()
    products = plan_products(trip, partner.pk, {line.sku for line in basket.lines if line.sku})
    seller = Seller(partner.pk, partner.code, store.pk if store else None, basket.store)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Recorded:
        [sheet] = sheets
        if sheet.status not in (MembershipStatus.ACTIVE, MembershipStatus.LEAVING):
            raise MembershipClosed
        return recorder.purchase(sheet, filled(basket, products()), receipt, seller, digest)

    return post_once(said, now, [membership], do, _again, trip)


def _again(key: DocumentKey) -> Recorded:
    purchase = Purchase.objects.only("trace").get(pk=key.document_id)
    return Recorded(key.document_id, key.member_id, awarded_in(purchase.trace), repeated=True)


def awarded_in(trace: Mapping[str, Any]) -> dict[str, int]:
    """The points of a stored calculation by point type."""
    awarded: dict[str, int] = {}
    for award in trace["awards"]:
        awarded[award["type"]] = awarded.get(award["type"], 0) + award["points"]
    return awarded
