"""Posting what falls due on a membership by itself, one thing after the other in the order of the law.

Every operation does this first, and jobs do it for memberships that nobody touches; so a late job changes nothing but
the time of recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from loyalty.core.exact import local_day
from members.choices import TermsReason
from members.engine.books import Book, Cause, LotRow, TermsRow
from members.engine.due import Due, Turn, next_due
from members.engine.terms import dated, stored_expiry
from members.services import calendar, tiering
from members.services.ledger import Sheet
from members.services.ledger.opening import held_draws, load_closed_lots
from programs.engine.policies import ExpiryFrom
from programs.engine.terms import Expiry, ExpiryKind
from programs.selectors.rulesets import Activated

if TYPE_CHECKING:
    from members.services.recording import Recorder


def settle(recorder: Recorder, sheet: Sheet, until: datetime) -> None:
    """Post everything that is due on a membership up to an instant (included)."""
    stretch = recorder.stretch_until(until)
    if stretch is None:
        return
    zone = stretch.ruleset.zone
    occasions = calendar.waiting(recorder, sheet, until)
    while True:
        # What a hold gives back, or an event frees, may have no end yet.
        if stretch.ruleset.can_expire:
            for book in sheet.books.values():
                _switch_on(recorder, sheet, book, until)
        todo: tuple[datetime, Turn, int] | None = None
        act: Callable[[], None] | None = None
        for book in sheet.books.values():
            due = next_due(book, until, zone)
            if due is not None and (todo is None or (due.at, due.turn, book.id) < todo):
                todo = due.at, due.turn, book.id
                act = partial(_do, recorder, sheet, book, due)
        tier = tiering.next_due(recorder, sheet, until) if recorder.ladders else None
        at: datetime | None = None
        if tier is not None and (todo is None or (tier.at, Turn.TIER, 0) < todo):
            todo, act, at = (tier.at, Turn.TIER, 0), tier.act, tier.at
        if occasions and (todo is None or (occasions[0].at, Turn.CALENDAR, 0) < todo):
            at = occasions[0].at
            act = partial(calendar.celebrate, recorder, sheet, occasions.pop(0))
        if act is None:
            return
        if at is not None:
            sheet.stand_at(at)
        act()


def _do(recorder: Recorder, sheet: Sheet, book: Book, due: Due) -> None:
    sheet.touched = True
    stretch = recorder.ruleset_at(due.at)
    cause = Cause(next(recorder.operations), due.at, recorder.now, stretch.revision_id)
    ledger = recorder.ledger(stretch.ruleset)
    if due.turn is Turn.HOLD:
        assert due.hold is not None
        draws = held_draws(due.hold, book)
        load_closed_lots(recorder.sheets.values(), [draw.lot for draw in draws])
        ledger.release(book, due.hold, due.hold.open, draws, cause._replace(reason="hold_timed_out"))
    elif due.turn is Turn.EXPIRY:
        ledger.expire(book, due.lots, cause)
    elif due.lots[0].terms.awaits and due.lots[0].terms.lapse:
        ledger.forfeit(book, due.lots, cause._replace(reason="not_in_time"))
    else:
        activate(recorder, book, due.lots[0], stretch, cause)


def activate(recorder: Recorder, book: Book, lot: LotRow, stretch: Activated, cause: Cause) -> None:
    """Make the points of a pending lot usable; where its end counts from now on, it gets it."""
    expiry = stored_expiry(lot.terms) if lot.terms.awaits else None
    terms = lot.terms._replace(awaits="", lapses_at=None, activates_at=cause.occurred_at)
    if expiry is not None:
        start = local_day(cause.occurred_at, stretch.ruleset.zone)
        terms = dated(terms, expiry, start, stretch.ruleset.policies.expiry_day, stretch.ruleset.zone)
        if terms.expires_on is not None:
            book.terms.append(_later(book, lot, terms.expires_on, TermsReason.ACTIVATED, cause))
    lot.terms = terms
    recorder.ledger(stretch.ruleset).activate(book, lot, cause)


def free_waiting(
    recorder: Recorder, sheet: Sheet, awaited: str, occurred_at: datetime, purchase: int | None
) -> None:
    """Make the points usable that wait for this event: those of one purchase, or all that were earned until then. None
    are usable before they were earned."""
    stretch = recorder.ruleset_at(occurred_at)
    for book in sheet.books.values():
        waiting = [
            lot
            for lot in book.lots.values()
            if lot.pending
            and lot.remaining
            and lot.terms.awaits == awaited
            and (lot.earned_at <= occurred_at if purchase is None else lot.purchase == purchase)
        ]
        for lot in sorted(waiting, key=lambda lot: lot.id):
            moment = max(occurred_at, lot.earned_at)
            cause = Cause(next(recorder.operations), moment, recorder.now, stretch.revision_id)
            activate(recorder, book, lot, stretch, cause)
            sheet.touched = True


# --- expiry that is switched on ---------------------------------------------------------------------------------
def _switch_on(recorder: Recorder, sheet: Sheet, book: Book, until: datetime) -> None:
    """Lots without an end get one when the point type has got an expiry since: one full period after that at least."""
    open_ended = [
        lot
        for lot in book.lots.values()
        if lot.terms.expires_on is None
        and not lot.terms.rule
        and not lot.pending
        and (lot.remaining or lot.held)
    ]
    if not open_ended:
        return
    switched = expiry_since(recorder.stretches, recorder.point_type_keys[book.point_type], until)
    if switched is None:
        return
    since, expiry, stretch = switched
    zone = stretch.ruleset.zone
    for lot in open_ended:
        if lot.earned_at >= since:
            continue
        policies = stretch.ruleset.policies
        begins = lot.terms.activates_at if policies.expiry_from is ExpiryFrom.ACTIVATION else None
        start = local_day(max(begins or lot.earned_at, since), zone)
        lot.terms = dated(lot.terms, expiry, start, policies.expiry_day, zone)
        lot.changed = book.changed = sheet.touched = True
        book.quiet_until = None
        cause = Cause(0, since, recorder.now)
        book.terms.append(_later(book, lot, lot.terms.expires_on, TermsReason.SWITCHED_ON, cause))


def expiry_since(
    stretches: Sequence[Activated], point_type: str, until: datetime
) -> tuple[datetime, Expiry, Activated] | None:
    """Since when points of a type expire without a break up to `until`, and how; None when they do not."""
    found: tuple[datetime, Expiry, Activated] | None = None
    for stretch in stretches:
        if stretch.effective_from > until:
            break
        item = stretch.ruleset.core.point_type(point_type)
        if item is None or item.expiry.kind is ExpiryKind.NEVER:
            found = None
        elif found is None:
            found = (stretch.effective_from, item.expiry, stretch)
    return found


def _later(book: Book, lot: LotRow, last: date | None, reason: TermsReason, cause: Cause) -> TermsRow:
    return TermsRow(book.member, lot.id, last, reason.value, cause.occurred_at, cause.recorded_at)
