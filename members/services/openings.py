"""Balances that members bring from where their points were kept before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from loyalty.core.exact import end_of_day
from loyalty.core.models import User
from members.engine.books import Cause, Terms
from members.models import Membership
from members.selectors.accounts import only_openings
from members.services.problems import OpeningNotFirst, OpeningUsed, ReasonNeeded
from members.services.recording import Recorder


class Opening(NamedTuple):
    """Points (smallest unit) earned at one time. `expires_on` is their last usable day; without it they end as if they
    were earned here then. Where notice is promised they do not end without one."""

    points: int
    earned_at: datetime | None = None
    expires_on: date | None = None


def open_balance(
    *,
    membership: Membership,
    openings: Sequence[Opening],
    now: datetime,
    point_type: str | None = None,
    reason: str = "",
    actor: User | None = None,
) -> None:
    """Post opening balances, a lot for each. Raises OpeningNotFirst when anything but openings has happened on the
    account; nothing is changed then."""
    if any(opening.points <= 0 for opening in openings):
        raise ValueError("points must be positive")
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        stretch = recorder.ruleset_at(now)
        key = point_type or stretch.ruleset.core.main.key
        book = recorder.book(sheet, key)
        if not book.fresh and not only_openings(book.id):
            raise OpeningNotFirst
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, reason=reason,
            actor=actor.pk if actor else None,
        )  # fmt: skip
        for opening in openings:
            earned_at = opening.earned_at or now
            if opening.expires_on is None:
                terms = recorder.promise(stretch, key).usable(earned_at)
            else:
                ends = end_of_day(opening.expires_on, stretch.ruleset.zone)
                promised = recorder.promise(stretch, key).expiry.notice_days
                terms = Terms(expires_on=opening.expires_on, expires_at=ends, notice_days=promised)
            recorder.ledger(stretch.ruleset).open_balance(
                book, opening.points, recorder.operator, cause, terms, earned_at
            )
        sheet.touched = True
        recorder.settle(sheet)
        recorder.flush()


def undo_opening(
    *,
    membership: Membership,
    reason: str,
    now: datetime,
    point_type: str | None = None,
    actor: User | None = None,
) -> int:
    """Take the opening balance of an account back, so that it can be opened anew; returns the points. Raises
    ReasonNeeded, and OpeningUsed when anything but openings has happened or nothing is there; nothing is changed
    then."""
    if not reason.strip():
        raise ReasonNeeded
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        book = recorder.book(sheet, point_type or stretch.ruleset.core.main.key)
        lots = [lot for lot in book.lots.values() if lot.remaining]
        if not lots or book.postings or not only_openings(book.id):
            raise OpeningUsed
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, reason=reason.strip(),
            actor=actor.pk if actor else None,
        )  # fmt: skip
        points = recorder.ledger(stretch.ruleset).undo_opening(book, lots, cause).amount
        sheet.touched = True
        recorder.flush()
    return points
