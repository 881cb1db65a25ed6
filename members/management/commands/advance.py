"""Do everything that falls due up to an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.core import clock
from loyalty.core.problems import FieldError, Invalid, NotFound, ProblemCommand
from members.services.advancing import advance, advance_all
from programs.models import Programme
from programs.services.publishing import go_live


class Command(ProblemCommand):
    """Points become usable and expire, holds end, tiers begin and end, birthdays come. Doing it twice changes nothing
    more; a server with a worker does it by itself every few minutes."""

    help = "Do what falls due: expiry, pending points, holds, tiers, birthdays and anniversaries."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            metavar="TIME",
            default="",
            help="up to this time, such as 2027-01-31T12:00 (in the programme's zone); default: now",
        )
        parser.add_argument("--programme", metavar="CODE", default="", help="only this programme")

    def run(self, *args: Any, **options: Any) -> None:
        key: str = options["programme"]
        programmes = Programme.objects.order_by("pk")
        if key:
            programmes = programmes.filter(key=key)
            if not programmes:
                raise NotFound(_("There is no programme with the code %(code)s.") % {"code": key})
        if options["to"]:
            until = _moment(options["to"])
            count = 0
            for programme in programmes:
                local = until if until.tzinfo else until.replace(tzinfo=ZoneInfo(programme.zone))
                go_live(now=local)
                count += advance(programme, local, self._progress)
        elif key:
            count = advance(programmes[0], clock.now(), self._progress)
        else:
            count = advance_all(clock.now(), self._progress)
        if options["json"]:
            self.print_json({"memberships": count})
            return
        told = ngettext(
            "%(count)d membership had something due.", "%(count)d memberships had something due.", count
        )
        self.stdout.write(told % {"count": count})

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(_("%(done)d of %(total)d") % {"done": done, "total": total}, ending="\r")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        error = FieldError(
            code="wrong_type", message=_("This is no time."), pointer="--to", expected="2027-01-31T12:00"
        )
        raise Invalid(errors=[error]) from None
