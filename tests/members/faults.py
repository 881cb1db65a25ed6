"""Faults planted past every guard, and what the verifier says of them."""

from __future__ import annotations

from typing import Any

import psycopg

from members.selectors.verification import verify


def red(**options: Any) -> list[str]:
    """The invariants that do not hold."""
    return [result.id for result in verify(**options).results if not result.ok]


def faults(**options: Any) -> list[str]:
    """Everything that is wrong, in words."""
    return [str(fault) for result in verify(**options).results for fault in result.faults]


def plant(database: Any, *statements: str, tables: tuple[str, ...] = ("members_posting",)) -> None:
    """Change history as nobody should be able to: triggers off, foreign keys asleep; then all on again."""
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in tables:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            assert superuser.execute(statement).rowcount != 0, statement
        for table in tables:
            for trigger in ("forbid_change", "forbid_truncate"):
                superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
