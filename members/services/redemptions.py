"""Spending points, at a partner or for a good cause, and taking that back."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

from loyalty.core.models import User
from members.choices import DONATION, DocumentKind
from members.engine.books import Cause
from members.models import DocumentKey, Membership
from members.selectors.accounts import draws_of, expired_again, posted_amount, redemption_of
from members.services.keeping import digest_of, keep_key
from members.services.ledger import Sheet
from members.services.ledger.opening import load_closed_lots
from members.services.once import Said, post_once
from members.services.problems import UnknownRedemption
from members.services.recording import Recorder
from programs.models import Partner


def redeem(
    *,
    membership: Membership,
    points: int,
    partner: Partner,
    reference: str,
    now: datetime,
    occurred_at: datetime | None = None,
    point_type: str | None = None,
) -> int:
    """Spend points (smallest unit) once per reference; returns what was spent.

    Raises NotSpendable, InsufficientPoints with the possible amount, and DuplicateReceipt for the same reference with
    another amount; nothing is changed then.
    """
    return _spend(
        DocumentKind.SPEND, membership, points, partner, reference, now, occurred_at or now, point_type
    )


def donate(
    *,
    membership: Membership,
    points: int,
    charity: Partner,
    reference: str,
    now: datetime,
    point_type: str | None = None,
    actor: User | None = None,
) -> int:
    """Spend points (smallest unit) on a charity, once per reference; returns what was given. Refused like `redeem`."""
    return _spend(
        DocumentKind.DONATION, membership, points, charity, reference, now, now, point_type, DONATION, actor
    )


def _spend(
    kind: DocumentKind,
    membership: Membership,
    points: int,
    partner: Partner,
    reference: str,
    now: datetime,
    moment: datetime,
    point_type: str | None,
    reason: str = "",
    actor: User | None = None,
) -> int:
    if points <= 0:
        raise ValueError("points must be positive")
    digest = hashlib.sha256(f"{membership.number}:{point_type or ''}:{points}".encode()).digest()
    said = Said(membership.programme, partner.pk, kind, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> int:
        [sheet] = sheets
        key = point_type or recorder.ruleset_at(moment).ruleset.core.main.key
        cause = Cause(
            next(recorder.operations), moment, now, partner=partner.pk, reference=reference, reason=reason,
            actor=actor.pk if actor else None,
        )  # fmt: skip
        spent = recorder.spend(sheet, key, points, cause)
        posting = recorder.book(sheet, key).postings[-1]
        keep_key(
            recorder.rows, membership.programme, sheet, kind.value, reference, digest, posting.id, partner.pk
        )
        return spent

    return post_once(said, now, [membership], do, lambda key: posted_amount(key.document_id))


class RolledBack(NamedTuple):
    """Points that came back, and how many of them were past their last day and are gone again."""

    points: int
    expired: int = 0


def roll_back(
    *,
    membership: Membership,
    partner: Partner,
    reference: str,
    now: datetime,
    reason: str = "",
) -> RolledBack:
    """Undo a redemption or a payment, once, by its reference: the points go back to the lots they came from, with the
    end that these have. Raises UnknownRedemption; nothing is changed then."""
    redemption = Said(
        membership.programme, partner.pk, DocumentKind.SPEND, reference, b"", membership.member_id
    )
    digest = digest_of("roll_back", membership.number, reference)
    said = redemption._replace(kind=DocumentKind.ROLL_BACK, digest=digest)

    def do(recorder: Recorder, sheets: list[Sheet]) -> RolledBack:
        [sheet] = sheets
        spent = redemption_of(membership, partner.pk, reference)
        if spent is None:
            raise UnknownRedemption
        recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        draws = draws_of(spent.pk)
        load_closed_lots([sheet], [draw.lot for draw in draws])
        book = sheet.books[spent.point_type_id]
        before = len(book.postings)
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, partner.pk, reference=reference, reason=reason
        )  # fmt: skip
        posting = recorder.ledger(stretch.ruleset).restore(
            book, spent.amount, draws, spent.pk, cause, new_lot_issuer=None
        )
        sheet.touched = True
        recorder.settle(sheet)
        keep_key(
            recorder.rows, membership.programme, sheet, "roll_back", reference, digest, posting.id, partner.pk
        )
        expired = sum(row.amount for row in book.postings[before:] if row.kind == "expire")
        return RolledBack(spent.amount, expired)

    def again(key: DocumentKey) -> RolledBack:
        return RolledBack(posted_amount(key.document_id), expired_again(key.document_id))

    return post_once(said, now, [membership], do, again)
