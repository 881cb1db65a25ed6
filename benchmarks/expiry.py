"""The expiry job against writing the very same rows by SQL: bulk insert of the postings and allocations, update of the
lots, accounts and memberships. Ten lots an account, of which one is due.

`LOTS` are the sizes ("250000 1000000"); with several, the growth exponent between the first and the last is told too.
The middle of three runs, each on a fresh copy of the same database.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from math import log
from statistics import median
from typing import Any

import django

from benchmarks import crowds

ROUNDS = 3
UNTIL = datetime(2025, 3, 5, tzinfo=UTC)
BEFORE = datetime(2023, 1, 1, tzinfo=UTC)
DOCUMENT = """
programme: {key: bench, name: Bench, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points, expiry: {kind: after, years: 1}}]
rules:
  - {key: base, title: 1 point for each euro, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
# What the job wrote, by the name of the table it is loaded into.
_WRITTEN = {
    "new_postings": "SELECT * FROM members_posting WHERE kind = 'expire' ORDER BY id",
    "new_allocations": "SELECT member_id, posting_id, lot_id, amount FROM members_allocation ORDER BY id",
    "new_lots": "SELECT id, remaining, state FROM members_lot WHERE state = 'closed'",
    "new_accounts": "SELECT id, membership_id, available, version, last_recorded_at FROM members_account"
    " WHERE id IN (SELECT account_id FROM members_posting WHERE kind = 'expire')",
}
_LIMIT = """
INSERT INTO members_posting SELECT * FROM new_postings;
INSERT INTO members_allocation (member_id, posting_id, lot_id, amount) SELECT * FROM new_allocations;
UPDATE members_lot l SET remaining = n.remaining, state = n.state FROM new_lots n WHERE n.id = l.id;
UPDATE members_account a SET available = n.available, version = n.version, last_recorded_at = n.last_recorded_at
  FROM new_accounts n WHERE n.id = a.id;
UPDATE members_membership m SET version = m.version + 1 FROM new_accounts n WHERE n.membership_id = m.id
"""


def main() -> None:
    """Print seconds, expired lots per second and the ratio for each size."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.test")
    django.setup()
    sizes = [int(size) for size in os.environ.get("LOTS", "50000 200000").split()]
    jobs, limits = [], []
    for size in sizes:
        job, limit = _measure(size)
        jobs.append(median(job))
        limits.append(median(limit))
        ratio = median(least / mine for least, mine in zip(limit, job, strict=True))
        due = size // crowds.LOTS_PER_ACCOUNT
        print(f"{size} lots, {due} due, load {os.getloadavg()[0]:.1f}")
        print(f"  advance     {jobs[-1]:7.2f} s  {due / jobs[-1]:9.0f} lots/s   runs {_shown(job)}")
        print(f"  same rows   {limits[-1]:7.2f} s  {due / limits[-1]:9.0f} lots/s   runs {_shown(limit)}")
        print(f"  ratio       {ratio:7.2f}    (must 0.45, aim 0.80)")
    if len(sizes) > 1:
        growth = log(sizes[-1] / sizes[0])
        for name, times in (("advance", jobs), ("same rows", limits)):
            print(f"growth exponent of {name}: {log(times[-1] / times[0]) / growth:.2f}  (must 1.10)")


def _shown(times: list[float]) -> str:
    return " ".join(f"{each:.2f}" for each in times)


def _measure(size: int) -> tuple[list[float], list[float]]:
    from tests import databases

    job, limit = [], []
    with databases.copy_of(databases.ensure_template()) as seed:
        _fill(seed, size)
        for _round in range(ROUNDS):
            with ExitStack() as copies:
                mine = copies.enter_context(databases.copy_of(seed))
                other = copies.enter_context(databases.copy_of(seed))
                job.append(_advance(mine, size // crowds.LOTS_PER_ACCOUNT))
                limit.append(_same_rows(mine, other))
    return job, limit


def _fill(name: str, size: int) -> None:
    import psycopg

    from programs.models import Partner, Programme
    from programs.services.programmes import load
    from tests import databases

    with databases.using(name):
        loaded = load(DOCUMENT, now=BEFORE, publish=True, effective_from=BEFORE)
        assert loaded.revision is not None
        programme, partner = Programme.objects.get(), Partner.objects.get(is_operator=True)
        with psycopg.connect(databases.CommittedDatabase(name).superuser_url) as connection:
            accounts = size // crowds.LOTS_PER_ACCOUNT
            crowds.lots(connection.cursor(), programme, loaded.revision.pk, partner.pk, accounts)
        _vacuum(name)


def _vacuum(name: str) -> None:
    import psycopg

    from tests import databases

    with psycopg.connect(databases.CommittedDatabase(name).superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _advance(name: str, due: int) -> float:
    from members.models.ledger import Posting
    from members.services.advancing import advance
    from programs.models import Programme
    from tests import databases

    with databases.using(name):
        programme = Programme.objects.get()
        start = time.perf_counter()
        advance(programme, UNTIL)
        seconds = time.perf_counter() - start
        assert Posting.objects.filter(kind="expire").count() == due
    return seconds


def _same_rows(source: str, target: str) -> float:
    """Seconds to write what the job wrote, from tables that hold it already."""
    import psycopg

    from tests import databases

    urls = [databases.CommittedDatabase(name).superuser_url for name in (source, target)]
    with psycopg.connect(urls[0]) as one, psycopg.connect(urls[1]) as two:
        for table, query in _WRITTEN.items():
            two.execute(f"CREATE UNLOGGED TABLE {table} AS {query.replace('ORDER BY id', '')} LIMIT 0")
            _carry(one, two, query, table)
        two.commit()
        for table in _WRITTEN:
            two.execute(f"ANALYZE {table}")
        two.commit()
        start = time.perf_counter()
        for statement in _LIMIT.split(";\n"):
            two.execute(statement)
        two.commit()
        return time.perf_counter() - start


def _carry(one: Any, two: Any, query: str, table: str) -> None:
    with (
        one.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as out,
        two.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as into,
    ):
        for block in out:
            into.write(block)


if __name__ == "__main__":
    main()
