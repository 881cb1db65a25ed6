"""The rows of a file of purchases: every row is a line of a receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.core.exact import InvalidNumber
from members.services.imports.reading import (
    LATEST,
    LONGEST_CELL,
    BadRow,
    Fragment,
    Reader,
    is_key,
    read_moment,
    read_number,
)
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
_KINDS = frozenset(kind.value for kind in LineKind)


class PurchaseReader(Reader):
    """A receipt with one bad row is not posted at all (`bad_receipts`): half a receipt would earn something else."""

    def __init__(self, path: Path, zone: ZoneInfo, money_digits: int, now: datetime) -> None:
        super().__init__(path, REQUIRED, OPTIONAL, attributes=True)
        self.zone = zone
        self.money_digits = money_digits
        self.now = now
        self.bad_receipts: set[str] = set()
        self._attributes = [(name[5:], at) for name, at in self.at.items() if name.startswith("attr_")]
        self._header_at = [(name, self.at[name]) for name in HEADER if name in self.at]
        self._words_at = [
            (name, self.at[name]) for name in ("category", "department", "brand") if name in self.at
        ]
        self._moments: dict[str, datetime | None] = {}
        self._heads: dict[str, int] = {}  # fingerprints of what rows of a receipt must share

    def __iter__(self) -> Iterator[Fragment]:
        fragment: Fragment | None = None
        at, width = self.at, len(self.header)
        receipt_at, member_at, time_at = at["receipt"], at["member"], at["occurred_at"]
        for line, row in self.rows():
            if row is None:
                if fragment is not None:
                    self.bad_receipts.add(fragment.receipt)
                break
            if len(row) != width:
                self.note(self.wrong_width(line, row))
                self.bad_receipts |= self.possible_cells("receipt", row)
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
        self.note(BadRow(line, code, column, value, expected))
        self.bad_receipts.add(receipt)

    def _open(self, receipt: str, head: tuple[str, ...], line: int) -> Fragment | None:
        """Start a run of rows: the columns that the whole receipt shares are checked once."""
        member, text = head[0], head[1]
        shared = dict(zip([name for name, _at in self._header_at], head[2:], strict=True))
        for column, value in (("receipt", receipt), ("member", member)):
            if not is_key(value):
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
        at = self.at
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
