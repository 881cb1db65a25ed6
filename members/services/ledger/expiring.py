"""Plain expiry, set by set: the nightly job's way for points that nothing else concerns.

What it writes is what `members.engine.ledger.Ledger.expire` would write, one posting for each account and instant. Only
memberships are done here of which nothing but such expiries is due: no hold, no pending points, no tier, no occasion,
no notice, no end that moves. All others are left to the way that looks at each membership.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.core.exact import local_day
from members.selectors.due import PlainExpiry
from programs.selectors.rulesets import Activated

__all__ = ["CHUNK", "expire"]

CHUNK = 20_000

# A membership that anybody touched since it was looked at has another version: it is left to the other way.
_LOCK = """
SELECT m.id FROM members_membership m
  JOIN unnest(%(memberships)s::bigint[], %(versions)s::bigint[]) AS seen (id, version)
    ON seen.id = m.id AND seen.version = m.version
 ORDER BY m.id FOR UPDATE OF m
"""
# `recorded_at` rises strictly along the versions of an account.
_EXPIRE = """
WITH stretch AS (
    SELECT revision, since, lead(since) OVER (ORDER BY since) AS until
      FROM unnest(%(revisions)s::bigint[], %(since)s::timestamptz[]) AS s (revision, since)
), due AS MATERIALIZED (
    SELECT l.id, l.account_id, l.expires_at, l.remaining
      FROM members_lot l WHERE l.id = ANY(%(lots)s)
), sums AS (
    SELECT account_id, expires_at, sum(remaining)::bigint AS amount,
           row_number() OVER (PARTITION BY account_id ORDER BY expires_at) AS place,
           sum(sum(remaining)) OVER (PARTITION BY account_id ORDER BY expires_at)::bigint AS gone
      FROM due GROUP BY account_id, expires_at ORDER BY account_id, expires_at
), numbered AS MATERIALIZED (
    SELECT nextval('members_posting_id_seq') AS id, nextval('members_operation_id_seq') AS operation, sums.* FROM sums
), posted AS MATERIALIZED (
    SELECT n.*, a.member_id, a.membership_id, a.point_type_id, a.available - n.gone AS available, a.pending, a.held,
           a.debt, a.version + n.place AS version, s.revision,
           greatest(%(now)s::timestamptz - interval '1 microsecond', a.last_recorded_at)
               + n.place * interval '1 microsecond' AS recorded_at
      FROM numbered n JOIN members_account a ON a.id = n.account_id
      JOIN stretch s ON n.expires_at >= s.since AND (s.until IS NULL OR n.expires_at < s.until)
), postings AS (
    INSERT INTO members_posting (id, member_id, account_id, point_type_id, kind, from_side, to_side, amount,
           available_after, pending_after, held_after, debt_after, version, occurred_at, recorded_at, operation,
           revision_id, reference, reason)
    SELECT id, member_id, account_id, point_type_id, 'expire', 'available', 'expiry', amount, available, pending, held,
           debt, version, expires_at, recorded_at, operation, revision, '', ''
      FROM posted ORDER BY id
), allocations AS (
    INSERT INTO members_allocation (member_id, posting_id, lot_id, amount)
    SELECT p.member_id, p.id, due.id, due.remaining
      FROM due JOIN posted p ON p.account_id = due.account_id AND p.expires_at = due.expires_at ORDER BY p.id, due.id
), lots AS (
    UPDATE members_lot l SET remaining = 0, state = CASE WHEN l.held > 0 THEN 'active' ELSE 'closed' END
      FROM due WHERE l.id = due.id
), accounts AS (
    UPDATE members_account a SET available = p.available, version = p.version, last_recorded_at = p.recorded_at
      FROM (SELECT DISTINCT ON (account_id) * FROM posted ORDER BY account_id, place DESC) p WHERE a.id = p.account_id
)
UPDATE members_membership SET version = version + 1 WHERE id = ANY(%(memberships)s)
"""
# As whenever a membership is touched, its calendar has been looked at, too: no occasion is due.
_LOOKED = """
UPDATE members_memberstats SET calendar_until = greatest(calendar_until, %(today)s)
 WHERE membership_id = ANY(%(memberships)s)
"""


def expire(chunk: Sequence[PlainExpiry], stretches: Sequence[Activated], until: datetime) -> None:
    """Expire what was found, but for memberships that somebody touched since. In the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK,
            {
                "memberships": [each.membership for each in chunk],
                "versions": [each.version for each in chunk],
            },
        )
        mine = {row[0] for row in cursor.fetchall()}
        values: dict[str, Any] = {
            "memberships": list(mine),
            "lots": [lot for each in chunk if each.membership in mine for lot in each.lots],
            "revisions": [stretch.revision_id for stretch in stretches],
            "since": [stretch.effective_from for stretch in stretches],
            "now": until,
            "today": local_day(until, stretches[0].ruleset.zone),
        }
        cursor.execute(_EXPIRE, values)
        if any(stretch.ruleset.calendar for stretch in stretches):
            cursor.execute(_LOOKED, values)
