"""History only grows: what verifications saw of it is there for ever."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby
from operator import attrgetter

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from loyalty.core.models.history import AppendOnly
from members.models import HistoryMark
from members.selectors.verification.results import Fault, Result, Scope, of_faults

__all__ = ["growth", "marks_to_keep"]

TRIGGERS = """
    SELECT t.tgrelid::regclass::text, t.tgname FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
     WHERE f.proname = 'forbid_change' AND t.tgenabled = 'A'
"""
# A lower id than the highest may still be committed later, so rows are counted up to each mark's highest id.
UP_TO = sql.SQL("""
    SELECT width_bucket(id, %s::bigint[]) AS place, count(*) FROM {table}
     WHERE id < %s GROUP BY place ORDER BY place
""")
STANDING = sql.SQL("SELECT coalesce(max(id), 0), count(*) FROM {table}")


def growth(scope: Scope) -> Result:
    """I9: history only grows: its tables refuse changes, and every mark of a verification still holds (in any
    scope, history is looked at whole)."""
    tables = _tables()
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        there = set(cursor.fetchall())
    faults = [
        Fault(f"trigger {trigger} is missing or off", table)
        for table in tables
        for trigger in ("forbid_change", "forbid_truncate")
        if (table, trigger) not in there
    ]
    checked = 0
    known = HistoryMark.objects.filter(table_name__in=tables).order_by("table_name", "highest")
    for table, marks in groupby(known, key=attrgetter("table_name")):
        counted = _counted(table, list(marks))
        checked += counted[-1][1]
        lost = max(mark.rows - rows for mark, rows in counted)
        if lost > 0:
            faults.append(Fault(f"{lost} rows have disappeared", table))
    return of_faults("I9", _("History only grows"), checked, faults)


def marks_to_keep() -> list[HistoryMark]:
    """Marks of history as it stands, not saved; none of what is marked already."""
    known = set(HistoryMark.objects.values_list("table_name", "highest", "rows"))
    marks = []
    for table in _tables():
        with connection.cursor() as cursor:
            cursor.execute(STANDING.format(table=sql.Identifier(table)).as_string())
            highest, rows = cursor.fetchone()
        if rows and (table, highest, rows) not in known:
            marks.append(HistoryMark(table_name=table, highest=highest, rows=rows))
    return marks


def _tables() -> list[str]:
    """The tables that only grow."""
    return sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, AppendOnly))


def _counted(table: str, marks: Sequence[HistoryMark]) -> list[tuple[HistoryMark, int]]:
    """Marks in the order of their ids, each with the number of rows that there are now; the table is read once."""
    after = [mark.highest + 1 for mark in marks]
    with connection.cursor() as cursor:
        cursor.execute(UP_TO.format(table=sql.Identifier(table)).as_string(), [after, after[-1]])
        found: dict[int, int] = dict(cursor.fetchall())
    rows = accumulate(found.get(place, 0) for place in range(len(marks)))
    return list(zip(marks, rows, strict=True))
