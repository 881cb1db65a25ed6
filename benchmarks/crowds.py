"""Many members at once, put into a database by SQL: what the nightly jobs are measured with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

JOINED = datetime(2024, 1, 1, 12, tzinfo=UTC)
LOTS_PER_ACCOUNT = 10
POINTS = 100
# In the order of the steps: people first. Lots of one account expire a month after each other.
_PEOPLE = """
INSERT INTO members_member (public_id, kind, status)
SELECT 'M' || lpad(n::text, 15, '0'), 'person', 'active' FROM generate_series(1, %(members)s) n;
INSERT INTO members_person (member_id, first_name, last_name, language, attributes)
SELECT id, '', '', '', '{}' FROM members_member;
INSERT INTO members_membership (member_id, programme_id, number, status, joined_at, channel, version)
SELECT id, %(programme)s, public_id, 'active', %(joined)s, '', 0 FROM members_member;
INSERT INTO members_memberstats (membership_id, purchases, amount) SELECT id, 0, 0 FROM members_membership;
"""
_LOTS = """
INSERT INTO members_account (member_id, membership_id, point_type_id, available, pending, held, debt, version,
       last_recorded_at)
SELECT member_id, id, %(point_type)s, %(lots)s * %(points)s, 0, 0, 0, %(lots)s, %(joined)s FROM members_membership;
INSERT INTO members_posting (member_id, account_id, point_type_id, kind, from_side, to_side, amount, available_after,
       pending_after, held_after, debt_after, version, occurred_at, recorded_at, operation, revision_id, partner_id,
       reference, reason)
SELECT a.member_id, a.id, a.point_type_id, 'earn', 'issuance', 'available', %(points)s, n * %(points)s, 0, 0, 0, n,
       %(joined)s::timestamptz, %(joined)s::timestamptz - (%(lots)s - n) * interval '1 second',
       nextval('members_operation_id_seq'), %(revision)s, %(partner)s, '', ''
  FROM members_account a, generate_series(1, %(lots)s) n ORDER BY n, a.id;
INSERT INTO members_lot (member_id, account_id, posting_id, issuer_id, revision_id, earned_at, awaits, lapse,
       expires_on, expires_at, extendable, notice_days, rule, amount, remaining, held, state)
SELECT member_id, account_id, id, partner_id, revision_id, occurred_at, '', true,
       '2025-01-31'::date + version::int * 30,
       ('2025-02-01'::date + version::int * 30)::timestamp AT TIME ZONE 'Europe/Tallinn', false, 0, '',
       amount, amount, 0, 'active'
  FROM members_posting ORDER BY id;
"""
_PURCHASES = """
INSERT INTO members_purchase (member_id, membership_id, number, occurred_at, recorded_at, operation, partner_id,
       revision_id, currency, amount, lines, tenders, header, facts, trace)
SELECT a.member_id, a.membership_id, 'R-' || p.id, p.occurred_at + p.version * interval '1 day', p.recorded_at,
       p.operation, %(partner)s, %(revision)s, 'EUR', 1000, '[]', '[]', '{}', '{}', '{"awards": []}'
  FROM members_posting p JOIN members_account a ON a.id = p.account_id ORDER BY p.id
"""
_DAYS = """
INSERT INTO members_qualificationcounter (member_id, membership_id, metric, day, value)
SELECT member_id, id, 'spend', '2024-01-05'::date + n * 14, (id %% 10 + 1) * 1000
  FROM members_membership, generate_series(0, %(days)s - 1) n ORDER BY n, id;
"""


def lots(cursor: psycopg.Cursor[Any], programme: Any, revision: int, partner: int, accounts: int) -> None:
    """Accounts with ten lots each, all of the same points; the lots end a month after each other in 2025."""
    _people(cursor, programme, accounts)
    values = {
        "point_type": programme.point_types.get().pk,
        "revision": revision,
        "partner": partner,
        "joined": JOINED,
        "lots": LOTS_PER_ACCOUNT,
        "points": POINTS,
    }
    _run(cursor, _LOTS, values)


def purchases(cursor: psycopg.Cursor[Any], programme: Any, revision: int, partner: int) -> None:
    """A purchase of 10.00 for each posting there is; receipts are numbered R-1, R-2 …"""
    _run(cursor, _PURCHASES, {"revision": revision, "partner": partner})


def spending(cursor: psycopg.Cursor[Any], programme: Any, members: int, days: int) -> None:
    """Members with so many days of spending in 2024, a fortnight apart: 10.00 to 100.00 on each, by member."""
    _people(cursor, programme, members)
    _run(cursor, _DAYS, {"days": days})


def _people(cursor: psycopg.Cursor[Any], programme: Any, members: int) -> None:
    _run(cursor, _PEOPLE, {"members": members, "programme": programme.pk, "joined": JOINED})


def _run(cursor: psycopg.Cursor[Any], statements: str, values: dict[str, Any]) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            cursor.execute(statement, values)
