"""Verification as a job: its result is kept, and what it saw of history is marked for all later ones."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import jobs
from members.models import HistoryMark
from members.selectors.verification import marks_to_keep, verify
from programs.models import Programme

__all__ = ["KIND", "run"]

KIND = "members.verify_ledger"


@jobs.kind(KIND, label=gettext_lazy("Verification of the ledger"))
def run(job: jobs.Run) -> dict[str, Any]:
    """Verify the programme named in the settings, or everything; what does not hold counts as an error."""
    key = job.args.get("programme")
    programme = Programme.objects.get(key=key) if key else None
    found = verify(programme, on_check=job.progress)
    # After the comparison: of a table that lost rows the older marks tell again and again.
    HistoryMark.objects.bulk_create(marks_to_keep())
    red = [result for result in found.results if not result.ok]
    job.errors = len(red)
    job.message = _("Everything holds.") if found.ok else ", ".join(result.id for result in red)
    return {"programme": key or "", **found.as_dict()}
