"""Importing purchases. Receipts that are already recorded are left alone."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from loyalty.core.exact import currency_digits
from loyalty.core.models import ImportBatch
from loyalty.core.problems import Problem
from members.choices import DocumentKind
from members.models import DocumentKey, Identifier, Membership, StagedReceipt
from members.selectors.baskets import stored_basket
from members.services.enrolment import enrol_many
from members.services.filling import filled
from members.services.imports.batches import FileImport, Options, Progress, Staged
from members.services.imports.purchase_rows import PurchaseReader
from members.services.imports.reading import Reader, RowFault, is_key
from members.services.recording import Recorder, Seller, content_digest
from programs.models import Partner, Programme, Store
from programs.selectors.products import known_products


def import_purchases(
    *, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None = None
) -> ImportBatch:
    """Import a file. Raises InvalidFile, ImportRunning, StrictImportRefused; row faults stand in the batch."""
    return PurchaseImport(path, programme, partner, options, progress).run()


class PurchaseImport(FileImport):
    kind = "purchases"
    counted = (
        "rows", "documents", "posted", "already", "conflicts", "refused", "bad", "enrolled", "amount",
    )  # fmt: skip
    chunk = 3_000

    def reader(self) -> Reader:
        return PurchaseReader(self.path, self.zone, currency_digits(self.programme.currency), self.now)

    def settle(self, reader: Reader) -> None:
        assert isinstance(reader, PurchaseReader)
        bad = [receipt for receipt in reader.bad_receipts if is_key(receipt)]
        if bad:
            StagedReceipt.objects.filter(batch=self.batch, receipt__in=bad).delete()

    def post(self, rows: list[Staged]) -> list[RowFault]:
        memberships = self._memberships(rows)
        self.stores = dict(Store.objects.filter(partner=self.partner).values_list("code", "id"))
        known = {
            number: (bytes(digest), member)
            for number, digest, member in DocumentKey.objects.filter(
                programme=self.programme,
                partner=self.partner,
                source="main",
                kind=DocumentKind.PURCHASE,
                number__in={row.receipt for row in rows},
            ).values_list("number", "digest", "member_id")
        }
        lines_of = [orjson.loads(row.lines) for row in rows]
        skus = {line["sku"] for lines in lines_of for line in lines}
        self.products = known_products(self.partner.pk, skus - {""})
        recorder = Recorder(self.programme, self.now, self.rulebook, in_order=True)
        recorder.open([membership.pk for membership in memberships.values()])
        faults: list[RowFault] = []
        staged = zip(rows, lines_of, strict=True)
        for (member, occurred_at, receipt), parts in groupby(staged, key=lambda pair: pair[0][:3]):
            fragments = list(parts)
            line = fragments[0][0].first_line
            self.batch.counts["documents"] += 1
            membership = memberships.get(member)
            if membership is None:
                faults.append(RowFault(line, "unknown_member", "member", member, "--enrol"))
                self.batch.counts["refused"] += 1
                continue
            sheet = recorder.sheets[membership.pk]
            lines = [each for _row, part in fragments for each in part]
            head = (occurred_at, receipt, line)
            fault = self._record(recorder, sheet, head, fragments[0][0].header, lines, known)
            if fault is not None:
                faults.append(fault)
        for sheet in recorder.sheets.values():
            recorder.settle(sheet)
        recorder.flush()
        return faults

    def _record(
        self,
        recorder: Recorder,
        sheet: Any,
        head: tuple[Any, str, int],
        header_json: str,
        lines: list[dict[str, Any]],
        known: dict[str, tuple[bytes, int]],
    ) -> RowFault | None:
        occurred_at, receipt, line = head
        counts = self.batch.counts
        header = orjson.loads(header_json)
        store = header.pop("store", "")
        basket = stored_basket(
            occurred_at=occurred_at,
            lines=lines,
            header=header,
            partner=self.partner.code,
            store=store,
        )
        said = orjson.dumps(lines)
        digest = content_digest(receipt, basket, said)
        if receipt in known:
            same = known[receipt] == (digest, sheet.member)
            counts["already" if same else "conflicts"] += 1
            expected = "" if same else "the content recorded before"
            return None if same else RowFault(line, "duplicate_receipt", "receipt", receipt, expected)
        seller = Seller(self.partner.pk, self.partner.code, self._store(store), store)
        try:
            complete = filled(basket, self.products)
            stored = said if complete is basket else None
            recorder.purchase(sheet, complete, receipt, seller, digest, stored)
        except Problem as problem:
            counts["refused"] += 1
            return RowFault(line, problem.code, "", receipt, "")
        known[receipt] = digest, sheet.member
        counts["posted"] += 1
        counts["amount"] += sum([each.amount for each in basket.lines])
        return None

    def _store(self, code: str) -> int | None:
        if not code:
            return None
        if code not in self.stores:
            self.stores[code] = Store.objects.get_or_create(
                partner=self.partner, code=code, defaults={"name": {"*": code}}
            )[0].pk
        return self.stores[code]

    def _memberships(self, rows: list[Staged]) -> dict[str, Membership]:
        """Memberships by the member column; unknown ones are enrolled if asked for, from their first receipt on."""
        first: dict[str, datetime] = {}
        for row in rows:
            first.setdefault(row.member, row.occurred_at)
        members = dict(
            Identifier.objects.filter(value__in=first, is_active=True).values_list("value", "member_id")
        )
        found = {
            membership.member_id: membership
            for membership in Membership.objects.filter(programme=self.programme, member__in=members.values())
        }
        memberships = {value: found[member] for value, member in members.items() if member in found}
        missing = [value for value in first if value not in memberships]
        if missing and self.options.enrol:
            memberships |= enrol_many(
                programme=self.programme, numbers=missing, now=self.now, joined_at=first, channel="import"
            )
            self.batch.counts["enrolled"] += len(missing)
        return memberships
