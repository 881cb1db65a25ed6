"""Who brought whom."""

from __future__ import annotations

from django.db.models import Q

from members.models import Membership, Referral

__all__ = ["referrals_of"]


def referrals_of(membership: Membership, most: int) -> list[Referral]:
    """The referral that brought a member, then those of the friends they brought, the latest first."""
    rows = Referral.objects.select_related("friend", "referrer", "purchase")
    rows = rows.filter(Q(friend=membership) | Q(referrer=membership)).defer(
        "purchase__lines", "purchase__facts", "purchase__tenders", "purchase__trace"
    )
    return sorted(rows.order_by("-pk")[:most], key=lambda each: each.friend_id != membership.pk)
