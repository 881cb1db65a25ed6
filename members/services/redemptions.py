"""Spending points: at a partner, or for a good cause."""

from __future__ import annotations

import hashlib
from datetime import datetime

from loyalty.core.models import User
from members.choices import DONATION, DocumentKind
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
