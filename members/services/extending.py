"""Moving the end of points with what a member does."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from loyalty.core.exact import local_day
from members.engine.books import FOREVER, Book
from members.engine.terms import last_usable_day
from members.services.ledger import Sheet
from programs.engine.ruleset import Ruleset
from programs.engine.terms import Activity, ExpiryKind

if TYPE_CHECKING:
    from members.services.recording import Recorder


def active(
    recorder: Recorder, sheet: Sheet, book: Book, what: Activity, occurred_at: datetime, ruleset: Ruleset
) -> None:
    """The member was active on an account: its extendable points last until so long after this day, or as long as the
    member is in a tier."""
    item = ruleset.core.point_type(recorder.point_type_keys[book.point_type])
    if item is None:
        return
    if item.expiry.kind is ExpiryKind.TIER:
        standing = sheet.standings.get(item.expiry.ladder)
        if standing is not None and standing.ladder.state.tier in item.expiry.tiers:
            extend(book, FOREVER)
            sheet.touched = True
        return
    if item.expiry.kind is not ExpiryKind.ACTIVITY or what not in item.expiry.activities:
        return
    day = local_day(occurred_at, ruleset.zone)
    extend(book, last_usable_day(item.expiry, day, ruleset.policies.expiry_day))
    sheet.touched = True


def all_active(
    recorder: Recorder, sheet: Sheet, what: set[Activity], occurred_at: datetime, ruleset: Ruleset
) -> None:
    """The member was active in a way that concerns every account."""
    if not ruleset.follows_activity:
        return
    for book in sheet.books.values():
        for activity in what:
            active(recorder, sheet, book, activity, occurred_at, ruleset)


def extend(book: Book, last: date | None) -> None:
    """Let extendable points last until a day; never less long than before."""
    if last is not None and (book.extended_to is None or last > book.extended_to):
        book.extended_to = last
        book.changed = True
        book.quiet_until = None
