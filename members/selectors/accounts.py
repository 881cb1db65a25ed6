"""What a membership has, and what a programme has issued: read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet, Sum

from members.models import Membership
from members.models.ledger import Account, Hold, Lot, Posting
from programs.models import Programme


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


def totals(programme: Programme) -> dict[str, Mapping[str, int]]:
    """Issued, reversed, redeemed, adjusted (net) and outstanding (balances) by point type key."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.key,
                   coalesce(sum(p.amount) FILTER (WHERE p.kind = 'earn'), 0),
                   coalesce(sum(p.amount) FILTER (WHERE p.kind = 'reverse'), 0),
                   coalesce(sum(CASE p.kind WHEN 'spend' THEN p.amount WHEN 'restore' THEN -p.amount END), 0),
                   coalesce(sum(CASE WHEN p.kind <> 'adjust' THEN 0
                                     WHEN p.to_side = 'available' THEN p.amount ELSE -p.amount END), 0)
            FROM programs_pointtype t LEFT JOIN members_posting p ON p.point_type_id = t.id
            WHERE t.programme_id = %s GROUP BY t.key
            """,
            [programme.pk],
        )
        found: dict[str, Mapping[str, int]] = {}
        for key, issued, reversed_, redeemed, adjusted in cursor.fetchall():
            outstanding = int(issued - reversed_ - redeemed + adjusted)
            found[key] = {
                "issued": int(issued),
                "reversed": int(reversed_),
                "redeemed": int(redeemed),
                "adjusted": int(adjusted),
                "outstanding": outstanding,
            }
        return found
