"""Points given or taken by staff, always with a reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.core.models import User
from members.engine.books import Cause, NotEnough
from members.models import Membership
from members.services.problems import InsufficientPoints
from members.services.recording import Recorder


def adjust(
    *,
    membership: Membership,
    points: int,
    reason: str,
    now: datetime,
    occurred_at: datetime | None = None,
    point_type: str | None = None,
    actor: User | None = None,
    reference: str = "",
) -> None:
    """Give (plus) or take (minus) points in the smallest unit. Raises InsufficientPoints when more is taken than
    there is; nothing is changed then."""
    if points == 0:
        return
    moment = occurred_at or now
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        stretch = recorder.ruleset_at(moment)
        ruleset = stretch.ruleset
        recorder.settle(sheet)
        key = point_type or ruleset.core.main.key
        book = recorder.book(sheet, key)
        cause = Cause(
            next(recorder.operations), moment, now, reason=reason, reference=reference,
            actor=actor.pk if actor else None,
        )  # fmt: skip
        ledger = recorder.ledger(ruleset)
        if points > 0:
            terms = recorder.promise(stretch, key).usable(moment)
            ledger.adjust_up(book, points, recorder.operator, cause, terms)
        else:
            try:
                ledger.adjust_down(book, -points, cause)
            except NotEnough as refusal:
                raise InsufficientPoints(possible=refusal.possible) from None
        sheet.touched = True
        recorder.settle(sheet)
        recorder.flush()
