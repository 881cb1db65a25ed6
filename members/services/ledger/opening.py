"""Locking memberships and loading what an operation on them has to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from loyalty.core.trips import Trip
from members.engine.books import Book, Draw, HoldRow, LotRow, Shortage, Terms
from members.services.ledger.tiers import Standing, plan_standings
from programs.engine.facts import Usage
from programs.selectors.rulesets import Activated


@dataclass(slots=True)
class Sheet:
    """A locked membership with its books by point type and the counters its rules look at.

    `recorded` are the times of purchases recorded since the sheet was opened; they are not in the database yet.
    `referral` is the one that brought the member, `referred` the purchase that counted for it.
    `tiers_until`: as of when its tiers stand; a document from before is late on the ladders.
    """

    membership: int
    member: int
    status: str
    joined_at: datetime
    attributes: Mapping[str, str]
    birth_date: date | None
    books: dict[int, Book] = field(default_factory=dict)
    purchases: int = 0
    amount: int = 0
    last_purchase_at: datetime | None = None
    calendar_until: date | None = None
    referral: int | None = None
    referred: int | None = None
    usage: dict[tuple[str, str], Usage] = field(default_factory=dict)
    last_award: dict[str, datetime] = field(default_factory=dict)
    changed_usage: set[tuple[str, str]] = field(default_factory=set)
    recorded: list[datetime] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    qualification: dict[str, dict[date, int]] = field(default_factory=dict)
    changed_days: set[tuple[str, date]] = field(default_factory=set)
    tiers_until: datetime | None = None
    touched: bool = False

    def counted(self, metric: str) -> Mapping[date, int]:
        """What a metric has counted by local day."""
        return self.qualification.get(metric, {})

    def stand_at(self, instant: datetime) -> None:
        """Its tiers stand as of an instant now, or of a later one as before."""
        if self.tiers_until is None or self.tiers_until < instant:
            self.tiers_until = instant

    def count(self, metric: str, day: date, amount: int) -> None:
        """Count for a metric on a local day; negative for what came back."""
        values = self.qualification.setdefault(metric, {})
        values[day] = values.get(day, 0) + amount
        self.changed_days.add((metric, day))
        self.touched = True


Opened = Callable[[Sequence[Activated]], dict[int, Sheet]]


def plan_sheets(trip: Trip, memberships: Sequence[int]) -> Opened:
    """Take along what locks memberships, in the order of their ids (always the same order, so that no two operations
    wait for each other), and reads their books and where they stand on ladders. Inside a transaction.

    After the trip the result gives them, when it is told the revisions of their programme.
    """
    # Locked before anything is read: a statement that waits for a lock has read the joined rows before it.
    trip.ask(_LOCK, [list(memberships)])
    found = {name: trip.ask(statement, [list(memberships)]) for name, statement in _READ.items()}
    stand = plan_standings(trip, memberships)

    def opened(stretches: Sequence[Activated]) -> dict[int, Sheet]:
        sheets = {row[0]: _sheet(row) for row in found["memberships"].rows}
        _fill_books(sheets, {name: answer.rows for name, answer in found.items()})
        for membership, rule, period, points, times, last_at in found["usage"].rows:
            sheet = sheets[membership]
            sheet.usage[rule, period] = Usage(points, times)
            if last_at is not None:
                sheet.last_award[rule] = last_at
        stand(sheets, stretches)
        return sheets

    return opened


_LOCK = "SELECT id FROM members_membership WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE"
_LOT = """
    l.account_id, l.id, l.posting_id, l.issuer_id, l.revision_id, l.earned_at, l.amount, l.remaining, l.held,
    l.state = 'pending', l.parent, l.activates_at, l.awaits, l.lapses_at, l.lapse, l.expires_on, l.expires_at,
    l.extendable, l.notice_days, l.rule
"""
_HOLD = "h.account_id, h.id, h.posting_id, h.amount, h.captured, h.released, h.expires_at"
_READ = {
    "memberships": """
        SELECT m.id, m.member_id, m.status, m.joined_at, p.attributes::text, p.birth_date,
               s.purchases, s.amount, s.last_purchase_at, s.calendar_until, s.tiers_until, r.id, r.purchase_id
          FROM members_membership m
          LEFT JOIN members_person p ON p.member_id = m.member_id
          LEFT JOIN members_memberstats s ON s.membership_id = m.id
          LEFT JOIN members_referral r ON r.friend_id = m.id
         WHERE m.id = ANY(%s::bigint[]) ORDER BY m.id
    """,
    "accounts": """
        SELECT membership_id, id, member_id, point_type_id, available, pending, held, debt, version,
               last_recorded_at, extended_to
          FROM members_account WHERE membership_id = ANY(%s::bigint[])
    """,
    # With each lot the purchase that waiting points come from: an event may free those of one purchase.
    "lots": f"""
        SELECT CASE WHEN l.state = 'pending' AND l.awaits <> ''
                    THEN (SELECT purchase_id FROM members_posting p WHERE p.id = l.posting_id) END, {_LOT}
          FROM members_account a JOIN members_lot l ON l.account_id = a.id
         WHERE a.membership_id = ANY(%s::bigint[]) AND l.state <> 'closed'
    """,  # noqa: S608 - own names
    "holds": f"""
        SELECT {_HOLD} FROM members_account a JOIN members_hold h ON h.account_id = a.id
         WHERE a.membership_id = ANY(%s::bigint[]) AND a.held > 0 AND h.state = 'open'
    """,  # noqa: S608 - own names
    "notices": """
        SELECT n.account_id, n.expires_on, n.delivered_at
          FROM members_account a JOIN members_expirynotice n ON n.account_id = a.id
         WHERE a.membership_id = ANY(%s::bigint[])
           AND EXISTS (SELECT FROM members_lot l
                        WHERE l.account_id = a.id AND l.state <> 'closed' AND l.notice_days > 0)
    """,
    "shortages": """
        SELECT s.account_id, s.id, s.amount - coalesce(sum(r.amount), 0)
          FROM members_account a
          JOIN members_posting s ON s.account_id = a.id AND s.kind = 'reverse' AND s.from_side = 'debt'
          LEFT JOIN members_posting r ON r.answers_id = s.id AND r.kind = 'debt_repay'
         WHERE a.membership_id = ANY(%s::bigint[]) AND a.debt > 0
         GROUP BY s.id HAVING s.amount > coalesce(sum(r.amount), 0) ORDER BY s.id
    """,
    "usage": """
        SELECT membership_id, rule, period, points, times, last_at FROM members_ruleusage
         WHERE membership_id = ANY(%s::bigint[])
    """,
}


def _sheet(row: Sequence[Any]) -> Sheet:
    return Sheet(
        membership=row[0],
        member=row[1],
        status=row[2],
        joined_at=row[3],
        attributes=json.loads(row[4]) if row[4] else {},
        birth_date=row[5],
        purchases=row[6] or 0,
        amount=row[7] or 0,
        last_purchase_at=row[8],
        calendar_until=row[9],
        tiers_until=row[10],
        referral=row[11],
        referred=row[12],
    )


def _fill_books(sheets: dict[int, Sheet], found: Mapping[str, list[tuple[Any, ...]]]) -> None:
    books: dict[int, Book] = {}
    for membership, *columns in found["accounts"]:
        book = Book(*columns)
        books[book.id] = book
        sheets[membership].books[book.point_type] = book
    for purchase, *row in found["lots"]:
        lot = _lot(row)
        lot.purchase = purchase
        books[row[0]].lots[lot.id] = lot
    for account, *columns in found["holds"]:
        hold = HoldRow(*columns)
        books[account].holds[hold.id] = hold
    for account, day, delivered_at in found["notices"]:
        books[account].notices[day] = delivered_at
    for account, posting, unpaid in found["shortages"]:
        books[account].shortages.append(Shortage(posting, int(unpaid)))


def _lot(row: Sequence[Any]) -> LotRow:
    (
        (_account, number, posting, issuer, revision, earned_at, amount, remaining, held, pending, parent),
        terms,
    ) = (
        row[:11],
        row[11:],
    )
    return LotRow(
        number, posting, issuer, revision, earned_at, amount, remaining, held, pending, Terms(*terms), parent
    )


def held_draws(hold: HoldRow, book: Book) -> list[Draw]:
    """What a hold still has of which lot, in the order in which it drew them; rows that wait to be written count."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.lot_id, d.amount - coalesce((
                SELECT sum(b.amount) FROM members_allocation b JOIN members_posting r ON r.id = b.posting_id
                WHERE r.answers_id = d.posting_id AND b.lot_id = d.lot_id), 0)
            FROM members_allocation d WHERE d.posting_id = %s ORDER BY d.id
            """,
            [hold.posting],
        )
        draws = [Draw(lot, int(amount)) for lot, amount in cursor.fetchall()]
    answers = {row.id: row.answers for row in book.postings}
    for row in book.allocations:
        if row.posting == hold.posting:
            draws.append(Draw(row.lot, row.amount))
        elif answers.get(row.posting) == hold.posting:
            draws = [
                draw._replace(amount=draw.amount - row.amount) if draw.lot == row.lot else draw
                for draw in draws
            ]
    return [draw for draw in draws if draw.amount]


def load_closed_lots(sheets: Iterable[Sheet], lots: Collection[int]) -> None:
    """Bring back lots that were used up, when spent points may return to them."""
    books = {book.id: book for sheet in sheets for book in sheet.books.values()}
    missing = set(lots).difference(*[book.lots for book in books.values()])
    if not missing:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_LOT} FROM members_lot l WHERE l.account_id = ANY(%s) AND l.id = ANY(%s)",  # noqa: S608 - own names
            [list(books), list(missing)],
        )
        for row in cursor.fetchall():
            lot = _lot(row)
            books[row[0]].lots[lot.id] = lot


def load_hold(sheet: Sheet, hold: int) -> tuple[Book, HoldRow] | None:
    """A hold of this membership, open or closed, with its account."""
    books = {book.id: book for book in sheet.books.values()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_HOLD} FROM members_hold h WHERE h.id = %s AND h.account_id = ANY(%s)",  # noqa: S608 - own names
            [hold, list(books)],
        )
        row = cursor.fetchone()
    return None if row is None else (books[row[0]], HoldRow(*row[1:]))
