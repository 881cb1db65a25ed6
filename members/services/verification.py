"""Verification as a job: its result is kept, and the next one compares history with what this one saw."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import Job
from members.selectors.verification import verify
from programs.models import Programme

__all__ = ["KIND", "run"]

KIND = "members.verify_ledger"


@jobs.kind(KIND, label=gettext_lazy("Verification of the ledger"))
def run(job: jobs.Run) -> dict[str, Any]:
    """Verify the programme named in the settings, or everything; what does not hold counts as an error."""
    key = job.args.get("programme")
    programme = Programme.objects.get(key=key) if key else None
    found = verify(programme, marks=_last_marks(), on_check=job.progress)
    red = [result for result in found.results if not result.ok]
    job.errors = len(red)
    job.message = _("Everything holds.") if found.ok else ", ".join(result.id for result in red)
    return {"programme": key or "", **found.as_dict(), "marks": found.marks}


def _last_marks() -> dict[str, dict[str, int]]:
    last = Job.objects.filter(kind=KIND, state=JobState.DONE, result__has_key="marks").order_by("-pk").first()
    return dict(last.result["marks"]) if last is not None and last.result else {}
