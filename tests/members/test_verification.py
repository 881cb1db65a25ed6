"""The verifier is green on a sound ledger; each planted fault turns exactly its own invariant red."""

from __future__ import annotations

import io
import json
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty.core.choices import JobState
from loyalty.core.models import Job
from members import tasks
from members.models import Purchase
from members.models.ledger import Account
from members.selectors import reports
from members.selectors.verification import CHECKS, verify
from members.services.adjustments import adjust
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import record_return
from tests.members.club import NOON, basket, club, member, operator
from tests.members.small_ledger import SmallLedger, programme_of_points, small_ledger

# After the small ledger's own rows, which count from 1.
OTHER_IDS = 1000


def red(**options: Any) -> list[str]:
    return [result.id for result in verify(**options).results if not result.ok]


@pytest.fixture
def committed(committed_database: Any) -> SmallLedger:
    with transaction.atomic():
        return small_ledger()


def plant(database: Any, *statements: str, tables: tuple[str, ...] = ("members_posting",)) -> None:
    """Change history as nobody should be able to: triggers off, foreign keys asleep; then all on again."""
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in tables:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            assert superuser.execute(statement).rowcount != 0, statement
        for table in tables:
            for trigger in ("forbid_change", "forbid_truncate"):
                superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


@pytest.mark.django_db
def test_a_sound_ledger_is_green_and_every_row_is_looked_at() -> None:
    small_ledger()
    found = verify()
    assert [str(fault) for result in found.results for fault in result.faults] == []
    checked = {result.id: result.checked for result in found.results}
    assert checked == {
        "I1": 14, "I2": 17, "I3": 17, "I4": 13, "I5": 7, "I6": 5, "I9": 0, "I12": 14, "I13": 7, "I15": 62,
    }  # fmt: skip


@pytest.mark.django_db
def test_an_empty_installation_is_green() -> None:
    assert red() == []


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_members() -> None:
    counts = []
    for programme in (programme_of_points("empty").programme, small_ledger().programme):
        with CaptureQueriesContext(connection) as queries:
            verify(programme)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# name: (the invariant, the tables whose guard is taken off meanwhile, what is done)
FAULTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "other point type": (
        "I1", ("members_posting",),
        (("UPDATE members_posting SET point_type_id = (SELECT id FROM programs_pointtype WHERE key = 'cash')"
         " WHERE id = 1"),),
    ),
    "account of another member": (
        "I1", (), ("UPDATE members_membership SET member_id = member_id + 1000 WHERE number = 'A-1'",),
    ),
    "buckets after a posting": (
        "I2", ("members_posting",), ("UPDATE members_posting SET held_after = 1 WHERE id = 3",),
    ),
    "version of an account": (
        "I2", (), ("UPDATE members_account SET version = version + 1 WHERE available = 33",),
    ),
    "constraint dropped": (
        "I3", (), ("ALTER TABLE members_account DROP CONSTRAINT account_debt_is_paid_first",),
    ),
    "constraint kept but not enforced": (
        "I3", (),
        ("ALTER TABLE members_posting DROP CONSTRAINT posting_amount_positive",
         ("ALTER TABLE members_posting ADD CONSTRAINT posting_amount_positive"
         " CHECK (amount > 0) NOT ENFORCED")),
    ),
    "composite key dropped": (
        "I3", (), ("ALTER TABLE members_lot DROP CONSTRAINT members_lot_account_id_of_member",),
    ),
    "points vanish from a lot": (
        "I4", (), ("UPDATE members_lot SET remaining = remaining - 1 WHERE id = 1",),
    ),
    "allocation moved to another lot": (
        "I4", ("members_allocation",),
        ("UPDATE members_allocation SET lot_id = 3 WHERE id = (SELECT min(id) FROM members_allocation)",),
    ),
    "second key for a receipt": (
        "I5", (),
        (("INSERT INTO members_documentkey (programme_id, partner_id, source, kind, number, digest,"
         " member_id, document_id) SELECT programme_id, partner_id, 'other', kind, number, digest, member_id,"
         " document_id"
         " FROM members_documentkey WHERE number = 'r1'"),),
    ),
    "unique key dropped": (
        "I5", (), ("ALTER TABLE members_documentkey DROP CONSTRAINT document_key_once",),
    ),
    "reverses a spending": (
        "I6", ("members_posting",),
        (("UPDATE members_posting p SET answers_id = (SELECT id FROM members_posting q"
         " WHERE q.account_id = p.account_id AND kind = 'spend') WHERE kind = 'reverse' AND amount = 25"),),
    ),
    "gives back what nobody spent": (
        "I6", ("members_posting",), ("UPDATE members_posting SET answers_id = NULL WHERE kind = 'restore'",),
    ),
    "trigger off": ("I9", (), ("ALTER TABLE members_purchase DISABLE TRIGGER forbid_change",)),
    "trigger not for replicas": (
        "I9", (), ("ALTER TABLE core_outboxevent ENABLE TRIGGER forbid_truncate",),
    ),
    "recorded out of order": (
        "I12", ("members_posting",),
        ("UPDATE members_posting SET recorded_at = recorded_at - interval '1 year' WHERE kind = 'restore'",),
    ),
    "recorded at the same instant": (
        "I12", ("members_posting",),
        (("UPDATE members_posting p SET recorded_at = q.recorded_at FROM members_posting q"
         " WHERE q.account_id = p.account_id AND q.version = p.version - 1 AND p.kind = 'restore'"),),
    ),
    "told twice": (
        "I13", (),
        (("INSERT INTO core_outboxevent (name, subject, payload, occurred_at, recorded_at)"
         " SELECT name, subject, payload, occurred_at, recorded_at FROM core_outboxevent LIMIT 1"),),
    ),
    "told of another membership": (
        "I13", ("core_outboxevent",),
        ("UPDATE core_outboxevent SET subject = 'membership:0' WHERE name = 'return.recorded'",),
    ),
    "told of nothing": (
        "I13", (),
        (("INSERT INTO core_outboxevent (name, subject, payload, occurred_at, recorded_at)"
         " VALUES ('return.recorded', 'membership:1', '{\"return\": 999}', now(), now())"),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_turns_its_invariant_red_and_no_other(
    committed_database: Any, committed: SmallLedger, name: str
) -> None:
    invariant, tables, statements = FAULTS[name]
    assert red() == []
    plant(committed_database, *statements, tables=tables)
    assert red() == [invariant]
    assert red(programme=committed.programme) == [invariant]


def test_a_row_that_disappears_is_missed_and_missed_again(
    committed_database: Any, committed: SmallLedger
) -> None:
    marks = verify().marks
    assert marks["members_posting"]["rows"] == 14
    plant(
        committed_database,
        "DELETE FROM members_documentkey WHERE number = 'r1'",
        "DELETE FROM members_purchase WHERE number = 'r5'",
        "DELETE FROM members_documentkey WHERE number = 'r5'",
        "DELETE FROM core_outboxevent WHERE id = (SELECT max(id) FROM core_outboxevent)",
        tables=("members_documentkey", "members_purchase", "core_outboxevent"),
    )
    found = verify(marks=marks)
    growth = next(result for result in found.results if result.id == "I9")
    assert [str(fault) for fault in growth.faults] == [
        "1 rows have disappeared: core_outboxevent",
        "2 rows have disappeared: members_documentkey",
        "1 rows have disappeared: members_purchase",
    ]
    assert "I9" in red(marks=found.marks)


def test_growth_alone_is_missed_when_a_whole_story_disappears(
    committed_database: Any, committed: SmallLedger
) -> None:
    """Everything about a purchase that gave nothing is gone: nothing is left that contradicts itself."""
    marks = verify().marks
    plant(
        committed_database,
        "DELETE FROM members_purchase WHERE number = 'r5'",
        "DELETE FROM members_documentkey WHERE number = 'r5'",
        "DELETE FROM core_outboxevent WHERE id = (SELECT max(id) FROM core_outboxevent)",
        tables=("members_documentkey", "members_purchase", "core_outboxevent"),
    )
    assert red() == []
    assert red(marks=marks) == ["I9"]


@pytest.mark.django_db
@pytest.mark.parametrize("report", ["totals", "balances"])
def test_a_report_that_forgets_something_is_red(monkeypatch: pytest.MonkeyPatch, report: str) -> None:
    small_ledger()
    real = getattr(reports, report)
    monkeypatch.setattr(reports, report, lambda *args, **options: list(real(*args, **options))[1:])
    assert red() == ["I15"]


@pytest.mark.django_db
def test_one_programme_is_checked_apart_from_another() -> None:
    sound, broken = small_ledger(), small_ledger("other", OTHER_IDS)
    Account.objects.filter(pk=broken.book("mark").id).update(version=99)
    assert red(programme=sound.programme) == []
    assert red(programme=broken.programme) == ["I2"]
    [fault] = verify().results[1].faults
    assert str(fault) == f"version is not the last posting's: account {broken.book('mark').id}"


def test_the_command_says_it_with_its_exit_status(committed_database: Any, committed: SmallLedger) -> None:
    out = io.StringIO()
    call_command("verify_ledger", "--json", stdout=out)
    assert json.loads(out.getvalue())["ok"] is True
    plant(committed_database, "UPDATE members_account SET version = version + 1", tables=())
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", "--programme", "club", stdout=out)
    assert ended.value.code == 1
    assert "RED I2" in out.getvalue()
    with pytest.raises(SystemExit):
        call_command("verify_ledger", "--programme", "nowhere", stderr=io.StringIO())


def test_the_nightly_task_remembers_what_it_saw(committed_database: Any, committed: SmallLedger) -> None:
    assert tasks.verify_ledger() is True
    first = Job.objects.get()
    assert (first.state, first.message) == (JobState.DONE, "Everything holds.")
    plant(
        committed_database,
        "DELETE FROM members_documentkey WHERE number = 'r1'",
        tables=("members_documentkey",),
    )
    assert tasks.verify_ledger() is False
    second = Job.objects.latest("pk")
    assert (second.error_count, second.message) == (2, "I5, I9")
    assert tasks.verify_ledger() is False


@pytest.mark.django_db
def test_each_invariant_has_one_function() -> None:
    assert len(CHECKS) == len({result.id for result in verify().results})


@pytest.mark.django_db
def test_what_the_services_write_is_green_at_every_step() -> None:
    """Earned, paid with points, brought back into debt, repaid, adjusted."""
    programme = club()
    anna, shop = member(programme), operator()
    marks: dict[str, dict[str, int]] = {}

    def checked() -> int:
        nonlocal marks
        found = verify(programme, marks=marks)
        marks = found.marks
        assert [str(fault) for result in found.results for fault in result.faults] == []
        [row] = reports.balances(programme)
        return row.balance

    first = record_purchase(membership=anna, basket=basket(10000), receipt="r1", partner=shop, now=NOON)
    assert checked() == 100
    record_purchase(membership=anna, basket=basket(1000, points=60), receipt="r2", partner=shop, now=NOON)
    # The 0.60 paid with points earns nothing.
    assert checked() == 49
    purchase = Purchase.objects.get(pk=first.purchase_id)
    assert record_return(purchase=purchase, number="b1", now=NOON).shortage == {"points": 51}
    assert checked() == -51
    record_purchase(membership=anna, basket=basket(7000), receipt="r3", partner=shop, now=NOON)
    adjust(membership=anna, points=-5, reason="Mistake", now=NOON)
    redeem(membership=anna, points=10, partner=shop, reference="t1", now=NOON)
    assert checked() == 4
    [totals] = reports.totals(programme)
    assert (totals.issued, totals.reversed, totals.redeemed, totals.adjusted) == (179, 100, 70, -5)
