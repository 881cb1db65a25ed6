"""An import that is killed at any moment goes on when started again, and ends like one that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from members.models import StagedReceipt
from tests import databases
from tests.members.club import balances, club, counted, query, row, written

pytestmark = pytest.mark.slow
RECEIPTS = 15_000
MEMBERS = 3_000
TABLES = ("membership", "account", "purchase", "posting", "lot", "documentkey", "memberstats")
# Shares of an undisturbed run's time.
MOMENTS = (0.4, 0.6, 0.75, 0.9)


def start(database: Any, path: Path) -> subprocess.Popen[bytes]:
    arguments = ["import", "purchases", str(path), "--programme", "club", "--enrol", "--json"]
    return subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments],
        env=database.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def outcome() -> Any:
    kinds = query("SELECT kind, count(*), sum(amount) FROM members_posting GROUP BY 1 ORDER BY 1")
    return counted(*TABLES), balances(), kinds, query("SELECT count(*) FROM core_outboxevent")


def test_a_killed_import_ends_like_an_undisturbed_one(committed_database: Any, tmp_path: Path) -> None:
    path = written(
        tmp_path / "receipts.csv",
        *(
            row(f"r{number}", member=f"M{number % MEMBERS}", amount=f"{number % 37}.50",
                occurred_at=f"2026-02-{number % 28 + 1:02}T10:00")
            for number in range(RECEIPTS)
        ),
    )  # fmt: skip
    club()
    with databases.copy_of(databases.ensure_template()) as name, databases.using(name):
        club()
        began = time.monotonic()
        out, err = start(databases.CommittedDatabase(name), path).communicate(timeout=120)
        whole = time.monotonic() - began
        clean, counts = outcome(), json.loads(out or err)
    assert counts["posted"] == RECEIPTS
    posted = []
    for moment in MOMENTS:
        process = start(committed_database, path)
        try:
            process.communicate(timeout=whole * moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        posted.append(counted("purchase")[0])
        if posted[-1] == RECEIPTS:
            break
    out, err = start(committed_database, path).communicate(timeout=120)
    again = json.loads(out or err)
    assert outcome() == clean
    assert again["conflicts"] == again["bad"] == again["refused"] == 0
    assert any(0 < count < RECEIPTS for count in posted), posted
    assert posted == sorted(posted)
    assert not StagedReceipt.objects.exists()
