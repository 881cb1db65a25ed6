"""Importing returns: each takes back lines of a receipt, or what is left of the whole receipt.

A return with a number is known by it. Without one, each row is known by what it says and by how many equal rows stand
before it in the file; the return gets the number of its first row that is new. So the same file again changes nothing,
a corrected file posts only what is new however its rows are grouped now, and two equal rows of one file are two.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.db import connection

from loyalty.core.exact import currency_digits, format_decimal
from loyalty.core.models import ImportBatch
from loyalty.core.problems import Problem
from members.choices import DocumentKind
from members.models import DocumentKey, Purchase
from members.services.imports.batches import FileImport, Options, Progress, Staged
from members.services.imports.reading import BadRow, Reader, RowFault
from members.services.imports.return_rows import ReturnReader
from members.services.problems import NothingToReturn, ReturnTooLarge
from members.services.recording import Recorder
from members.services.returning import ReturnLine, Reverser, open_reversers
from members.services.returns import return_digest
from programs.engine.facts import QUANTITY_DIGITS
from programs.models import Partner, Programme


def import_returns(
    *, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None = None
) -> ImportBatch:
    """Import a file. Raises InvalidFile, ImportRunning, StrictImportRefused; row faults stand in the batch."""
    return ReturnImport(path, programme, partner, options, progress).run()


@dataclass(slots=True)
class _Asked:
    """A return as a file asks for it, its lines found on the receipt; no `lines`: all that is left. Without a number
    each row has a mark by which it is known."""

    staged: Staged
    purchase: Purchase
    rows: list[dict[str, Any]]
    lines: list[ReturnLine] | None
    number: str
    marks: list[str]

    def leave_out(self, known: set[str]) -> None:
        """Forget the rows that came back before."""
        new = [at for at, mark in enumerate(self.marks) if mark not in known]
        if len(new) < len(self.marks):
            self.rows = [self.rows[at] for at in new]
            self.lines = None if self.lines is None else [self.lines[at] for at in new]
            self.marks = [self.marks[at] for at in new]


class ReturnImport(FileImport):
    kind = "returns"
    counted = ("rows", "documents", "posted", "already", "conflicts", "refused", "bad", "amount")
    chunk = 1_000

    def reader(self) -> Reader:
        return ReturnReader(self.path, self.zone, currency_digits(self.programme.currency), self.now)

    def settle(self, reader: Reader) -> None:
        """Look up whose receipts they are. The unknown ones keep their mark and are refused when their turn comes."""
        with connection.cursor() as cursor:
            # Not a join: of tables that were filled a moment ago the planner knows too little to choose one well.
            cursor.execute(
                """
                UPDATE members_stagedreceipt s SET member = coalesce((
                    SELECT k.member_id::text FROM members_documentkey k
                    WHERE k.programme_id = %s AND k.partner_id = %s AND k.source = 'main' AND k.kind = %s
                      AND k.number = s.receipt), s.member)
                WHERE s.batch_id = %s
                """,
                [self.programme.pk, self.partner.pk, DocumentKind.PURCHASE, self.batch.pk],
            )

    def post(self, rows: list[Staged]) -> list[RowFault]:
        faults: list[RowFault] = []
        asked = list(self._asked(rows, faults))
        recorder = Recorder(self.programme, self.now, self.rulebook, in_order=True)
        purchases = {each.purchase.pk: each.purchase for each in asked}
        recorder.open(list({purchase.membership_id for purchase in purchases.values()}))
        reversers = open_reversers(recorder, list(purchases.values()))
        known = {
            number: (bytes(digest), member)
            for number, digest, member in self._keys(
                DocumentKind.RETURN, {each.number for each in asked if each.number}
            ).values_list("number", "digest", "member_id")
        }
        for each in asked:
            fault = self._record(reversers[each.purchase.pk], each, known)
            if fault is not None:
                faults.append(fault)
        for sheet in recorder.sheets.values():
            recorder.settle(sheet)
        recorder.flush()
        return faults

    def _record(
        self, reverser: Reverser, asked: _Asked, known: dict[str, tuple[bytes, int]]
    ) -> RowFault | None:
        counts = self.batch.counts
        if not asked.number:
            asked.leave_out(reverser.returnable.numbers)
            if not asked.rows:
                counts["already"] += 1
                return None
        number, further = (asked.number, []) if asked.number else (asked.marks[0], asked.marks[1:])
        said = (return_digest(asked.purchase, asked.lines), asked.purchase.member_id)
        if number in known:
            same = known[number] == said
            counts["already" if same else "conflicts"] += 1
            expected = "the content recorded before"
            line = asked.staged.first_line
            return None if same else RowFault(line, "duplicate_receipt", "number", number, expected)
        try:
            returned = reverser.record(number, asked.staged.occurred_at, asked.lines, said[0], further)
        except Problem as problem:
            counts["refused"] += 1
            return self._fault(problem, asked, reverser)
        known[number] = said
        counts["posted"] += 1
        counts["amount"] += returned.amount
        return None

    def _keys(self, kind: DocumentKind, numbers: set[str]) -> Any:
        return DocumentKey.objects.filter(
            programme=self.programme, partner=self.partner, source="main", kind=kind, number__in=numbers
        )

    # --- what a file asks for ---------------------------------------------------------------------------------
    def _asked(self, rows: list[Staged], faults: list[RowFault]) -> Iterator[_Asked]:
        keys = dict(
            self._keys(DocumentKind.PURCHASE, {row.receipt for row in rows}).values_list(
                "number", "document_id"
            )
        )
        found = Purchase.objects.filter(pk__in=keys.values()).prefetch_related("revision").in_bulk()
        # All returns of a receipt are its member's, and so in this chunk.
        equal: Counter[str] = Counter()
        for row in rows:
            self.batch.counts["documents"] += 1
            try:
                if row.receipt not in keys:
                    raise BadRow(
                        row.first_line, "unknown_receipt", "receipt", row.receipt, "a recorded receipt"
                    )
                purchase = found[keys[row.receipt]]
                said = orjson.loads(row.lines)
                lines = _lines(purchase, said)
            except BadRow as bad:
                self.batch.counts["refused"] += 1
                faults.append(bad.fault)
                continue
            header = orjson.loads(row.header)
            marks = []
            if not header["number"]:
                moment = row.occurred_at if header["timed"] else None
                for line in [None] if lines is None else lines:
                    content = _content(purchase, line, moment)
                    equal[content] += 1
                    marks.append(f"{content}-{equal[content]}")
            yield _Asked(row, purchase, said, lines, header["number"], marks)

    # --- what was wrong ---------------------------------------------------------------------------------------
    def _fault(self, problem: Problem, asked: _Asked, reverser: Reverser) -> RowFault:
        """Which row was too much, and what would have been possible."""
        if isinstance(problem, NothingToReturn):
            expected = "something that has not come back yet"
            return RowFault(asked.rows[0]["row"], problem.code, "receipt", asked.staged.receipt, expected)
        if not isinstance(problem, ReturnTooLarge) or asked.lines is None:
            raise problem
        at = problem.extra["line"] - 1
        row, line = next(
            pair
            for pair in reversed(list(zip(asked.rows, asked.lines, strict=True)))
            if pair[1].position == at
        )
        column, key, digits = "amount", "amount", currency_digits(self.programme.currency)
        if line.quantity is not None:
            column, key, digits = "quantity", "qty", QUANTITY_DIGITS
        whole = asked.purchase.lines[at][key]
        left = whole if line.so_far else int(whole * (1 - reverser.returnable.shares[at]))
        value = "" if column not in row else format_decimal(row[column], digits)
        return RowFault(row["row"], problem.code, column, value, f"0 to {format_decimal(left, digits)}")


def _content(purchase: Purchase, line: ReturnLine | None, occurred_at: datetime | None) -> str:
    """A fingerprint of what a row says: the receipt, what comes back of it and when, if that is said."""
    digest = return_digest(purchase, None if line is None else [line])
    moment = "" if occurred_at is None else occurred_at.isoformat()
    return hashlib.sha256(digest + moment.encode()).hexdigest()[:32]


def _lines(purchase: Purchase, rows: list[dict[str, Any]]) -> list[ReturnLine] | None:
    if len(rows) == 1 and rows[0].keys() == {"row"}:
        return None
    return [_line(purchase, row) for row in rows]


def _line(purchase: Purchase, row: dict[str, Any]) -> ReturnLine:
    position = row["line"] - 1 if "line" in row else _position_of(purchase, row)
    if not 0 <= position < len(purchase.lines):
        raise BadRow(row["row"], "unknown_line", "line", str(row["line"]), f"1 to {len(purchase.lines)}")
    sku = purchase.lines[position]["sku"]
    if row.get("sku", sku) != sku:
        raise BadRow(row["row"], "unknown_line", "sku", row["sku"], sku)
    quantity, amount = row.get("quantity"), row.get("amount")
    said = quantity is not None or amount is not None
    return ReturnLine(position, quantity, amount if quantity is None else None, said and "so_far" in row)


def _position_of(purchase: Purchase, row: dict[str, Any]) -> int:
    sku = row.get("sku", "")
    positions = [at for at, stored in enumerate(purchase.lines) if stored["sku"] == sku]
    if not sku or len(positions) != 1:
        raise BadRow(
            row["row"], "unknown_line", "sku", sku, "a SKU that stands once on the receipt, or its line"
        )
    return positions[0]
