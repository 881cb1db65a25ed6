"""What staff gave and took by hand."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from loyalty.core.models import User
from members.choices import PostingKind
from members.models import Membership
from members.models.ledger import Account, Posting
from programs.models import PointType

__all__ = ["adjusted_since", "available"]


def adjusted_since(actor: User, point_type: PointType, since: datetime) -> int:
    """How much the person gave and took alone, together, since then. What somebody approved has a reference."""
    rows = Posting.objects.filter(
        kind=PostingKind.ADJUST, actor=actor, recorded_at__gt=since, point_type=point_type, reference=""
    )
    return rows.aggregate(total=Sum("amount"))["total"] or 0


def available(membership: Membership, point_type: PointType) -> int:
    """What the member could use now."""
    account = Account.objects.filter(membership=membership, point_type=point_type).first()
    return 0 if account is None else account.available
