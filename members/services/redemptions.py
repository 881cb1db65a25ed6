"""Spending points."""

from __future__ import annotations

import hashlib
from datetime import datetime

from members.choices import DocumentKind
from members.engine.books import Cause
from members.models import Membership
from members.selectors.accounts import posted_amount
from members.services.keeping import keep_key
from members.services.ledger import Sheet
from members.services.once import Said, post_once
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
    if points <= 0:
        raise ValueError("points must be positive")
    moment = occurred_at or now
    digest = hashlib.sha256(f"{membership.number}:{point_type or ''}:{points}".encode()).digest()
    said = Said(membership.programme, partner.pk, DocumentKind.SPEND, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> int:
        [sheet] = sheets
        key = point_type or recorder.ruleset_at(moment).ruleset.core.main.key
        cause = Cause(next(recorder.operations), moment, now, partner=partner.pk, reference=reference)
        spent = recorder.spend(sheet, key, points, cause)
        posting = recorder.book(sheet, key).postings[-1]
        keep_key(
            recorder.rows, membership.programme, sheet, "spend", reference, digest, posting.id, partner.pk
        )
        return spent

    return post_once(said, now, [membership], do, lambda key: posted_amount(key.document_id))
