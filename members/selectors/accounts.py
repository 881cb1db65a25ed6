"""What a membership has: read from the ledger."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet, Sum

from members.models import Membership
from members.models.ledger import Account, Hold, Lot, Posting


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


def hold_of(hold: int) -> Hold:
    """A hold."""
    return Hold.objects.get(pk=hold)


def only_openings(account: int) -> bool:
    """Whether nothing but opening balances was ever posted on an account."""
    return not Posting.objects.filter(account_id=account).exclude(kind="opening").exists()
