"""Telling members that points are about to end: the record, and the message to whoever sends the text.

A notice is given when the job runs, never in retrospect: if the job is late, so is the notice, and the points last
until so many days after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty.core import outbox
from loyalty.core.exact import local_day
from members.selectors.notices import DueNotice, due_notices
from programs.models import Programme

__all__ = ["EVENT", "give_notices"]

EVENT = "expiry.notice"
CHUNK = 5_000

# Points that were spent meanwhile need no notice. A notice that another job gave is there already.
_GIVE = """
WITH told AS (
    INSERT INTO members_expirynotice (member_id, account_id, expires_on, points, delivered_at, recorded_at)
    SELECT a.member_id, a.id, due.last, left_over.points, %(now)s, %(now)s
      FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) AS due (account, last)
      JOIN members_account a ON a.id = due.account
     CROSS JOIN LATERAL (
           SELECT sum(l.remaining) AS points FROM members_lot l
            WHERE l.account_id = a.id AND l.state = 'active' AND l.notice_days > 0
              AND due.last = CASE WHEN l.extendable THEN greatest(l.expires_on, a.extended_to) ELSE l.expires_on END
           ) left_over
     WHERE left_over.points > 0
     ORDER BY a.id, due.last
    ON CONFLICT (account_id, expires_on) DO NOTHING
    RETURNING id, account_id, expires_on, points
)
SELECT told.id, a.membership_id, a.point_type_id, told.expires_on::text, told.points
  FROM told JOIN members_account a ON a.id = told.account_id ORDER BY told.id
"""


def give_notices(programme: Programme, now: datetime) -> int:
    """Give every notice of a programme that is due; returns how many were given. Doing it again gives none."""
    due = due_notices(programme, local_day(now, ZoneInfo(programme.zone)))
    given = 0
    for start in range(0, len(due), CHUNK):
        with transaction.atomic():
            given += _give(due[start : start + CHUNK], now)
    return given


def _give(chunk: Sequence[DueNotice], now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _GIVE,
            {
                "now": now,
                "accounts": [each.account for each in chunk],
                "days": [each.last for each in chunk],
            },
        )
        told = cursor.fetchall()
    outbox.publish_many(
        [
            outbox.Event(
                EVENT,
                f"membership:{membership}",
                {
                    "notice": notice,
                    "membership": membership,
                    "point_type": point_type,
                    "last_day": last,
                    "points": int(points),
                },
                now,
                now,
            )
            for notice, membership, point_type, last, points in told
        ]
    )
    return len(told)
