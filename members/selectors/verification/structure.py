"""What the database itself must refuse: its constraints."""

from __future__ import annotations

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from members.models.ledger import Account, Allocation, Lot, Posting
from members.selectors.verification.results import Fault, Result, Scope, counted, faults_of, of_faults

__all__ = ["constraints", "missing_constraints"]

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
