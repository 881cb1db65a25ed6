"""Background work that survives crashes: queued as a row, run under a lease, continued from where it was.

A kind of job is a function `(run: Run) -> dict` registered with `@kind(...)`. It must be repeatable: after a
crash it is called again with `run.position` as it last left it. The message to the worker is only a hint; the
row decides.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.core import audit, clock
from loyalty.core.choices import JobState
from loyalty.core.models import Job, User
from loyalty.core.problems import Conflict, Problem

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
HEARTBEAT_SECONDS = 15.0
PROGRESS_SECONDS = 0.5
RESEND_AFTER = timedelta(seconds=30)


class UnknownKind(Problem):
    """No job of that name is installed."""

    code = "unknown_job_kind"
    title = _("There is no such job.")


class NotRunnable(Conflict):
    """The job is finished, or runs elsewhere."""

    code = "job_not_runnable"
    title = _("This job cannot be started now.")


class Stopped(Exception):
    """Raised inside a job's function: the job was cancelled or another worker has taken it over."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of job: its stable name, what people call it, what it does."""

    name: str
    label: str | Promise
    function: Callable[[Run], dict[str, Any] | None]


_kinds: dict[str, Kind] = {}


def kind(name: str, *, label: str | Promise) -> Callable[[Callable[[Run], Any]], Callable[[Run], Any]]:
    """Decorator: register a function as a kind of job."""

    def register(function: Callable[[Run], Any]) -> Callable[[Run], Any]:
        _kinds[name] = Kind(name, label, function)
        return function

    return register


def label_of(name: str) -> str:
    """What people call this kind of job."""
    return str(_kinds[name].label) if name in _kinds else name


def enqueue(kind_name: str, *, requested_by: User | None = None, **args: Any) -> Job:
    """Write the job in the caller's transaction and wake a worker after commit."""
    if kind_name not in _kinds:
        raise UnknownKind(kind_name)
    job = Job.objects.create(kind=kind_name, args=args, requested_by=requested_by)
    transaction.on_commit(lambda: _send(job.pk), robust=True)
    return job


def run_now(
    kind_name: str,
    *,
    requested_by: User | None = None,
    on_progress: Callable[[Run], None] | None = None,
    **args: Any,
) -> Job:
    """Write and run a job in this process (commands). An exception of the job comes through after it is
    noted.

    `on_progress` is called with the run at each report of progress that is shown (at most twice a second).
    """
    if kind_name not in _kinds:
        raise UnknownKind(kind_name)
    job = Job.objects.create(kind=kind_name, args=args, requested_by=requested_by)
    return _run(job.pk, on_progress=on_progress)


def run(job_id: int) -> Job | None:
    """Run a queued job or one whose worker is dead; None if there is nothing to run. Never raises for the
    job."""
    try:
        return _run(job_id)
    except NotRunnable:
        return None
    except Exception:
        log.exception("Job %s failed", job_id)
        return Job.objects.get(pk=job_id)


def resume() -> int:
    """Send again what is queued for long or whose worker is dead. Returns how many were sent."""
    now = clock.real_now()
    lost = Job.objects.filter(
        Q(state=JobState.QUEUED, created_at__lt=now - RESEND_AFTER)
        | Q(state=JobState.RUNNING, lease_until__lt=now)
    )
    keys = list(lost.order_by("id").values_list("pk", flat=True)[:100])
    for key in keys:
        _send(key)
    return len(keys)


def cancel(job: Job) -> bool:
    """Stop a job that waits or runs; a running one stops at its next report of progress."""
    open_states = (JobState.QUEUED, JobState.RUNNING)
    changed = Job.objects.filter(pk=job.pk, state__in=open_states).update(
        state=JobState.CANCELLED, finished_at=Now(), lease_until=None
    )
    return bool(changed)


def _send(job_id: int) -> None:
    try:
        current_app.send_task("core.run_job", args=[job_id], retry=False)
    except Exception:
        log.warning("No worker could be woken for job %s; it will be sent again.", job_id, exc_info=True)


# --- running -----------------------------------------------------------------------------------------------


class Run:
    """A job while it runs: its settings, the place to continue from, and where progress is reported."""

    def __init__(self, job: Job, on_progress: Callable[[Run], None] | None = None) -> None:
        self.job = job
        self.args: dict[str, Any] = job.args
        self.position: Any = job.position
        self.done = job.done
        self.total = job.total
        self.errors = job.error_count
        self.message = job.message
        self._started_with = job.done
        self._started = self._written = time.monotonic()
        self._on_progress = on_progress
        self._stopped = False
        # Inside an enclosing transaction nobody else can see the row: no second connection, no heartbeat.
        self.alone = connection.in_atomic_block
        self._ended = threading.Event()

    def progress(
        self, done: int, total: int | None = None, message: str = "", *, errors: int | None = None
    ) -> None:
        """Report how far the job is; written at most twice a second. Raises `Stopped` if it must end."""
        self.done = done
        self.total = self.total if total is None else total
        self.message = message or self.message
        self.errors = self.errors if errors is None else errors
        if self._stopped:
            raise Stopped(self.job.pk)
        if time.monotonic() - self._written < PROGRESS_SECONDS:
            return
        self._written = time.monotonic()
        if self._on_progress is not None:
            self._on_progress(self)
        # Inside a transaction of the job's own, the heartbeat's connection writes it so that it is seen.
        if self.alone or not connection.in_atomic_block:
            self.beat()
            if self._stopped:
                raise Stopped(self.job.pk)

    @property
    def rate(self) -> Decimal | None:
        """Things done per second since this start."""
        elapsed = Decimal(int((time.monotonic() - self._started) * 1000)) / 1000
        return round((self.done - self._started_with) / elapsed, 1) if elapsed > 1 else None

    def save_position(self, position: Any) -> None:
        """Note where to continue after a crash: call it in the transaction that did the work up to there."""
        self.position = position
        Job.objects.filter(pk=self.job.pk, worker=self.job.worker).update(
            position=position, done=self.done, total=self.total
        )

    def beat(self) -> None:
        """Renew the lease and show the progress."""
        kept = Job.objects.filter(pk=self.job.pk, worker=self.job.worker, state=JobState.RUNNING).update(
            done=self.done,
            total=self.total,
            rate=self.rate,
            error_count=self.errors,
            message=self.message,
            heartbeat_at=Now(),
            lease_until=Now() + LEASE,
        )
        self._stopped = self._stopped or not kept

    def keep_alive(self) -> None:
        """Body of the heartbeat thread: its own connection, so that a long transaction does not look like
        death."""
        try:
            written, beaten = self.done, time.monotonic()
            while not self._ended.wait(1.0):
                late = time.monotonic() - beaten >= HEARTBEAT_SECONDS
                if late or self.done != written:
                    written, beaten = self.done, time.monotonic()
                    self.beat()
        except Exception:
            log.warning("The heartbeat of job %s stopped.", self.job.pk, exc_info=True)
        finally:
            connection.close()

    def end(self) -> None:
        """Stop the heartbeat."""
        self._ended.set()


def _claim(job_id: int) -> Job:
    """Take the lease in one statement: of two workers at once, one gets it."""
    worker = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    taken = (
        Job.objects.filter(pk=job_id)
        .filter(Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=Now()))
        .update(
            state=JobState.RUNNING,
            worker=worker,
            attempts=F("attempts") + 1,
            started_at=Coalesce(F("started_at"), Now()),
            heartbeat_at=Now(),
            lease_until=Now() + LEASE,
        )
    )
    if not taken:
        raise NotRunnable(_("It is finished, cancelled or running elsewhere."))
    return Job.objects.get(pk=job_id)


def _run(job_id: int, on_progress: Callable[[Run], None] | None = None) -> Job:
    job = _claim(job_id)
    run = Run(job, on_progress)
    beating = None
    if not run.alone:
        beating = threading.Thread(target=run.keep_alive, name=f"job-{job_id}", daemon=True)
        beating.start()
    try:
        if job.kind not in _kinds:
            raise UnknownKind(job.kind)
        with audit.context(actor=job.requested_by_id, job=job.pk, source=job.kind):
            result = _kinds[job.kind].function(run)
    except Stopped:
        log.info("Job %s was cancelled or taken over.", job_id)
    except BaseException as error:
        _finish(run, JobState.FAILED, message=_words_of(error), result=_problem_of(error))
        raise
    else:
        _finish(run, JobState.DONE, message=run.message, result=result)
    finally:
        run.end()
        if beating is not None:
            beating.join(timeout=5)
    job.refresh_from_db()
    return job


def _finish(run: Run, state: JobState, *, message: str, result: Any) -> None:
    finished: datetime = clock.real_now()
    Job.objects.filter(pk=run.job.pk, worker=run.job.worker, state=JobState.RUNNING).update(
        state=state,
        done=run.done,
        total=run.total,
        rate=run.rate,
        error_count=run.errors,
        message=message,
        result=result,
        lease_until=None,
        heartbeat_at=finished,
        finished_at=finished,
    )


def _words_of(error: BaseException) -> str:
    return str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"[:2000]


def _problem_of(error: BaseException) -> dict[str, Any] | None:
    return {"problem": error.as_dict()} if isinstance(error, Problem) else None
