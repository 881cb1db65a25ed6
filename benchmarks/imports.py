"""Import of the real year against COPY of the same final rows into an empty copy of the same tables.

Both sides keep every index, key and trigger and run in the same minutes on the same server. `HOUSEHOLDS` limits the
year (all of it by default); the figure is the ratio of the two rates. Once with one point for every full dollar, and
once with tiers, multipliers and expiry; `ROUNDS` of each (one by default), of which the middle is told.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import django

# Parents before children; the configuration is copied too, but not measured.
CONFIGURATION = (
    "programs_partner",
    "programs_coalition",
    "programs_source",
    "programs_store",
    "programs_programme",
    "programs_pointtype",
    "programs_tierladder",
    "programs_rulegroup",
    "programs_rule",
    "programs_revision",
    "programs_revisionactivation",
)
TABLES = (
    "members_member",
    "members_person",
    "members_identifier",
    "members_membership",
    "members_documentkey",
    "members_purchase",
    "members_account",
    "members_posting",
    "members_lot",
    "members_allocation",
    "members_qualificationcounter",
    "members_tierdecision",
    "members_tierperiod",
    "members_memberstats",
    "core_outboxevent",
)
PROGRAMMES = Path(__file__).parent.parent / "tests" / "scenarios" / "programmes"
DOCUMENTS = ("grocery_points.yaml", "grocery_tiers.yaml")


def _copy_again(source: str, target: str, folder: Path) -> float:
    """Seconds to COPY the final rows of one database into another."""
    import psycopg

    with psycopg.connect(source) as connection, connection.cursor() as cursor:
        for table in (*CONFIGURATION, *TABLES):
            with (
                (folder / table).open("wb") as file,
                cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy,
            ):
                for block in copy:
                    file.write(block)
    with psycopg.connect(target) as connection, connection.cursor() as cursor:
        for table in CONFIGURATION:
            _load(cursor, table, folder)
        start = time.perf_counter()
        for table in TABLES:
            _load(cursor, table, folder)
        connection.commit()
        return time.perf_counter() - start


def _load(cursor: Any, table: str, folder: Path) -> None:
    with (folder / table).open("rb") as file, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        while block := file.read(1 << 20):
            copy.write(block)


def main() -> None:
    """Print receipts per second of both ways, their ratio and the memory used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.test")
    django.setup()
    from tests.real_year.prepare import write_purchases

    households = int(os.environ.get("HOUSEHOLDS", "0")) or None
    rounds = int(os.environ.get("ROUNDS", "1"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = write_purchases(folder / "year.csv", limit_households=households)
        receipts = int(told["receipts"])
        print(f"receipts {receipts}, lines {told['rows']}")
        for document in DOCUMENTS:
            runs = [_measure(document, folder) for _round in range(rounds)]
            seconds, least = (median(each) for each in zip(*runs, strict=True))
            ratio = median(limit / mine for mine, limit in runs)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{document}, load {os.getloadavg()[0]:.1f}")
            print(f"import   {seconds:7.2f} s  {receipts / seconds:9.0f} receipts/s")
            print(f"COPY     {least:7.2f} s  {receipts / least:9.0f} receipts/s")
            print(f"ratio    {ratio:.2f}  (must 0.20, aim 0.50)   peak memory {memory:.0f} MB")


def _measure(document: str, folder: Path) -> tuple[float, float]:
    """Seconds of the import and of COPY."""
    from loyalty.core import clock
    from members.services.imports.batches import Options
    from members.services.imports.purchases import import_purchases
    from programs.models import Partner
    from programs.services.programmes import load
    from tests import databases

    template = databases.ensure_template()
    with databases.copy_of(template) as mine, databases.using(mine):
        now = clock.now()
        text = (PROGRAMMES / document).read_text()
        programme = load(text, now=now, publish=True, effective_from=now.replace(year=2016)).programme
        partner = Partner.objects.get(is_operator=True)
        with databases.copy_of(template) as limit:
            start = time.perf_counter()
            import_purchases(
                path=folder / "year.csv", programme=programme, partner=partner, options=Options(enrol=True)
            )
            seconds = time.perf_counter() - start
            least = _copy_again(
                databases.CommittedDatabase(mine).superuser_url,
                databases.CommittedDatabase(limit).superuser_url,
                folder,
            )
    return seconds, least
