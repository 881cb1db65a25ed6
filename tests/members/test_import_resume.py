"""An import that is killed at any moment goes on when started again, and ends like one that was not."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty.core.models import ImportBatch
from members.models import StagedReceipt
from members.services.imports.batches import Options
from members.services.imports.purchases import import_purchases
from tests import databases
from tests.members.club import balances, club, counted, operator, query, row, written
from tests.members.files import start

pytestmark = pytest.mark.slow
RECEIPTS = 8_000
RETURNED = 2_000
TABLES = ("membership", "account", "purchase", "return", "posting", "lot", "documentkey", "memberstats")
# Fewer points than the receipts would get: who is first?
BUDGET = """
  - key: gift
    title: 2 points for the first receipts of the year
    effect: {kind: fixed, points: 2}
    caps: {budget: {per: year, points: 7000}}
"""
# Shares of all documents that are posted when the import is killed; None: while the file is read.
MOMENTS = (None, 0.05, 0.6)


def receipts(count: int) -> list[str]:
    """Five receipts a member."""
    return [
        row(f"r{number}", member=f"M{number % (count // 5)}", amount=f"{number % 37}.50",
            occurred_at=f"2026-02-{number % 28 + 1:02}T10:00")
        for number in range(count)
    ]  # fmt: skip


def returns() -> list[str]:
    """Of every receipt half, then of every second one the rest, without numbers."""
    half = [f"r{number},1,0.5" for number in range(RETURNED)]
    return [*half, *(f"r{number},," for number in range(0, RETURNED, 2))]


def outcome() -> Any:
    kinds = query("SELECT kind, count(*), sum(amount) FROM members_posting GROUP BY 1 ORDER BY 1")
    counters = query("SELECT rule, used FROM members_budgetcounter")
    return counted(*TABLES), balances(), kinds, counters, query("SELECT count(*) FROM core_outboxevent")


def nobody_else() -> bool:
    """Has the server noticed that the killed process is gone?"""
    return query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    ) == [(0,)]  # fmt: skip


def wait_for(condition: Callable[[], bool], process: Any = None) -> None:
    limit = time.monotonic() + 120
    while not condition() and (process is None or process.poll() is None):
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["purchases", "returns"])
def test_a_killed_import_ends_like_an_undisturbed_one(
    committed_database: Any, tmp_path: Path, kind: str
) -> None:
    if kind == "purchases":
        path, total, table = written(tmp_path / "a.csv", *receipts(RECEIPTS)), RECEIPTS, "purchase"
    else:
        rows = returns()
        path, total, table = (
            written(tmp_path / "a.csv", *rows, header="receipt,line,quantity"),
            len(rows),
            "return",
        )
    before = written(tmp_path / "before.csv", *receipts(RETURNED))

    def made() -> None:
        programme = club(BUDGET)
        if kind == "returns":
            import_purchases(
                path=before, programme=programme, partner=operator(), options=Options(enrol=True)
            )

    arguments = [kind, str(path), "--programme", "club", *(["--enrol"] if kind == "purchases" else [])]
    with databases.copy_of(databases.ensure_template()) as name, databases.using(name):
        made()
        out, err = start(databases.CommittedDatabase(name), *arguments).communicate(timeout=120)
        clean, counts = outcome(), json.loads(out or err)
    assert counts["posted"] == total
    made()
    posted = []
    for moment in MOMENTS:
        process = start(committed_database, *arguments)
        if moment is None:
            wait_for(ImportBatch.objects.filter(kind=kind).exists, process)
        else:
            wait_for(lambda least=moment * total: counted(table)[0] >= least, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_for(nobody_else)
        posted.append(counted(table)[0])
    out, err = start(committed_database, *arguments).communicate(timeout=120)
    again = json.loads(out or err)
    assert outcome() == clean
    assert again["conflicts"] == again["bad"] == again["refused"] == 0
    assert posted == sorted(posted)
    assert posted[0] == 0
    assert any(0 < count < total for count in posted), posted
    assert not StagedReceipt.objects.exists()
