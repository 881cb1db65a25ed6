"""What a membership has: read from the ledger."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet, Sum

from members.choices import DocumentKind
from members.engine.books import Draw
from members.models import DocumentKey, Membership, Payment
from members.models.ledger import Account, Allocation, Hold, Lot, Posting


class Balance(NamedTuple):
    """The buckets of an account in the point type's smallest unit."""

    available: int
    pending: int
    held: int
    debt: int

    @property
    def balance(self) -> int:
        return self.available - self.debt


def balances(membership: Membership) -> dict[str, Balance]:
    """Buckets by point type key; accounts that were never used are absent."""
    rows = Account.objects.filter(membership=membership).values_list(
        "point_type__key", "available", "pending", "held", "debt"
    )
    return {key: Balance(*buckets) for key, *buckets in rows}


def open_lots(membership: Membership) -> QuerySet[Lot]:
    """Lots with something left, oldest first."""
    return Lot.objects.filter(account__membership=membership, remaining__gt=0).order_by("earned_at", "id")


def posted_amount(posting: int) -> int:
    """The amount of a posting."""
    return Posting.objects.values_list("amount", flat=True).get(pk=posting)


def converted_amount(posting: int) -> int:
    """What came of points that were converted with this posting."""
    drawn = Posting.objects.get(pk=posting)
    made = Posting.objects.filter(member_id=drawn.member_id, operation=drawn.operation, kind="convert_in")
    return int(made.aggregate(total=Sum("amount", default=0))["total"])


def payment_of(posting: int) -> Payment:
    """The money that a redemption stood for, with its posting."""
    return Payment.objects.select_related("posting").get(posting=posting)


def hold_of(hold: int) -> Hold:
    """A hold."""
    return Hold.objects.get(pk=hold)


def only_openings(account: int) -> bool:
    """Whether nothing but opening balances was ever posted on an account."""
    return not Posting.objects.filter(account_id=account).exclude(kind="opening").exists()


def redemption_of(membership: Membership, partner: int, reference: str) -> Posting | None:
    """What a redemption or payment of the member spent, by its reference."""
    key = DocumentKey.objects.filter(
        programme=membership.programme_id,
        partner=partner,
        kind=DocumentKind.SPEND,
        number=reference,
        member_id=membership.member_id,
    ).first()
    return None if key is None else Posting.objects.get(pk=key.document_id)


def draws_of(posting: int) -> list[Draw]:
    """What a posting drew from which lot, in order."""
    rows = Allocation.objects.filter(posting=posting).order_by("id").values_list("lot_id", "amount")
    return [Draw(lot, amount) for lot, amount in rows]


def expired_again(posting: int) -> int:
    """What of points that came back with a posting was past its last day, and expired on the spot."""
    back = Posting.objects.get(pk=posting)
    gone = Posting.objects.filter(
        account=back.account_id, kind="expire", version__gt=back.version, occurred_at=back.occurred_at
    )
    return int(gone.aggregate(total=Sum("amount", default=0))["total"])
