"""Editing a working copy in the back office: one change of its document at a time, checked as a whole.

Every change leaves a document that could be published: what would contradict something else is refused with the
places that do not fit. The programme is locked from the check to the end of the transaction, so that two people who
save at once come one after the other; the forms tell the second one what the first one changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import NotFound
from programs.choices import ProgrammeStatus
from programs.engine.document import Core, read_core
from programs.engine.reader import InvalidDocument
from programs.models import Programme
from programs.selectors.documents import working_document
from programs.services.documents.reading import invalid_file
from programs.services.publishing import ProgrammeClosed
from programs.services.working_copy import check_published, write_working_copy

Document = dict[str, Any]
Change = Callable[[Document], None]


# --- changes of a document ------------------------------------------------------------------------
def put(section: str, entry: Mapping[str, Any]) -> Change:
    """Add a part to a section, or put it in the place of the one with its key."""

    def change(document: Document) -> None:
        parts = document.setdefault(section, [])
        place = _place(parts, entry["key"])
        if place is None:
            parts.append(dict(entry))
        else:
            parts[place] = dict(entry)

    return change


def remove(section: str, key: str) -> Change:
    """Take a part out of its section. Raises NotFound."""

    def change(document: Document) -> None:
        del document[section][_found(document[section], key)]

    return change


def move(section: str, key: str, before: str) -> Change:
    """Put a part in front of another one, or at the end when `before` is empty. Raises NotFound."""

    def change(document: Document) -> None:
        parts = document[section]
        part = parts.pop(_found(parts, key))
        parts.insert(len(parts) if not before else _found(parts, before), part)

    return change


def replace(section: str, values: Mapping[str, Any]) -> Change:
    """Set values of a section that is not a list, such as the policies."""

    def change(document: Document) -> None:
        document[section] = {**document.get(section, {}), **values}

    return change


def in_turn(*changes: Change) -> Change:
    """Several changes as one."""

    def change(document: Document) -> None:
        for each in changes:
            each(document)

    return change


def _place(parts: list[Any], key: str) -> int | None:
    return next((index for index, part in enumerate(parts) if part.get("key") == key), None)


def _found(parts: list[Any], key: str) -> int:
    place = _place(parts, key)
    if place is None:
        raise NotFound(_("“%(key)s” is not part of the programme any more.") % {"key": key})
    return place


# --- checking and saving --------------------------------------------------------------------------
def checked(programme: Programme, change: Change) -> Core:
    """The working copy after a change, with the programme locked until the transaction ends.

    Raises InvalidDocument with everything that does not fit, and ProgrammeClosed.
    """
    locked = Programme.objects.select_for_update().get(pk=programme.pk)
    if locked.status == ProgrammeStatus.CLOSED:
        raise ProgrammeClosed
    document = deepcopy(working_document(locked))
    change(document)
    core = read_core(document)
    check_published(locked, core)
    return core


@transaction.atomic
def edit(programme: Programme, change: Change, *, now: datetime) -> Core:
    """Change the working copy. Raises InvalidProgrammeFile (nothing is written), NotFound, ProgrammeClosed."""
    try:
        core = checked(programme, change)
        write_working_copy(core, now=now)
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults) from None
    return core
