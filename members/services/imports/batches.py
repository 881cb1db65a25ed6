"""Taking a file in: stage all of it, then post it chunk by chunk.

Every chunk is one transaction that also moves the batch's position, so an import that was killed goes on where it
stopped and ends like one that was not. A chunk holds whole members, each one's documents in the order of time. What
the rows of a kind of file are and how they are posted is said by a subclass.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core import clock
from loyalty.core.choices import ImportState
from loyalty.core.models import ImportBatch, ImportRowError
from loyalty.core.problems import Conflict, FieldError, InvalidFile, Problem
from members.models import StagedReceipt
from members.services.imports.messages import message
from members.services.imports.reading import MOST_FAULTS, Reader, RowFault, sha256_of
from members.services.ledger.copying import copy_rows
from programs.models import Partner, Programme
from programs.selectors.rulebooks import rulebook

ATTEMPTS = 3
SHOWN = 1_000
NOT_TAKEN = ("bad", "conflicts", "refused")
_COLUMNS = "batch_id member occurred_at receipt first_line header lines".split()

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


class Staged(NamedTuple):
    """A run of rows in the waiting room; `header` and `lines` are JSON."""

    member: str
    occurred_at: datetime
    receipt: str
    first_line: int
    header: str
    lines: str


class FileImport:
    """One import. `counted` names what the batch counts, `chunk` is how many staged runs are posted together."""

    kind: ClassVar[str]
    counted: ClassVar[tuple[str, ...]]
    chunk: ClassVar[int]
    batch: ImportBatch

    def __init__(
        self, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None
    ) -> None:
        self.path, self.programme, self.partner, self.options = path, programme, partner, options
        self.progress = progress or (lambda *_args: None)
        self.now = clock.now()
        self.zone = ZoneInfo(options.timezone or programme.zone)
        self.rulebook = rulebook(programme.pk)

    def reader(self) -> Reader:
        """The file; raises InvalidFile."""
        raise NotImplementedError

    def settle(self, reader: Reader) -> None:
        """What can be done only when the whole file is staged."""
        raise NotImplementedError

    def post(self, rows: list[Staged]) -> list[RowFault]:
        """Post whole members inside the caller's transaction and count; what was refused."""
        raise NotImplementedError

    def run(self) -> ImportBatch:
        """Raises InvalidFile, ImportRunning, StrictImportRefused; faults of rows stand in the batch."""
        with _alone(self.programme):
            self.batch = batch = self._batch()
            if batch.state == ImportState.STAGING:
                try:
                    self._stage()
                except BaseException:
                    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportState.FAILED)
                    raise
            if self.options.dry_run or (self.options.strict and not self.position["checked"]):
                self._rehearse()
            if not self.options.dry_run:
                self._post()
            self._end(ImportState.FAILED if self.options.dry_run else ImportState.DONE)
        return batch

    @property
    def position(self) -> dict[str, Any]:
        """The last member that is posted, and whether a strict import has been checked."""
        return self.batch.position or {"member": "", "checked": False}

    # --- the batch --------------------------------------------------------------------------------------------
    def _batch(self) -> ImportBatch:
        """A new batch, or the unfinished one of the same file and options. Other unfinished ones are given up: what
        they posted is known, so starting them anew loses and doubles nothing."""
        digest = sha256_of(self.path)
        options = {
            "partner": self.partner.code,
            "enrol": self.options.enrol,
            "strict": self.options.strict,
            "timezone": self.options.timezone,
        }
        batches = ImportBatch.objects.filter(kind=self.kind, scope=self.programme.key)
        same = batches.filter(file_sha256=digest, options=options)
        if not self.options.dry_run:
            if unfinished := same.filter(state=ImportState.POSTING).first():
                return unfinished
            given_up = batches.filter(state__in=[ImportState.STAGING, ImportState.POSTING])
            StagedReceipt.objects.filter(batch__in=given_up).delete()
            given_up.update(state=ImportState.FAILED)
        done = batches.filter(file_sha256=digest, state=ImportState.DONE).order_by("-id")
        before = done.values_list("finished_at", flat=True).first()
        return ImportBatch.objects.create(
            kind=self.kind,
            scope=self.programme.key,
            file_name=os.fsencode(self.path.name).decode(errors="replace")[:255],
            file_sha256=digest,
            file_size=self.path.stat().st_size,
            options=options,
            counts=dict.fromkeys(self.counted, 0),
            report={
                "dry_run": self.options.dry_run,
                "imported_before": None if before is None else before.isoformat(),
            },
            started_at=self.now,
        )

    def _end(self, state: ImportState) -> None:
        StagedReceipt.objects.filter(batch=self.batch).delete()
        self.batch.state = state
        self.batch.finished_at = clock.now()
        self.batch.save()

    def _refuse(self) -> None:
        self._end(ImportState.FAILED)
        errors = [
            FieldError(each.code, each.message, field=each.field, line=each.line, expected=each.expected)
            for each in self.batch.row_errors.order_by("line", "id")[:SHOWN]
        ]
        bad = sum(self.batch.counts.get(name, 0) for name in NOT_TAKEN)
        raise StrictImportRefused(errors=errors, batch=self.batch.pk, bad=bad)

    def _report(self, faults: list[RowFault]) -> None:
        if not faults:
            return
        room = max(MOST_FAULTS - self.batch.row_errors.count(), 0)
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
                for fault in faults[:room]
            ]
        )

    # --- staging ----------------------------------------------------------------------------------------------
    def _stage(self) -> None:
        reader = self.reader()
        raw = connection.connection
        with transaction.atomic():
            with connection.wrap_database_errors, raw.cursor() as cursor:
                copy_rows(cursor, StagedReceipt._meta.db_table, _COLUMNS, self._staged(reader))
            if sha256_of(self.path) != self.batch.file_sha256:
                raise InvalidFile(_("The file was changed while it was read."))
            self.settle(reader)
            self.batch.counts |= {"rows": reader.count, "bad": reader.bad}
            self._report(reader.faults)
            self.batch.state = ImportState.POSTING
            self.batch.save()
        if self.options.strict and reader.bad:
            self._refuse()

    def _staged(self, reader: Reader) -> Iterator[tuple[Any, ...]]:
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

    # --- posting ----------------------------------------------------------------------------------------------
    def _rehearse(self) -> None:
        """Post everything and take it back: what would happen, without a trace."""
        batch = self.batch
        counts, position = dict(batch.counts), self.position
        told = batch.row_errors.count()
        with transaction.atomic():
            self._post()
            errors = list(batch.row_errors.order_by("id")[told:])
            transaction.set_rollback(True)
        ImportRowError.objects.bulk_create(errors)
        batch.position = position
        if self.options.strict and any(batch.counts.get(name) for name in NOT_TAKEN):
            self._refuse()
        if not self.options.dry_run:
            batch.counts, batch.position = counts, {**position, "checked": True}
            batch.save()

    def _post(self) -> None:
        staged = StagedReceipt.objects.filter(batch=self.batch)
        done, total = staged.filter(member__lte=self.position["member"]).count(), staged.count()
        while rows := self._next_rows():
            self._post_chunk(rows)
            done += len(rows)
            self.progress("posting", done, total)

    def _post_chunk(self, rows: list[Staged]) -> None:
        batch = self.batch
        counts, position = dict(batch.counts), self.position
        self.now = clock.now()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    self._report(self.post(rows))
                    batch.position = {**position, "member": rows[-1].member}
                    batch.save(update_fields=["counts", "position"])
            except IntegrityError:
                # A till recorded one of these documents in between; seen from a new transaction it is known.
                batch.counts, batch.position = dict(counts), position
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _next_rows(self) -> list[Staged]:
        """Staged rows of the next whole members."""
        after, limit = self.position["member"], self.chunk
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
                rows = [Staged(*row) for row in cursor.fetchall()]
            if len(rows) < limit:
                return rows
            last = rows[-1].member
            whole = [row for row in rows if row.member != last]
            if whole:
                return whole
            limit *= 4


@contextmanager
def _alone(programme: Programme) -> Iterator[None]:
    """One import per programme at a time, whatever its kind: a purchase comes before its return. Raises
    ImportRunning."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('import'), %s)", [programme.pk])
        if not cursor.fetchone()[0]:
            raise ImportRunning
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('import'), %s)", [programme.pk])
