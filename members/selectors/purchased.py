"""What was bought lately, for people who write rules: the categories, articles, ways of paying that really occur.

Only the latest purchases are looked at, so that it takes the same time however many there are. What was found is
remembered for a few minutes, because it is asked for with every letter that somebody types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.cache import cache
from django.db import connection

from programs.models import Programme
from programs.selectors.suggestions import Suggestion

__all__ = ["FACTS", "LATEST", "lately", "seen_lately"]

LATEST = 2_000
REMEMBERED = 2_000
SECONDS = 300
_OF_LINES = ("sku", "category", "department", "brand")
_OF_HEADERS = ("channel", "payment", "till", "cashier")
FACTS = (*(f"line.{name}" for name in (*_OF_LINES, "label")), *(f"purchase.{name}" for name in _OF_HEADERS))

# The newest purchases by the primary key, whatever the programme; then those of this one.
_SEEN = """
    WITH latest AS MATERIALIZED (
        SELECT revision_id, lines, header FROM members_purchase ORDER BY id DESC LIMIT %(latest)s
    ), seen AS MATERIALIZED (
        SELECT lines, header FROM latest
        WHERE revision_id IN (SELECT id FROM programs_revision WHERE programme_id = %(programme)s)
    ), named AS (
        SELECT 'line.' || part.name AS fact, line ->> part.name AS value
        FROM seen, jsonb_array_elements(lines) AS line, unnest(%(of_lines)s::text[]) AS part(name)
        UNION ALL
        SELECT 'line.label', jsonb_array_elements_text(line -> 'labels')
        FROM seen, jsonb_array_elements(lines) AS line WHERE line ? 'labels'
        UNION ALL
        SELECT 'purchase.' || part.name, header ->> part.name
        FROM seen, unnest(%(of_headers)s::text[]) AS part(name)
    )
    SELECT fact, value FROM named WHERE value <> '' GROUP BY fact, value ORDER BY fact, count(*) DESC, value
"""


def lately(programme: Programme) -> dict[str, list[str]]:
    """By fact the values that occurred in the latest purchases, the most frequent first."""
    place = f"members.purchased.{programme.pk}"
    known: dict[str, list[str]] | None = cache.get(place)
    if known is None:
        known = _read(programme)
        cache.set(place, known, SECONDS)
    return known


def _read(programme: Programme) -> dict[str, list[str]]:
    asked: dict[str, Any] = {
        "latest": LATEST,
        "programme": programme.pk,
        "of_lines": list(_OF_LINES),
        "of_headers": list(_OF_HEADERS),
    }
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, asked)
        for fact, value in cursor.fetchall():
            values = found.setdefault(fact, [])
            if len(values) < REMEMBERED:
                values.append(value)
    return found


def seen_lately(fact: str) -> Callable[[Programme, str, int], Sequence[Suggestion]]:
    """A provider of the values of this fact."""

    def offer(programme: Programme, typed: str, most: int) -> list[Suggestion]:
        wanted = typed.casefold()
        values = lately(programme).get(fact, [])
        return [Suggestion(value) for value in values if wanted in value.casefold()][:most]

    return offer
