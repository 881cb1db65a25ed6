"""Importing in chunks: whatever the chunks are, and wherever an import dies, the ledger ends the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty.core.exact import format_decimal
from loyalty.core.models import ImportBatch
from loyalty.core.problems import InvalidFile
from members.models import Purchase, StagedReceipt
from members.selectors.verification import verify
from members.services.imports.batches import Options
from members.services.imports.purchases import PurchaseImport, import_purchases
from members.services.imports.returns import ReturnImport, import_returns
from members.services.problems import NothingToReturn, ReturnTooLarge
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from members.services.returns import ReturnLine, record_return
from programs.models import Programme
from tests.members.club import NOON, balances, basket, club, counted, member, operator, query, row, written
from tests.members.files import Killed, dies_after

pytestmark = pytest.mark.django_db
BUDGET = """
  - key: gift
    title: 7 points for the first receipts of the year
    effect: {kind: fixed, points: 7}
    caps: {budget: {per: year, points: 45}, per_member: [{per: month, points: 10}]}
"""
POLICIES = {
    "debt and the old lots": "",
    "clamp and new lots": "policies: {spent_points: clamp, restored_points: new, bonus_after_return: taken_back}\n",
}
RETURNS = "receipt,line,quantity,amount,number,occurred_at"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def run(
    what: type[PurchaseImport | ReturnImport], programme: Programme, path: Path, **more: Any
) -> ImportBatch:
    progress, died = more.pop("progress", None), more.pop("dies", False)
    call = import_purchases if what is PurchaseImport else import_returns
    arguments: dict[str, Any] = {
        "path": path, "programme": programme, "partner": operator(), "options": Options(**more),
    }  # fmt: skip
    if died:
        with pytest.raises(Killed):
            call(**arguments, progress=dies_after(died))
        return ImportBatch.objects.latest("id")
    return call(**arguments, progress=progress)


def ledger() -> list[Any]:
    """Everything that an import leaves, without the numbers of rows."""
    lot = "(SELECT count(*) FROM members_lot o WHERE o.member_id = a.member_id AND o.id <= a.lot_id)"
    return [
        balances(),
        query("SELECT p.member_id, p.kind, p.from_side, p.to_side, p.amount, p.available_after, p.debt_after,"
              " p.version, p.occurred_at, b.number, r.number FROM members_posting p"
              " LEFT JOIN members_purchase b ON b.id = p.purchase_id LEFT JOIN members_return r ON r.id = p.returned_id"
              " ORDER BY p.member_id, p.account_id, p.version"),
        query("SELECT member_id, amount, remaining, state, earned_at, expires_on FROM members_lot"
              " ORDER BY member_id, id"),
        query(f"SELECT a.member_id, p.version, {lot}, a.amount FROM members_allocation a"
              " JOIN members_posting p ON p.id = a.posting_id ORDER BY 1, 2, 3"),
        query("SELECT number, occurred_at, amount, lines, trace FROM members_return ORDER BY number"),
        query("SELECT number, trace, facts FROM members_purchase ORDER BY number"),
        query("SELECT number, kind, digest, member_id FROM members_documentkey ORDER BY number, kind"),
        query("SELECT membership_id, rule, period, points, times FROM members_ruleusage ORDER BY 1, 2, 3"),
        query("SELECT rule, period, used FROM members_budgetcounter ORDER BY 1, 2"),
        query("SELECT membership_id, purchases, amount FROM members_memberstats ORDER BY 1"),
    ]  # fmt: skip


def undone(call: Callable[[], Any]) -> list[Any]:
    """What a call would leave."""
    with transaction.atomic():
        call()
        left = ledger()
        assert all(result.ok for result in verify().results)
        transaction.set_rollback(True)
    return left


# --- chunks ---------------------------------------------------------------------------------------------------
def shopping(programme: Programme) -> None:
    """Five members buy, pay with points and spend them, so that returns meet debts and used-up lots."""
    shop = operator()
    for number in range(5):
        who = member(programme, f"M{number}")
        for nth in range(6):
            points = 8 if nth in (2, 4) else 0
            sold = basket(1000, 999, 301, quantity=3000, points=points, at=NOON + timedelta(days=nth))
            record_purchase(membership=who, basket=sold, receipt=f"r{number}{nth}", partner=shop, now=NOON)
        redeem(membership=who, points=60, partner=shop, reference=f"s{number}", now=NOON)


class Back(NamedTuple):
    """A return, as a file writes it and as a service is asked for it."""

    receipt: str
    line: int
    quantity: int
    amount: int
    number: str
    occurred_at: datetime

    def written(self) -> str:
        quantity = format_decimal(self.quantity, 3) if self.quantity else ""
        amount = format_decimal(self.amount, 2) if self.amount else ""
        cells = [
            self.receipt,
            str(self.line or ""),
            quantity,
            amount,
            self.number,
            self.occurred_at.isoformat(),
        ]
        return ",".join(cells)

    def record(self) -> None:
        purchase = Purchase.objects.select_related("revision", "membership__programme").get(
            number=self.receipt
        )
        line = ReturnLine(self.line - 1, self.quantity or None, self.amount or None)
        with suppress(ReturnTooLarge, NothingToReturn):
            record_return(
                purchase=purchase, number=self.number, now=NOON, occurred_at=self.occurred_at,
                lines=[line] if self.line else None,
            )  # fmt: skip


def brought_back() -> list[Back]:
    """Returns of lines, parts and whole receipts, some of them too large, in no order."""
    rng = Random(7)  # noqa: S311 (nothing here is a secret)
    found = []
    for number in range(110):
        kind = rng.randrange(4)
        quantity = rng.choice((1000, 500, 3000)) if kind == 1 else 0
        amount = rng.choice((101, 7)) if kind == 2 else 0
        when = NOON + timedelta(days=rng.randrange(6, 16))
        receipt = f"r{rng.randrange(5)}{rng.randrange(6)}"
        found.append(Back(receipt, rng.randrange(1, 4) if kind else 0, quantity, amount, f"b{number}", when))
    return found


@pytest.mark.parametrize("policies", POLICIES)
def test_a_file_of_returns_ends_like_the_same_returns_one_by_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, policies: str
) -> None:
    programme = club(BUDGET + POLICIES[policies])
    shopping(programme)
    back = brought_back()
    written(file, *(each.written() for each in back), header=RETURNS)
    member_of = dict(Purchase.objects.values_list("number", "member_id"))
    in_order = sorted(back, key=lambda each: (str(member_of[each.receipt]), each.occurred_at, each.receipt))

    def one_by_one() -> None:
        for each in in_order:
            each.record()

    expected = undone(one_by_one)
    assert 40 < len(expected[4]) < 90
    for chunk in (4, 1_000):
        monkeypatch.setattr(ReturnImport, "chunk", chunk)
        assert undone(lambda: run(ReturnImport, programme, file)) == expected


def test_chunks_do_not_change_who_gets_a_budget(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """45 points for all, 7 a receipt and 10 a member: the members that come first get them, one after the other."""
    programme = club(BUDGET)
    for number in range(9):
        member(programme, f"M{number}")
    rows = [
        row(
            f"r{number}",
            member=f"M{number % 9}",
            amount="1.00",
            occurred_at=f"2026-02-{28 - number:02}T10:00",
        )
        for number in range(27)
    ]
    written(file, *rows)
    expected = undone(lambda: run(PurchaseImport, programme, file))
    gifts = {number: available - 3 for number, (available, _debt) in expected[0].items()}
    assert gifts == {"M0": 10, "M1": 10, "M2": 10, "M3": 10, "M4": 5, "M5": 0, "M6": 0, "M7": 0, "M8": 0}
    assert expected[8] == [("gift", "2026", 45)]
    for chunk in (1, 4):
        monkeypatch.setattr(PurchaseImport, "chunk", chunk)
        assert undone(lambda: run(PurchaseImport, programme, file)) == expected


def test_many_returns_take_few_queries(file: Path) -> None:
    programme = club()
    shopping(programme)
    queries = []
    for count in (3, 30):
        written(file, *(f"r{at % 5}{at % 6},1,0.1,,{count}-{at}," for at in range(count)), header=RETURNS)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert run(ReturnImport, programme, file).counts["posted"] == count
        queries.append(len(captured))
    assert queries[1] - queries[0] <= 10


# --- deaths ---------------------------------------------------------------------------------------------------
@pytest.fixture(params=[PurchaseImport, ReturnImport], ids=["purchases", "returns"])
def case(request: pytest.FixtureRequest, file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A kind of import, the programme, and a file of six documents of three members, posted in three chunks."""
    programme = club()
    for number in range(3):
        member(programme, f"M{number}")
    receipts = [row(f"r{number}", member=f"M{number % 3}", amount=f"{number + 1}0.00") for number in range(6)]
    written(file, *receipts)
    if request.param is ReturnImport:
        run(PurchaseImport, programme, file)
        written(file, *(f"r{number},2026-03-05T10:00" for number in range(6)), header="receipt,occurred_at")
    monkeypatch.setattr(request.param, "chunk", 3)
    return request.param, programme


def documents(what: type[PurchaseImport | ReturnImport]) -> int:
    return counted("purchase" if what is PurchaseImport else "return")[0]


@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_a_killed_import_goes_on_where_it_stopped(case: Any, file: Path, chunks: int) -> None:
    what, programme = case
    whole = undone(lambda: run(what, programme, file))
    died = run(what, programme, file, dies=chunks)
    assert (died.state, documents(what)) == ("posting", 2 * chunks)
    batch = run(what, programme, file)
    assert (batch.pk, batch.state, batch.counts["posted"], batch.counts["already"]) == (died.pk, "done", 6, 0)
    assert ledger() == whole
    assert not StagedReceipt.objects.exists()


def test_a_changed_file_is_another_import(case: Any, file: Path) -> None:
    """Nothing of the old file is posted any more; what it posted is known."""
    what, programme = case
    died = run(what, programme, file, dies=1)
    assert StagedReceipt.objects.count() == 6
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], lines[5]]) + "\n")
    batch = run(what, programme, file)
    assert (batch.counts["documents"], batch.counts["already"] + batch.counts["posted"]) == (2, 2)
    assert (batch.pk > died.pk, ImportBatch.objects.get(pk=died.pk).state) == (True, "failed")
    assert documents(what) == 3
    assert not StagedReceipt.objects.exists()


@pytest.mark.parametrize("more", [{"timezone": "Asia/Tokyo"}, {"enrol": True}, {"strict": True}], ids=str)
def test_other_options_are_another_import(case: Any, file: Path, more: dict[str, Any]) -> None:
    what, programme = case
    died = run(what, programme, file, dies=1)
    batch = run(what, programme, file, **more)
    assert (batch.pk > died.pk, ImportBatch.objects.get(pk=died.pk).state) == (True, "failed")
    assert (batch.counts["documents"], documents(what)) == (6, 6)


def test_a_file_that_changes_while_it_is_read_is_refused(case: Any, file: Path) -> None:
    what, programme = case
    before = ledger()

    def writes(step: str, _done: int, _total: int) -> None:
        with file.open("a") as other:
            other.write("\n")

    with pytest.raises(InvalidFile):
        run(what, programme, file, progress=writes)
    assert (ledger(), StagedReceipt.objects.count()) == (before, 0)
    assert ImportBatch.objects.latest("id").state == "failed"


def test_progress_is_told(case: Any, file: Path) -> None:
    what, programme = case
    told: list[tuple[str, int, int]] = []
    run(what, programme, file, dies=1)
    run(what, programme, file, progress=lambda *said: told.append(said))
    assert told == [("posting", 4, 6), ("posting", 6, 6)]
