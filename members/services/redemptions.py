"""Spending points."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from members.choices import DocumentKind
from members.engine.books import Cause
from members.models import Membership
from members.selectors.accounts import posted_amount
from members.services.purchases import known_document
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

    Raises InsufficientPoints with the possible amount, and DuplicateReceipt for the same reference with another
    amount; nothing is changed then.
    """
    if points <= 0:
        raise ValueError("points must be positive")
    moment = occurred_at or now
    digest = hashlib.sha256(f"{membership.number}:{point_type or ''}:{points}".encode()).digest()
    said = (membership.programme, partner.pk, DocumentKind.SPEND, reference, digest, membership.member_id)
    try:
        with transaction.atomic():
            recorder = Recorder(membership.programme, now)
            recorder.open([membership.pk])
            sheet = recorder.sheets[membership.pk]
            if document := known_document(*said):
                return posted_amount(document.document_id)
            key = point_type or recorder.ruleset_at(moment).ruleset.core.main.key
            cause = Cause(next(recorder.operations), moment, now, partner=partner.pk, reference=reference)
            spent = recorder.spend(sheet, key, points, cause)
            posting = recorder.book(sheet, key).postings[-1]
            recorder.rows.keys.append(
                (
                    membership.programme_id,
                    partner.pk,
                    "main",
                    "spend",
                    reference,
                    digest,
                    sheet.member,
                    posting.id,
                )
            )
            recorder.flush()
            return spent
    except IntegrityError:
        # Another member's redemption took the reference meanwhile; asked again, the key refuses this one.
        known_document(*said)
        raise
