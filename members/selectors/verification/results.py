"""What a check of the ledger finds, and how its question is put to the database.

A check is one or more SELECTs that give the rows that are wrong, as (what is wrong, table, id). They read the
tables through the names below, which hold the rows of one programme or, without a programme, every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.functional import Promise

__all__ = ["Fault", "Result", "Scope", "counted", "faults_of", "rows_of"]

SHOWN_FAULTS = 5

# The buckets of an account move by d_…: debt grows when points are owed to the programme (debt → issuance).
ROWS = """
WITH account AS NOT MATERIALIZED (
    SELECT * FROM members_account
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), posting AS NOT MATERIALIZED (
    SELECT *,
           amount * ((to_side = 'available')::int - (from_side = 'available')::int) AS d_available,
           amount * ((to_side = 'pending')::int - (from_side = 'pending')::int) AS d_pending,
           amount * ((to_side = 'held')::int - (from_side = 'held')::int) AS d_held,
           amount * ((from_side = 'debt')::int - (to_side = 'debt')::int) AS d_debt
      FROM members_posting
     WHERE %(programme)s::bigint IS NULL OR account_id IN (SELECT id FROM account)
), lot AS NOT MATERIALIZED (
    SELECT * FROM members_lot
     WHERE %(programme)s::bigint IS NULL OR account_id IN (SELECT id FROM account)
), allocation AS NOT MATERIALIZED (
    SELECT * FROM members_allocation
     WHERE %(programme)s::bigint IS NULL OR lot_id IN (SELECT id FROM lot)
), purchase AS NOT MATERIALIZED (
    SELECT * FROM members_purchase
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), returned AS NOT MATERIALIZED (
    SELECT * FROM members_return
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), stats AS NOT MATERIALIZED (
    SELECT * FROM members_memberstats
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), usage AS NOT MATERIALIZED (
    SELECT * FROM members_ruleusage
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), budget AS NOT MATERIALIZED (
    SELECT * FROM members_budgetcounter
     WHERE %(programme)s::bigint IS NULL OR programme_id = %(programme)s
), happening AS NOT MATERIALIZED (
    SELECT * FROM members_event
     WHERE %(programme)s::bigint IS NULL
        OR membership_id IN (SELECT id FROM members_membership WHERE programme_id = %(programme)s)
), document_key AS NOT MATERIALIZED (
    SELECT * FROM members_documentkey
     WHERE %(programme)s::bigint IS NULL OR programme_id = %(programme)s
)
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is checked: one programme, or everything."""

    programme: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row (or a table, id None) that is wrong, and in which way."""

    what: str
    table: str
    id: int | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.table}" if self.id is None else f"{self.what}: {self.table} {self.id}"


@dataclass(frozen=True, slots=True)
class Result:
    """One invariant: how many rows were looked at, how many are wrong, and the first of them."""

    id: str
    title: str | Promise
    checked: int
    bad: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.bad

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": str(self.title),
            "ok": self.ok,
            "checked": self.checked,
            "bad": self.bad,
            "rows": [{"what": each.what, "table": each.table, "id": each.id} for each in self.faults],
        }


def rows_of(query: str, scope: Scope, **values: Any) -> list[tuple[Any, ...]]:
    """The answer to a query over the rows in scope."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS + query, {"programme": scope.programme, **values})
        return list(cursor.fetchall())


def counted(scope: Scope, query: str) -> int:
    """The single number that a query over the rows in scope gives."""
    return int(rows_of(query, scope)[0][0])


def faults_of(scope: Scope, *queries: str, **values: Any) -> tuple[int, tuple[Fault, ...]]:
    """How many rows the queries find, and the first of them."""
    bad, first = 0, []
    for query in queries:
        found = rows_of(
            f", fault (what, name, id) AS ({query})"  # noqa: S608 - SQL of our own modules
            f" SELECT what, name, id, count(*) OVER () FROM fault ORDER BY what, id LIMIT {SHOWN_FAULTS}",
            scope,
            **values,
        )
        bad += found[0][3] if found else 0
        first += [Fault(what, name, key) for what, name, key, _count in found]
    return bad, tuple(first[:SHOWN_FAULTS])


def of_faults(
    key: str, title: str | Promise, checked: int, faults: Iterable[Fault], bad: int | None = None
) -> Result:
    """A result from the faults found; `bad` when there are more than these."""
    listed = tuple(faults)
    return Result(key, title, checked, len(listed) if bad is None else bad, listed[:SHOWN_FAULTS])
