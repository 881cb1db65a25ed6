"""Verification of the ledger: one function for each invariant, each a few set-based queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from members.selectors.verification.calculations import calculations
from members.selectors.verification.counters import counters
from members.selectors.verification.documents import events, keys
from members.selectors.verification.history import growth, marks_to_keep
from members.selectors.verification.lots import lots
from members.selectors.verification.notices import notices
from members.selectors.verification.postings import answers, buckets, holds, moves, reproducible
from members.selectors.verification.results import Fault, Result, Scope
from members.selectors.verification.structure import constraints
from members.selectors.verification.tiers import tiers
from members.selectors.verification.totals import reconciled
from programs.models import Programme

__all__ = ["CHECKS", "Fault", "Result", "Scope", "Verification", "marks_to_keep", "verify"]

CHECKS: tuple[Callable[[Scope], Result], ...] = (
    moves, buckets, constraints, lots, keys, answers, holds, growth, reproducible, events, reconciled, counters,
    calculations, tiers, notices,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verification:
    """What all checks found."""

    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [result.as_dict() for result in self.results]}


def verify(
    programme: Programme | None = None, *, on_check: Callable[[int, int], None] | None = None
) -> Verification:
    """Check the whole ledger, or one programme's part of it, as it stands at one instant.

    Inside a caller's transaction it sees what that transaction sees. `on_check` is told how many checks are
    done and of how many.
    """
    scope = Scope(None if programme is None else programme.pk)
    results = []
    with _one_instant():
        for done, check in enumerate(CHECKS, start=1):
            results.append(check(scope))
            if on_check is not None:
                on_check(done, len(CHECKS))
    return Verification(tuple(results))


@contextmanager
def _one_instant() -> Iterator[None]:
    """All queries see the same state, so that work going on meanwhile makes nothing look wrong."""
    alone = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if alone:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Right after an import the planner knows nothing yet and would compare every row with every other.
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")
