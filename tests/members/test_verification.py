"""The verifier is green on a sound ledger; each planted fault turns exactly its own invariant red."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty.core import jobs
from members.models import Purchase
from members.models.ledger import Account
from members.selectors import reports
from members.selectors.verification import CHECKS, verify
from members.services import verification
from members.services.adjustments import adjust
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import record_return
from tests.members.club import NOON, basket, club, member, operator
from tests.members.faults import faults, plant, red
from tests.members.small_ledger import SmallLedger, programme_of_points, small_ledger

# After the small ledger's own rows, which count from 1.
OTHER_IDS = 1000


@pytest.fixture
def committed(committed_database: Any) -> SmallLedger:
    with transaction.atomic():
        return small_ledger()


@pytest.mark.django_db
def test_a_sound_ledger_is_green_and_every_row_is_looked_at() -> None:
    small_ledger()
    assert faults() == []
    checked = {result.id: result.checked for result in verify().results}
    assert checked == {
        "I1": 14, "I2": 17, "I3": 17, "I4": 13, "I5": 7, "I6": 5, "I8": 0, "I9": 0, "I12": 14, "I13": 7, "I15": 62,
        "I16": 10, "I17": 7, "I18": 0, "I19": 0,
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
    "a purchase not counted": (
        "I16", (), ("UPDATE members_memberstats SET purchases = purchases - 1 WHERE amount = 15099",),
    ),
    "sum of purchases": ("I16", (), ("UPDATE members_memberstats SET amount = amount + 1",)),
    "last purchase": (
        "I16", (), ("UPDATE members_memberstats SET last_purchase_at = last_purchase_at - interval '1 second'",),
    ),
    "counts of a member gone": ("I16", (), ("DELETE FROM members_memberstats WHERE amount = 10700",)),
    "points of a rule": ("I16", (), ("UPDATE members_ruleusage SET points = 0 WHERE points = 7",)),
    "times of a rule": ("I16", (), ("UPDATE members_ruleusage SET times = times - 1 WHERE points = 50",)),
    "usage in another period": (
        "I16", (), ("UPDATE members_ruleusage SET period = '2026-01-31' WHERE points = 7",),
    ),
    "usage of all rules gone": ("I16", (), ("DELETE FROM members_ruleusage WHERE rule = '*points'",)),
    "last award": (
        "I16", (), ("UPDATE members_ruleusage SET last_at = last_at - interval '1 day' WHERE rule = 'extra'",),
    ),
    "last award in two rows": (
        "I16", (), ("UPDATE members_ruleusage SET last_at = now() WHERE period = '2026-03'",),
    ),
    "a budget spared": ("I16", (), ("UPDATE members_budgetcounter SET used = used - 1",)),
    "a budget gone": ("I16", (), ("DELETE FROM members_budgetcounter",)),
    "a budget that nobody has": (
        "I16", (), (("INSERT INTO members_budgetcounter (programme_id, rule, period, used)"
                     " SELECT programme_id, 'base', period, used FROM members_budgetcounter"),),
    ),
    "award of another size": (
        "I17", ("members_purchase",),
        (("UPDATE members_purchase SET trace = jsonb_set(trace, '{awards,2,points}', '151')"
          " WHERE number = 'r1'"),),
    ),
    "award of an unknown point type": (
        "I17", ("members_purchase",),
        ("UPDATE members_purchase SET trace = jsonb_set(trace, '{awards,2,type}', '\"x\"') WHERE number = 'r1'",),
    ),
    "award of an uncounted purchase": (
        "I17", ("members_purchase",),
        (("UPDATE members_purchase SET trace = jsonb_set(trace, '{awards}',"
          " '[{\"no\": 1, \"rule\": \"cashback\", \"type\": \"cash\", \"points\": 1}]') WHERE number = 'r5'"),),
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


def test_a_return_that_says_something_else_contradicts_counters_and_postings(
    committed_database: Any, committed: SmallLedger
) -> None:
    plant(
        committed_database,
        "UPDATE members_return SET trace = jsonb_set(trace, '{0,points}', '39') WHERE number = 'b1'",
        tables=("members_return",),
    )
    anna, b1 = committed.memberships["anna"].pk, committed.documents["b1"].pk
    assert faults() == [
        f"*points in 2026: 67 points in 3 awards, not 68 in 3: membership {anna}",
        f"base in 2026-01: 50 points in 1 awards, not 51 in 1: membership {anna}",
        f"took 40 points, not the 39 of its calculation: return {b1}",
    ]


def test_nothing_is_let_off_that_did_not_go_unused(committed_database: Any, committed: SmallLedger) -> None:
    plant(
        committed_database,
        "UPDATE members_return SET trace = jsonb_set(trace, '{0,lost}', '5') WHERE number = 'b1'",
        tables=("members_return",),
    )
    r1, b1 = committed.documents["r1"].pk, committed.documents["b1"].pk
    assert faults() == [
        f"took 40 points, not the 35 of its calculation: return {b1}",
        f"let off 5 points, of which 0 had gone: purchase {r1}",
    ]


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


@pytest.mark.django_db
def test_each_invariant_has_one_function() -> None:
    assert len(CHECKS) == len({result.id for result in verify().results})


@pytest.mark.django_db
def test_what_the_services_write_is_green_at_every_step() -> None:
    """Earned, paid with points, brought back into debt, repaid, adjusted."""
    programme = club()
    anna, shop = member(programme), operator()

    def checked() -> int:
        jobs.run_now(verification.KIND, programme="club")
        assert faults(programme=programme) == []
        [row] = reports.balances(programme)
        return row.balance

    first = record_purchase(membership=anna, basket=basket(10000), receipt="r1", partner=shop, now=NOON)
    assert checked() == 100
    record_purchase(membership=anna, basket=basket(1000, points=60), receipt="r2", partner=shop, now=NOON)
    # The 0.60 paid with points earns nothing.
    assert checked() == 49
    purchase = Purchase.objects.get(pk=first.document_id)
    assert record_return(purchase=purchase, number="b1", now=NOON).shortage == {"points": 51}
    assert checked() == -51
    record_purchase(membership=anna, basket=basket(7000), receipt="r3", partner=shop, now=NOON)
    adjust(membership=anna, points=-5, reason="Mistake", now=NOON)
    redeem(membership=anna, points=10, partner=shop, reference="t1", now=NOON)
    assert checked() == 4
    [totals] = reports.totals(programme)
    assert (totals.issued, totals.reversed, totals.redeemed, totals.adjusted) == (179, 100, 70, -5)
