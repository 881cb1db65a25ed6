"""The rows of a file of returns: neighbouring rows of one receipt and number are one return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.core.exact import InvalidNumber
from members.services.imports.reading import (
    LATEST,
    LONGEST_CELL,
    LONGEST_KEY,
    BadRow,
    Fragment,
    Reader,
    is_key,
    read_moment,
    read_number,
)
from programs.engine.facts import QUANTITY_DIGITS

REQUIRED = ("receipt",)
OPTIONAL = ("line", "sku", "quantity", "amount", "so_far", "occurred_at", "number")
UNKNOWN = "?"
"""What stands before the receipt in the place of its member until that is looked up; no member's id begins so."""


@dataclass(slots=True)
class _Group:
    """A return while its rows are read. A bad one is left out whole: the rest of it would come back twice with the
    corrected file."""

    first_line: int
    receipt: str
    number: str
    moment: datetime | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    bad: bool = False
    perhaps: set[str] = field(default_factory=set)
    """Receipts that a row which cannot be told apart may be of."""

    def holds(self, receipt: str, number: str) -> bool:
        return (receipt, number) == (self.receipt, self.number) or receipt in self.perhaps


class ReturnReader(Reader):
    def __init__(self, path: Path, zone: ZoneInfo, money_digits: int, now: datetime) -> None:
        super().__init__(path, REQUIRED, OPTIONAL)
        self.zone = zone
        self.now = now
        self._digits = {"line": 0, "quantity": QUANTITY_DIGITS, "amount": money_digits}

    def __iter__(self) -> Iterator[Fragment]:
        group: _Group | None = None
        for line, row in self.rows():
            if row is None:
                return
            before = group
            if len(row) != len(self.header):
                self.note(self.wrong_width(line, row))
                group = self._spoiled(group, line, row)
            else:
                group = self._joined(group, line, dict(zip(self.header, row, strict=True)))
            if before is not None and before is not group:
                yield from self._finished(before)
        if group is not None:
            yield from self._finished(group)

    def _finished(self, group: _Group) -> Iterator[Fragment]:
        if group.bad:
            return
        header = {"number": group.number, "timed": group.moment is not None}
        yield Fragment(
            group.receipt, UNKNOWN + group.receipt, group.moment or self.now, group.first_line, header, group.lines
        )  # fmt: skip

    def _spoiled(self, group: _Group | None, line: int, row: list[str]) -> _Group:
        """A row of another width belongs to the return before it and to the one after it if these are of a receipt
        that the row may name; to the one before it also if it names none."""
        perhaps = self.possible_cells("receipt", row)
        if group is None or (perhaps and not perhaps & {group.receipt, *group.perhaps}):
            group = _Group(line, "", "")
        group.bad = True
        group.perhaps |= perhaps
        return group

    def _joined(self, group: _Group | None, line: int, cells: dict[str, str]) -> _Group:
        receipt, number = cells["receipt"], cells.get("number", "")
        if group is None or not group.holds(receipt, number):
            group = _Group(line, receipt, number)
        try:
            document = self._line(line, cells)
            self._agree(group, line, cells.get("occurred_at", ""))
        except BadRow as bad:
            self.note(bad)
            group.bad = True
        else:
            group.lines.append(document)
        return group

    def _line(self, line: int, cells: dict[str, str]) -> dict[str, Any]:
        """What a row says, as staged. Raises BadRow."""
        document: dict[str, Any] = {"row": line}
        for column, places in self._digits.items():
            if cells.get(column):
                try:
                    document[column] = read_number(cells[column], places)
                except InvalidNumber as wrong:
                    expected = "a plain number such as 12.50"
                    raise BadRow(line, str(wrong), column, cells[column], expected) from None
        for column, cell in cells.items():
            if column == "receipt" or (column == "number" and cell):
                if not is_key(cell):
                    expected = f"1-{LONGEST_KEY} characters without outer blanks"
                    raise BadRow(line, "bad_text", column, cell, expected)
            elif len(cell) > LONGEST_CELL or "\x00" in cell:
                raise BadRow(line, "bad_text", column, cell, f"up to {LONGEST_CELL} characters")
        if cells.get("so_far", "") not in ("", "yes"):
            raise BadRow(line, "unknown_choice", "so_far", cells["so_far"], "yes, or nothing")
        for column in ("sku", "so_far"):
            if cells.get(column):
                document[column] = cells[column]
        return document

    def _agree(self, group: _Group, line: int, text: str) -> None:
        """Take over the time that a row says. Raises BadRow when it is none, or another than the return's."""
        if not text:
            return
        moment = read_moment(text, self.zone)
        if moment is None:
            raise BadRow(line, "bad_time", "occurred_at", text, "2026-01-31T18:45 or with an offset")
        if moment > self.now + LATEST:
            raise BadRow(line, "in_future", "occurred_at", text, "not later than tomorrow")
        if group.moment not in (None, moment):
            raise BadRow(line, "receipt_mixed", "occurred_at", text, "one time per return")
        group.moment = moment
