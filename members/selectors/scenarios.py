"""What the ledger says about members of a small programme: for checking worked examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q, Sum

from members.choices import LotState, PostingKind
from members.models.ledger import Account, Lot, Posting


@dataclass(frozen=True, slots=True)
class OpenLot:
    """Points earned together of which something is left."""

    amount: int
    remaining: int
    held: int
    earned_at: datetime
    expires_on: date | None
    issuer: str


@dataclass(frozen=True, slots=True)
class Points:
    """A member's points of one type, in its smallest unit."""

    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0

    @property
    def balance(self) -> int:
        """What the member is shown: negative while a debt stands."""
        return self.available - self.debt


def points_of(membership_id: int) -> dict[str, Points]:
    """The member's points by point type; a type without movements is not there."""
    rows = Account.objects.filter(membership_id=membership_id).values_list(
        "point_type__key", "available", "pending", "held", "debt"
    )
    return {key: Points(*values) for key, *values in rows}


def open_lots(membership_id: int, point_type: str) -> list[OpenLot]:
    """The lots that are not used up, oldest first."""
    rows = (
        Lot.objects.filter(account__membership_id=membership_id, account__point_type__key=point_type)
        .exclude(state=LotState.CLOSED)
        .order_by("earned_at", "id")
        .values_list("amount", "remaining", "held", "earned_at", "expires_on", "issuer__code")
    )
    return [OpenLot(*row) for row in rows]


def totals_of(membership_ids: Sequence[int], point_type: str) -> dict[str, int]:
    """What these members have been given, have spent and had taken back, and what they have now."""
    postings = Posting.objects.filter(
        account__membership_id__in=membership_ids, account__point_type__key=point_type
    )
    sums = {
        name: Sum("amount", filter=Q(kind=kind), default=0)
        for name, kind in (
            ("issued", PostingKind.EARN),
            ("reversed", PostingKind.REVERSE),
            ("spent", PostingKind.SPEND),
            ("restored", PostingKind.RESTORE),
        )
    }
    found = postings.aggregate(**sums)
    accounts = Account.objects.filter(membership_id__in=membership_ids, point_type__key=point_type)
    outstanding = accounts.aggregate(
        all=Sum(F("available") + F("pending") + F("held") - F("debt"), default=0)
    )
    return {
        "issued": found["issued"],
        "reversed": found["reversed"],
        "redeemed": found["spent"] - found["restored"],
        "outstanding": outstanding["all"],
    }
