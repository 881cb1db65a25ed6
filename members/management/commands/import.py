"""manage.py import purchases FILE.csv … / import returns FILE.csv … / import products FILE.csv …"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from loyalty.core.models import ImportBatch
from loyalty.core.problems import Invalid, InvalidFile, NotFound, ProblemCommand
from members.choices import UploadKind
from members.selectors.imports import counts_in_words, verdict
from members.services.imports import product_rows, purchase_rows, return_rows
from members.services.imports.batches import SHOWN, Options
from members.services.imports.uploads import TAKES
from programs.models import Partner
from programs.selectors.documents import programme_by_key

SHOWN_ERRORS = 50


class Command(ProblemCommand):
    help = (
        "Import receipts, returns or products from a CSV file. What cannot be used is reported by line and the rest is"
        " taken. The same file again changes nothing; an import that was killed goes on when it is started again. Of a"
        " corrected file only what is new is taken. How a return without a number is known: docs/imports.md."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=UploadKind.values, help="What the file holds.")
        parser.add_argument("file", type=Path, help="A CSV file in UTF-8 whose first row names the columns.")
        parser.add_argument("--programme", metavar="CODE", required=True, help="Code of the programme.")
        parser.add_argument(
            "--partner", metavar="CODE", default="", help="Who sold; when not said, who runs the programme."
        )
        parser.add_argument("--enrol", action="store_true", help="Make unknown members join.")
        parser.add_argument(
            "--timezone",
            metavar="ZONE",
            default="",
            help="Zone of times without an offset, such as Europe/Tallinn; when not said, the programme's.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would happen and change nothing."
        )
        parser.add_argument("--strict", action="store_true", help="All rows or nothing.")
        parser.epilog = (
            f"Columns of purchases: {', '.join(purchase_rows.REQUIRED)}; possible: {', '.join(purchase_rows.OPTIONAL)},"
            f" attr_NAME. Columns of returns: {', '.join(return_rows.REQUIRED)}; possible:"
            f" {', '.join(return_rows.OPTIONAL)}. Columns of products: {', '.join(product_rows.REQUIRED)}; possible:"
            f" {', '.join(product_rows.OPTIONAL)}. See docs/imports.md."
        )

    def run(self, *_args: Any, **options: Any) -> None:
        programme = programme_by_key(options["programme"])
        wanted = {"code": options["partner"]} if options["partner"] else {"is_operator": True}
        partner = Partner.objects.filter(**wanted).first()
        if partner is None:
            raise NotFound(_("There is no partner “%(code)s”.") % {"code": options["partner"]})
        if options["timezone"]:
            _check_zone(options["timezone"])
        if options["enrol"] and options["what"] != UploadKind.PURCHASES:
            raise Invalid(_("Only purchases make somebody join: leave --enrol out."))
        path: Path = options["file"]
        if path.is_dir():
            raise InvalidFile(_("%(name)s is a folder, not a file.") % {"name": path})
        asked = Options(options["enrol"], options["strict"], options["dry_run"], options["timezone"])
        run = TAKES[UploadKind(options["what"])]
        meter = _Meter() if sys.stderr.isatty() else None
        try:
            batch = run(path=path, programme=programme, partner=partner, options=asked, progress=meter)
        finally:
            if meter is not None:
                meter.clear()
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
        for count in counts_in_words(batch):
            words = f"{count.words}: {count.shown}" if count.name == "amount" else count.words
            self.stdout.write(f"{count.name:>12} {count.number:<8} {words}")
        for error in errors[:SHOWN_ERRORS]:
            about = f"{error.code}: {error.raw!r}" if error.raw else error.code
            expected = f"; {_('expected')}: {error.expected}" if error.expected else ""
            self.stderr.write(f"{error.line}: {error.field}: {error.message} ({about}{expected})")
        if len(errors) > SHOWN_ERRORS:
            more = {"count": batch.row_errors.count() - SHOWN_ERRORS, "number": batch.pk}
            self.stderr.write(_("… and %(count)d more: in the back office under Imports, %(number)d.") % more)
        self.stdout.write(verdict(batch))


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(_("There is no time zone “%(name)s”.") % {"name": name}) from None


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

    def clear(self) -> None:
        """Leave the line as it was."""
        sys.stderr.write(f"\r{' ' * 60}\r")
        sys.stderr.flush()
