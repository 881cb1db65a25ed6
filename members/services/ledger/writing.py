"""Putting the rows of many operations into the database: COPY for what is new, one statement for what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection

from loyalty.core import outbox
from loyalty.core.exact import EVER
from members.engine.ledger import AllocationRow, PostingRow
from members.services.ledger.copying import copy_rows
from members.services.ledger.opening import Sheet

PURCHASE_COLUMNS = (
    "id member_id membership_id number occurred_at recorded_at operation partner_id store_id revision_id currency"
    " amount lines tenders header facts trace"
).split()
RETURN_COLUMNS = (
    "id member_id membership_id number occurred_at recorded_at operation purchase_id amount lines trace"
).split()
KEY_COLUMNS = "programme_id partner_id source kind number digest member_id document_id".split()
_POSTING_COLUMNS = (
    "id member_id account_id point_type_id kind from_side to_side amount available_after pending_after held_after"
    " debt_after version occurred_at recorded_at operation revision_id partner_id purchase_id returned_id answers_id"
    " reference reason actor_id"
).split()
_ALLOCATION_COLUMNS = ["member_id", "posting_id", "lot_id", "amount"]
_ACCOUNT_COLUMNS = (
    "id member_id membership_id point_type_id available pending held debt version last_recorded_at"
).split()
_LOT_COLUMNS = (
    "id member_id account_id posting_id issuer_id revision_id earned_at expires_on amount remaining held state"
).split()


@dataclass(slots=True)
class Rows:
    """New rows of documents and events, in the column order of their tables."""

    purchases: list[tuple[Any, ...]] = field(default_factory=list)
    returns: list[tuple[Any, ...]] = field(default_factory=list)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[outbox.Event] = field(default_factory=list)
    budgets: dict[tuple[int, str, str], int] = field(default_factory=dict)


def write(rows: Rows, sheets: Iterable[Sheet]) -> None:
    """Write everything, parents before children, in the caller's transaction. The books are clean afterwards."""
    touched = [sheet for sheet in sheets if sheet.touched]
    books = [book for sheet in touched for book in sheet.books.values() if book.postings]
    raw = connection.connection
    if raw is None:
        connection.ensure_connection()
        raw = connection.connection
    # COPY goes past Django; its refusals are to be Django's errors all the same.
    with connection.wrap_database_errors, raw.cursor() as cursor:
        copy_rows(cursor, "members_documentkey", KEY_COLUMNS, rows.keys)
        copy_rows(cursor, "members_purchase", PURCHASE_COLUMNS, rows.purchases)
        if rows.returns:
            copy_rows(cursor, "members_return", RETURN_COLUMNS, rows.returns)
        _write_accounts(cursor, touched)
        postings: list[PostingRow] = [row for book in books for row in book.postings]
        allocations: list[AllocationRow] = [row for book in books for row in book.allocations]
        copy_rows(cursor, "members_posting", _POSTING_COLUMNS, postings)
        _write_lots(cursor, touched)
        if allocations:
            copy_rows(cursor, "members_allocation", _ALLOCATION_COLUMNS, allocations)
        _write_counters(cursor, rows, touched)
        _write_events(cursor, rows.events)
    for book in books:
        book.postings.clear()
        book.allocations.clear()
    for sheet in touched:
        sheet.touched = False
        sheet.recorded.clear()
        sheet.changed_usage.clear()


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
            )
            if book.fresh:
                fresh.append((book.id, book.member, sheet.membership, book.point_type, *buckets))
                book.fresh = False
            elif book.postings:
                changed.append((book.id, *buckets))
    if fresh:
        copy_rows(cursor, "members_account", _ACCOUNT_COLUMNS, fresh)
    if changed:
        cursor.execute(
            """
            UPDATE members_account a SET available = n.available, pending = n.pending, held = n.held, debt = n.debt,
                   version = n.version, last_recorded_at = n.at
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                        %s::timestamptz[]) AS n(id, available, pending, held, debt, version, at)
            WHERE a.id = n.id
            """,
            [list(column) for column in zip(*changed, strict=True)],
        )


def _write_lots(cursor: Any, sheets: list[Sheet]) -> None:
    fresh, changed = [], []
    for sheet in sheets:
        for book in sheet.books.values():
            for lot in book.lots.values():
                state = "active" if lot.remaining else "closed"
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
                            lot.expires_on,
                            lot.amount,
                            lot.remaining,
                            0,
                            state,
                        )
                    )
                elif lot.changed:
                    changed.append((lot.id, lot.remaining, state))
                lot.fresh = lot.changed = False
    if fresh:
        copy_rows(cursor, "members_lot", _LOT_COLUMNS, fresh)
    if changed:
        cursor.execute(
            """
            UPDATE members_lot l SET remaining = n.remaining, state = n.state
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(id, remaining, state) WHERE l.id = n.id
            """,
            [list(column) for column in zip(*changed, strict=True)],
        )


def _write_counters(cursor: Any, rows: Rows, sheets: list[Sheet]) -> None:
    if not sheets:
        return
    cursor.execute(
        """
        INSERT INTO members_memberstats (membership_id, purchases, amount, last_purchase_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
        ON CONFLICT (membership_id) DO UPDATE SET purchases = excluded.purchases, amount = excluded.amount,
               last_purchase_at = excluded.last_purchase_at
        """,
        [
            [sheet.membership for sheet in sheets],
            [sheet.purchases for sheet in sheets],
            [sheet.amount for sheet in sheets],
            [sheet.last_purchase_at for sheet in sheets],
        ],
    )
    cursor.execute(
        "UPDATE members_membership SET version = version + 1 WHERE id = ANY(%s)",
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


def _write_events(cursor: Any, events: list[outbox.Event]) -> None:
    if not events:
        return
    event_rows, run_rows = outbox.rows_for(events, outbox.reserve_ids(len(events)))
    dumped = [(*row[:4], orjson.dumps(row[4]).decode(), *row[5:]) for row in event_rows]
    copy_rows(cursor, "core_outboxevent", outbox.EVENT_COLUMNS, dumped)
    if run_rows:
        copy_rows(cursor, "core_handlerrun", outbox.RUN_COLUMNS, run_rows)
        outbox.poke_after_commit()
