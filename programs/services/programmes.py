"""Loading a programme from its file: the working copy becomes what the file says, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty.core.models import User
from programs.engine.document import Core
from programs.engine.reader import InvalidDocument
from programs.models import Programme, Revision
from programs.services import readiness
from programs.services.documents.reading import invalid_file, read_file
from programs.services.publishing import publish as publish_programme
from programs.services.working_copy import write_working_copy

# Two loads of a new programme at the same time: the second one waits and then finds it. Any number will do.
LOADING_LOCK = 20180602


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did. `changed`: the working copy or what is in force is different now."""

    programme: Programme
    revision: Revision | None
    changed: bool


def one_at_a_time() -> None:
    """Wait until nobody else loads a programme, and keep others waiting until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADING_LOCK])


@transaction.atomic
def load(
    text: str | bytes,
    *,
    now: datetime,
    file_name: str = "",
    publish: bool = False,
    effective_from: datetime | None = None,
    author: User | None = None,
    if_ready: bool = False,
) -> Loaded:
    """Take a programme file. Raises InvalidProgrammeFile (nothing is written) and what publishing raises; with
    `if_ready` also NotReady when something stands in the way of publishing."""
    read = read_file(text, file_name=file_name)
    try:
        return load_core(
            read.core,
            now=now,
            publish=publish,
            effective_from=effective_from,
            author=author,
            if_ready=if_ready,
        )
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults, read.parsed, file_name=file_name) from None


@transaction.atomic
def load_core(
    core: Core,
    *,
    now: datetime,
    publish: bool = False,
    effective_from: datetime | None = None,
    author: User | None = None,
    if_ready: bool = False,
) -> Loaded:
    """Take a checked document. An `effective_from` without an offset is in the programme's zone.

    Raises InvalidDocument when the document contradicts what was published before; with `if_ready` also NotReady.
    """
    if effective_from is not None and effective_from.tzinfo is None:
        effective_from = effective_from.replace(tzinfo=ZoneInfo(core.zone))
    one_at_a_time()
    programme, changed = write_working_copy(core, now=now)
    if not publish:
        return Loaded(programme, None, changed)
    if if_ready:
        readiness.require(programme, now=now)
    known = set(programme.activations.values_list("pk", flat=True))
    revision = publish_programme(programme, now=now, effective_from=effective_from, author=author)
    fresh = programme.activations.exclude(pk__in=known).exists()
    return Loaded(programme, revision, changed or fresh)
