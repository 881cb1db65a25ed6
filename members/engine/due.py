"""What falls due on an account by itself: holds run out, pending points become usable or lapse, points expire.

The order at one instant is a law: holds, activation, (calendar events, tiers,) expiry; so points that a hold gives back
or that become usable on the very instant of their end are gone, and late jobs give the same result as punctual ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty.core.exact import end_of_day, local_day, start_of_day
from members.engine.books import FOREVER, Book, HoldRow, LotRow


class Turn(IntEnum):
    """Whose turn it is at one instant."""

    HOLD = 1
    ACTIVATION = 2
    CALENDAR = 3
    TIER = 4
    EXPIRY = 5


class Due(NamedTuple):
    """Something that falls due on an account: a hold, a lot that becomes usable or lapses, or lots that expire."""

    at: datetime
    turn: Turn
    hold: HoldRow | None = None
    lots: tuple[LotRow, ...] = ()


def next_due(book: Book, until: datetime, zone: ZoneInfo) -> Due | None:
    """What falls due next on an account, up to `until` (included)."""
    if book.quiet_until is not None and book.quiet_until > until:
        return None
    first: tuple[datetime, Turn] | None = None
    found: list[LotRow | HoldRow] = []
    for at, turn, item in _due(book, zone):
        key = (at, turn)
        if first is None or key < first:
            first, found = key, [item]
        elif key == first:
            found.append(item)
    book.quiet_until = datetime.max.replace(tzinfo=until.tzinfo) if first is None else first[0]
    if first is None or first[0] > until:
        return None
    at, turn = first
    if turn is Turn.HOLD:
        hold = min((item for item in found if isinstance(item, HoldRow)), key=lambda hold: hold.id)
        return Due(at, turn, hold=hold)
    lots = sorted((item for item in found if isinstance(item, LotRow)), key=lambda lot: lot.id)
    return Due(at, turn, lots=(lots[0],) if turn is Turn.ACTIVATION else tuple(lots))


def _due(book: Book, zone: ZoneInfo) -> Iterator[tuple[datetime, Turn, LotRow | HoldRow]]:
    for hold in book.holds.values():
        if hold.open:
            yield hold.expires_at, Turn.HOLD, hold
    for lot in book.lots.values():
        if not lot.remaining:
            continue
        if lot.pending:
            at = lot.terms.lapses_at if lot.terms.awaits else lot.terms.activates_at
            if at is not None:
                yield at, Turn.ACTIVATION, lot
        elif (at := ends_at(book, lot, zone)) is not None:
            yield at if lot.came_at is None else max(at, lot.came_at), Turn.EXPIRY, lot


def ends_at(book: Book, lot: LotRow, zone: ZoneInfo) -> datetime | None:
    """The instant at which what is left of a lot is gone; None: it has no end, or the member was not told of it."""
    terms = lot.terms
    if terms.expires_at is None or terms.expires_on is None:
        return None
    last, at = terms.expires_on, terms.expires_at
    if terms.extendable and book.extended_to is not None and book.extended_to > last:
        if book.extended_to == FOREVER:
            return None
        last, at = book.extended_to, end_of_day(book.extended_to, zone)
    if not terms.notice_days:
        return at
    told = book.notices.get(last)
    if told is None:
        return None
    return max(at, start_of_day(local_day(told, zone) + timedelta(days=terms.notice_days), zone))
