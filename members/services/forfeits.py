"""Points that staff take for good: a breach of the terms, or fraud. Always with a reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.core.models import User
from members.engine.books import Book, Cause, LotRow
from members.models import Membership
from members.services.ledger import Sheet
from members.services.problems import InsufficientPoints, ReasonNeeded, UnknownLot
from members.services.recording import Recorder

__all__ = ["forfeit"]


def forfeit(
    *,
    membership: Membership,
    reason: str,
    now: datetime,
    points: int | None = None,
    point_type: str | None = None,
    lot: int | None = None,
    actor: User | None = None,
) -> int:
    """Take points (smallest unit) for good: of one lot, usable or pending, or of all usable ones in spending order.
    Without `points` all that are there, pending ones too. Held points stay held. Returns what was taken.

    Raises ReasonNeeded, UnknownLot, InsufficientPoints; nothing is changed then.
    """
    if points is not None and points <= 0:
        raise ValueError("points must be positive")
    if not reason.strip():
        raise ReasonNeeded
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        ledger = recorder.ledger(stretch.ruleset)
        if lot is None:
            book = recorder.book(sheet, point_type or stretch.ruleset.core.main.key)
            usable, waiting = ledger.in_order(book), [each for each in book.lots.values() if each.pending]
        else:
            book, row = _lot(sheet, lot)
            usable, waiting = ([], [row]) if row.pending else ([row], [])
        if points is None:
            groups = [usable, sorted(waiting, key=lambda each: each.id)]
        else:
            groups = [usable] if lot is None else [usable or waiting]
        left = _left(groups)
        wanted = left if points is None else points
        if not wanted or wanted > left:
            raise InsufficientPoints(possible=left)
        for lots in groups:
            part = min(wanted, _left([lots]))
            if part:
                cause = Cause(
                    next(recorder.operations), now, now, stretch.revision_id, reason=reason.strip(),
                    actor=actor.pk if actor else None,
                )  # fmt: skip
                ledger.forfeit(book, lots, cause, part)
        sheet.touched = True
        recorder.settle(sheet)
        recorder.flush()
    return wanted


def _left(groups: list[list[LotRow]]) -> int:
    return sum(lot.remaining for lots in groups for lot in lots)


def _lot(sheet: Sheet, number: int) -> tuple[Book, LotRow]:
    for book in sheet.books.values():
        if number in book.lots:
            return book, book.lots[number]
    raise UnknownLot
