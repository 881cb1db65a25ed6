"""Refusals as values: one exception base which the API, the admin, imports and commands all know how to show.

A service raises a subclass that names the refusal (`InsufficientPoints`); the subclass lives in the module
that raises it. `code` is stable and may be relied on by partners; `title` and `detail` are sentences for
people.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, OutputWrapper
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.core import audit

Text = str | Promise


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input, and where: a JSON pointer, a field, or a line and column (from 1)."""

    code: str
    message: Text
    pointer: str = ""
    field: str = ""
    line: int | None = None
    column: int | None = None
    expected: Text = ""

    def as_dict(self) -> dict[str, Any]:
        values = asdict(self) | {"message": str(self.message), "expected": str(self.expected)}
        return {name: value for name, value in values.items() if value not in ("", None)}

    def __str__(self) -> str:
        where = ""
        if self.line is not None:
            where = f"{self.line}:{self.column}: " if self.column is not None else f"{self.line}: "
        place = self.pointer or self.field
        sentence = f"{where}{place}: {self.message}" if place else f"{where}{self.message}"
        return f"{sentence} ({_('expected')}: {self.expected})" if self.expected else sentence


class Problem(Exception):
    """A refusal that somebody must be told about. `exit_status` is what a command ends with."""

    code: str = "problem"
    status: int = 422
    title: Text = _("The request was understood but refused.")
    exit_status: int = 1

    def __init__(self, detail: Text = "", *, errors: Iterable[FieldError] = (), **extra: Any) -> None:
        self.detail = detail
        self.errors = list(errors)
        self.extra = extra
        super().__init__(str(detail or self.title))

    def as_dict(self) -> dict[str, Any]:
        """The RFC 9457 form, with `code` and `errors` as extension members."""
        body: dict[str, Any] = {
            "type": f"urn:loyalty:problem:{self.code}",
            "title": str(self.title),
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            body["detail"] = str(self.detail)
        if self.errors:
            body["errors"] = [error.as_dict() for error in self.errors]
        return body | self.extra

    def __str__(self) -> str:
        return str(self.detail or self.title)


class NotFound(Problem):
    """Unknown, or somebody else's: the answer is the same."""

    code = "not_found"
    status = 404
    title = _("There is no such thing.")


class Conflict(Problem):
    """The present state does not allow it."""

    code = "conflict"
    status = 409
    title = _("The present state does not allow this.")


class NotAllowed(Problem):
    """The person has no right to do this."""

    code = "not_allowed"
    status = 403
    title = _("You have no permission to do this.")


class Invalid(Problem):
    """The input is malformed; `errors` says where."""

    code = "invalid"
    status = 400
    title = _("Some values are not valid.")


class InvalidFile(Problem):
    """A file that cannot be taken; nothing of it was written."""

    code = "invalid_file"
    status = 422
    title = _("The file cannot be taken.")
    exit_status = 2


SHOWN_ERRORS = 50
# Titles that say nothing beside a detail.
_GENERAL = tuple(kind.title for kind in (Problem, NotFound, Conflict, NotAllowed, Invalid))


def sentence_of(problem: Problem) -> str:
    """What a person is told: what was refused and why, without a title that adds nothing to the reason."""
    if problem.detail and any(problem.title is title for title in _GENERAL):
        return str(problem.detail)
    return f"{problem.title} {problem.detail}".rstrip()


def print_problem(stderr: OutputWrapper, problem: Problem, *, as_json: bool = False) -> None:
    """Write a problem for a person (a sentence, then one line per error) or as JSON (all errors)."""
    if as_json:
        stderr.write(json.dumps(problem.as_dict(), ensure_ascii=False, indent=2))
        return
    stderr.write(sentence_of(problem))
    for error in problem.errors[:SHOWN_ERRORS]:
        stderr.write(f"  {error}")
    hidden = len(problem.errors) - SHOWN_ERRORS
    if hidden > 0:
        stderr.write("  " + str(_("… and %(count)d more.")) % {"count": hidden})


class ProblemCommand(BaseCommand):
    """A command whose refusals are sentences and an exit status instead of a traceback.

    Subclasses write `add_options` and `run`; `--json` is always there and `options["json"]` says so. Changes
    that the command makes name it as their source.
    """

    # What every command of Django has would hide what this one has.
    suppressed_base_arguments: set[str] = {
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color",
    }  # fmt: skip

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer as JSON.")
        self.add_options(parser)

    def add_options(self, parser: CommandParser) -> None:
        """Arguments of the subclass."""

    def handle(self, *args: Any, **options: Any) -> None:
        source = f"manage.py {type(self).__module__.rpartition('.')[2]}"
        try:
            with audit.context(source=source):
                self.run(*args, **options)
            self.stdout.flush()
        except BrokenPipeError:
            # The reader, such as `head`, has seen enough; what is left to write goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        except Problem as problem:
            print_problem(self.stderr, problem, as_json=bool(options.get("json")))
            raise SystemExit(problem.exit_status) from None

    def run(self, *args: Any, **options: Any) -> None:
        """What the command does."""
        raise NotImplementedError

    def print_json(self, value: Any) -> None:
        """Write a value as readable JSON to the command's output."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str))
