"""What the ledger says about members of a small programme: for checking worked examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import F, Max, Q, Sum

from members.choices import LotState, PostingKind, Side
from members.engine.books import APPROVAL, FOREVER
from members.models import TierPeriod
from members.models.ledger import Account, ExpiryNotice, Lot, Posting


@dataclass(frozen=True, slots=True)
class OpenLot:
    """Points earned together of which something is left. `expires_on` is the last usable day as it is now, with what
    the member's activity has added; None: no end."""

    amount: int
    remaining: int
    held: int
    state: str
    earned_at: datetime
    expires_on: date | None
    issuer: str

    @property
    def pending(self) -> int:
        return self.remaining if self.state == LotState.PENDING else 0


@dataclass(frozen=True, slots=True)
class GivenNotice:
    """A member was told when, of which last usable day, and of how many points."""

    at: datetime
    last_day: date
    points: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What postings did, by point type: what was earned (and how much of it was pending), became usable, expired and
    lapsed."""

    awarded: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    activated: dict[str, int] = field(default_factory=dict)
    expired: dict[str, int] = field(default_factory=dict)
    forfeited: dict[str, int] = field(default_factory=dict)


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


def tiers_of(membership_id: int) -> dict[str, str]:
    """The member's tier by ladder."""
    standing = TierPeriod.objects.filter(membership_id=membership_id, valid__endswith__isnull=True)
    return dict(standing.values_list("ladder", "tier"))


def open_lots(membership_id: int, point_type: str) -> list[OpenLot]:
    """The lots that are not used up, oldest first."""
    rows = (
        Lot.objects.filter(account__membership_id=membership_id, account__point_type__key=point_type)
        .exclude(state=LotState.CLOSED)
        .order_by("earned_at", "id")
        .values_list(
            "amount", "remaining", "held", "state", "earned_at", "expires_on", "issuer__code", "extendable",
            "account__extended_to",
        )
    )  # fmt: skip
    return [OpenLot(*row[:5], _last_day(row[5], *row[7:]), row[6]) for row in rows]


def _last_day(own: date | None, extendable: bool, extended_to: date | None) -> date | None:
    if own is None or not extendable or extended_to is None:
        return own
    return None if extended_to == FOREVER else max(own, extended_to)


def notices_given(membership_id: int, point_type: str) -> list[GivenNotice]:
    """What the member was told of ends, in order."""
    rows = ExpiryNotice.objects.filter(
        account__membership_id=membership_id, account__point_type__key=point_type
    )
    told = rows.order_by("id").values_list("delivered_at", "expires_on", "points")
    return [GivenNotice(*row) for row in told]


def waiting_for_approval(purchase: int) -> list[int]:
    """The lots of a purchase whose points wait until somebody approves them."""
    lots = Lot.objects.filter(posting__purchase_id=purchase, state=LotState.PENDING, awaits=APPROVAL)
    return list(lots.order_by("id").values_list("id", flat=True))


def last_posting() -> int:
    """The number of the newest posting of all."""
    return int(Posting.objects.aggregate(last=Max("id"))["last"] or 0)


def posted_since(first: int, membership_ids: Sequence[int]) -> Posted:
    """What was posted for members from a certain posting on."""
    rows = (
        Posting.objects.filter(id__gte=first, account__membership_id__in=membership_ids)
        .values_list("kind", "to_side", "point_type__key")
        .annotate(points=Sum("amount"))
    )
    posted = Posted()
    into = {
        PostingKind.EARN: posted.awarded,
        PostingKind.ACTIVATE: posted.activated,
        PostingKind.EXPIRE: posted.expired,
        PostingKind.FORFEIT: posted.forfeited,
    }
    for kind, side, key, points in rows:
        sums = into.get(kind)
        if sums is None:
            continue
        sums[key] = sums.get(key, 0) + int(points)
        if kind == PostingKind.EARN and side == Side.PENDING:
            posted.pending[key] = posted.pending.get(key, 0) + int(points)
    return posted


def totals_of(membership_ids: Sequence[int], point_type: str) -> dict[str, int]:
    """What these members have been given, have spent, lost and had taken back, and what they have now."""
    postings = Posting.objects.filter(
        account__membership_id__in=membership_ids, account__point_type__key=point_type
    )
    sums = {
        name: Sum("amount", filter=Q(kind=kind), default=0)
        for name, kind in (
            ("issued", PostingKind.EARN),
            ("reversed", PostingKind.REVERSE),
            ("spent", PostingKind.SPEND),
            ("captured", PostingKind.CAPTURE),
            ("restored", PostingKind.RESTORE),
            ("expired", PostingKind.EXPIRE),
            ("forfeited", PostingKind.FORFEIT),
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
        "redeemed": found["spent"] + found["captured"] - found["restored"],
        "expired": found["expired"],
        "forfeited": found["forfeited"],
        "outstanding": outstanding["all"],
    }
