"""A CSV file of receipt lines, row by row: checked strictly, nothing guessed."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import InvalidNumber, parse_decimal
from loyalty.core.problems import FieldError, InvalidFile
from programs.engine.facts import QUANTITY_DIGITS, LineKind

REQUIRED = ("receipt", "occurred_at", "member", "store", "sku", "quantity", "amount")
OPTIONAL = (
    "till",
    "cashier",
    "category",
    "department",
    "brand",
    "label",
    "kind",
    "discount",
    "tax",
    "channel",
    "payment",
)
HEADER = ("store", "channel", "payment", "till", "cashier")
LARGEST_FILE = 2 * 1024**3
LONGEST_CELL = 200
MOST_COLUMNS = 200
LARGEST_NUMBER = 10**15
LATEST = timedelta(days=1)
_KINDS = frozenset(kind.value for kind in LineKind)


class RowFault(NamedTuple):
    """One row that cannot be used: file line, stable code, column, what it said and what was expected."""

    line: int
    code: str
    column: str
    value: str
    expected: str


@dataclass(slots=True)
class Fragment:
    """A run of rows of one receipt, as staged."""

    receipt: str
    member: str
    occurred_at: datetime
    first_line: int
    header: dict[str, str]
    lines: list[dict[str, Any]] = field(default_factory=list)


def shown(value: str) -> str:
    """The beginning of a cell, as it can be stored with a fault."""
    return value[:100].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def sha256_of(path: Path) -> str:
    """Raises InvalidFile when there is no such file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1024 * 1024):
                digest.update(block)
    except OSError:
        raise InvalidFile(_("There is no file %(name)s.") % {"name": path.name}) from None
    return digest.hexdigest()


def open_rows(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> tuple[list[str], Any]:
    """The checked header and a reader of the rows. Raises InvalidFile naming what is wrong with the file."""
    try:
        size = path.stat().st_size
    except OSError:
        raise InvalidFile(_("There is no file %(name)s.") % {"name": path.name}) from None
    if size > LARGEST_FILE:
        raise InvalidFile(_("The file is larger than 2 GB; split it."))
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
    _check_header(header, required, optional)
    return header, csv.reader(file, delimiter=delimiter, strict=True)


def _check_header(header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    if len(header) > MOST_COLUMNS:
        raise InvalidFile(_("The first row does not name the right columns."))
    known = {*required, *optional}
    errors = [_header_error("missing_column", name) for name in required if name not in header]
    for index, name in enumerate(header):
        if name in header[:index]:
            errors.append(_header_error("double_column", name))
        elif name not in known and not (name.startswith("attr_") and len(name) > len("attr_")):
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


class PurchaseReader:
    """Rows of a purchase file as fragments; rows that cannot be used are collected in `faults`.

    A receipt with one bad row is not posted at all (`bad_receipts`): half a receipt would earn something else.
    """

    def __init__(self, path: Path, zone: ZoneInfo, money_digits: int, now: datetime) -> None:
        self.header, self.rows = open_rows(path, REQUIRED, OPTIONAL)
        self.zone = zone
        self.money_digits = money_digits
        self.now = now
        self.faults: list[RowFault] = []
        self.bad_receipts: set[str] = set()
        self.count = 0
        self._at = {name: index for index, name in enumerate(self.header)}
        self._attributes = [(name[5:], at) for name, at in self._at.items() if name.startswith("attr_")]
        self._header_at = [(name, self._at[name]) for name in HEADER if name in self._at]
        self._words_at = [
            (name, self._at[name]) for name in ("category", "department", "brand") if name in self._at
        ]
        self._moments: dict[str, datetime | None] = {}
        self._heads: dict[str, int] = {}  # fingerprints of what rows of a receipt must share

    def __iter__(self) -> Iterator[Fragment]:
        fragment: Fragment | None = None
        at, width = self._at, len(self.header)
        receipt_at, member_at, time_at = at["receipt"], at["member"], at["occurred_at"]
        line = 1
        rows = iter(self.rows)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                break
            except (csv.Error, UnicodeDecodeError) as wrong:
                # The rest of the receipt that was being read may stand in what cannot be read.
                receipt = "" if fragment is None else fragment.receipt
                self._fault(line + 1, "unreadable", "", str(wrong), "CSV UTF-8", receipt)
                break
            line = self.rows.line_num + 1
            self.count += 1
            if len(row) != width:
                self._fault(line, "wrong_width", "", str(len(row)), str(width), "")
                # A cell is too many or too few before the receipt's cell or after it: both places may name it.
                places = (receipt_at, len(row) - width + receipt_at)
                self.bad_receipts.update(row[place] for place in places if 0 <= place < len(row))
                continue
            receipt = row[receipt_at]
            document = self._line(row, line, receipt)
            if document is None:
                continue
            head = (row[member_at], row[time_at], *[row[index] for _name, index in self._header_at])
            if fragment is None or fragment.receipt != receipt or self._head != head:
                opened = self._open(receipt, head, line)
                if opened is None:
                    continue
                if fragment is not None:
                    yield fragment
                fragment = opened
            fragment.lines.append(document)
        if fragment is not None:
            yield fragment

    def _fault(self, line: int, code: str, column: str, value: str, expected: str, receipt: str) -> None:
        self.faults.append(RowFault(line, code, column, shown(value), expected))
        if receipt:
            self.bad_receipts.add(receipt)

    def _open(self, receipt: str, head: tuple[str, ...], line: int) -> Fragment | None:
        """Start a run of rows: the columns that the whole receipt shares are checked once."""
        member, text = head[0], head[1]
        shared = dict(zip([name for name, _at in self._header_at], head[2:], strict=True))
        for column, value in (("receipt", receipt), ("member", member)):
            if not value or value != value.strip() or len(value) > 100 or "\x00" in value:
                self._fault(line, "bad_text", column, value, "1-100 characters without outer blanks", receipt)
                return None
        moment = self._moment(text)
        if moment is None:
            self._fault(line, "bad_time", "occurred_at", text, "2026-01-31T18:45 or with an offset", receipt)
            return None
        if moment > self.now + LATEST:
            self._fault(line, "in_future", "occurred_at", text, "not later than tomorrow", receipt)
            return None
        if self._heads.setdefault(receipt, hash(head)) != hash(head):
            self._fault(
                line, "receipt_mixed", "receipt", receipt, "one member, time and store per receipt", receipt
            )
            return None
        self._head = head
        return Fragment(
            receipt, member, moment, line, {name: value for name, value in shared.items() if value}
        )

    def _moment(self, text: str) -> datetime | None:
        if text not in self._moments:
            if len(self._moments) > 10_000:
                self._moments.clear()
            self._moments[text] = read_moment(text, self.zone)
        return self._moments[text]

    def _line(self, row: list[str], line: int, receipt: str) -> dict[str, Any] | None:
        at = self._at
        column = "quantity"
        try:
            quantity = read_number(row[at["quantity"]], QUANTITY_DIGITS)
            column = "amount"
            document: dict[str, Any] = {
                "sku": row[at["sku"]],
                "qty": quantity,
                "amount": read_number(row[at["amount"]], self.money_digits),
            }
            for name, index in self._words_at:
                if row[index]:
                    document[name] = row[index]
            if "label" in at and row[at["label"]]:
                document["labels"] = sorted(set(row[at["label"]].split("|")))
            kind = row[at["kind"]] if "kind" in at else ""
            if kind and kind != LineKind.PRODUCT.value:
                document["kind"] = kind
            for column in ("discount", "tax"):
                if column in at and row[at[column]]:
                    value = read_number(row[at[column]], self.money_digits)
                    if value:
                        document[column] = value
        except InvalidNumber as wrong:
            expected = "a plain number such as 12.50"
            self._fault(line, str(wrong), column, row[at[column]], expected, receipt)
            return None
        attributes = {name: row[index] for name, index in self._attributes if row[index]}
        if attributes:
            document["attrs"] = attributes
        return document if self._texts_are_fine(document, row, line, receipt, kind) else None

    def _texts_are_fine(
        self, document: Mapping[str, Any], row: list[str], line: int, receipt: str, kind: str
    ) -> bool:
        if kind and kind not in _KINDS:
            self._fault(line, "unknown_choice", "kind", kind, ", ".join(sorted(_KINDS)), receipt)
            return False
        for index, cell in enumerate(row):
            if len(cell) > LONGEST_CELL or "\x00" in cell:
                name = self.header[index]
                self._fault(line, "bad_text", name, cell, f"up to {LONGEST_CELL} characters", receipt)
                return False
        if document.get("discount", 0) < 0:
            self._fault(line, "negative", "discount", str(document["discount"]), "0 or more", receipt)
            return False
        return True


def read_number(text: str, digits: int) -> int:
    """A plain decimal as a whole number of 10**-digits. Raises InvalidNumber, also for what no sum could hold."""
    number = parse_decimal(text, digits)
    if abs(number) > LARGEST_NUMBER:
        raise InvalidNumber("not_a_number")
    return number


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment in UTC; without an offset it is local to the zone. None when it is not one, or does not exist there
    because the clock was put forward."""
    if len(text) < len("2026-01-31T10:00") or not text.isascii():
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        there = moment.replace(tzinfo=zone).astimezone(UTC)
        return there if there.astimezone(zone).replace(tzinfo=None) == moment else None
    except (ValueError, OverflowError):
        return None
