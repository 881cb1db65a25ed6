"""Taking in a file that somebody sent: keep it, look at it, try it, post it. The posting itself is the import's."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import ImportBatch, Job, User
from loyalty.core.problems import Conflict, InvalidFile
from members.choices import UploadKind
from members.models import Upload
from members.services.imports import sheets
from members.services.imports.batches import Options, StrictImportRefused
from members.services.imports.products import import_products
from members.services.imports.purchases import import_purchases
from members.services.imports.reading import LARGEST_FILE
from members.services.imports.returns import import_returns
from programs.models import Partner, Programme

KIND = "members.import"
KEPT = timedelta(days=7)


TAKES: Mapping[UploadKind, Any] = {
    UploadKind.PURCHASES: import_purchases,
    UploadKind.RETURNS: import_returns,
    UploadKind.PRODUCTS: import_products,
}


class UploadGone(Conflict):
    """The file was taken already, or was thrown away after a week."""

    code = "upload_gone"
    title = _("The file is not kept any more. Send it again.")


class UploadBusy(Conflict):
    """It is being tried or taken just now."""

    code = "upload_busy"
    title = _("This file is being worked on. Wait until that is done.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said about a file."""

    columns: Sequence[str]
    encoding: str
    decimals: str
    moments: str
    enrol: bool
    strict: bool


def folder() -> Path:
    """Where files wait."""
    return Path(settings.VAR_DIR) / "uploads"


def path_of(upload: Upload) -> Path:
    """The file itself. Raises UploadGone."""
    path = folder() / upload.stored
    if not upload.stored or not path.is_file():
        raise UploadGone
    return path


@transaction.atomic
def keep(
    file: UploadedFile[Any],
    *,
    kind: str,
    programme: Programme,
    partner: Partner,
    author: User | None,
    now: datetime,
) -> Upload:
    """Keep a file and propose what its columns mean. Raises InvalidFile; nothing is kept then."""
    throw_away(now - KEPT)
    stored = f"{secrets.token_hex(16)}.csv"
    path = folder() / stored
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        size = _write(file.chunks(), path)
        encoding = sheets.detected(path)
        header = sheets.beginning(path, encoding).header
        return Upload.objects.create(
            kind=kind,
            programme=programme,
            partner=partner,
            file_name=Path(file.name or "").name[:255] or stored,
            stored=stored,
            size=size,
            encoding=encoding,
            columns=sheets.proposed(header, kind),
            enrol=kind == UploadKind.PURCHASES,
            uploaded_by=author,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(chunks: Iterable[bytes], path: Path) -> int:
    size = 0
    with path.open("wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_FILE:
                raise InvalidFile(_("The file is larger than 2 GB; split it."))
            out.write(chunk)
    if size == 0:
        raise InvalidFile(_("The file is empty."))
    return size


def throw_away(before: datetime) -> None:
    """Delete files that nobody took; what is known about them stays."""
    for upload in Upload.objects.filter(created_at__lt=before).exclude(stored=""):
        (folder() / upload.stored).unlink(missing_ok=True)
        Upload.objects.filter(pk=upload.pk).update(stored="")


@transaction.atomic
def choose(upload: Upload, choices: Choices) -> None:
    """Say what the columns are. Raises InvalidFile when they do not fit, UploadBusy, UploadGone."""
    locked = _free(upload)
    header = sheets.beginning(path_of(locked), choices.encoding).header
    columns = [*choices.columns, *([sheets.IGNORED] * len(header))][: len(header)]
    sheets.check_columns(columns, locked.kind)
    for name in ("encoding", "decimals", "moments", "strict"):
        setattr(locked, name, getattr(choices, name))
    locked.enrol = choices.enrol and locked.kind == UploadKind.PURCHASES
    locked.columns = columns
    locked.checked = None
    locked.save()


@transaction.atomic
def start(upload: Upload, *, dry_run: bool, author: User | None) -> Job:
    """Try the file or take it in, in the background. Raises UploadBusy, UploadGone."""
    locked = _free(upload)
    path_of(locked)
    job = jobs.enqueue(KIND, requested_by=author, upload=locked.pk, dry_run=dry_run)
    Upload.objects.filter(pk=locked.pk).update(job=job)
    return job


def _free(upload: Upload) -> Upload:
    locked = Upload.objects.select_for_update(of=("self",)).select_related("job").get(pk=upload.pk)
    if locked.job is not None and locked.job.state in (JobState.QUEUED, JobState.RUNNING):
        raise UploadBusy
    if locked.taken_id is not None:
        raise UploadGone
    return locked


@jobs.kind(KIND, label=_("Taking in a file"))
def run(run: jobs.Run) -> dict[str, Any]:
    """Repeatable: an import that was killed goes on where it stopped."""
    upload = Upload.objects.select_related("programme", "partner").get(pk=run.args["upload"])
    dry_run = bool(run.args["dry_run"])
    source = path_of(upload)
    ours = source.with_suffix(".ours.csv")
    sheets.written_as_ours(
        source,
        ours,
        encoding=upload.encoding,
        columns=upload.columns,
        decimals=upload.decimals,
        moments=upload.moments,
    )
    take = TAKES[UploadKind(upload.kind)]
    named = ours.with_name(f"{upload.stored.removesuffix('.csv')}-{Path(upload.file_name).name}"[:200])
    try:
        ours.replace(named)
        batch = take(
            path=named,
            programme=upload.programme,
            partner=upload.partner,
            options=Options(enrol=upload.enrol, strict=upload.strict, dry_run=dry_run),
            progress=lambda _step, done, total: run.progress(done, total or None),
        )
    except StrictImportRefused as refused:
        # What is wrong with the lines stands in the import that was given up.
        Upload.objects.filter(pk=upload.pk).update(checked=refused.extra["batch"])
        raise
    finally:
        named.unlink(missing_ok=True)
    ImportBatch.objects.filter(pk=batch.pk).update(job=run.job, file_name=upload.file_name)
    Upload.objects.filter(pk=upload.pk).update(**{"checked" if dry_run else "taken": batch})
    if not dry_run:
        throw_away_one(upload)
    return {"import": batch.pk, **batch.counts}


def throw_away_one(upload: Upload) -> None:
    """What is taken in needs no file any more."""
    (folder() / upload.stored).unlink(missing_ok=True)
    Upload.objects.filter(pk=upload.pk).update(stored="")


__all__ = ["Choices", "UploadBusy", "UploadGone", "choose", "folder", "keep", "path_of", "start"]
