"""Notices of expiry: which are due, and what members were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from loyalty.core.exact import local_day
from members.models.ledger import Account, ExpiryNotice, Lot
from members.selectors.statement import last_day_of
from programs.models import Programme

__all__ = ["DueNotice", "due_notices", "next_notice", "notices_on", "told_days"]

# Lots whose end a notice goes before, with the day to which activity moved that end. A lot is looked at from the day on
# which its own end is to be told; an extended one is told of its later end.
_PROMISED = """
FROM members_lot l JOIN members_account a ON a.id = l.account_id
JOIN members_membership m ON m.id = a.membership_id AND m.programme_id = %(programme)s
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.extendable THEN greatest(l.expires_on, a.extended_to) ELSE l.expires_on END AS last) moved
LEFT JOIN members_expirynotice n ON n.account_id = a.id AND n.expires_on = moved.last
WHERE l.state = 'active' AND l.notice_days > 0 AND l.remaining > 0 AND n.id IS NULL AND moved.last < '9999-12-31'
"""


class DueNotice(NamedTuple):
    """A member is to be told that points on an account end after a day."""

    account: int
    last: date


def due_notices(programme: Programme, day: date) -> list[DueNotice]:
    """What is to be told on a local day or before and was not, in the order of accounts. A notice is due so many days
    before the midnight on which points go."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT a.id, moved.last {_PROMISED}"
            " AND l.expires_on - l.notice_days::int < %(day)s AND moved.last - l.notice_days::int < %(day)s"
            " ORDER BY a.id, moved.last",
            {"programme": programme.pk, "day": day},
        )
        return [DueNotice(*row) for row in cursor.fetchall()]


def next_notice(programme: Programme) -> date | None:
    """The first day on which something is to be told that was not."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min(moved.last - l.notice_days::int) {_PROMISED}",
            {"programme": programme.pk},
        )
        found: date | None = cursor.fetchone()[0]
        return None if found is None else found + timedelta(days=1)


# --- on pages ---------------------------------------------------------------------------------------------------
def notices_on(accounts: Sequence[Account], most: int) -> list[ExpiryNotice]:
    """What a member was told of ends, the latest first."""
    rows = ExpiryNotice.objects.select_related("account__point_type").filter(account__in=accounts)
    return list(rows.order_by("-id")[:most])


def told_days(lots: Sequence[Lot], zone: str) -> dict[int, date]:
    """When the member was told of the end that lots have now, by lot; lots of which nothing was told are not there."""
    promised = [lot for lot in lots if lot.notice_days]
    if not promised:
        return {}
    rows = ExpiryNotice.objects.filter(account__in={lot.account_id for lot in promised})
    told = {
        (account, last): at for account, last, at in rows.values_list("account", "expires_on", "delivered_at")
    }
    return {
        lot.pk: local_day(told[lot.account_id, last], ZoneInfo(zone))
        for lot in promised
        if (last := last_day_of(lot)) is not None and (lot.account_id, last) in told
    }
