"""A CSV file row by row: checked strictly, nothing guessed. What the rows of a kind of file mean is a subclass's."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import InvalidNumber, parse_decimal
from loyalty.core.problems import FieldError, InvalidFile

LARGEST_FILE = 2 * 1024**3
LONGEST_KEY = 100
LONGEST_CELL = 200
MOST_COLUMNS = 200
MOST_FAULTS = 10_000
LARGEST_NUMBER = 10**15
LATEST = timedelta(days=1)


class RowFault(NamedTuple):
    """One row that cannot be used: file line, stable code, column, what it said and what was expected."""

    line: int
    code: str
    column: str
    value: str
    expected: str


class BadRow(Exception):
    """A row that cannot be used; `fault` says why."""

    def __init__(self, line: int, code: str, column: str, value: str, expected: str) -> None:
        super().__init__(code)
        self.fault = RowFault(line, code, column, shown(value), expected)


@dataclass(slots=True)
class Fragment:
    """A run of rows of one receipt, as staged."""

    receipt: str
    member: str
    occurred_at: datetime
    first_line: int
    header: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)


class Reader:
    """The fragments of a file. While it is read, `count` is the number of rows, `bad` how many of them cannot be used
    and `faults` says why (the first ten thousand)."""

    def __init__(
        self, path: Path, required: tuple[str, ...], optional: tuple[str, ...], *, attributes: bool = False
    ) -> None:
        self.header, self._rows = open_rows(path, required, optional, attributes=attributes)
        self.at = {name: index for index, name in enumerate(self.header)}
        self.count = 0
        self.bad = 0
        self.faults: list[RowFault] = []

    def __iter__(self) -> Iterator[Fragment]:
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Line number and cells. None: the rest of the file cannot be read, and may begin in the middle of what the
        rows before it said."""
        line = 1
        while True:
            try:
                row: list[str] = next(self._rows)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as wrong:
                self.note(BadRow(line + 1, "unreadable", "", str(wrong), "CSV UTF-8"))
                yield line + 1, None
                return
            line = self._rows.line_num + 1
            self.count += 1
            yield line, row

    def note(self, bad: BadRow) -> None:
        self.bad += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(bad.fault)

    def wrong_width(self, line: int, row: list[str]) -> BadRow:
        return BadRow(line, "wrong_width", "", str(len(row)), str(len(self.header)))

    def possible_cells(self, column: str, row: list[str]) -> set[str]:
        """What a row of another width may mean to say in a column: a cell is too many or too few before that column
        or after it."""
        at = self.at[column]
        places = (at, len(row) - len(self.header) + at)
        return {row[place] for place in places if 0 <= place < len(row)}


def shown(value: str) -> str:
    """The beginning of a cell, as it can be stored with a fault."""
    return value[:100].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def is_key(value: str) -> bool:
    """Can this be the number of a receipt, a member or a return?"""
    return bool(value) and value == value.strip() and len(value) <= LONGEST_KEY and "\x00" not in value


def sha256_of(path: Path) -> str:
    """Raises InvalidFile when there is no such file or it is too large."""
    digest = hashlib.sha256()
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidFile(_("The file is larger than 2 GB; split it."))
        with path.open("rb") as file:
            while block := file.read(1024 * 1024):
                digest.update(block)
    except OSError:
        raise InvalidFile(_("There is no file %(name)s.") % {"name": path.name}) from None
    return digest.hexdigest()


def open_rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...], *, attributes: bool
) -> tuple[list[str], Any]:
    """The checked header and a reader of the rows. Raises InvalidFile naming what is wrong with the file.
    `attributes`: columns attr_… of any name may stand there."""
    file = io.TextIOWrapper(path.open("rb"), encoding="utf-8-sig", newline="")
    try:
        first = file.readline()
    except UnicodeDecodeError:
        raise InvalidFile(_("The file is not UTF-8 text. Save it as CSV UTF-8.")) from None
    if not first.strip():
        raise InvalidFile(_("The file is empty."))
    if "\x00" in first:
        raise InvalidFile(_("This is not a CSV file."))
    delimiter = max(",;\t", key=first.count)
    try:
        header = next(csv.reader([first], delimiter=delimiter))
    except csv.Error:
        raise InvalidFile(_("This is not a CSV file.")) from None
    _check_header(header, required, {*required, *optional}, attributes=attributes)
    return header, csv.reader(file, delimiter=delimiter, strict=True)


def _check_header(header: list[str], required: tuple[str, ...], known: set[str], *, attributes: bool) -> None:
    if len(header) > MOST_COLUMNS:
        raise InvalidFile(_("The first row does not name the right columns."))
    errors = [_header_error("missing_column", name) for name in required if name not in header]
    for index, name in enumerate(header):
        if name in header[:index]:
            errors.append(_header_error("double_column", name))
        elif name not in known and not (attributes and name.startswith("attr_") and len(name) > len("attr_")):
            errors.append(_header_error("unknown_column", name))
    if errors:
        raise InvalidFile(_("The first row does not name the right columns."), errors=errors)


def _header_error(code: str, name: str) -> FieldError:
    messages = {
        "missing_column": _("This column is missing."),
        "double_column": _("This column stands there twice."),
        "unknown_column": _("There is no such column."),
    }
    return FieldError(code=code, field=name[:60], line=1, message=messages[code])


def read_number(text: str, digits: int) -> int:
    """A plain decimal as a whole number of 10**-digits. Raises InvalidNumber, also for what no sum could hold."""
    number = parse_decimal(text, digits)
    if abs(number) > LARGEST_NUMBER:
        raise InvalidNumber("not_a_number")
    return number


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment in UTC; without an offset it is local to the zone. None when it is not one, or does not exist there
    because the clock was put forward."""
    if len(text) < len("2026-01-31T10:00") or not text.isascii() or text[4] != "-" or text[7] != "-":
        return None  # without these it is a day told otherwise, by weeks say
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        there = moment.replace(tzinfo=zone).astimezone(UTC)
        return there if there.astimezone(zone).replace(tzinfo=None) == moment else None
    except (ValueError, OverflowError):
        return None
