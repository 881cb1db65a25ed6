"""What the metrics of tier ladders count, reckoned from purchases, returns and events themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection

from loyalty.core.exact import local_day

__all__ = ["recount"]

_PURCHASES = "FROM members_purchase b JOIN members_membership m ON m.id = b.membership_id"
_RETURNS = """
    FROM members_return r JOIN members_purchase b ON b.id = r.purchase_id
    JOIN members_membership m ON m.id = b.membership_id
"""
_EVENTS = "FROM members_event b JOIN members_membership m ON m.id = b.membership_id"
_SCOPE = """
    WHERE m.programme_id = %(programme)s
      AND (%(memberships)s::bigint[] IS NULL OR b.membership_id = ANY(%(memberships)s))
"""
_SPEND = f"""
    SELECT b.membership_id, b.occurred_at, b.amount {_PURCHASES} {_SCOPE}
     UNION ALL SELECT b.membership_id, b.occurred_at, -r.amount {_RETURNS} {_SCOPE}
"""
_POINTS = f"""
    SELECT b.membership_id, b.occurred_at, a.points {_PURCHASES}
     CROSS JOIN LATERAL jsonb_to_recordset(b.trace -> 'awards') a (type text, points bigint) {_SCOPE}
       AND a.type = %(about)s
     UNION ALL
    SELECT b.membership_id, b.occurred_at, a.points {_EVENTS}
     CROSS JOIN LATERAL jsonb_to_recordset(b.trace -> 'awards') a (type text, points bigint) {_SCOPE}
       AND a.type = %(about)s
     UNION ALL
    SELECT b.membership_id, b.occurred_at, -a.points {_RETURNS}
     CROSS JOIN LATERAL jsonb_to_recordset(r.trace) a (type text, points bigint) {_SCOPE}
       AND a.type = %(about)s
"""
_BOUGHT = f"SELECT b.membership_id, b.occurred_at, 1 {_PURCHASES} {_SCOPE}"
_CAME_BACK = f"""
    SELECT b.membership_id, b.occurred_at, b.id, jsonb_array_length(b.lines), r.lines::text {_RETURNS} {_SCOPE}
     ORDER BY b.id
"""
_HAPPENED = f"""
    SELECT b.membership_id, b.occurred_at, (b.payload ->> %(field)s)::bigint {_EVENTS} {_SCOPE}
       AND b.kind = %(about)s AND b.payload ? %(field)s
"""

Counted = dict[tuple[int, date], int]


def recount(metric: str, programme: int, zone: ZoneInfo, memberships: list[int] | None = None) -> Counted:
    """The daily counter of a metric ("spend", "purchases", "points:…", "event:…:…") by membership and local day."""
    kind, _colon, about = metric.partition(":")
    found: Counted = {}
    values: dict[str, Any] = {"programme": programme, "memberships": memberships, "about": about, "field": ""}
    query = {"spend": _SPEND, "points": _POINTS, "purchases": _BOUGHT, "event": _HAPPENED}[kind]
    if kind == "event":
        event, _colon, values["field"] = about.partition(":")
        values["about"] = f"event:{event}"
    for membership, occurred_at, amount in _rows(query, values):
        _add(found, membership, local_day(occurred_at, zone), amount)
    if kind == "purchases":
        for membership, occurred_at in _whole_returns(values):
            _add(found, membership, local_day(occurred_at, zone), -1)
    return found


def _add(found: Counted, membership: int, day: date, amount: int) -> None:
    found[membership, day] = found.get((membership, day), 0) + amount


def _rows(query: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(5_000):
            yield from rows


def _whole_returns(values: dict[str, Any]) -> Iterator[tuple[int, datetime]]:
    """Purchases of which everything came back."""
    shares: dict[int, dict[int, Fraction]] = {}
    for membership, occurred_at, purchase, lines, text in _rows(_CAME_BACK, values):
        back = shares.setdefault(purchase, {})
        before = len(back) == lines and all(share == 1 for share in back.values())
        for line in orjson.loads(text):
            back[line["line"]] = back.get(line["line"], Fraction(0)) + Fraction(line["share"])
        if not before and len(back) == lines and all(share == 1 for share in back.values()):
            yield membership, occurred_at
