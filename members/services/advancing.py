"""Doing what falls due on memberships that nobody touches: the nightly job, the command, and the end of an import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from loyalty.core import clock, jobs
from members.selectors.due import due_memberships, plain_expiries
from members.services.ledger.expiring import CHUNK as LARGE_CHUNK
from members.services.ledger.expiring import expire
from members.services.ledger.notices import give_notices
from members.services.recording import Recorder
from programs.choices import ProgrammeStatus
from programs.models import Programme
from programs.selectors.rulesets import timeline
from programs.services.publishing import go_live

__all__ = ["KIND", "advance", "run"]

KIND = "members.advance"
CHUNK = 500
Progress = Callable[[int, int], None]


def advance(programme: Programme, until: datetime, progress: Progress | None = None) -> int:
    """Post everything of a programme that is due up to an instant (included), a chunk of memberships at a time; returns
    how many memberships were looked at. Doing it again, or twice at once, changes nothing more."""
    if not programme.activations.filter(withdrawn_at=None, effective_from__lte=until).exists():
        return 0
    done = _expire_plain(programme, until, progress)
    waiting = due_memberships(programme, until)
    for start in range(0, len(waiting), CHUNK):
        chunk = waiting[start : start + CHUNK]
        with transaction.atomic():
            recorder = Recorder(programme, until, in_order=True)
            recorder.open(chunk)
            for sheet in recorder.sheets.values():
                recorder.settle(sheet)
            recorder.flush()
        if progress is not None:
            progress(done + start + len(chunk), done + len(waiting))
    give_notices(programme, until)
    return done + len(waiting)


def _expire_plain(programme: Programme, until: datetime, progress: Progress | None) -> int:
    """Expiry that nothing else concerns needs no look at each membership; returns how many had some."""
    found = plain_expiries(programme, until)
    stretches = timeline(programme.pk)
    for start in range(0, len(found), LARGE_CHUNK):
        chunk = found[start : start + LARGE_CHUNK]
        with transaction.atomic():
            expire(chunk, stretches, until)
        if progress is not None:
            progress(start + len(chunk), len(found))
    return len(found)


def advance_all(until: datetime, progress: Progress | None = None) -> int:
    """The same for every programme that is not a draft."""
    go_live(now=until)
    programmes = Programme.objects.exclude(status=ProgrammeStatus.DRAFT).order_by("pk")
    return sum(advance(programme, until, progress) for programme in programmes)


@jobs.kind(KIND, label=gettext_lazy("What falls due: expiry, pending points, tiers, birthdays"))
def run(job: jobs.Run) -> dict[str, Any]:
    """The job: everything that is due by now."""
    return {"memberships": advance_all(clock.now(), job.progress)}
