"""Importing purchases: stage the whole file, then post it member by member in the order of time.

Every chunk of members is one transaction that also moves the batch's position, so an import that was killed goes on
where it stopped and ends like one that was not. Receipts that are already recorded are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core import clock
from loyalty.core.choices import ImportState
from loyalty.core.exact import currency_digits
from loyalty.core.models import ImportBatch, ImportRowError
from loyalty.core.problems import Conflict, Problem
from members.models import DocumentKey, Identifier, Membership, StagedReceipt
from members.selectors.baskets import stored_basket
from members.services.enrolment import enrol_many
from members.services.imports.messages import message
from members.services.imports.reading import PurchaseReader, RowFault, sha256_of
from members.services.ledger.copying import copy_rows
from members.services.recording import Recorder, Seller, content_digest
from programs.models import Partner, Programme, Store
from programs.selectors.rulesets import timeline

KIND = "purchases"
CHUNK = 3_000
MOST_ERRORS = 10_000
_STAGED = "batch_id member occurred_at receipt first_line header lines".split()
COUNTS = ("rows", "documents", "posted", "already", "conflicts", "refused", "bad", "enrolled", "amount")

Progress = Callable[[str, int, int], None]


class ImportRunning(Conflict):
    code = "import_running"
    title = _("Another import into this programme is running. Try again when it is done.")


class StrictImportRefused(Problem):
    code = "strict_import_refused"
    title = _("Not every row can be taken, so nothing was imported.")


@dataclass(frozen=True, slots=True)
class Options:
    """`enrol` unknown members; `strict`: all or nothing; `dry_run`: say what would happen and change nothing."""

    enrol: bool = False
    strict: bool = False
    dry_run: bool = False
    timezone: str = ""


class _DryRunDone(Exception):
    """Leaves the transaction of a dry run."""


def import_purchases(
    *, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None = None
) -> ImportBatch:
    """Import a file. Raises InvalidFile, ImportRunning, StrictImportRefused; row faults stand in the batch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('import'), %s)", [programme.pk])
        if not cursor.fetchone()[0]:
            raise ImportRunning
    try:
        return _Import(path, programme, partner, options, progress or (lambda *_args: None)).run()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('import'), %s)", [programme.pk])


class _Import:
    def __init__(
        self, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress
    ) -> None:
        self.path, self.programme, self.partner = path, programme, partner
        self.options, self.progress = options, progress
        self.now = clock.now()
        self.digest = sha256_of(path)
        self.stretches = timeline(programme.pk)
        self.stores = dict(Store.objects.filter(partner=partner).values_list("code", "id"))
        self.batch = self._batch()
        self.errors = 0

    def _batch(self) -> ImportBatch:
        """The batch of this file: one that did not finish is continued."""
        unfinished = ImportBatch.objects.filter(
            kind=KIND,
            scope=self.programme.key,
            file_sha256=self.digest,
            state=ImportState.POSTING,
            options__partner=self.partner.code,
        ).first()
        if unfinished is not None and not self.options.dry_run:
            return unfinished
        ImportBatch.objects.filter(kind=KIND, scope=self.programme.key, state=ImportState.STAGING).update(
            state=ImportState.FAILED
        )
        return ImportBatch.objects.create(
            kind=KIND,
            scope=self.programme.key,
            file_name=self.path.name[:255],
            file_sha256=self.digest,
            file_size=self.path.stat().st_size,
            options={
                "partner": self.partner.code,
                "enrol": self.options.enrol,
                "strict": self.options.strict,
            },
            counts=dict.fromkeys(COUNTS, 0),
            started_at=self.now,
        )

    def run(self) -> ImportBatch:
        batch = self.batch
        if batch.state == ImportState.STAGING:
            try:
                self._stage()
            except BaseException:
                ImportBatch.objects.filter(pk=batch.pk).update(state=ImportState.FAILED)
                raise
        if self.options.dry_run or (self.options.strict and not (batch.position or {}).get("checked")):
            self._rehearse()
        if not self.options.dry_run:
            self._post()
        StagedReceipt.objects.filter(batch=batch).delete()
        batch.state = ImportState.FAILED if self.options.dry_run else ImportState.DONE
        batch.report = {"dry_run": self.options.dry_run}
        batch.finished_at = clock.now()
        batch.save()
        return batch

    # --- staging ----------------------------------------------------------------------------------------------
    def _stage(self) -> None:
        zone = ZoneInfo(self.options.timezone or self.programme.zone)
        reader = PurchaseReader(self.path, zone, currency_digits(self.programme.currency), self.now)
        raw = connection.connection
        with transaction.atomic(), raw.cursor() as cursor:
            copy_rows(cursor, StagedReceipt._meta.db_table, _STAGED, self._staged(reader))
            bad = list(reader.bad_receipts)
            if bad:
                StagedReceipt.objects.filter(batch=self.batch, receipt__in=bad).delete()
            self.batch.counts |= {"rows": reader.count, "bad": len(reader.faults)}
            self._report(reader.faults)
            self.batch.state = ImportState.POSTING
            self.batch.position = {"member": ""}
            self.batch.save()
        if self.options.strict and reader.faults:
            self._refuse()

    def _staged(self, reader: PurchaseReader) -> Iterator[tuple[Any, ...]]:
        dumps, batch = orjson.dumps, self.batch.pk
        for number, item in enumerate(reader):
            if number % 2_000 == 0:
                self.progress("reading", reader.count, 0)
            yield (
                batch,
                item.member,
                item.occurred_at,
                item.receipt,
                item.first_line,
                dumps(item.header).decode(),
                dumps(item.lines).decode(),
            )

    def _report(self, faults: list[RowFault]) -> None:
        kept = faults[: max(MOST_ERRORS - self.errors, 0)]
        self.errors += len(kept)
        ImportRowError.objects.bulk_create(
            [
                ImportRowError(
                    batch=self.batch,
                    line=fault.line,
                    code=fault.code,
                    field=fault.column,
                    message=message(fault.code),
                    expected=fault.expected,
                    raw=fault.value,
                )
                for fault in kept
            ]
        )

    def _refuse(self) -> None:
        StagedReceipt.objects.filter(batch=self.batch).delete()
        self.batch.state = ImportState.FAILED
        self.batch.save()
        raise StrictImportRefused(batch=self.batch.pk, bad=self.batch.counts["bad"])

    # --- posting ----------------------------------------------------------------------------------------------
    def _rehearse(self) -> None:
        """Post everything and take it back: what would happen, without a trace."""
        counts, position = dict(self.batch.counts), dict(self.batch.position or {})
        try:
            with transaction.atomic():
                self._post()
                result, errors = dict(self.batch.counts), self._errors_now()
                raise _DryRunDone
        except _DryRunDone:
            pass
        self.batch.counts, self.batch.position = result, position
        self.stores = dict(Store.objects.filter(partner=self.partner).values_list("code", "id"))
        self.batch.row_errors.all().delete()
        ImportRowError.objects.bulk_create(errors)
        if self.options.strict and any(result[name] for name in ("bad", "conflicts", "refused")):
            self._refuse()
        if not self.options.dry_run:
            self.batch.row_errors.all().delete()
            self.batch.counts = counts
            self.batch.position = position | {"checked": True}
            self.batch.save()

    def _errors_now(self) -> list[ImportRowError]:
        errors = list(self.batch.row_errors.all())
        for error in errors:
            error.pk = None
        return errors

    def _post(self) -> None:
        total = StagedReceipt.objects.filter(batch=self.batch).count()
        done = 0
        while rows := self._next_rows():
            last = rows[-1][0]
            for attempt in range(3):
                counts = dict(self.batch.counts)
                try:
                    with transaction.atomic():
                        self._post_chunk(rows)
                        self.batch.position = {**(self.batch.position or {}), "member": last}
                        self.batch.save(update_fields=["counts", "position"])
                    break
                except IntegrityError:
                    # A till recorded one of these receipts in between; seen from a new transaction it is known.
                    self.batch.counts = counts
                    if attempt == 2:
                        raise
            done += len(rows)
            self.progress("posting", done, total)

    def _next_rows(self) -> list[tuple[Any, ...]]:
        """Staged rows of the next whole members."""
        after, limit = (self.batch.position or {})["member"], CHUNK
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    SELECT member, occurred_at, receipt, first_line, header, lines FROM members_stagedreceipt
                    WHERE batch_id = %s AND member > %s
                    ORDER BY member, occurred_at, receipt, first_line LIMIT %s
                    """,
                    [self.batch.pk, after, limit],
                )
                rows: list[tuple[Any, ...]] = cursor.fetchall()
            if len(rows) < limit:
                return rows
            last = rows[-1][0]
            whole = [row for row in rows if row[0] != last]
            if whole:
                return whole
            limit *= 4

    def _post_chunk(self, rows: list[tuple[Any, ...]]) -> None:
        memberships = self._memberships(rows)
        known = {
            number: (bytes(digest), member)
            for number, digest, member in DocumentKey.objects.filter(
                programme=self.programme,
                partner=self.partner,
                source="main",
                kind="purchase",
                number__in={row[2] for row in rows},
            ).values_list("number", "digest", "member_id")
        }
        recorder = Recorder(self.programme, self.now, self.stretches)
        recorder.open([membership.pk for membership in memberships.values()])
        faults: list[RowFault] = []
        for (member, occurred_at, receipt), parts in groupby(rows, key=lambda row: row[:3]):
            fragments = list(parts)
            line = fragments[0][3]
            self.batch.counts["documents"] += 1
            membership = memberships.get(member)
            if membership is None:
                faults.append(RowFault(line, "unknown_member", "member", member, "--enrol"))
                self.batch.counts["refused"] += 1
                continue
            sheet = recorder.sheets[membership.pk]
            lines = fragments[0][5].encode()
            if len(fragments) > 1:
                lines = orjson.dumps([each for part in fragments for each in orjson.loads(part[5])])
            fault = self._record(recorder, sheet, (occurred_at, receipt, line), fragments[0][4], lines, known)
            if fault is not None:
                faults.append(fault)
        recorder.flush()
        self._report(faults)

    def _record(
        self,
        recorder: Recorder,
        sheet: Any,
        head: tuple[Any, str, int],
        header_json: str,
        lines: bytes,
        known: dict[str, tuple[bytes, int]],
    ) -> RowFault | None:
        occurred_at, receipt, line = head
        counts = self.batch.counts
        header = orjson.loads(header_json)
        store = header.pop("store", "")
        basket = stored_basket(
            occurred_at=occurred_at,
            lines=orjson.loads(lines),
            header=header,
            partner=self.partner.code,
            store=store,
        )
        digest = content_digest(receipt, basket, lines)
        if receipt in known:
            same = known[receipt] == (digest, sheet.member)
            counts["already" if same else "conflicts"] += 1
            expected = "" if same else "the content recorded before"
            return None if same else RowFault(line, "duplicate_receipt", "receipt", receipt, expected)
        seller = Seller(self.partner.pk, self.partner.code, self._store(store), store)
        try:
            recorder.purchase(sheet, basket, receipt, seller, digest, lines)
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

    def _memberships(self, rows: list[tuple[Any, ...]]) -> dict[str, Membership]:
        """Memberships by the member column; unknown ones are enrolled if asked for, from their first receipt on."""
        first: dict[str, datetime] = {}
        for row in rows:
            first.setdefault(row[0], row[1])
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
