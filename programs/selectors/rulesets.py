"""Which compiled rules are in force at an instant. Run time reads only this, never a working copy."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict
from programs.engine.ruleset import Ruleset
from programs.models import Revision, RevisionActivation
from programs.selectors.canonical import thaw

KEPT = 256


class NoRevision(Conflict):
    """No revision of the programme is in force at that time."""

    code = "no_revision"
    title = _("No rules of the programme were in force at that time.")


@dataclass(frozen=True, slots=True)
class ActiveRevision:
    """A revision and its compiled rules."""

    revision_id: int
    number: int
    ruleset: Ruleset


class Activated(NamedTuple):
    """A stretch of a timeline: from `effective_from` until the next one begins."""

    effective_from: datetime
    revision_id: int
    ruleset: Ruleset


def ruleset_at(programme_id: int, instant: datetime) -> ActiveRevision:
    """The revision in force at an instant: the latest activation that is not after it. Raises NoRevision."""
    row = (
        RevisionActivation.objects.filter(
            programme_id=programme_id, withdrawn_at=None, effective_from__lte=instant
        )
        .order_by("-effective_from")
        .values_list("revision_id", "revision__number", "revision__sha256")
        .first()
    )
    if row is None:
        raise NoRevision
    revision_id, number, sha256 = row
    return ActiveRevision(revision_id, number, compiled(sha256, revision_id))


def timeline(programme_id: int) -> list[Activated]:
    """Every stretch in which a revision is (or will be) in force, in order; for batches, see `in_force`."""
    rows = (
        RevisionActivation.objects.filter(programme_id=programme_id, withdrawn_at=None)
        .order_by("effective_from")
        .values_list("effective_from", "revision_id", "revision__sha256")
    )
    return [
        Activated(effective_from, revision_id, compiled(sha256, revision_id))
        for effective_from, revision_id, sha256 in rows
    ]


def in_force(stretches: Sequence[Activated], instant: datetime) -> Activated:
    """The stretch of a timeline that holds an instant. Raises NoRevision."""
    index = bisect_right(stretches, instant, key=lambda each: each.effective_from)
    if index == 0:
        raise NoRevision
    return stretches[index - 1]


def ruleset_of(revision: Revision) -> Ruleset:
    """The compiled rules of a revision."""
    return _compile(revision.sha256, revision.canonical)


# The fingerprint says everything about a document, texts included, so equal ones share one ruleset.
_known: dict[str, Ruleset] = {}


def compiled(sha256: str, revision_id: int) -> Ruleset:
    """The compiled rules of a document by its fingerprint; it is read only when this process has none."""
    ruleset = _known.get(sha256)
    if ruleset is None:
        text = Revision.objects.values_list("canonical", flat=True).get(pk=revision_id)
        ruleset = _compile(sha256, text)
    return ruleset


def _compile(sha256: str, text: str) -> Ruleset:
    ruleset = _known.get(sha256)
    if ruleset is None:
        ruleset = Ruleset(thaw(text))
        if len(_known) >= KEPT:
            _known.pop(next(iter(_known)))
        _known[sha256] = ruleset
    return ruleset
