"""What a verification saw of history stays on record: rows that disappear are missed, whatever else is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import transaction

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import Job
from members import tasks
from members.models import HistoryMark
from members.selectors.verification import marks_to_keep
from members.services import verification
from members.services.scenarios import read_file, run
from tests.members.faults import faults, plant, red
from tests.members.small_ledger import SmallLedger, small_ledger

SCENARIO = Path(__file__).parent.parent / "scenarios" / "caps_net_of_returns.yaml"
KEY_GONE = "DELETE FROM members_documentkey WHERE number = 'r1'"
# Everything about a purchase that gave nothing: nothing is left that contradicts itself.
STORY_GONE = (
    "DELETE FROM members_purchase WHERE number = 'r5'",
    "DELETE FROM members_documentkey WHERE number = 'r5'",
    "DELETE FROM core_outboxevent WHERE id = (SELECT max(id) FROM core_outboxevent)",
    ("UPDATE members_memberstats SET purchases = 2, amount = 15000, last_purchase_at = '2026-03-01T10:00Z'"
     " WHERE purchases = 3"),
)  # fmt: skip
STORY_TABLES = ("members_documentkey", "members_purchase", "core_outboxevent")


@pytest.fixture
def committed(committed_database: Any) -> SmallLedger:
    with transaction.atomic():
        return small_ledger()


def remember() -> Job:
    """Verify as a job, which marks what it saw."""
    return jobs.run_now(verification.KIND)


def test_rows_that_disappear_are_missed_and_missed_again(
    committed_database: Any, committed: SmallLedger
) -> None:
    remember()
    assert HistoryMark.objects.get(table_name="members_posting").rows == 14
    plant(committed_database, KEY_GONE, *STORY_GONE, tables=STORY_TABLES)
    missing = [
        "1 rows have disappeared: core_outboxevent",
        "2 rows have disappeared: members_documentkey",
        "1 rows have disappeared: members_purchase",
    ]
    assert [fault for fault in faults() if "disappeared" in fault] == missing
    remember()
    assert [fault for fault in faults() if "disappeared" in fault] == missing


def test_growth_alone_is_missed_when_a_whole_story_disappears(
    committed_database: Any, committed: SmallLedger
) -> None:
    remember()
    plant(committed_database, *STORY_GONE, tables=STORY_TABLES)
    assert red() == ["I9"]
    assert red(programme=committed.programme) == ["I9"]


def test_without_a_mark_nobody_knows_what_there_was(committed_database: Any, committed: SmallLedger) -> None:
    plant(committed_database, *STORY_GONE, tables=STORY_TABLES)
    assert red() == []


def test_the_nightly_task_remembers_what_it_saw_whatever_becomes_of_jobs(
    committed_database: Any, committed: SmallLedger
) -> None:
    assert tasks.verify_ledger() is True
    first = Job.objects.get()
    assert (first.state, first.message) == (JobState.DONE, "Everything holds.")
    Job.objects.all().delete()
    plant(committed_database, KEY_GONE, tables=("members_documentkey",))
    assert tasks.verify_ledger() is False
    second = Job.objects.latest("pk")
    assert (second.error_count, second.message) == (2, "I5, I9")
    assert tasks.verify_ledger() is False


def test_what_came_since_does_not_make_up_for_what_is_gone(
    committed_database: Any, committed: SmallLedger
) -> None:
    remember()
    plant(committed_database, *STORY_GONE, tables=STORY_TABLES)
    small_ledger("other", 1000)
    assert red() == ["I9"]


def test_a_false_mark_silences_nothing(committed_database: Any, committed: SmallLedger) -> None:
    remember()
    plant(committed_database, *STORY_GONE, tables=STORY_TABLES)
    HistoryMark.objects.bulk_create(marks_to_keep())
    for table in STORY_TABLES:
        HistoryMark.objects.create(table_name=table, highest=10**6, rows=1)
    assert red() == ["I9"]


def test_marks_are_marked_too(committed_database: Any, committed: SmallLedger) -> None:
    remember()
    remember()
    gone = "DELETE FROM members_historymark WHERE table_name = 'members_purchase'"
    plant(committed_database, gone, *STORY_GONE, tables=(*STORY_TABLES, "members_historymark"))
    assert "1 rows have disappeared: members_historymark" in faults()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_historymark SET rows = 0",
        "DELETE FROM members_historymark",
        "TRUNCATE members_historymark",
    ],
)
def test_nobody_edits_a_mark(committed_database: Any, committed: SmallLedger, statement: str) -> None:
    remember()
    for url, refusal in (
        (committed_database.url, psycopg.errors.InsufficientPrivilege),
        (committed_database.owner_url, psycopg.errors.RestrictViolation),
    ):
        with psycopg.connect(url) as session, pytest.raises(refusal):
            session.execute(statement)


@pytest.mark.django_db
def test_a_lower_number_that_comes_later_is_no_loss() -> None:
    small = small_ledger(first_id=10)
    remember()
    posting = small.book("anna").postings[0]
    assert HistoryMark.objects.get(table_name="members_posting").highest == posting.id + 13
    small_ledger("late", first_id=posting.id + 500)
    remember()
    small_ledger("later", first_id=posting.id + 200)
    remember()
    assert red() == []
    marks = HistoryMark.objects.filter(table_name="members_posting").order_by("pk")
    assert list(marks.values_list("highest", "rows")) == [(23, 14), (523, 28), (523, 42)]


@pytest.mark.django_db
def test_what_is_marked_already_is_not_marked_again() -> None:
    small_ledger()
    remember()
    tables = set(HistoryMark.objects.values_list("table_name", flat=True))
    assert {"members_purchase", "members_posting", "programs_revision", "core_outboxevent"} <= tables
    count = HistoryMark.objects.count()
    remember()
    fresh = HistoryMark.objects.order_by("pk")[count:]
    assert [(mark.table_name, mark.rows) for mark in fresh] == [("members_historymark", count)]


@pytest.mark.django_db
def test_a_scenario_leaves_no_mark_and_sees_those_that_are_there() -> None:
    small_ledger()
    remember()
    count = HistoryMark.objects.count()
    assert run(read_file(SCENARIO)).ok
    assert HistoryMark.objects.count() == count
