"""The ledger's kernel against a model that only counts: hypothesis looks for a sequence that makes them differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from members.engine.books import Book, Cause, Draw, NotEnough, PostingRow
from members.engine.ledger import Ledger
from programs.engine.policies import SpentPoints

START = datetime(2026, 1, 1, tzinfo=UTC)
AMOUNTS = st.integers(1, 120)
PARTS = st.integers(1, 10)


def left_of_draws(book: Book, spend: PostingRow) -> list[Draw]:
    """What a spending drew and has not got back, in the order drawn."""
    back: dict[int, int] = {}
    restores = {row.id for row in book.postings if row.kind == "restore" and row.answers == spend.id}
    for row in book.allocations:
        if row.posting in restores:
            back[row.lot] = back.get(row.lot, 0) + row.amount
    return [
        Draw(row.lot, row.amount - back.get(row.lot, 0))
        for row in book.allocations
        if row.posting == spend.id
    ]


class LedgerMachine(RuleBasedStateMachine):
    @initialize(order=st.sampled_from(["soonest", "oldest", "newest"]))
    def begin(self, order: str) -> None:
        self.ledger = Ledger(count(1), count(1), order)
        self.book = Book(1, 1, 1)
        self.clock = 0
        self.balance = 0  # the whole model: available - debt
        self.earned: list[tuple[PostingRow, int]] = []  # awards and what is not taken back
        self.spent: list[tuple[PostingRow, int]] = []  # spendings and what is not given back

    def cause(self) -> Cause:
        self.clock += 1
        # The recording clock stands still: the ledger has to keep its own order.
        return Cause(self.clock, START + timedelta(days=self.clock % 7), START)

    @rule(amount=AMOUNTS)
    def earn(self, amount: int) -> None:
        posting = self.ledger.earn(self.book, amount, 1, self.cause())
        self.earned.append((posting, amount))
        self.balance += amount

    @rule(amount=AMOUNTS)
    def adjust_up(self, amount: int) -> None:
        self.ledger.adjust_up(self.book, amount, 1, self.cause())
        self.balance += amount

    @rule(amount=AMOUNTS, spending=st.booleans())
    def take(self, amount: int, spending: bool) -> None:
        debit = self.ledger.spend if spending else self.ledger.adjust_down
        if amount > max(self.balance, 0):
            before = repr(self.book)
            with pytest.raises(NotEnough) as refused:
                debit(self.book, amount, self.cause())
            assert refused.value.possible == max(self.balance, 0)
            assert repr(self.book) == before
            return
        posting = debit(self.book, amount, self.cause())
        self.balance -= amount
        if spending:
            self.spent.append((posting, amount))

    @precondition(lambda self: self.earned)
    @rule(data=st.data(), part=PARTS, debt=st.booleans())
    def reverse(self, data: Any, part: int, debt: bool) -> None:
        at = data.draw(st.integers(0, len(self.earned) - 1))
        posting, left = self.earned[at]
        amount = -(-left * part // 10)
        if not amount:
            return
        there = max(self.balance, 0)
        missing = self.ledger.reverse(
            self.book, amount, posting.id, self.cause(), SpentPoints.DEBT if debt else SpentPoints.CLAMP
        )
        assert missing == max(amount - there, 0)
        self.balance -= amount if debt else amount - missing
        self.earned[at] = posting, left - amount

    @precondition(lambda self: self.spent)
    @rule(data=st.data(), part=PARTS, new=st.booleans())
    def restore(self, data: Any, part: int, new: bool) -> None:
        at = data.draw(st.integers(0, len(self.spent) - 1))
        posting, left = self.spent[at]
        draws = left_of_draws(self.book, posting)
        amount = -(-left * part // 10)
        if not new:
            amount = min(amount, sum(draw.amount for draw in draws))
        if not amount:
            return
        self.ledger.restore(
            self.book, amount, draws, posting.id, self.cause(), new_lot_issuer=1 if new else None
        )
        self.balance += amount
        self.spent[at] = posting, left - amount

    @invariant()
    def the_balance_is_what_was_counted(self) -> None:
        book = self.book
        assert (book.available, book.debt) == (max(self.balance, 0), max(-self.balance, 0))
        assert (book.pending, book.held) == (0, 0)

    @invariant()
    def available_is_in_lots_and_debt_in_shortages(self) -> None:
        book = self.book
        assert book.available == sum(lot.remaining for lot in book.lots.values())
        assert all(0 <= lot.remaining <= lot.amount for lot in book.lots.values())
        assert book.debt == sum(shortage.unpaid for shortage in book.shortages)
        assert all(shortage.unpaid > 0 for shortage in book.shortages)
        assert [each.posting for each in book.shortages] == sorted(each.posting for each in book.shortages)

    @invariant()
    def postings_follow_each_other(self) -> None:
        available = debt = 0
        for number, row in enumerate(self.book.postings, start=1):
            available += row.amount * ((row.to_side == "available") - (row.from_side == "available"))
            debt += row.amount * ((row.from_side == "debt") - (row.to_side == "debt"))
            assert (row.available_after, row.debt_after, row.version) == (available, debt, number)
            assert min(available, debt, row.amount - 1) >= 0
        times = [row.recorded_at for row in self.book.postings]
        assert times == sorted(set(times))

    @invariant()
    def nothing_is_answered_for_more_than_it_was(self) -> None:
        rows = {row.id: row for row in self.book.postings}
        answered: dict[tuple[int, str], int] = {}
        for row in rows.values():
            if row.answers is not None:
                key = row.answers, row.kind
                answered[key] = answered.get(key, 0) + row.amount
        assert all(amount <= rows[posting].amount for (posting, _kind), amount in answered.items())

    @invariant()
    def every_movement_out_of_available_is_drawn_from_lots(self) -> None:
        drawn: dict[int, int] = {}
        for row in self.book.allocations:
            assert row.amount > 0
            drawn[row.posting] = drawn.get(row.posting, 0) + row.amount
        opened = {lot.posting for lot in self.book.lots.values()}
        for row in self.book.postings:
            if row.from_side == "available" or (row.kind == "restore" and row.id not in opened):
                assert drawn.pop(row.id) == row.amount
        assert drawn == {}


LedgerMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
TestLedger = LedgerMachine.TestCase


def test_spending_orders() -> None:
    for order, expected in (("oldest", [1, 2]), ("newest", [2, 1]), ("soonest", [1, 2])):
        ledger, book = Ledger(count(1), count(1), order), Book(1, 1, 1)
        for day in (1, 2):
            ledger.earn(book, 10, 1, Cause(day, START + timedelta(days=day), START))
        ledger.spend(book, 15, Cause(3, START, START))
        assert [row.lot for row in book.allocations] == expected
