"""A club that gives one point for every full euro, and files of receipts for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from members.models import Membership
from members.services.enrolment import enrol
from programs.engine.facts import Basket, Line, Tender
from programs.models import Partner, Programme
from programs.services.programmes import load

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
rules:
  - {key: base, title: 1 point for each euro, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
HEADER = "receipt,occurred_at,member,store,sku,quantity,amount"


def club(more: str = "") -> Programme:
    """The programme, in force since 2025."""
    return load(RULES + more, now=FIRST, publish=True, effective_from=FIRST).programme


def operator() -> Partner:
    return Partner.objects.get(is_operator=True)


def member(programme: Programme, number: str = "A-1") -> Membership:
    return enrol(programme=programme, number=number, now=FIRST)


def basket(*amounts: int, at: datetime = NOON, points: int = 0, quantity: int = 1000) -> Basket:
    """One line for each amount (cents); `points` pay one cent each."""
    lines = tuple(Line(f"sku{number}", quantity, amount) for number, amount in enumerate(amounts))
    tenders = (Tender("points", points, "points", points),) if points else ()
    return Basket(at, lines, tenders=tenders)


def row(receipt: str = "r1", **cells: str) -> str:
    """A row of a purchase file, everything in it right but what is said."""
    values = {
        "receipt": receipt, "occurred_at": "2026-03-02T12:00", "member": "A-1", "store": "s1", "sku": "tea",
        "quantity": "1", "amount": "10.00", **cells,
    }  # fmt: skip
    return ",".join(values.values())


def written(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def balances() -> dict[str, tuple[int, int]]:
    """(available, debt) of every account by the member's number."""
    return {number: (available, debt) for number, available, debt in query(
        "SELECT m.number, a.available, a.debt FROM members_account a"
        " JOIN members_membership m ON m.id = a.membership_id ORDER BY 1"
    )}  # fmt: skip


def query(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def counted(*tables: str) -> list[int]:
    return [query(f"SELECT count(*) FROM members_{table}")[0][0] for table in tables]
