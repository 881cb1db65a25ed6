"""Figures of a programme as CSV or JSON."""

from __future__ import annotations

import csv
import json
import re
from argparse import SUPPRESS
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from loyalty.core import clock
from loyalty.core.exact import end_of_day, start_of_day
from loyalty.core.problems import FieldError, Invalid, ProblemCommand
from members.selectors import reports
from programs.models import Programme
from programs.selectors.documents import programme_by_key

BALANCES = (
    "member", "point_type", "tier", "balance", "available", "pending", "held", "debt",
    "earned", "redeemed", "expired", "reversed", "adjusted",
)  # fmt: skip
TOTALS = (
    "point_type", "purchases", "amount", "currency", "issued", "reversed", "redeemed", "expired",
    "outstanding", "adjusted",
)  # fmt: skip
TIMES = (
    "TIME is a day (2026-01-31), taken whole, or an instant (2026-01-31T12:00), on the programme's clocks."
)
WORDS = {"member", "point_type", "tier", "currency", *(str(by) for by in reports.By)}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A spreadsheet takes a cell that starts like this for a formula.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class Command(ProblemCommand):
    """A day without a time is taken whole, in the programme's zone; a time without an offset likewise."""

    help = (
        "Balances of all members, or totals of a programme: what was posted. What has fallen due since is posted by"
        " the worker, or by manage.py advance."
    )

    def add_options(self, parser: CommandParser) -> None:
        reports_of = parser.add_subparsers(dest="report", required=True, metavar="balances|totals")
        balances = reports_of.add_parser("balances", help="every member's points and tier on the main ladder")
        balances.add_argument("--as-of", metavar="TIME", help="what had happened by then, as known now")
        balances.add_argument("--known-at", metavar="TIME", help="what had been recorded by then")
        balances.add_argument("--format", choices=["csv", "json"], default="csv", help="default: csv")
        totals = reports_of.add_parser("totals", help="purchases and points of everybody together")
        totals.add_argument(
            "--by",
            choices=[str(by) for by in reports.By],
            help="divide the totals; tier: the one at the purchase",
        )
        totals.add_argument("--from", dest="start", metavar="TIME", help="the first day or instant")
        totals.add_argument(
            "--to", dest="end", metavar="TIME", help="the last day, or the instant of the end"
        )
        for each in (balances, totals):
            each.add_argument("--programme", metavar="CODE", required=True, help="code of the programme")
            each.epilog = TIMES
            each.add_argument("--json", action="store_true", default=SUPPRESS, help="Answer as JSON.")

    def run(self, *args: Any, **options: Any) -> None:
        programme = programme_by_key(options["programme"])
        if options["report"] == "balances":
            self._balances(programme, options)
        else:
            self._totals(programme, options)

    def _balances(self, programme: Programme, options: dict[str, Any]) -> None:
        zone = ZoneInfo(programme.zone)
        as_of = _last_instant("--as-of", options["as_of"], zone)
        known_at = _last_instant("--known-at", options["known_at"], zone)
        ladder = reports.main_ladder(programme, as_of or known_at or clock.now())
        found = reports.balances(programme, as_of=as_of, known_at=known_at, ladder=ladder)
        rows = (row.shown() for row in found)
        if options["json"] or options["format"] == "json":
            self._write_json(rows, BALANCES)
        else:
            self._write_csv(rows, BALANCES)

    def _totals(self, programme: Programme, options: dict[str, Any]) -> None:
        zone = ZoneInfo(programme.zone)
        by = reports.By(options["by"]) if options["by"] else None
        start = _instant("--from", options["start"], zone, start_of_day)
        end = _instant("--to", options["end"], zone, end_of_day)
        if start and end and start >= end:
            raise Invalid(_("--from does not lie before --to."))
        ladder = reports.main_ladder(programme, end or clock.now()) if by is reports.By.TIER else ""
        found = reports.totals(programme, by=by, start=start, end=end, ladder=ladder)
        columns = (str(by), *TOTALS) if by else TOTALS
        rows = ({**row.shown(), str(by): row.group} for row in found)
        if options["json"]:
            self._write_json(rows, columns)
        else:
            self._write_csv(rows, columns)

    def _write_csv(self, rows: Iterable[dict[str, str]], columns: tuple[str, ...]) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([guarded(row[name]) if name in WORDS else row[name] for name in columns])

    def _write_json(self, rows: Iterable[dict[str, str]], columns: tuple[str, ...]) -> None:
        """A list of objects, one in a line. Decimals are text, so that no reader makes floats of them."""
        before = "[\n"
        for row in rows:
            picked = {name: int(row[name]) if name == "purchases" else row[name] for name in columns}
            self.stdout.write(before + json.dumps(picked, ensure_ascii=False), ending="")
            before = ",\n"
        self.stdout.write("[]" if before == "[\n" else "\n]")


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _instant(option: str, text: str | None, zone: ZoneInfo, of_day: Any) -> datetime | None:
    """An instant; of a day, the one that `of_day` gives."""
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            instant: datetime = of_day(date.fromisoformat(text), zone)
            return instant
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        expected = "2026-01-31, 2026-01-31T12:00, 2026-01-31T12:00+02:00"
        message = _("This is not a time: %(text)s") % {"text": text}
        raise Invalid(errors=[FieldError("not_a_time", message, field=option, expected=expected)]) from None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _last_instant(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """The same, where a day means its very last instant."""
    return _instant(option, text, zone, lambda day, there: end_of_day(day, there) - timedelta(microseconds=1))
