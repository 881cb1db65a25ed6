"""Publishing: the working copy is read once, frozen, and comes into force at an instant that is not past."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core import outbox
from loyalty.core.models import User
from loyalty.core.problems import Conflict
from programs.choices import ProgrammeStatus, RevisionOrigin
from programs.engine.reader import InvalidDocument
from programs.engine.ruleset import ENGINE_VERSION
from programs.models import Programme, Revision, RevisionActivation
from programs.selectors.canonical import SCHEMA_VERSION, Frozen, freeze, thaw
from programs.selectors.documents import revision_by_number, working_core
from programs.selectors.revisions import activations_of, revision_in_force
from programs.services.documents.reading import invalid_file
from programs.services.working_copy import write_working_copy


class ActivationInThePast(Conflict):
    """Only the first revision of a programme may be in force from an earlier time."""

    code = "activation_in_the_past"
    title = _("A change of a published programme cannot come into force in the past.")


class ActivationTaken(Conflict):
    """Another revision comes into force at exactly that time."""

    code = "activation_taken"
    title = _("Another revision already comes into force at that time.")


class ActivationInForce(Conflict):
    """What is in force already cannot be withdrawn."""

    code = "activation_in_force"
    title = _("The revision is in force already: publish another one instead.")


class ProgrammeClosed(Conflict):
    """A closed programme is not published again."""

    code = "programme_closed"
    title = _("The programme is closed.")


@transaction.atomic
def publish(
    programme: Programme,
    *,
    now: datetime,
    effective_from: datetime | None = None,
    author: User | None = None,
    origin: str = RevisionOrigin.EDIT,
) -> Revision:
    """Freeze the working copy and put it in force from `effective_from` (default: now).

    When an equal document is in force then already, its revision is returned and nothing is written. Raises
    InvalidProgrammeFile, ActivationInThePast, ActivationTaken, ProgrammeClosed.
    """
    programme.refresh_from_db(from_queryset=Programme.objects.select_for_update())
    if programme.status == ProgrammeStatus.CLOSED:
        raise ProgrammeClosed
    starts = effective_from or now
    try:
        frozen = freeze(working_core(programme))
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults) from None
    current = revision_in_force(programme, starts)
    if current is not None and current.sha256 == frozen.sha256:
        return current
    _check_activation(programme, starts, now)
    revision = _revision(programme, frozen, origin=origin, author=author, now=now)
    RevisionActivation.objects.create(
        programme=programme, revision=revision, effective_from=starts, recorded_at=now
    )
    _set_status(programme, starts, now)
    outbox.publish(
        "programme.published",
        subject=f"programme:{programme.pk}",
        payload={"programme": programme.pk, "revision": revision.pk, "number": revision.number},
        occurred_at=starts,
        recorded_at=now,
    )
    return revision


@transaction.atomic
def rollback(
    programme: Programme,
    number: int,
    *,
    now: datetime,
    effective_from: datetime | None = None,
    author: User | None = None,
) -> Revision:
    """Publish the document of an older revision again. The working copy becomes that document too."""
    older = revision_by_number(programme, number)
    write_working_copy(thaw(older.canonical), now=now)
    return publish(
        programme, now=now, effective_from=effective_from, author=author, origin=RevisionOrigin.ROLLBACK
    )


@transaction.atomic
def withdraw(activation: RevisionActivation, *, now: datetime) -> None:
    """Take back an activation that is not in force yet. Raises ActivationInForce."""
    Programme.objects.select_for_update().get(pk=activation.programme_id)
    activation.refresh_from_db()
    if activation.withdrawn_at is not None:
        return
    if activation.effective_from <= now:
        raise ActivationInForce
    activation.withdrawn_at = now
    activation.save(update_fields=["withdrawn_at"])


def go_live(*, now: datetime) -> int:
    """Scheduled programmes whose first revision is in force by now become live. Returns how many."""
    begun = RevisionActivation.objects.filter(withdrawn_at=None, effective_from__lte=now)
    waiting = Programme.objects.filter(status=ProgrammeStatus.SCHEDULED, pk__in=begun.values("programme_id"))
    return waiting.update(status=ProgrammeStatus.LIVE)


def _check_activation(programme: Programme, starts: datetime, now: datetime) -> None:
    activations = activations_of(programme)
    if activations.filter(effective_from=starts).exists():
        raise ActivationTaken
    if starts < now and activations.exists():
        raise ActivationInThePast


def _revision(
    programme: Programme, frozen: Frozen, *, origin: str, author: User | None, now: datetime
) -> Revision:
    """The latest revision if it has this very document, else a new one."""
    latest = programme.revisions.order_by("-number").first()
    if latest is not None and latest.sha256 == frozen.sha256:
        return latest
    if latest is not None and latest.logic_sha256 == frozen.logic_sha256 and origin == RevisionOrigin.EDIT:
        origin = RevisionOrigin.TEXTS
    return Revision.objects.create(
        programme=programme,
        number=1 if latest is None else latest.number + 1,
        canonical=frozen.canonical,
        sha256=frozen.sha256,
        logic_sha256=frozen.logic_sha256,
        sections=frozen.sections,
        schema_version=SCHEMA_VERSION,
        engine_version=ENGINE_VERSION,
        parent=latest,
        origin=origin,
        author=author,
        recorded_at=now,
    )


def _set_status(programme: Programme, starts: datetime, now: datetime) -> None:
    waiting = (ProgrammeStatus.DRAFT, ProgrammeStatus.IN_REVIEW, ProgrammeStatus.SCHEDULED)
    if programme.status not in waiting:
        return
    programme.status = ProgrammeStatus.LIVE if starts <= now else ProgrammeStatus.SCHEDULED
    programme.save(update_fields=["status"])
