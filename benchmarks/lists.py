"""The lists of the back office with a million rows: what each takes to open and to search, and how many statements.

`ROWS` is how many postings, lots and purchases there are; a tenth as many members. The limit of a page is told beside
it: the same list with hardly anything in it, in the same run. A page that takes more statements, or many times as long,
when there is more is found here. The middle of three openings, after one that is not counted.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any, NamedTuple

import django

from benchmarks import crowds

ROUNDS = 3
MUST = 300  # milliseconds for a first page, as the design asks on a quiet machine
BEFORE = datetime(2023, 1, 1, tzinfo=UTC)
DOCUMENT = """
programme: {key: bench, name: Bench, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points, expiry: {kind: after, years: 1}}]
rules:
  - {key: base, title: 1 point for each euro, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
# What staff look for: a receipt, a number of a member, and something that is nowhere.
SEARCHES = {
    "members_purchase": "R-{rows}",
    "members_posting": "M000000000000007",
    "members_lot": "M000000000000007",
    "members_membership": "M000000000000007",
    "members_member": "M000000000000007",
}


class Opening(NamedTuple):
    """What opening a page took: milliseconds and statements."""

    milliseconds: float
    statements: int


def main() -> None:
    """Print a line for each list."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.test")
    django.setup()
    rows = int(os.environ.get("ROWS", "1000000"))
    few, many = _measure(20), _measure(rows)
    print(f"{rows} rows, {rows // crowds.LOTS_PER_ACCOUNT} members, load {os.getloadavg()[0]:.1f}")
    print(f"{'list':44} {'ms':>6} {'with 20':>8} {'statements':>11}")
    slow = []
    for page in sorted(many):
        mine, least = many[page], few[page]
        same = str(mine.statements) + (
            "" if mine.statements == least.statements else f" ({least.statements})"
        )
        print(f"{page:44} {mine.milliseconds:6.0f} {least.milliseconds:8.0f} {same:>11}")
        if mine.milliseconds > MUST:
            slow.append(page)
    print(f"over {MUST} ms: {', '.join(slow) or 'none'}")


def _measure(rows: int) -> dict[str, Opening]:
    from tests import databases

    with databases.copy_of(databases.ensure_template()) as name, databases.using(name):
        _fill(databases.CommittedDatabase(name).superuser_url, rows)
        return _open_all(rows)


def _fill(url: str, rows: int) -> None:
    import psycopg

    from programs.models import Partner, Revision
    from programs.services.partners import ensure_partner
    from programs.services.programmes import load

    programme = load(DOCUMENT, now=BEFORE, publish=True, effective_from=BEFORE).programme
    partner: Partner = ensure_partner("main", is_operator=True)
    revision = Revision.objects.get().pk
    with psycopg.connect(url) as connection:
        cursor = connection.cursor()
        crowds.lots(cursor, programme, revision, partner.pk, rows // crowds.LOTS_PER_ACCOUNT)
        crowds.purchases(cursor, programme, revision, partner.pk)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _open_all(rows: int) -> dict[str, Opening]:
    from django.contrib.admin import site
    from django.test import Client
    from django.urls import reverse

    from loyalty.core.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("bench@example.com", name="Bench"))
    found = {}
    for model in site._registry:  # noqa: SLF001 - Django has no other way
        page = f"{model._meta.app_label}_{model._meta.model_name}"
        address = reverse(f"admin:{page}_changelist")
        found[page] = _open(client, address, {})
        if words := SEARCHES.get(page):
            found[f"{page}, search"] = _open(client, address, {"q": words.format(rows=max(1, rows // 2))})
            found[f"{page}, search for nothing"] = _open(client, address, {"q": "nobody-has-this"})
    return found


def _open(client: Any, address: str, query: dict[str, str]) -> Opening:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address, query)
    times = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        answer = client.get(address, query)
        times.append((time.perf_counter() - start) * 1000)
        assert answer.status_code in (200, 302), address
    with CaptureQueriesContext(connection) as captured:
        client.get(address, query)
    return Opening(median(times), len(captured))
