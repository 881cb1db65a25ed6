"""Statements that travel together: one way to the database and back for all of them.

What costs most in a short transaction is waiting for the database once for each statement. A `Trip` collects statements
that do not need each other's answers and sends them at once (the pipeline mode of PostgreSQL's protocol); they run one
after the other, each seeing what those before it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus

__all__ = ["Answer", "Trip", "raw_connection", "transaction_in_trips"]


class Answer:
    """What a statement of a trip gives back; there only after the trip."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] | None = None

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        if self._rows is None:
            raise RuntimeError("The trip has not been made yet.")
        return self._rows

    def arrive(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows


class Trip:
    """Statements on the way to the database, on Django's default connection and in its transaction.

    Parameters are bound by the server, so arrays of nothing want a cast in the statement. What the database refuses is
    raised as Django's errors by `go`, and the rest of the trip is not done then.
    """

    def __init__(self) -> None:
        self._asked: list[tuple[str, Sequence[Any], Answer]] = []

    def __bool__(self) -> bool:
        return bool(self._asked)

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> Answer:
        """Take a statement along."""
        answer = Answer()
        self._asked.append((statement, parameters, answer))
        return answer

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Take a statement along whose answer nobody needs: a trip can stand where a cursor does."""
        self.ask(statement, parameters)

    def go(self) -> None:
        """Send everything and wait for all answers. A trip with nothing to do is not made; one trip can be made again
        with new statements."""
        asked, self._asked = self._asked, []
        if not asked:
            return
        raw = raw_connection()
        with connection.wrap_database_errors:
            if not raw.autocommit and raw.info.transaction_status is TransactionStatus.IDLE:
                # The driver would wait for its own BEGIN. Django sets the mode anew after each transaction.
                raw.autocommit = True
                asked.insert(0, ("BEGIN", (), Answer()))
            waiting: list[tuple[Cursor[Any], Answer]] = []
            with raw.pipeline():
                for statement, parameters, answer in asked:
                    cursor: Cursor[Any] = Cursor(raw)
                    cursor.execute(statement, parameters, prepare=True)
                    waiting.append((cursor, answer))
            for cursor, answer in waiting:
                answer.arrive(cursor.fetchall() if cursor.description else [])
        if connection.queries_logged:
            told = ";\n".join(statement for statement, _parameters, _answer in asked)
            connection.queries_log.append({"sql": told, "time": "0"})


@contextmanager
def transaction_in_trips() -> Iterator[Trip]:
    """A transaction (or a part of the one that is under way) with a last trip, which takes COMMIT along: so one trip that
    reads and one that writes are all the waiting that a document needs.

    What is asked of the last trip is done when the block ends without an error. Its refusals are raised there, as
    Django's errors, and then nothing of the transaction is left.
    """
    last = Trip()
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        yield last
        if last and outermost:
            # Django's own commit finds nothing left to do.
            last.execute("COMMIT")
        last.go()


def raw_connection() -> Connection[Any]:
    """The driver's connection behind Django's, opened when it is not."""
    if connection.connection is None:
        connection.ensure_connection()
    raw: Connection[Any] = connection.connection
    return raw
