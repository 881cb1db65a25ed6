"""The one place where the present instant is read.

Services take time as an argument; only the edges (views, commands, tasks) call `now()`. Scenarios, imports
and tests move the hands with `at()`. Leases, retries and other plumbing read `real_now()`, which nothing
moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import connection

_fixed: ContextVar[datetime | None] = ContextVar("loyalty_clock", default=None)


def now() -> datetime:
    """The present instant (aware, UTC): the one set by `at()`, else the database's clock."""
    fixed = _fixed.get()
    return real_now() if fixed is None else fixed


def real_now() -> datetime:
    """The database's clock (aware, UTC), so that several hosts agree and a wrong host clock never matters."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    instant: datetime = row[0]
    return instant.astimezone(UTC)


@contextmanager
def at(instant: datetime) -> Iterator[datetime]:
    """Within this block `now()` answers `instant` (aware)."""
    if instant.tzinfo is None:
        raise ValueError("The clock needs an instant with a time zone.")
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield instant
    finally:
        _fixed.reset(token)


def is_fixed() -> bool:
    """True inside `at()`."""
    return _fixed.get() is not None
