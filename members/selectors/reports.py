"""Figures of a programme: every member's balance, and totals by period, store, rule or member.

Read from the ledger's rows themselves, so that they are the same figures as the balances. Quantities are
whole numbers in the smallest unit of the point type, money in minor units; `shown()` makes plain decimals of
them.

issued: points of awards, pending ones too · reversed: taken back after returns, whether from points or as debt ·
redeemed: spent less given back · expired: with what lapsed · adjusted: whatever else came less what went: by staff,
opening balances, transfers, conversions · outstanding = issued - reversed - redeemed - expired + adjusted, which is
the sum of all balances with pending and held points (debts subtracted).

Reports tell what was posted. What has fallen due but was not posted yet (expiry, pending points, tiers) is not in them
before a worker or `manage.py advance` has done it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection
from psycopg import sql

from loyalty.core.exact import currency_digits, format_decimal
from programs.models import Programme
from programs.selectors.rulesets import NoRevision, ruleset_at

__all__ = ["BalanceRow", "By", "TotalsRow", "balances", "main_ladder", "totals"]

ROWS_AT_ONCE = 2000


class By(StrEnum):
    """What totals are divided by. Periods are calendar periods in the programme's zone."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    TIER = "tier"
    STORE = "store"
    RULE = "rule"
    MEMBER = "member"


PERIODS = {By.DAY: "YYYY-MM-DD", By.MONTH: "YYYY-MM", By.QUARTER: 'YYYY-"Q"Q'}


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One member's points of one type. `balance` is available less debt, so it may be negative."""

    member: str
    point_type: str
    tier: str
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    earned: int
    redeemed: int
    expired: int
    reversed: int
    adjusted: int
    decimals: int

    def shown(self) -> dict[str, str]:
        """The columns as text, quantities as plain decimals."""
        return _shown(self, {})


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """What happened in a group (of one name when nothing is divided: ""), for one point type.

    `purchases` and `amount` are the group's, so they repeat for each point type. `outstanding` counts all
    up to the end of the group's period (or of the report's), the other figures only what lies in it.
    """

    group: str
    point_type: str
    purchases: int
    amount: int
    issued: int
    reversed: int
    redeemed: int
    expired: int
    outstanding: int
    adjusted: int
    decimals: int
    currency: str

    def shown(self) -> dict[str, str]:
        """The columns as text, quantities as plain decimals."""
        digits = currency_digits(self.currency)
        return _shown(self, {"purchases": 0, "amount": digits}) | {"currency": self.currency}


def _shown(row: BalanceRow | TotalsRow, digits: dict[str, int]) -> dict[str, str]:
    cells = {}
    for each in fields(row):
        value = getattr(row, each.name)
        if each.name != "decimals":
            cells[each.name] = (
                value
                if isinstance(value, str)
                else format_decimal(value, digits.get(each.name, row.decimals))
            )
    return cells


# --- balances ----------------------------------------------------------------------------------------------

# Debt grows when points are owed to the programme (debt -> issuance) and falls when points repay it.
COUNTED = """
WITH account AS (
    SELECT a.*, m.number, m.joined_at, t.key AS point_type, t.position, t.decimals
      FROM members_account a
      JOIN members_membership m ON m.id = a.membership_id
      JOIN programs_pointtype t ON t.id = a.point_type_id
     WHERE m.programme_id = %(programme)s
), counted AS (
    SELECT p.account_id,
           sum(p.amount * ((to_side = 'available')::int - (from_side = 'available')::int)) AS available,
           sum(p.amount * ((to_side = 'pending')::int - (from_side = 'pending')::int)) AS pending,
           sum(p.amount * ((to_side = 'held')::int - (from_side = 'held')::int)) AS held,
           sum(p.amount * ((from_side = 'debt')::int - (to_side = 'debt')::int)) AS debt,
           sum(p.amount) FILTER (WHERE kind = 'earn') AS earned,
           sum(CASE kind WHEN 'restore' THEN -p.amount ELSE p.amount END)
               FILTER (WHERE kind IN ('spend', 'capture', 'restore')) AS redeemed,
           sum(p.amount) FILTER (WHERE kind IN ('expire', 'forfeit')) AS expired,
           sum(p.amount) FILTER (WHERE kind = 'reverse') AS reversed,
           sum(CASE WHEN to_side = 'available' THEN p.amount ELSE -p.amount END) FILTER (WHERE kind IN (
               'adjust', 'opening', 'transfer_in', 'transfer_out', 'convert_in', 'convert_out')) AS adjusted,
           max(p.version) AS version
      FROM members_posting p
     WHERE p.account_id IN (SELECT id FROM account)
       AND (%(as_of)s::timestamptz IS NULL OR p.occurred_at <= %(as_of)s)
       AND (%(known_at)s::timestamptz IS NULL OR p.recorded_at <= %(known_at)s)
     GROUP BY p.account_id
), tier AS (
    SELECT DISTINCT ON (d.membership_id) d.membership_id, d.to_tier AS tier
      FROM members_tierdecision d
     WHERE d.ladder = %(ladder)s AND d.membership_id IN (SELECT membership_id FROM account)
       AND (%(as_of)s::timestamptz IS NULL OR d.occurred_at <= %(as_of)s)
       AND (%(known_at)s::timestamptz IS NULL OR d.recorded_at <= %(known_at)s)
     ORDER BY d.membership_id, d.occurred_at DESC, d.id DESC
)
"""
FIGURES = """
       coalesce(c.earned, 0), coalesce(c.redeemed, 0), coalesce(c.expired, 0), coalesce(c.reversed, 0),
       coalesce(c.adjusted, 0), a.decimals
"""
ORDER = " ORDER BY a.number, a.position, a.point_type_id"
# Now: the buckets as they stand.
BALANCES_NOW = f"""
{COUNTED}
SELECT a.number, a.point_type, coalesce(tier.tier, ''), a.available - a.debt, a.available, a.pending, a.held, a.debt,
       {FIGURES}
  FROM account a
  LEFT JOIN counted c ON c.account_id = a.id
  LEFT JOIN tier ON tier.membership_id = a.membership_id {ORDER}
"""  # noqa: S608 - SQL of our own
# What was known: the buckets after the last posting recorded by then.
BALANCES_KNOWN = f"""
{COUNTED}
SELECT a.number, a.point_type, coalesce(tier.tier, ''), coalesce(p.available_after - p.debt_after, 0),
       coalesce(p.available_after, 0), coalesce(p.pending_after, 0), coalesce(p.held_after, 0),
       coalesce(p.debt_after, 0), {FIGURES}
  FROM account a
  LEFT JOIN counted c ON c.account_id = a.id
  LEFT JOIN tier ON tier.membership_id = a.membership_id
  LEFT JOIN members_posting p ON p.account_id = a.id AND p.version = c.version
 WHERE c.account_id IS NOT NULL OR a.joined_at <= %(known_at)s {ORDER}
"""  # noqa: S608 - SQL of our own
# What had happened: the sum of the postings, as far as they were known.
BALANCES_AS_OF = f"""
{COUNTED}
SELECT a.number, a.point_type, coalesce(tier.tier, ''), coalesce(c.available - c.debt, 0), coalesce(c.available, 0),
       coalesce(c.pending, 0), coalesce(c.held, 0), coalesce(c.debt, 0), {FIGURES}
  FROM account a
  LEFT JOIN counted c ON c.account_id = a.id
  LEFT JOIN tier ON tier.membership_id = a.membership_id
 WHERE c.account_id IS NOT NULL OR a.joined_at <= %(as_of)s {ORDER}
"""  # noqa: S608 - SQL of our own


def main_ladder(programme: Programme, instant: datetime) -> str:
    """The ladder whose tiers reports show: the first one of the revision in force; empty when there is none."""
    try:
        ladders = ruleset_at(programme.pk, instant).ruleset.core.ladders
    except NoRevision:
        return ""
    return ladders[0].key if ladders else ""


def balances(
    programme: Programme,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    ladder: str = "",
) -> Iterator[BalanceRow]:
    """Every member's points and tier on a ladder, by number and point type, read as they are needed (memory does not
    grow).

    `as_of` counts what had happened by then (occurred), `known_at` what had been recorded by then; with both,
    what was known then of what had happened. Members who had not joined by that time and have no points in it
    are left out.
    """
    query = BALANCES_AS_OF if as_of else BALANCES_KNOWN if known_at else BALANCES_NOW
    values = {"programme": programme.pk, "as_of": as_of, "known_at": known_at, "ladder": ladder}
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield BalanceRow(*row[:3], *map(int, row[3:]))


# --- totals ------------------------------------------------------------------------------------------------

# One row for each posting or part of it, then sums by group and point type.
MOVED = sql.SQL("""
WITH moved AS (
    SELECT {group} AS name, a.point_type_id, p.occurred_at,
           CASE WHEN p.kind IN ('spend', 'capture', 'restore') THEN 'spend'
                WHEN p.kind IN ('expire', 'forfeit') THEN 'expire'
                WHEN p.kind IN ('earn', 'reverse') THEN p.kind ELSE 'adjust' END AS kind,
           -- What the members have more or less: a move between two of their own buckets is nothing.
           p.amount * ((p.from_side IN ('issuance', 'redemption', 'adjustment', 'opening', 'conversion', 'transit'))::int
                     - (p.to_side NOT IN ('available', 'pending', 'held', 'debt'))::int) AS amount
      FROM members_posting p
      JOIN members_account a ON a.id = p.account_id
      JOIN members_membership m ON m.id = a.membership_id
      LEFT JOIN members_return r ON r.id = p.returned_id
      LEFT JOIN members_purchase b ON b.id = coalesce(p.purchase_id, r.purchase_id)
      LEFT JOIN programs_store s ON s.id = b.store_id
     WHERE m.programme_id = %(programme)s AND (%(end)s::timestamptz IS NULL OR p.occurred_at < %(end)s)
    {more}
), sold AS (
    SELECT name, count(*) AS purchases, sum(amount) AS amount FROM ({purchases}) b
     WHERE (%(start)s::timestamptz IS NULL OR occurred_at >= %(start)s)
       AND (%(end)s::timestamptz IS NULL OR occurred_at < %(end)s)
     GROUP BY name
), summed AS (
    SELECT name, point_type_id,
           sum(amount) FILTER (WHERE kind = 'earn' AND inside) AS issued,
           -sum(amount) FILTER (WHERE kind = 'reverse' AND inside) AS reversed,
           -sum(amount) FILTER (WHERE kind = 'spend' AND inside) AS redeemed,
           -sum(amount) FILTER (WHERE kind = 'expire' AND inside) AS expired,
           sum(amount) FILTER (WHERE kind = 'adjust' AND inside) AS adjusted,
           sum(amount) AS net
      FROM (SELECT *, %(start)s::timestamptz IS NULL OR occurred_at >= %(start)s AS inside FROM moved) moved
     GROUP BY name, point_type_id
), groups AS (
    SELECT name FROM summed UNION SELECT name FROM sold UNION SELECT '' WHERE %(whole)s
), report AS (
    SELECT g.name, t.key, coalesce(sold.purchases, 0), coalesce(sold.amount, 0), coalesce(issued, 0),
           coalesce(reversed, 0), coalesce(redeemed, 0), coalesce(expired, 0), {outstanding} AS outstanding,
           coalesce(adjusted, 0), t.decimals, t.position
      FROM groups g
      CROSS JOIN (SELECT * FROM programs_pointtype WHERE programme_id = %(programme)s) t
      LEFT JOIN summed ON summed.name = g.name AND summed.point_type_id = t.id
      LEFT JOIN sold ON sold.name = g.name
)
SELECT * FROM report WHERE %(first)s::text IS NULL OR name >= %(first)s ORDER BY name, position, key
""")
CLOSING = sql.SQL("coalesce(net, 0)")
# The state at the end of each period is the sum of all periods up to it.
RUNNING = sql.SQL("sum(coalesce(net, 0)) OVER (PARTITION BY t.id ORDER BY g.name)")
PURCHASES = sql.SQL("""
    SELECT {group} AS name, b.occurred_at, b.amount FROM members_purchase b
      JOIN members_membership m ON m.id = b.membership_id LEFT JOIN programs_store s ON s.id = b.store_id
     WHERE m.programme_id = %(programme)s
""")
# A rule's points stand in the calculations; what no calculation names (spending, adjustments) stays under "".
PARTS_OF_RULES = sql.SQL("""
    UNION ALL
    SELECT part.name, t.id, part.occurred_at, part.kind, part.sign * part.points
      FROM (SELECT each.name, w.type, d.occurred_at, d.kind, each.sign * d.sign AS sign,
                   w.points - coalesce(w.lost, 0) AS points, d.programme_id
              FROM (SELECT b.occurred_at, 'earn' AS kind, 1 AS sign, b.trace -> 'awards' AS awards, m.programme_id
                      FROM members_purchase b JOIN members_membership m ON m.id = b.membership_id
                     WHERE m.programme_id = %(programme)s
                     UNION ALL
                    SELECT e.occurred_at, 'earn', 1, e.trace -> 'awards', m.programme_id
                      FROM members_event e JOIN members_membership m ON m.id = e.membership_id
                     WHERE m.programme_id = %(programme)s
                     UNION ALL
                    SELECT r.occurred_at, 'reverse', -1, r.trace, m.programme_id
                      FROM members_return r JOIN members_membership m ON m.id = r.membership_id
                     WHERE m.programme_id = %(programme)s) d
             CROSS JOIN jsonb_to_recordset(d.awards) AS w (rule text, type text, points bigint, lost bigint)
             CROSS JOIN LATERAL (VALUES (w.rule, 1), ('', -1)) each (name, sign)) part
      JOIN programs_pointtype t ON t.key = part.type AND t.programme_id = part.programme_id
     WHERE %(end)s::timestamptz IS NULL OR part.occurred_at < %(end)s
""")
PURCHASES_OF_RULES = sql.SQL("""
    SELECT w.rule AS name, b.occurred_at, b.amount FROM members_purchase b
      JOIN members_membership m ON m.id = b.membership_id
     CROSS JOIN LATERAL (
        SELECT DISTINCT rule FROM jsonb_to_recordset(b.trace -> 'awards') AS a (rule text)
         UNION SELECT '' WHERE b.trace -> 'awards' = '[]') w
     WHERE m.programme_id = %(programme)s
""")
# The tier that the member had at a purchase, before what it led to itself; of other movements the one at their time.
TIER = sql.SQL("""coalesce((
    SELECT d.to_tier FROM members_tierdecision d
     WHERE d.membership_id = m.id AND d.ladder = %(ladder)s
       AND (d.occurred_at < {at} OR (d.occurred_at = {at} AND (b.id IS NULL OR d.reason <> 'reached')))
     ORDER BY d.occurred_at DESC, d.id DESC LIMIT 1), '')""")
NOTHING = sql.SQL("")


def totals(
    programme: Programme,
    *,
    by: By | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    ladder: str = "",
) -> list[TotalsRow]:
    """Totals from `start` up to, not including, `end`, by when things happened; one row for each group and
    point type.

    By rule, a purchase counts under each rule that gave points for it, and under "" when none did; spending
    and adjustments stand under "". By store, "" is what has no store. By tier (on `ladder`), what a purchase gave and
    what returns took of it stand under the tier at the purchase, other movements under the tier at their time; "" is
    what was before the ladder.
    """
    period = PERIODS.get(by) if by else None
    outstanding = RUNNING if period else CLOSING
    rules = by is By.RULE
    query = MOVED.format(
        group=_group("p", by, period),
        more=PARTS_OF_RULES if rules else NOTHING,
        purchases=PURCHASES_OF_RULES if rules else PURCHASES.format(group=_group("b", by, period)),
        outstanding=outstanding,
    )
    values: dict[str, Any] = {"programme": programme.pk, "zone": programme.zone, "start": start, "end": end}
    values |= {
        "period": period,
        "whole": by is None or (by is By.TIER and not ladder),
        "first": None,
        "ladder": ladder,
    }
    with connection.cursor() as cursor:
        if period and start:
            cursor.execute("SELECT to_char(%(start)s AT TIME ZONE %(zone)s, %(period)s)", values)
            values["first"] = cursor.fetchone()[0]
        cursor.execute(query.as_string(), values)
        rows = cursor.fetchall()
    return [
        TotalsRow(*row[:2], *map(int, row[2:11]), currency=programme.currency)  # type: ignore[misc]
        for row in rows
    ]


def _group(row: str, by: By | None, period: str | None) -> sql.SQL | sql.Composed:
    """The name of the group of a posting ("p") or a purchase ("b")."""
    if period:
        return sql.SQL("to_char({}.occurred_at AT TIME ZONE %(zone)s, %(period)s)").format(
            sql.Identifier(row)
        )
    if by is By.STORE:
        return sql.SQL("coalesce(s.code, '')")
    if by is By.TIER:
        return TIER.format(
            at=sql.SQL("coalesce(b.occurred_at, p.occurred_at)" if row == "p" else "b.occurred_at")
        )
    return sql.SQL("m.number") if by is By.MEMBER else sql.SQL("''::text")
