"""A server that was killed comes back by itself, with everything that was committed."""

import os
import pwd
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from loyalty.core import embedded


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "pg"


def test_a_killed_server_comes_back(data: Path) -> None:
    embedded.ensure_running(data)
    try:
        with psycopg.connect(embedded.url(data, user=embedded.OWNER_ROLE), autocommit=True) as owner:
            owner.execute("CREATE TABLE fact (id int); INSERT INTO fact VALUES (1)")
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        while embedded.is_running(data):
            time.sleep(0.02)
        embedded.ensure_running(data)
        with psycopg.connect(embedded.url(data, user=embedded.OWNER_ROLE)) as owner:
            assert owner.execute("SELECT id FROM fact").fetchall() == [(1,)]
    finally:
        embedded.stop(data)


def test_the_servers_folder_is_closed_to_others(data: Path) -> None:
    embedded.ensure_running(data)
    try:
        assert data.stat().st_mode & 0o077 == 0
        expected = embedded.SYSTEM_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        assert data.owner() == expected
    finally:
        embedded.stop(data)
