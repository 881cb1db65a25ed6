"""Importing returns: each row takes back a line of a receipt, or what is left of the whole receipt."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from loyalty.core import clock
from loyalty.core.choices import ImportState
from loyalty.core.exact import InvalidNumber, currency_digits
from loyalty.core.models import ImportBatch, ImportRowError
from loyalty.core.problems import Problem
from members.choices import DocumentKind
from members.models import DocumentKey, Purchase
from members.services.imports.messages import message
from members.services.imports.purchases import Options, Progress, StrictImportRefused
from members.services.imports.reading import (
    LATEST,
    RowFault,
    open_rows,
    read_moment,
    read_number,
    sha256_of,
    shown,
)
from members.services.returns import ReturnLine, record_return
from programs.engine.facts import QUANTITY_DIGITS
from programs.models import Partner, Programme

REQUIRED = ("receipt",)
OPTIONAL = ("line", "sku", "quantity", "amount", "occurred_at", "number")
LONGEST_NUMBER = 100
_WRONG, _UNREADABLE = "", " "
COUNTS = ("rows", "documents", "posted", "already", "bad")


def import_returns(
    *, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None = None
) -> ImportBatch:
    """Import a file of returns: neighbouring rows of one receipt (and number) are one return.

    A return's number is the column `number`, else it follows from the file's content and the line, so that the same
    file again changes nothing. Raises InvalidFile, StrictImportRefused.
    """
    digest = sha256_of(path)
    header, rows = open_rows(path, REQUIRED, OPTIONAL)
    counts = dict.fromkeys(COUNTS, 0)
    faults: list[RowFault] = []
    now = clock.now()

    def key(item: tuple[int, dict[str, str]]) -> tuple[str, str]:
        return item[1].get("receipt", ""), item[1].get("number", "")

    with transaction.atomic():
        for (receipt, number), group in groupby(_rows(header, rows), key=key):
            items = list(group)
            counts["rows"] += len(items)
            counts["documents"] += 1
            first = items[0][0]
            try:
                _check(items, len(header))
                purchase = _purchase(programme, partner, receipt)
                lines = _lines(purchase, items, currency_digits(programme.currency))
                zone = ZoneInfo(options.timezone or programme.zone)
                moment = _occurred_at(items[0], zone, now) if items[0][1].get("occurred_at") else now
                returned = record_return(
                    purchase=purchase,
                    number=number or f"{digest[:12]}-{first}",
                    now=now,
                    occurred_at=moment,
                    lines=lines,
                )
                counts["already" if returned.repeated else "posted"] += 1
            except _BadRow as bad:
                faults.append(bad.fault)
            except Problem as problem:
                faults.append(RowFault(first, problem.code, "receipt", shown(receipt), ""))
        counts["bad"] = len(faults)
        refused = options.strict and bool(faults)
        if refused or options.dry_run:
            transaction.set_rollback(True)
    batch = _keep(path, programme, digest, counts, faults, options)
    if refused:
        raise StrictImportRefused(batch=batch.pk, bad=len(faults))
    return batch


def _rows(header: list[str], rows: Any) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row. What cannot be read belongs to the row before it, whose return may be cut; the
    cell without a name says what is wrong with a row."""
    cells: dict[str, str] = {}
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as wrong:
            yield rows.line_num + 1, {**cells, _WRONG: str(wrong), _UNREADABLE: "yes"}
            return
        cells = dict(zip(header, row, strict=False))
        if len(row) != len(header):
            cells[_WRONG] = str(len(row))
        yield rows.line_num + 1, cells


def _check(items: list[tuple[int, dict[str, str]]], width: int) -> None:
    for line, row in items:
        if _UNREADABLE in row:
            raise _BadRow(line, "unreadable", "", row[_WRONG], "CSV UTF-8")
        if _WRONG in row:
            raise _BadRow(line, "wrong_width", "", row[_WRONG], str(width))
        for column, cell in row.items():
            if len(cell) > LONGEST_NUMBER or "\x00" in cell:
                raise _BadRow(line, "bad_text", column, cell, f"up to {LONGEST_NUMBER} characters")


class _BadRow(Exception):
    def __init__(self, line: int, code: str, column: str, value: str, expected: str) -> None:
        super().__init__(code)
        self.fault = RowFault(line, code, column, shown(value), expected)


def _purchase(programme: Programme, partner: Partner, receipt: str) -> Purchase:
    key = DocumentKey.objects.filter(
        programme=programme, partner=partner, source="main", kind=DocumentKind.PURCHASE, number=receipt
    ).first()
    if key is None:
        raise _Unknown
    return Purchase.objects.select_related("revision", "membership__programme").get(pk=key.document_id)


class _Unknown(Problem):
    code = "unknown_receipt"


def _occurred_at(item: tuple[int, dict[str, str]], zone: ZoneInfo, now: datetime) -> datetime:
    line, row = item
    moment = read_moment(row["occurred_at"], zone)
    if moment is None:
        raise _BadRow(
            line, "bad_time", "occurred_at", row["occurred_at"], "2026-01-31T18:45 or with an offset"
        )
    if moment > now + LATEST:
        raise _BadRow(line, "in_future", "occurred_at", row["occurred_at"], "not later than tomorrow")
    return moment


def _lines(
    purchase: Purchase, items: list[tuple[int, dict[str, str]]], money_digits: int
) -> list[ReturnLine] | None:
    if len(items) == 1 and not any(items[0][1].get(name) for name in ("line", "sku", "quantity", "amount")):
        return None
    return [_line(purchase, line, row, money_digits) for line, row in items]


def _line(purchase: Purchase, line: int, row: dict[str, str], money_digits: int) -> ReturnLine:
    column = "line"
    try:
        position = read_number(row["line"], 0) - 1 if row.get("line") else _position_of(purchase, line, row)
        if not 0 <= position < len(purchase.lines):
            raise _BadRow(line, "unknown_line", "line", row.get("line", ""), f"1-{len(purchase.lines)}")
        column = "quantity"
        quantity = read_number(row["quantity"], QUANTITY_DIGITS) if row.get("quantity") else None
        column = "amount"
        amount = read_number(row["amount"], money_digits) if row.get("amount") else None
    except InvalidNumber as wrong:
        raise _BadRow(line, str(wrong), column, row[column], "a plain number such as 12.50") from None
    return ReturnLine(position, quantity, amount if quantity is None else None)


def _position_of(purchase: Purchase, line: int, row: dict[str, str]) -> int:
    sku = row.get("sku", "")
    positions = [at for at, stored in enumerate(purchase.lines) if stored["sku"] == sku]
    if len(positions) != 1:
        raise _BadRow(line, "unknown_line", "sku", sku, "a SKU that stands once on the receipt, or its line")
    return positions[0]


def _keep(
    path: Path,
    programme: Programme,
    digest: str,
    counts: dict[str, int],
    faults: list[RowFault],
    options: Options,
) -> ImportBatch:
    failed = options.dry_run or (options.strict and bool(faults))
    batch = ImportBatch.objects.create(
        kind="returns",
        scope=programme.key,
        file_name=path.name[:255],
        file_sha256=digest,
        file_size=path.stat().st_size,
        counts=counts,
        state=ImportState.FAILED if failed else ImportState.DONE,
        report={"dry_run": options.dry_run},
        finished_at=clock.now(),
    )
    ImportRowError.objects.bulk_create(
        [
            ImportRowError(
                batch=batch,
                line=fault.line,
                code=fault.code,
                field=fault.column,
                message=message(fault.code),
                expected=fault.expected,
                raw=fault.value,
            )
            for fault in faults[:10_000]
        ]
    )
    return batch
