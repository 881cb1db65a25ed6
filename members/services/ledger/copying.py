"""Adding rows to tables: COPY, encoded by hand, for many; for few a statement that travels with others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from loyalty.core.trips import Trip

_CHUNK = 2_000


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


_ENCODERS: dict[type, Any] = {
    int: str,
    str: _escaped,
    type(None): lambda _value: "\\N",
    datetime: datetime.isoformat,
    date: date.isoformat,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: "\\\\x" + value.hex(),
}


def add_rows(
    way: Cursor[Any] | Trip, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Append rows to a table, by COPY or with a trip. Values as `copy_rows` takes them."""
    if not isinstance(way, Trip):
        copy_rows(way, table, columns, rows)
    elif rows:
        places = ", ".join(["%s"] * len(columns))
        values = ", ".join([f"({places})"] * len(rows))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"  # noqa: S608 - own names
        way.execute(statement, [value for row in rows for value in row])


def copy_rows(cursor: Cursor[Any], table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table. Values: whole numbers, texts (JSON as text), moments, days, bytes, None."""
    encoders = _ENCODERS
    statement = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(table), SQL(", ").join(map(Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        lines: list[str] = []
        for row in rows:
            lines.append("\t".join([encoders[type(value)](value) for value in row]))
            if len(lines) >= _CHUNK:
                copy.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            copy.write("\n".join(lines) + "\n")
