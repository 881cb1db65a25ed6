"""Programmes as files: load one, write one out, compare two."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from loyalty.core import clock
from loyalty.core.problems import InvalidFile, NotFound, ProblemCommand
from programs.engine.document import dump_core
from programs.selectors.documents import (
    differences,
    export,
    programme_by_key,
    revision_by_number,
    revision_document,
    working_document,
)
from programs.services.documents.reading import read_file
from programs.services.documents.yaml import MOST_BYTES
from programs.services.programmes import load

# Wide enough for every value to stay in its line.
FLOW = 1_000_000


def a_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise ArgumentTypeError(f"{text} is not a time such as 2026-12-31T09:00") from wrong


class Command(ProblemCommand):
    help = "Load a programme from a file, write one out, or compare two."

    def add_options(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="load|export|diff")
        loading = actions.add_parser(
            "load", help="Take a programme file; nothing is written if it has faults."
        )
        loading.add_argument("file", type=Path, help="A YAML file; see docs/programme-document.md.")
        loading.add_argument("--publish", action="store_true", help="Freeze it and put it in force.")
        loading.add_argument(
            "--despite-examples",
            action="store_true",
            help="Publish although worked examples of the programme do not hold.",
        )
        loading.add_argument(
            "--effective-from",
            type=a_time,
            metavar="TIME",
            help="In force from then (default: now); without an offset in the programme's zone.",
        )
        exporting = actions.add_parser("export", help="Write a programme as a file that can be loaded again.")
        exporting.add_argument("code", help="Code of the programme.")
        exporting.add_argument("--revision", type=int, metavar="N", help="A published revision.")
        comparing = actions.add_parser(
            "diff", help="What differs between two programmes, revisions or files."
        )
        for name in ("before", "after"):
            comparing.add_argument(name, help="CODE, CODE:REVISION or a file")
        for each in (loading, exporting, comparing):
            each.add_argument("--json", action="store_true", default=SUPPRESS, help="Answer as JSON.")

    def run(self, *args: Any, **options: Any) -> None:
        {"load": self.load, "export": self.export, "diff": self.diff}[options["action"]](options)

    def load(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        loaded = load(
            file_content(path),
            now=clock.now(),
            file_name=path.name,
            publish=options["publish"] or options["effective_from"] is not None,
            effective_from=options["effective_from"],
            if_ready=not options["despite_examples"],
        )
        programme, revision = loaded.programme, loaded.revision
        if options["json"]:
            answer = {"programme": programme.key, "status": programme.status, "changed": loaded.changed}
            if revision is not None:
                answer |= {
                    "revision": revision.number,
                    "sha256": revision.sha256,
                    "logic_sha256": revision.logic_sha256,
                }
            self.print_json(answer)
            return
        done = _("%(key)s is loaded.") if loaded.changed else _("%(key)s is unchanged.")
        self.stdout.write(done % {"key": programme.key})
        if revision is not None:
            starts = revision.activations.filter(withdrawn_at=None).latest("effective_from").effective_from
            values = {
                "number": revision.number,
                "fingerprint": revision.sha256[:12],
                "moment": f"{starts.astimezone(ZoneInfo(programme.zone)):%Y-%m-%d %H:%M}",
                "zone": programme.zone,
            }
            told = _("Revision %(number)d (%(fingerprint)s) is in force from %(moment)s, %(zone)s.")
            self.stdout.write(told % values)
        elif loaded.changed:
            self.stdout.write(_("This is the working copy: it counts once it is published (--publish)."))

    def export(self, options: dict[str, Any]) -> None:
        programme, number = programme_by_key(options["code"]), options["revision"]
        if options["json"]:
            self.print_json(document_of(f"{programme.key}:{number}" if number else programme.key))
        else:
            self.stdout.write(export(programme, number), ending="")

    def diff(self, options: dict[str, Any]) -> None:
        found = differences(document_of(options["before"]), document_of(options["after"]))
        if options["json"]:
            self.print_json([{"path": path, "before": old, "after": new} for path, old, new in found])
            return
        for path, old, new in found:
            self.stdout.write(f"{path}: {shown(old)} → {shown(new)}")
        if not found:
            self.stdout.write(_("There is no difference."))


def shown(value: Any) -> str:
    """A value as it would stand in a file."""
    if isinstance(value, (dict, list)):
        flow = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=FLOW)
        return str(flow).strip()
    return "—" if value is None else str(value)


def file_content(path: Path) -> bytes:
    """What is in the file, or one byte more than is allowed of it. Raises InvalidFile."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror}") from None
    if not content.strip():
        raise InvalidFile(_("%(name)s is empty.") % {"name": path})
    return content


def document_of(named: str) -> dict[str, Any]:
    """The document of CODE (the working copy), CODE:REVISION or a file. Raises NotFound, InvalidFile."""
    path = Path(named)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return dump_core(read_file(file_content(path), file_name=path.name).core)
    key, separator, number = named.partition(":")
    programme = programme_by_key(key)
    if not separator:
        return working_document(programme)
    if not number.isascii() or not number.isdecimal():
        raise NotFound(_("“%(number)s” is not the number of a revision.") % {"number": number})
    return revision_document(revision_by_number(programme, int(number)))
