"""One purchase, in a transaction of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from members.choices import DocumentKind, MembershipStatus
from members.models import DocumentKey, Membership, Purchase
from members.services.problems import DuplicateReceipt, MembershipClosed
from members.services.recording import Recorded, Recorder, Seller, content_digest
from programs.engine.facts import Basket
from programs.models import Partner, Programme, Store


def known_document(
    programme: Programme, partner: int, kind: DocumentKind, number: str, digest: bytes, member: int
) -> DocumentKey | None:
    """The document recorded under this number. Raises DuplicateReceipt when it said something else, or is another
    member's."""
    key = DocumentKey.objects.filter(
        programme=programme, partner_id=partner, source="main", kind=kind, number=number
    ).first()
    if key is not None and (bytes(key.digest), key.member_id) != (digest, member):
        raise DuplicateReceipt
    return key


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
    said = (membership.programme, partner.pk, DocumentKind.PURCHASE, receipt, digest, membership.member_id)
    seller = Seller(partner.pk, partner.code, store.pk if store else None, basket.store)
    try:
        with transaction.atomic():
            recorder = Recorder(membership.programme, now)
            recorder.open([membership.pk])
            if key := known_document(*said):
                return _again(key)
            sheet = recorder.sheets[membership.pk]
            if sheet.status not in (MembershipStatus.ACTIVE, MembershipStatus.LEAVING):
                raise MembershipClosed
            recorded = recorder.purchase(sheet, basket, receipt, seller, digest)
            recorder.flush()
            return recorded
    except IntegrityError:
        # Another member's till was faster with the same number; the key says whether it was the same receipt.
        key = known_document(*said)
        if key is None:
            raise
        return _again(key)


def _again(key: DocumentKey) -> Recorded:
    purchase = Purchase.objects.only("trace").get(pk=key.document_id)
    awarded: dict[str, int] = {}
    for award in purchase.trace["awards"]:
        awarded[award["type"]] = awarded.get(award["type"], 0) + award["points"]
    return Recorded(key.document_id, key.member_id, awarded, repeated=True)
