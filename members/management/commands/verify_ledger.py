"""Check every invariant of the ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from loyalty.core import jobs
from loyalty.core.problems import ProblemCommand
from members.services import verification
from programs.selectors.documents import programme_by_key


class Command(ProblemCommand):
    """Exit status 0 when everything holds, 1 when something does not (or there is no such programme)."""

    help = "Check that the points ledger is right: every movement, balance, lot, receipt, event and report."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--programme", metavar="CODE", default="", help="only this programme's members")

    def run(self, *args: Any, **options: Any) -> None:
        key: str = options["programme"]
        if key:
            programme_by_key(key)
        job = jobs.run_now(verification.KIND, programme=key)
        result: dict[str, Any] = job.result or {"ok": False, "checks": []}
        if options["json"]:
            self.print_json(result)
        else:
            self._tell(result)
        if not result["ok"]:
            raise SystemExit(1)

    def _tell(self, result: dict[str, Any]) -> None:
        for check in result["checks"]:
            mark = self.style.SUCCESS("ok ") if check["ok"] else self.style.ERROR("RED")
            self.stdout.write(f"{mark} {check['id']:<4} {check['title']} ({check['checked']:,})")
            for row in check["rows"]:
                place = row["table"] if row["id"] is None else f"{row['table']} {row['id']}"
                self.stdout.write(f"         {place}: {row['what']}")
            if check["bad"] > len(check["rows"]):
                more = check["bad"] - len(check["rows"])
                self.stdout.write("         " + _("… and %(count)d more.") % {"count": more})
        if result["ok"]:
            self.stdout.write(_("Everything holds."))
