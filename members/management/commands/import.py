"""manage.py import purchases FILE.csv … / import returns FILE.csv …"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from loyalty.core.models import ImportBatch
from loyalty.core.problems import Invalid, NotFound, ProblemCommand
from members.services.imports.batches import SHOWN, Options
from members.services.imports.purchases import import_purchases
from members.services.imports.returns import import_returns
from programs.models import Partner, Programme


class Command(ProblemCommand):
    help = (
        "Import receipts or returns from a CSV file (columns: docs/imports.md). What cannot be used is reported by line"
        " and the rest is posted. The same file again changes nothing; an import that was killed goes on when it is"
        " started again."
        " A return is known by its column `number`. Without one, each row is known by what it says (receipt, line,"
        " quantity or amount, time) and by how many equal rows stand before it in the file: of a corrected file only"
        " what is new is posted, two equal rows of one file are two returns, equal rows of two files are one."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["purchases", "returns"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--programme", required=True, help="Code of the programme.")
        parser.add_argument(
            "--partner", default="", help="Code of the selling partner; the operator when not said."
        )
        parser.add_argument("--enrol", action="store_true", help="Make unknown members join.")
        parser.add_argument("--timezone", default="", help="Zone of times without an offset.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would happen and change nothing."
        )
        parser.add_argument("--strict", action="store_true", help="All rows or nothing.")

    def run(self, *_args: Any, **options: Any) -> None:
        programme = Programme.objects.filter(key=options["programme"]).first()
        if programme is None:
            raise NotFound(_("There is no programme %(code)s.") % {"code": options["programme"]})
        wanted = {"code": options["partner"]} if options["partner"] else {"is_operator": True}
        partner = Partner.objects.filter(**wanted).first()
        if partner is None:
            raise NotFound(_("There is no partner %(code)s.") % {"code": options["partner"]})
        if options["timezone"]:
            _check_zone(options["timezone"])
        asked = Options(options["enrol"], options["strict"], options["dry_run"], options["timezone"])
        run = import_purchases if options["what"] == "purchases" else import_returns
        batch = run(
            path=options["file"],
            programme=programme,
            partner=partner,
            options=asked,
            progress=_Meter() if sys.stderr.isatty() else None,
        )
        self._tell(batch, as_json=options["json"])

    def _tell(self, batch: ImportBatch, *, as_json: bool) -> None:
        errors = list(batch.row_errors.order_by("line", "id")[:SHOWN])
        before = batch.report["imported_before"] if batch.report else None
        if as_json:
            rows = [
                {
                    "line": error.line,
                    "code": error.code,
                    "field": error.field,
                    "message": error.message,
                    "expected": error.expected,
                    "value": error.raw,
                }
                for error in errors
            ]
            head = {"import": batch.pk, "file": batch.file_name, "imported_before": before}
            self.print_json({**head, **batch.counts, "errors": rows})
            return
        if before:
            self.stdout.write(_("This file was imported before, on %(time)s.") % {"time": before})
        for name, count in batch.counts.items():
            self.stdout.write(f"{name:>12} {count}")
        for error in errors[:50]:
            expected = f"; {_('expected')}: {error.expected}" if error.expected else ""
            self.stderr.write(
                f"{error.line}: {error.field}: {error.message} ({error.code}: {error.raw!r}{expected})"
            )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(_("There is no time zone %(name)s.") % {"name": name}) from None


class _Meter:
    """Progress on a terminal, twice a second."""

    def __init__(self) -> None:
        self.last = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self.last > 0.5:
            self.last = time.monotonic()
            of = f" / {total}" if total else ""
            sys.stderr.write(f"\r{step} {done}{of}          ")
            sys.stderr.flush()
