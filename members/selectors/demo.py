"""What the demo company has to know of its ledger before it goes on."""

from __future__ import annotations

from members.choices import PostingKind
from members.models import Membership
from members.models.ledger import Hold, Posting
from programs.models import Programme

__all__ = ["held", "members_with", "opened"]


def opened(membership: Membership) -> bool:
    """Whether the member brought points along."""
    return Posting.objects.filter(account__membership=membership, kind=PostingKind.OPENING).exists()


def held(programme: Programme) -> bool:
    """Whether anybody ever set points aside."""
    return Hold.objects.filter(account__membership__programme=programme).exists()


def members_with(programme: Programme, points: int) -> list[Membership]:
    """Members who can use so many points of the main type, by number."""
    rows = Membership.objects.filter(
        programme=programme, accounts__point_type__position=0, accounts__available__gte=points
    )
    return list(rows.select_related("programme").order_by("number"))
