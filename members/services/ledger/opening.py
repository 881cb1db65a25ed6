"""Locking memberships and loading what an operation on them has to know."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from members.engine.books import Book, Draw, HoldRow, LotRow, Shortage, Terms
from members.services.ledger.tiers import Standing
from programs.engine.facts import Usage


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


def open_sheets(memberships: Sequence[int]) -> dict[int, Sheet]:
    """Lock memberships in the order of their ids (always the same order, so that no two operations wait for each
    other) and load their books. Inside a transaction."""
    with connection.cursor() as cursor:
        # Locked before anything is read: a statement that waits for a lock has read the joined rows before it.
        cursor.execute(
            "SELECT id FROM members_membership WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [list(memberships)]
        )
        cursor.execute(
            """
            SELECT m.id, m.member_id, m.status, m.joined_at, p.attributes::text, p.birth_date,
                   s.purchases, s.amount, s.last_purchase_at, s.calendar_until, s.tiers_until, r.id, r.purchase_id
            FROM members_membership m
            LEFT JOIN members_person p ON p.member_id = m.member_id
            LEFT JOIN members_memberstats s ON s.membership_id = m.id
            LEFT JOIN members_referral r ON r.friend_id = m.id
            WHERE m.id = ANY(%s) ORDER BY m.id
            """,
            [list(memberships)],
        )
        sheets = {row[0]: _sheet(row) for row in cursor.fetchall()}
        _load_books(cursor, sheets)
        _load_usage(cursor, sheets)
    return sheets


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


def _load_books(cursor: Any, sheets: dict[int, Sheet]) -> None:
    cursor.execute(
        """
        SELECT membership_id, id, member_id, point_type_id, available, pending, held, debt, version,
               last_recorded_at, extended_to
        FROM members_account WHERE membership_id = ANY(%s)
        """,
        [list(sheets)],
    )
    books: dict[int, Book] = {}
    for membership, *columns in cursor.fetchall():
        book = Book(*columns)
        books[book.id] = book
        sheets[membership].books[book.point_type] = book
    if not books:
        return
    cursor.execute(
        f"SELECT {_LOT} FROM members_lot WHERE account_id = ANY(%s) AND state <> 'closed'",  # noqa: S608 - own names
        [list(books)],
    )
    promised = set()
    for row in cursor.fetchall():
        lot = _lot(row)
        books[row[0]].lots[lot.id] = lot
        if lot.terms.notice_days:
            promised.add(row[0])
    _load_purchases_of_waiting(cursor, books)
    _load_holds(cursor, books)
    if promised:
        cursor.execute(
            "SELECT account_id, expires_on, delivered_at FROM members_expirynotice WHERE account_id = ANY(%s)",
            [list(promised)],
        )
        for account, day, delivered_at in cursor.fetchall():
            books[account].notices[day] = delivered_at
    indebted = [book.id for book in books.values() if book.debt]
    if indebted:
        cursor.execute(
            """
            SELECT s.account_id, s.id, s.amount - coalesce(sum(r.amount), 0)
            FROM members_posting s
            LEFT JOIN members_posting r ON r.answers_id = s.id AND r.kind = 'debt_repay'
            WHERE s.account_id = ANY(%s) AND s.kind = 'reverse' AND s.from_side = 'debt'
            GROUP BY s.id HAVING s.amount > coalesce(sum(r.amount), 0) ORDER BY s.id
            """,
            [indebted],
        )
        for account, posting, unpaid in cursor.fetchall():
            books[account].shortages.append(Shortage(posting, int(unpaid)))


_LOT = """
    account_id, id, posting_id, issuer_id, revision_id, earned_at, amount, remaining, held, state = 'pending', parent,
    activates_at, awaits, lapses_at, lapse, expires_on, expires_at, extendable, notice_days, rule
"""


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


def _load_purchases_of_waiting(cursor: Any, books: dict[int, Book]) -> None:
    """Which purchases the points of waiting lots come from."""
    waiting = {
        lot.posting: lot
        for book in books.values()
        for lot in book.lots.values()
        if lot.pending and lot.terms.awaits
    }
    if waiting:
        cursor.execute(
            "SELECT id, purchase_id FROM members_posting WHERE id = ANY(%s)",
            [list(waiting)],
        )
        for posting, purchase in cursor.fetchall():
            waiting[posting].purchase = purchase


def _load_holds(cursor: Any, books: dict[int, Book]) -> None:
    """The open holds of accounts that have some."""
    holding = [book.id for book in books.values() if book.held]
    if not holding:
        return
    cursor.execute(
        """
        SELECT account_id, id, posting_id, amount, captured, released, expires_at
        FROM members_hold WHERE account_id = ANY(%s) AND state = 'open'
        """,
        [holding],
    )
    for account, *columns in cursor.fetchall():
        hold = HoldRow(*columns)
        books[account].holds[hold.id] = hold


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


def _load_usage(cursor: Any, sheets: dict[int, Sheet]) -> None:
    cursor.execute(
        "SELECT membership_id, rule, period, points, times, last_at FROM members_ruleusage WHERE membership_id = ANY(%s)",
        [list(sheets)],
    )
    for membership, rule, period, points, times, last_at in cursor.fetchall():
        sheet = sheets[membership]
        sheet.usage[rule, period] = Usage(points, times)
        if last_at is not None:
            sheet.last_award[rule] = last_at


def load_closed_lots(sheets: Iterable[Sheet], lots: Collection[int]) -> None:
    """Bring back lots that were used up, when spent points may return to them."""
    books = {book.id: book for sheet in sheets for book in sheet.books.values()}
    missing = set(lots).difference(*[book.lots for book in books.values()])
    if not missing:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_LOT} FROM members_lot WHERE account_id = ANY(%s) AND id = ANY(%s)",  # noqa: S608 - own names
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
            """
            SELECT account_id, id, posting_id, amount, captured, released, expires_at
            FROM members_hold WHERE id = %s AND account_id = ANY(%s)
            """,
            [hold, list(books)],
        )
        row = cursor.fetchone()
    return None if row is None else (books[row[0]], HoldRow(*row[1:]))
