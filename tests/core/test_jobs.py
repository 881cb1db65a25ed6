"""Jobs run once, continue after a crash, and tell how far they are."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import AuditEntry, Job, User


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A registry of its own, with a job that counts and one that fails."""
    monkeypatch.setattr(jobs, "_kinds", {})
    monkeypatch.setattr(jobs, "PROGRESS_SECONDS", 0.0)
    calls: list[Any] = []

    @jobs.kind("test.count", label="Count")
    def count(run: jobs.Run) -> dict[str, Any]:
        calls.append(run.position)
        for number in range(run.position or 0, run.args["to"]):
            if number == run.args.get("crash_at") and run.job.attempts == 1:
                raise MemoryError("crash")
            run.save_position(number + 1)
            run.progress(number + 1, run.args["to"], "counting")
        return {"counted": run.done}

    @jobs.kind("test.slow", label="Slow")
    def slow(run: jobs.Run) -> dict[str, Any]:
        calls.append("slow")
        time.sleep(0.3)
        return {}

    return calls


@pytest.mark.django_db
def test_a_job_runs_and_keeps_its_result() -> None:
    boss = User.objects.create_superuser("boss@example.com")
    job = jobs.run_now("test.count", requested_by=boss, to=3)
    assert (job.state, job.done, job.total, job.result, job.message) == (
        "done",
        3,
        3,
        {"counted": 3},
        "counting",
    )
    assert job.lease_until is None
    assert job.finished_at is not None


@pytest.mark.django_db
def test_a_failed_job_says_why_and_the_exception_comes_through() -> None:
    with pytest.raises(MemoryError):
        jobs.run_now("test.count", to=3, crash_at=1)
    job = Job.objects.get()
    assert (job.state, job.message, job.done) == (JobState.FAILED, "MemoryError: crash", 1)


@pytest.mark.django_db
def test_a_job_whose_worker_died_continues_where_it_was(kinds: list[Any]) -> None:
    job = jobs.enqueue("test.count", to=3)
    Job.objects.update(
        state=JobState.RUNNING,
        worker="dead",
        attempts=1,
        position=2,
        done=2,
        lease_until=Now() - timedelta(1),
    )
    finished = jobs.run(job.pk)
    assert finished is not None
    assert kinds == [2]
    assert (finished.state, finished.done, finished.attempts) == (JobState.DONE, 3, 2)


@pytest.mark.django_db
def test_a_job_that_lives_is_not_taken_over(kinds: list[Any]) -> None:
    job = jobs.enqueue("test.count", to=3)
    Job.objects.update(state=JobState.RUNNING, worker="other", lease_until=Now() + timedelta(minutes=1))
    assert jobs.run(job.pk) is None
    assert kinds == []


@pytest.mark.django_db
def test_a_cancelled_job_stops_at_its_next_report(monkeypatch: pytest.MonkeyPatch) -> None:
    @jobs.kind("test.endless", label="Endless")
    def endless(run: jobs.Run) -> dict[str, Any]:
        run.progress(1)
        assert jobs.cancel(run.job)
        run.progress(2)
        raise AssertionError("not reached")

    assert jobs.run_now("test.endless").state == JobState.CANCELLED


@pytest.mark.django_db
def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(jobs.UnknownKind):
        jobs.enqueue("test.unknown")
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_changes_made_by_a_job_name_it_and_who_asked() -> None:
    boss = User.objects.create_superuser("boss@example.com")

    @jobs.kind("test.rename", label="Rename")
    def rename(run: jobs.Run) -> dict[str, Any]:
        User.objects.update(language="et")
        return {}

    job = jobs.run_now("test.rename", requested_by=boss)
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor_id, entry.job_id, entry.source) == (boss.pk, job.pk, "test.rename")


@pytest.mark.django_db
def test_lost_messages_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(jobs, "_send", sent.append)
    fresh, old, dead, alive = (jobs.enqueue("test.count", to=1) for _ in range(4))
    Job.objects.filter(pk=old.pk).update(created_at=Now() - timedelta(minutes=5))
    Job.objects.filter(pk=dead.pk).update(state=JobState.RUNNING, lease_until=Now() - timedelta(seconds=1))
    Job.objects.filter(pk=alive.pk).update(state=JobState.RUNNING, lease_until=Now() + timedelta(minutes=1))
    assert jobs.resume() == 2
    assert sent == [old.pk, dead.pk]
    assert fresh.pk not in sent


def test_of_two_workers_one_gets_the_job(committed_database: Any, kinds: list[Any]) -> None:
    job = jobs.enqueue("test.slow")
    results: list[Job | None] = []

    def work() -> None:
        try:
            results.append(jobs.run(job.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds == ["slow"]
    assert sum(result is not None for result in results) == 1
    assert Job.objects.get().state == JobState.DONE


def test_progress_inside_a_long_transaction_is_seen_at_once(committed_database: Any) -> None:
    seen: list[int] = []

    @jobs.kind("test.transaction", label="One transaction")
    def one_transaction(run: jobs.Run) -> dict[str, Any]:
        with transaction.atomic():
            run.progress(5, 10)
            deadline = time.monotonic() + 5
            while not seen and time.monotonic() < deadline:
                seen.extend(_ask_elsewhere(run.job.pk))
                time.sleep(0.1)
        return {}

    jobs.run_now("test.transaction")
    assert seen == [5]


def _ask_elsewhere(job_id: int) -> list[int]:
    answers: list[int] = []

    def ask() -> None:
        try:
            answers.extend(Job.objects.filter(pk=job_id, done__gt=0).values_list("done", flat=True))
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return answers
