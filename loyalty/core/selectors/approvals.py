"""Requests for lists: the names of what they are about, in one query per kind of thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import models

from loyalty.core.models import Approval
from loyalty.core.selectors.audit import model_of

__all__ = ["subjects_of"]


def subjects_of(rows: Sequence[Approval]) -> dict[int, models.Model]:
    """What each request is about, by the number of the request."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        wanted[row.subject_type].add(row.subject_id)
    found: dict[tuple[str, str], models.Model] = {}
    for kind, keys in wanted.items():
        model = model_of(kind)
        if model is not None:
            there = model._base_manager.filter(pk__in=keys)  # noqa: SLF001 - whatever `objects` hides
            found |= {(kind, str(each.pk)): each for each in there}
    named = ((row.pk, found.get((row.subject_type, row.subject_id))) for row in rows)
    return {key: subject for key, subject in named if subject is not None}
