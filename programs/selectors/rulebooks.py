"""What the documents of a programme are recorded by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from loyalty.core.trips import Trip
from programs.selectors.rulesets import Activated, compiled


class Rulebook(NamedTuple):
    """The revisions of a programme in the order of time, its point types by key, and the partner that runs it (0 where
    nobody does yet)."""

    stretches: list[Activated]
    point_types: dict[str, int]
    operator: int


def rulebook(programme: int) -> Rulebook:
    """The rulebook of a programme."""
    trip = Trip()
    read = plan_rulebook(trip, programme)
    trip.go()
    return read()


def plan_rulebook(trip: Trip, programme: int) -> Callable[[], Rulebook]:
    """Take along what reads the rulebook of a programme; after the trip the result gives it."""
    revisions = trip.ask(
        """
        SELECT a.effective_from, a.revision_id, r.sha256
          FROM programs_revisionactivation a JOIN programs_revision r ON r.id = a.revision_id
         WHERE a.programme_id = %s AND a.withdrawn_at IS NULL ORDER BY a.effective_from
        """,
        [programme],
    )
    point_types = trip.ask("SELECT key, id FROM programs_pointtype WHERE programme_id = %s", [programme])
    operator = trip.ask("SELECT id FROM programs_partner WHERE is_operator ORDER BY code LIMIT 1")

    def read() -> Rulebook:
        stretches = [
            Activated(effective_from, revision, compiled(sha256, revision))
            for effective_from, revision, sha256 in revisions.rows
        ]
        return Rulebook(stretches, dict(point_types.rows), operator.rows[0][0] if operator.rows else 0)

    return read
