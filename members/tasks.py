"""What the workers do for members: what falls due, and the nightly verification of the ledger."""

from __future__ import annotations

import logging

from celery import shared_task

import members.services.examples  # noqa: F401 - its kind of job, and what it asks before publishing
from loyalty.core import jobs
from members.services import advancing, verification

log = logging.getLogger(__name__)


@shared_task(name="members.verify_ledger")
def verify_ledger() -> bool:
    """Verify the whole ledger; what is wrong stands in the job and in the log."""
    job = jobs.run_now(verification.KIND)
    ok = bool(job.result and job.result["ok"])
    if not ok:
        log.error("The ledger does not verify: job %s", job.pk)
    return ok


@shared_task(name="members.advance")
def advance() -> int:
    """Post what is due on memberships that nobody touches; returns how many had something due."""
    job = jobs.run_now(advancing.KIND)
    return int(job.result["memberships"]) if job.result else 0
