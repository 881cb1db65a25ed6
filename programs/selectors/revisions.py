"""Which revision is in force when."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from programs.models import Programme, Revision, RevisionActivation

__all__ = ["activations_of", "latest_revision", "revision_in_force"]


def activations_of(programme: Programme) -> QuerySet[RevisionActivation]:
    return RevisionActivation.objects.filter(programme=programme, withdrawn_at=None)


def revision_in_force(programme: Programme, instant: datetime) -> Revision | None:
    activation = (
        activations_of(programme)
        .filter(effective_from__lte=instant)
        .select_related("revision")
        .order_by("-effective_from")
        .first()
    )
    return None if activation is None else activation.revision


def latest_revision(programme: Programme) -> Revision | None:
    """The revision that comes into force last, be it in force already or still to come."""
    activation = activations_of(programme).select_related("revision").order_by("-effective_from").first()
    return None if activation is None else activation.revision
