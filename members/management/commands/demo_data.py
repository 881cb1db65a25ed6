"""Make the demo company: a supermarket chain with a year behind it."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from loyalty.core import clock
from loyalty.core.problems import ProblemCommand
from members.services import demo


def a_number(text: str) -> int:
    """Of things of which there must be one at least."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


class Command(ProblemCommand):
    """A second run finds everything there and changes nothing."""

    help = "Make the demo company: a supermarket chain with members, a year of receipts, and staff."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--members",
            type=a_number,
            default=demo.MEMBERS,
            help=f"how many members (default: {demo.MEMBERS})",
        )

    def run(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        tell = (lambda _text: None) if options["json"] else self.stdout.write
        made = demo.prepare(now=clock.now(), members=options["members"], tell=tell)
        seconds = time.monotonic() - started
        if options["json"]:
            counts = made.counts if made else {}
            self.print_json({"made": made is not None, **counts})
        elif made is None:
            self.stdout.write("The demo company is there already.")
        else:
            self.stdout.write(f"The demo company Marta is ready after {seconds:.0f} s.")
            self.stdout.write("A worker checks the ledger next; or run manage.py verify_ledger.")


def demo_logins() -> Iterable[tuple[str, str, str]]:
    """Who may log in to the demo company: (who, e-mail, password)."""
    return demo.LOGINS
