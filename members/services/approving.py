"""Awards above a threshold: they stay pending until a person approves or refuses them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.core.models import User
from members.engine.books import APPROVAL, Book, Cause, LotRow
from members.models import Membership
from members.services.ledger import Sheet
from members.services.problems import NotPending
from members.services.recording import Recorder
from members.services.settling import activate


def approve_award(*, membership: Membership, lot: int, now: datetime, actor: User | None = None) -> int:
    """Make the points of a lot usable that waits for approval; returns them. Raises NotPending."""
    return _decide(membership, lot, now, actor, approved=True, reason="")


def refuse_award(
    *, membership: Membership, lot: int, reason: str, now: datetime, actor: User | None = None
) -> int:
    """Let the points of a lot lapse that waits for approval; returns them. Raises NotPending."""
    return _decide(membership, lot, now, actor, approved=False, reason=reason)


def _decide(
    membership: Membership, lot: int, now: datetime, actor: User | None, *, approved: bool, reason: str
) -> int:
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        recorder.settle(sheet)
        book, row = _waiting(sheet, lot)
        points = row.remaining
        stretch = recorder.ruleset_at(now)
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, reason=reason,
            actor=actor.pk if actor else None,
        )  # fmt: skip
        if approved:
            activate(recorder, book, row, stretch, cause)
        else:
            recorder.ledger(stretch.ruleset).forfeit(book, [row], cause)
        sheet.touched = True
        recorder.settle(sheet)
        recorder.flush()
    return points


def _waiting(sheet: Sheet, lot: int) -> tuple[Book, LotRow]:
    for book in sheet.books.values():
        row = book.lots.get(lot)
        if row is not None and row.pending and row.remaining and row.terms.awaits == APPROVAL:
            return book, row
    raise NotPending
