"""Importing returns: each takes back lines of a receipt, or what is left of the whole receipt.

A return is known by its number. Without the column `number` it follows from what the rows say and from how many equal
returns stand before it in the file; so the same file again changes nothing, a corrected file posts only what is new,
and two equal returns of one file are two.
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
    """A return as a file asks for it, its lines found on the receipt; no `lines`: all that is left."""

    staged: Staged
    purchase: Purchase
    rows: list[dict[str, Any]]
    lines: list[ReturnLine] | None
    number: str
    digest: bytes


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
        recorder = Recorder(self.programme, self.now, self.stretches)
        purchases = {each.purchase.pk: each.purchase for each in asked}
        recorder.open(list({purchase.membership_id for purchase in purchases.values()}))
        reversers = open_reversers(recorder, list(purchases.values()))
        known = {
            number: (bytes(digest), member)
            for number, digest, member in self._keys(
                DocumentKind.RETURN, {each.number for each in asked}
            ).values_list("number", "digest", "member_id")
        }
        counts = self.batch.counts
        for each in asked:
            said = (each.digest, each.purchase.member_id)
            if each.number in known:
                same = known[each.number] == said
                counts["already" if same else "conflicts"] += 1
                if not same:
                    line, expected = each.staged.first_line, "the content recorded before"
                    faults.append(RowFault(line, "duplicate_receipt", "number", each.number, expected))
                continue
            reverser = reversers[each.purchase.pk]
            try:
                returned = reverser.record(each.number, each.staged.occurred_at, each.lines, each.digest)
            except Problem as problem:
                counts["refused"] += 1
                faults.append(self._fault(problem, each, reverser))
                continue
            known[each.number] = said
            counts["posted"] += 1
            counts["amount"] += returned.amount
        recorder.flush()
        return faults

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
            number, digest = header["number"], return_digest(purchase, lines)
            if not number:
                content = content_number(digest, row.occurred_at if header["timed"] else None)
                equal[content] += 1
                number = f"{content}-{equal[content]}"
            yield _Asked(row, purchase, said, lines, number, digest)

    # --- what was wrong ---------------------------------------------------------------------------------------
    def _fault(self, problem: Problem, asked: _Asked, reverser: Reverser) -> RowFault:
        """Which row was too much, and what would have been possible."""
        if isinstance(problem, NothingToReturn):
            expected = "something that has not come back yet"
            return RowFault(asked.staged.first_line, problem.code, "receipt", asked.staged.receipt, expected)
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


def content_number(digest: bytes, occurred_at: datetime | None) -> str:
    """The beginning of the number of a return that was not given one: `digest` is of the receipt and of what comes
    back of it."""
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
