"""What the workers do for the floor."""

from __future__ import annotations

from celery import shared_task

from loyalty.core import approvals, clock, jobs, outbox

RELAY_BATCH = 500


@shared_task(name="core.relay_outbox")
def relay_outbox() -> int:
    """Do the outbox runs that are due."""
    return outbox.relay(RELAY_BATCH)


@shared_task(name="core.run_job")
def run_job(job_id: int) -> None:
    """Run one job, unless it is done or runs elsewhere."""
    jobs.run(job_id)


@shared_task(name="core.resume_jobs")
def resume_jobs() -> int:
    """Send again jobs that wait for long or whose worker is dead."""
    return jobs.resume()


@shared_task(name="core.expire_approvals")
def expire_approvals() -> int:
    """Close requests that nobody decided in time."""
    return approvals.expire(now=clock.now())
