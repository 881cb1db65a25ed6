"""What earlier revisions have fixed: data was kept under it, so it means the same for ever."""

from __future__ import annotations

from django.db import connection

from programs.models import Programme

_FIELD_TYPES = """
SELECT DISTINCT event ->> 'key', field ->> 'key', field ->> 'type'
FROM programs_revision
CROSS JOIN jsonb_array_elements(canonical::jsonb #> '{core,events}') event
CROSS JOIN jsonb_array_elements(event -> 'fields') field
WHERE programme_id = %s
"""


def published_field_types(programme: Programme) -> dict[tuple[str, str], str]:
    """The type of each field (event, field) of any published event, fields that are gone included."""
    with connection.cursor() as cursor:
        cursor.execute(_FIELD_TYPES, [programme.pk])
        return {(event, field): kind for event, field, kind in cursor.fetchall()}
