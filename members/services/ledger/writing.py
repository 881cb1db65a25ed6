"""Putting the rows of many operations into the database: COPY for what is new, one statement for what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from loyalty.core import outbox
from loyalty.core.exact import EVER
from loyalty.core.trips import Trip, raw_connection
from members.engine.books import AllocationRow, Book, LotRow, PostingRow, TermsRow
from members.services.ledger.copying import add_rows
from members.services.ledger.numbers import Numbers
from members.services.ledger.opening import Sheet
from members.services.ledger.tiers import write_standings

PURCHASE_COLUMNS = (
    "id member_id membership_id number occurred_at recorded_at operation partner_id store_id revision_id currency"
    " amount lines tenders header facts trace"
).split()
RETURN_COLUMNS = (
    "id member_id membership_id number occurred_at recorded_at operation purchase_id amount lines trace"
).split()
EVENT_COLUMNS = (
    "id member_id membership_id number occurred_at recorded_at operation partner_id kind revision_id payload facts trace"
).split()
KEY_COLUMNS = "programme_id partner_id source kind number digest member_id document_id".split()
_POSTING_COLUMNS = (
    "id member_id account_id point_type_id kind from_side to_side amount available_after pending_after held_after"
    " debt_after version occurred_at recorded_at operation revision_id partner_id purchase_id returned_id event_id"
    " answers_id reference reason actor_id"
).split()
_ALLOCATION_COLUMNS = ["member_id", "posting_id", "lot_id", "amount"]
_ACCOUNT_COLUMNS = (
    "id member_id membership_id point_type_id available pending held debt version last_recorded_at extended_to"
).split()
_LOT_COLUMNS = (
    "id member_id account_id posting_id issuer_id revision_id earned_at amount remaining held state parent activates_at"
    " awaits lapses_at lapse expires_on expires_at extendable notice_days rule"
).split()
_PAYMENT_COLUMNS = ["member_id", "posting_id", "bill", "amount", "currency"]
_TERMS_COLUMNS = "member_id lot_id expires_on reason occurred_at recorded_at".split()


# A document of one or two members makes fewer rows of each kind.
FEW = 24


@dataclass(slots=True)
class Rows:
    """New rows of documents and events, in the column order of their tables, the time at which they are recorded, and
    the numbers that events get."""

    recorded_at: datetime
    event_numbers: Numbers = field(default_factory=lambda: Numbers("core_outboxevent", first=1))

    purchases: list[tuple[Any, ...]] = field(default_factory=list)
    returns: list[tuple[Any, ...]] = field(default_factory=list)
    happenings: list[tuple[Any, ...]] = field(default_factory=list)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    payments: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[outbox.Event] = field(default_factory=list)
    budgets: dict[tuple[int, str, str], int] = field(default_factory=dict)


def write(rows: Rows, sheets: Iterable[Sheet], last: Trip | None = None) -> None:
    """Write everything, parents before children, in the caller's transaction. The books are clean afterwards.

    What one document makes goes in one trip to the database, the `last` of the transaction if there is one; what a
    chunk of an import makes is copied.
    """
    touched = [sheet for sheet in sheets if sheet.touched]
    books = [book for sheet in touched for book in sheet.books.values() if book.postings or book.changed]
    if len(touched) <= FEW and len(rows.keys) <= FEW and sum(len(book.postings) for book in books) <= FEW:
        trip = Trip() if last is None else last
        _write(trip, rows, touched, books)
        if last is None:
            trip.go()
    else:
        # COPY goes past Django; its refusals are to be Django's errors all the same.
        with connection.wrap_database_errors, raw_connection().cursor() as cursor:
            _write(cursor, rows, touched, books)
    for book in books:
        book.postings.clear()
        book.allocations.clear()
        book.terms.clear()
        book.changed = False
    for sheet in touched:
        sheet.touched = False
        sheet.recorded.clear()
        sheet.changed_usage.clear()


def _write(way: Any, rows: Rows, touched: list[Sheet], books: list[Book]) -> None:
    add_rows(way, "members_documentkey", KEY_COLUMNS, rows.keys)
    add_rows(way, "members_purchase", PURCHASE_COLUMNS, rows.purchases)
    if rows.returns:
        add_rows(way, "members_return", RETURN_COLUMNS, rows.returns)
    if rows.happenings:
        add_rows(way, "members_event", EVENT_COLUMNS, rows.happenings)
    _write_accounts(way, touched)
    postings: list[PostingRow] = [row for book in books for row in book.postings]
    allocations: list[AllocationRow] = [row for book in books for row in book.allocations]
    add_rows(way, "members_posting", _POSTING_COLUMNS, postings)
    if rows.payments:
        add_rows(way, "members_payment", _PAYMENT_COLUMNS, rows.payments)
    _write_lots(way, touched)
    if allocations:
        add_rows(way, "members_allocation", _ALLOCATION_COLUMNS, allocations)
    later: list[TermsRow] = [row for book in books for row in book.terms]
    if later:
        add_rows(way, "members_lotterms", _TERMS_COLUMNS, later)
    _write_holds(way, books)
    _write_counters(way, rows, touched)
    write_standings(way, touched, rows.recorded_at)
    _write_events(way, rows)


def _write_accounts(cursor: Any, sheets: list[Sheet]) -> None:
    fresh, changed = [], []
    for sheet in sheets:
        for book in sheet.books.values():
            buckets = (
                book.available,
                book.pending,
                book.held,
                book.debt,
                book.version,
                book.last_recorded_at,
                book.extended_to,
            )
            if book.fresh:
                fresh.append((book.id, book.member, sheet.membership, book.point_type, *buckets))
                book.fresh = False
            elif book.postings or book.changed:
                changed.append((book.id, *buckets))
    if fresh:
        add_rows(cursor, "members_account", _ACCOUNT_COLUMNS, fresh)
    if changed:
        cursor.execute(
            """
            UPDATE members_account a SET available = n.available, pending = n.pending, held = n.held, debt = n.debt,
                   version = n.version, last_recorded_at = n.at, extended_to = n.extended_to
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                        %s::timestamptz[], %s::date[])
                 AS n(id, available, pending, held, debt, version, at, extended_to)
            WHERE a.id = n.id
            """,
            [list(column) for column in zip(*changed, strict=True)],
        )


def _write_lots(cursor: Any, sheets: list[Sheet]) -> None:
    fresh: list[tuple[Any, ...]] = []
    changed: list[LotRow] = []
    for sheet in sheets:
        for book in sheet.books.values():
            for lot in book.lots.values():
                if lot.fresh:
                    fresh.append(
                        (
                            lot.id,
                            book.member,
                            book.id,
                            lot.posting,
                            lot.issuer,
                            lot.revision,
                            lot.earned_at,
                            lot.amount,
                            lot.remaining,
                            lot.held,
                            lot.state,
                            lot.parent,
                            *lot.terms,
                        )
                    )
                elif lot.changed:
                    changed.append(lot)
                lot.fresh = lot.changed = False
    if fresh:
        add_rows(cursor, "members_lot", _LOT_COLUMNS, fresh)
    if changed:
        cursor.execute(
            """
            UPDATE members_lot l SET remaining = n.remaining, held = n.held, state = n.state,
                   activates_at = n.activates_at, awaits = n.awaits, lapses_at = n.lapses_at,
                   expires_on = n.expires_on, expires_at = n.expires_at, extendable = n.extendable,
                   notice_days = n.notice_days
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[],
                        %s::timestamptz[], %s::date[], %s::timestamptz[], %s::boolean[], %s::int[])
                 AS n(id, remaining, held, state, activates_at, awaits, lapses_at, expires_on, expires_at, extendable,
                      notice_days)
            WHERE l.id = n.id
            """,
            [list(column) for column in zip(*map(_changed_lot, changed), strict=True)],
        )


def _changed_lot(lot: LotRow) -> tuple[Any, ...]:
    terms = lot.terms
    return (
        lot.id, lot.remaining, lot.held, lot.state, terms.activates_at, terms.awaits, terms.lapses_at, terms.expires_on,
        terms.expires_at, terms.extendable, terms.notice_days,
    )  # fmt: skip


def _write_holds(cursor: Any, books: list[Book]) -> None:
    changed = [(book, hold) for book in books for hold in book.holds.values() if hold.changed]
    if not changed:
        return
    cursor.execute(
        """
        INSERT INTO members_hold (id, member_id, account_id, posting_id, amount, captured, released, expires_at, state)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                             %s::bigint[], %s::timestamptz[], %s::text[])
        ON CONFLICT (id) DO UPDATE SET captured = excluded.captured, released = excluded.released,
               state = excluded.state
        """,
        [
            list(column)
            for column in zip(
                *[
                    (
                        hold.id, book.member, book.id, hold.posting, hold.amount, hold.captured, hold.released,
                        hold.expires_at, "open" if hold.open else "closed",
                    )
                    for book, hold in changed
                ],
                strict=True,
            )
        ],
    )  # fmt: skip
    for _book, hold in changed:
        hold.changed = False


def _write_counters(cursor: Any, rows: Rows, sheets: list[Sheet]) -> None:
    if not sheets:
        return
    cursor.execute(
        """
        INSERT INTO members_memberstats (membership_id, purchases, amount, last_purchase_at, calendar_until,
                                         tiers_until)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::date[],
                             %s::timestamptz[])
        ON CONFLICT (membership_id) DO UPDATE SET purchases = excluded.purchases, amount = excluded.amount,
               last_purchase_at = excluded.last_purchase_at, calendar_until = excluded.calendar_until,
               tiers_until = excluded.tiers_until
        """,
        [
            [sheet.membership for sheet in sheets],
            [sheet.purchases for sheet in sheets],
            [sheet.amount for sheet in sheets],
            [sheet.last_purchase_at for sheet in sheets],
            [sheet.calendar_until for sheet in sheets],
            [sheet.tiers_until for sheet in sheets],
        ],
    )
    cursor.execute(
        "UPDATE members_membership SET version = version + 1 WHERE id = ANY(%s::bigint[])",
        [[sheet.membership for sheet in sheets]],
    )
    usage = [
        (
            sheet.membership,
            rule,
            period,
            *sheet.usage[rule, period],
            sheet.last_award.get(rule) if period == EVER else None,
        )
        for sheet in sheets
        for rule, period in sheet.changed_usage
    ]
    if usage:
        cursor.execute(
            """
            INSERT INTO members_ruleusage (membership_id, rule, period, points, times, last_at)
            SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[])
            ON CONFLICT (membership_id, rule, period) DO UPDATE SET points = excluded.points,
                   times = excluded.times, last_at = excluded.last_at
            """,
            [list(column) for column in zip(*usage, strict=True)],
        )
    for (programme, rule, period), used in sorted(rows.budgets.items()):
        cursor.execute(
            """
            INSERT INTO members_budgetcounter (programme_id, rule, period, used) VALUES (%s, %s, %s, %s)
            ON CONFLICT (programme_id, rule, period) DO UPDATE SET used = excluded.used
            """,
            [programme, rule, period, used],
        )


def _write_events(cursor: Any, rows: Rows) -> None:
    if not rows.events:
        return
    numbers = [next(rows.event_numbers) for _event in rows.events]
    event_rows, run_rows = outbox.rows_for(rows.events, numbers)
    dumped = [(*row[:4], orjson.dumps(row[4]).decode(), *row[5:]) for row in event_rows]
    add_rows(cursor, "core_outboxevent", outbox.EVENT_COLUMNS, dumped)
    if run_rows:
        add_rows(cursor, "core_handlerrun", outbox.RUN_COLUMNS, run_rows)
        outbox.poke_after_commit()
