"""Points set aside for something that is not sure yet: held, then used in full or in part, or given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from members.choices import DocumentKind
from members.engine.books import Book, Cause, HoldRow, NotEnough
from members.models import DocumentKey, Membership
from members.selectors.accounts import hold_of, posted_amount
from members.services import extending, keeping
from members.services.ledger import Sheet
from members.services.ledger.opening import held_draws, load_closed_lots, load_hold
from members.services.once import Said, post_once
from members.services.problems import (
    HoldClosed,
    HoldEndsBefore,
    HoldTooSmall,
    InsufficientPoints,
    UnknownHold,
)
from members.services.recording import Recorder
from programs.engine.terms import Activity
from programs.models import Partner

USUAL_TIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold: its number for capture and release, the points, and until when they are held."""

    hold_id: int
    amount: int
    expires_at: datetime
    repeated: bool = False


def hold(
    *,
    membership: Membership,
    points: int,
    partner: Partner,
    reference: str,
    now: datetime,
    expires_at: datetime | None = None,
    point_type: str | None = None,
) -> Held:
    """Set points (smallest unit) aside once per reference. Raises HoldEndsBefore, InsufficientPoints, NotSpendable,
    DuplicateReceipt."""
    if points <= 0:
        raise ValueError("points must be positive")
    until = expires_at or now + USUAL_TIME
    digest = keeping.digest_of(
        "hold", membership.number, point_type, points, expires_at and expires_at.isoformat()
    )
    said = Said(membership.programme, partner.pk, DocumentKind.HOLD, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Held:
        [sheet] = sheets
        if until <= now:
            raise HoldEndsBefore
        recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        key = point_type or stretch.ruleset.core.main.key
        recorder.check_spendable(key, stretch.ruleset)
        book = recorder.book(sheet, key)
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, partner.pk, reference=reference
        )
        try:
            posting = recorder.ledger(stretch.ruleset).hold(book, points, cause)
        except NotEnough as refusal:
            raise InsufficientPoints(possible=refusal.possible) from None
        row = HoldRow(next(recorder.holds), posting.id, points, 0, 0, until, changed=True)
        book.holds[row.id] = row
        sheet.touched = True
        keeping.keep_key(
            recorder.rows, membership.programme, sheet, "hold", reference, digest, row.id, partner.pk
        )
        return Held(row.id, points, until)

    def again(key: DocumentKey) -> Held:
        row = hold_of(key.document_id)
        return Held(row.pk, row.amount, row.expires_at, repeated=True)

    return post_once(said, now, [membership], do, again)


def capture(
    *,
    membership: Membership,
    hold_id: int,
    points: int | None,
    partner: Partner,
    reference: str,
    now: datetime,
) -> int:
    """Spend held points, all that are left or some of them; the rest stays held. Returns what was spent.

    Raises UnknownHold, HoldClosed, HoldTooSmall, DuplicateReceipt.
    """
    return _use(membership, hold_id, points, partner, reference, now, DocumentKind.CAPTURE)


def release(
    *,
    membership: Membership,
    hold_id: int,
    points: int | None,
    partner: Partner,
    reference: str,
    now: datetime,
) -> int:
    """Give held points back, all that are left or some of them. Returns what was given back.

    Raises UnknownHold, HoldClosed, HoldTooSmall, DuplicateReceipt.
    """
    return _use(membership, hold_id, points, partner, reference, now, DocumentKind.RELEASE)


def _use(
    membership: Membership,
    hold_id: int,
    points: int | None,
    partner: Partner,
    reference: str,
    now: datetime,
    kind: DocumentKind,
) -> int:
    if points is not None and points <= 0:
        raise ValueError("points must be positive")
    digest = keeping.digest_of(kind, membership.number, hold_id, points)
    said = Said(membership.programme, partner.pk, kind, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> int:
        [sheet] = sheets
        recorder.settle(sheet)
        book, row = _find(sheet, hold_id)
        if not row.open:
            raise HoldClosed
        amount = row.open if points is None else points
        if amount > row.open:
            raise HoldTooSmall(possible=row.open)
        stretch = recorder.ruleset_at(now)
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, partner.pk, reference=reference
        )
        draws = held_draws(row, book)
        load_closed_lots([sheet], [draw.lot for draw in draws])
        ledger = recorder.ledger(stretch.ruleset)
        act = ledger.capture if kind is DocumentKind.CAPTURE else ledger.release
        posting = act(book, row, amount, draws, cause)
        if kind is DocumentKind.CAPTURE:
            extending.active(recorder, sheet, book, Activity.SPEND, now, stretch.ruleset)
        sheet.touched = True
        keeping.keep_key(
            recorder.rows, membership.programme, sheet, kind.value, reference, digest, posting.id, partner.pk
        )
        recorder.settle(sheet)  # points that were held past their end are gone once they are back
        return amount

    return post_once(said, now, [membership], do, lambda key: posted_amount(key.document_id))


def _find(sheet: Sheet, hold_id: int) -> tuple[Book, HoldRow]:
    """The hold with its account; a closed one is loaded too, so that the refusal can say so."""
    for book in sheet.books.values():
        if hold_id in book.holds:
            return book, book.holds[hold_id]
    found = load_hold(sheet, hold_id)
    if found is None:
        raise UnknownHold
    return found
