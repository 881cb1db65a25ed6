"""What the workers do for members: the nightly verification of the ledger."""

from __future__ import annotations

import logging

from celery import shared_task

from loyalty.core import jobs
from members.services import verification

log = logging.getLogger(__name__)


@shared_task(name="members.verify_ledger")
def verify_ledger() -> bool:
    """Verify the whole ledger; what is wrong stands in the job and in the log."""
    job = jobs.run_now(verification.KIND)
    ok = bool(job.result and job.result["ok"])
    if not ok:
        log.error("The ledger does not verify: job %s", job.pk)
    return ok
