"""What the database itself must refuse: its constraints and the triggers on history."""

from __future__ import annotations

from collections.abc import Mapping

from django.apps import apps
from django.db import connection, models
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from loyalty.core.models.history import AppendOnly
from members.models.ledger import Account, Allocation, Lot, Posting
from members.selectors.verification.results import Fault, Result, Scope, counted, faults_of, of_faults

__all__ = ["constraints", "growth", "marks_of_history", "missing_constraints"]

Marks = dict[str, dict[str, int]]

IN_FORCE = """
    SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c
     WHERE c.contype IN ('c', 'u') AND c.convalidated AND c.conenforced
"""
# Keys that hold the member beside the id of the row they point to.
LEDGER_KEYS = {
    "members_account": ("membership",),
    "members_posting": ("account", "purchase", "returned", "answers"),
    "members_lot": ("account", "posting"),
    "members_allocation": ("posting", "lot"),
}
COMPOSITE_KEYS = """
    SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
     WHERE c.contype = 'f' AND cardinality(c.conkey) = 2 AND c.convalidated AND c.conenforced
"""
NEGATIVE = """
    SELECT 'below zero, or debt beside available points', 'account', id FROM account
     WHERE available < 0 OR pending < 0 OR held < 0 OR debt < 0 OR (debt > 0 AND available > 0)
"""
NEGATIVE_AFTER = """
    SELECT 'below zero after it', 'posting', id FROM posting
     WHERE available_after < 0 OR pending_after < 0 OR held_after < 0 OR debt_after < 0
"""


def missing_constraints(*of: type[models.Model]) -> list[Fault]:
    """Constraints that the models declare and the database does not hold, or holds unchecked."""
    with connection.cursor() as cursor:
        cursor.execute(IN_FORCE)
        there = set(cursor.fetchall())
    return [
        Fault("constraint is missing", f"{model._meta.db_table}.{constraint.name}")
        for model in of
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint | models.UniqueConstraint)
        and (model._meta.db_table, constraint.name) not in there
    ]


def constraints(scope: Scope) -> Result:
    """I3: no bucket is below zero, debt is paid before points become available, and the database insists."""
    missing = missing_constraints(Account, Posting, Lot, Allocation) + _missing_keys()
    bad, faults = faults_of(scope, NEGATIVE, NEGATIVE_AFTER)
    checked = counted(scope, "SELECT (SELECT count(*) FROM posting) + (SELECT count(*) FROM account)")
    title = _("No balance is below zero, and the database refuses one")
    return of_faults("I3", title, checked, [*missing, *faults], bad + len(missing))


def _missing_keys() -> list[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(COMPOSITE_KEYS)
        there = set(cursor.fetchall())
    return [
        Fault("key to the same member's row is missing", f"{table}.{name}_id")
        for table, names in LEDGER_KEYS.items()
        for name in names
        if (table, f"{name}_id") not in there
    ]


TRIGGERS = """
    SELECT t.tgrelid::regclass::text, t.tgname FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
     WHERE f.proname = 'forbid_change' AND t.tgenabled = 'A'
"""
HISTORY = sql.SQL("SELECT count(*), coalesce(max({key}), 0) FROM {table} WHERE {key} <= {highest}")
NO_LIMIT = 2**63 - 1


def growth(scope: Scope) -> Result:
    """I9: history only grows: its tables refuse changes, and all rows of the last verification are there.

    Rows are counted up to the highest id of the last time, because a lower id may still be committed later.
    """
    tables = {model._meta.db_table: model for model in apps.get_models() if issubclass(model, AppendOnly)}
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        there = set(cursor.fetchall())
    faults = [
        Fault(f"trigger {trigger} is missing or off", table)
        for table in sorted(tables)
        for trigger in ("forbid_change", "forbid_truncate")
        if (table, trigger) not in there
    ]
    checked = 0
    for table, mark in sorted(scope.marks.items()):
        if table in tables:
            rows, _highest = _count(tables[table], mark["highest"])
            checked += rows
            if rows < mark["rows"]:
                faults.append(Fault(f"{mark['rows'] - rows} rows have disappeared", table))
    return of_faults("I9", _("History only grows"), checked, faults)


def marks_of_history() -> Marks:
    """By table that only grows: its highest id and how many rows there are up to it."""
    marks: Marks = {}
    for model in apps.get_models():
        if issubclass(model, AppendOnly):
            rows, highest = _count(model, NO_LIMIT)
            marks[model._meta.db_table] = {"highest": highest, "rows": rows}
    return marks


def _count(model: type[models.Model], highest: int) -> tuple[int, int]:
    """Rows up to an id, and the highest id among them."""
    query = HISTORY.format(
        key=sql.Identifier("id"),
        table=sql.Identifier(model._meta.db_table),
        highest=sql.Literal(highest),
    )
    with connection.cursor() as cursor:
        cursor.execute(query.as_string())
        row: tuple[int, int] = cursor.fetchone()
    return row


def kept_marks(old: Mapping[str, Mapping[str, int]], new: Mapping[str, Mapping[str, int]]) -> Marks:
    """The marks for the next verification. Of tables that lost rows the old ones stay: it is told again."""
    return {
        table: dict(old[table] if table in old and mark["rows"] < old[table]["rows"] else mark)
        for table, mark in new.items()
    }
