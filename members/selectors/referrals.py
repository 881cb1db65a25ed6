"""Who brought whom."""

from __future__ import annotations

from django.db.models import Q

from members.choices import PostingKind
from members.models import Event, Membership, Referral
from members.models.ledger import Posting

__all__ = ["earned_postings", "referrals_of"]


def referrals_of(membership: Membership, most: int) -> list[Referral]:
    """The referral that brought a member, then those of the friends they brought, the latest first."""
    rows = Referral.objects.select_related("friend", "referrer", "purchase")
    rows = rows.filter(Q(friend=membership) | Q(referrer=membership)).defer(
        "purchase__lines", "purchase__facts", "purchase__tenders", "purchase__trace"
    )
    return sorted(rows.order_by("-pk")[:most], key=lambda each: each.friend_id != membership.pk)


def earned_postings(event: Event) -> dict[str, list[int]]:
    """The postings of what an event earned by point type, in the order in which they were made."""
    found: dict[str, list[int]] = {}
    rows = Posting.objects.filter(event=event, kind=PostingKind.EARN).order_by("pk")
    for posting, key in rows.values_list("pk", "point_type__key"):
        found.setdefault(key, []).append(posting)
    return found
