"""Imports while others work: one import per programme at a time, and tills that record the same documents."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from loyalty.core.models import ImportBatch
from members.models import Purchase
from members.selectors.verification import verify
from members.services.imports.batches import Options
from members.services.imports.purchases import import_purchases
from members.services.imports.returns import import_returns
from members.services.purchases import record_purchase
from members.services.returns import record_return
from programs.models import Programme, Store
from tests.members.club import NOON, balances, basket, club, counted, member, operator, query, row, written
from tests.members.files import faults
from tests.members.test_concurrency import at_once

IMPORTS: dict[str, Callable[..., ImportBatch]] = {"purchases": import_purchases, "returns": import_returns}


@pytest.fixture
def programme(committed_database: Any) -> Programme:
    """Two members, each with a receipt of 10 points."""
    made = club()
    for number in ("A-1", "B-2"):
        buy(made, number, f"old-{number}")
    return made


def buy(programme: Programme, number: str, receipt: str) -> None:
    record_purchase(
        membership=member(programme, number),
        basket=basket(1000),
        receipt=receipt,
        partner=operator(),
        now=NOON,
    )


def bring(number: str, returned: str) -> None:
    purchase = Purchase.objects.select_related("revision", "membership__programme").get(
        number=f"old-{number}"
    )
    record_return(purchase=purchase, number=returned, now=NOON)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A file of each kind for the first member; its store is new."""
    return {
        "purchases": written(tmp_path / "purchases.csv", row("new", store="s9"), row("other", store="s9")),
        "returns": written(tmp_path / "returns.csv", "old-A-1,back", header="receipt,number"),
    }


@pytest.mark.parametrize("kind", IMPORTS)
@pytest.mark.parametrize("other", IMPORTS)
def test_one_import_at_a_time(programme: Programme, files: dict[str, Path], kind: str, other: str) -> None:
    answers: list[Any] = []

    def call(kind: str, progress: Any = None) -> ImportBatch:
        return IMPORTS[kind](
            path=files[kind], programme=programme, partner=operator(), options=Options(), progress=progress
        )

    def meanwhile(*_said: Any) -> None:
        if not answers:
            answers.extend(at_once([lambda: call(other)]))

    batch = call(kind, meanwhile)
    assert (answers, batch.state, ImportBatch.objects.count()) == (["import_running"], "done", 1)
    assert call(kind).counts["already"] == batch.counts["posted"] > 0


@pytest.mark.parametrize("kind", IMPORTS)
def test_the_same_file_many_times_at_once_is_posted_once(
    programme: Programme, files: dict[str, Path], kind: str
) -> None:
    def call() -> tuple[int, int]:
        counts = IMPORTS[kind](
            path=files[kind], programme=programme, partner=operator(), options=Options()
        ).counts
        return counts["posted"], counts["already"]

    answers = at_once([call] * 6)
    count = 2 if kind == "purchases" else 1
    assert answers.count((count, 0)) == 1
    assert set(answers) <= {(count, 0), (0, count), "import_running"}
    assert counted("purchase", "return") == ([4, 0] if kind == "purchases" else [2, 1])


@pytest.mark.parametrize("kind", IMPORTS)
def test_a_till_that_is_faster_is_seen(programme: Programme, files: dict[str, Path], kind: str) -> None:
    """The import has looked, then waits for the till's uncommitted document of another member; it tries again."""
    recorded = Event()

    def till() -> None:
        with transaction.atomic():
            if kind == "purchases":
                buy(programme, "B-2", "new")
            else:
                bring("B-2", "back")
            recorded.set()
            limit = time.monotonic() + 30
            while not query("SELECT 1 FROM pg_locks WHERE NOT granted") and time.monotonic() < limit:
                time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(till)
        assert recorded.wait(timeout=30)
        batch = IMPORTS[kind](path=files[kind], programme=programme, partner=operator(), options=Options())
        working.result()
    line, code, column = faults(batch)[0]
    assert (line, code, batch.counts["conflicts"]) == (2, "duplicate_receipt", 1)
    if kind == "purchases":
        assert (column, batch.counts["posted"], balances()) == (
            "receipt",
            1,
            {"A-1": (20, 0), "B-2": (20, 0)},
        )
        assert Store.objects.get(code="s9").pk == Purchase.objects.get(number="other").store_id
    else:
        assert (column, batch.counts["posted"], balances()) == ("number", 0, {"A-1": (10, 0), "B-2": (0, 0)})
    assert all(result.ok for result in verify().results)
