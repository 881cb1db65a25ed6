"""What every kind of posting means for an account: which buckets and lots it moves, and the rows that it leaves.

The single way and the batch way load accounts, call these methods and write the rows; so there is one meaning of
earn, spend, reverse, restore, hold, transfer, expiry and debt. The numbers of rows come from the caller's iterators,
because the database hands them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from members.engine.books import (
    NO_TERMS,
    AllocationRow,
    Book,
    Cause,
    Draw,
    HoldRow,
    LotRow,
    NotEnough,
    PostingRow,
    Shortage,
    Terms,
)
from programs.engine.policies import SpentPoints

_TICK = timedelta(microseconds=1)
_NEVER = date.max


class Ledger:
    """The operations. `postings` and `lots` hand out row numbers; `order` is the programme's spending order."""

    def __init__(self, postings: Iterator[int], lots: Iterator[int], order: str = "soonest") -> None:
        self._postings = postings
        self._lots = lots
        self.order = order

    # --- credits ----------------------------------------------------------------------------------------------
    def earn(
        self,
        book: Book,
        amount: int,
        issuer: int,
        cause: Cause,
        terms: Terms = NO_TERMS,
        *,
        pending: bool = False,
    ) -> PostingRow:
        """Points of an award; opens a lot. Usable points pay debt at once, pending ones when they become usable."""
        if not pending:
            return self._credit(book, "earn", "issuance", amount, issuer, cause, terms)
        book.pending += amount
        posting = self._post(book, "earn", "issuance", "pending", amount, cause)
        lot = self._open(book, posting, issuer, cause.revision, cause.occurred_at, terms)
        lot.pending, lot.purchase = True, cause.purchase
        return posting

    def activate(self, book: Book, lot: LotRow, cause: Cause) -> PostingRow:
        """Pending points of a lot become usable."""
        amount = lot.remaining
        lot.pending, lot.changed, lot.came_at = False, True, cause.occurred_at
        book.pending -= amount
        book.available += amount
        posting = self._post(book, "activate", "pending", "available", amount, cause, answers=lot.posting)
        book.allocations.append(AllocationRow(book.member, posting.id, lot.id, amount))
        self._repay(book, [lot], cause)
        return posting

    def adjust_up(
        self, book: Book, amount: int, issuer: int, cause: Cause, terms: Terms = NO_TERMS
    ) -> PostingRow:
        return self._credit(book, "adjust", "adjustment", amount, issuer, cause, terms)

    def open_balance(
        self, book: Book, amount: int, issuer: int, cause: Cause, terms: Terms, earned_at: datetime
    ) -> PostingRow:
        """Points from before the programme was kept here, with the time and end they had there."""
        return self._credit(book, "opening", "opening", amount, issuer, cause, terms, earned_at=earned_at)

    def undo_opening(self, book: Book, lots: Sequence[LotRow], cause: Cause) -> PostingRow:
        """What was brought along by mistake goes again, all that is left of these lots."""
        return self._take_all(book, "opening", "opening", lots, cause)

    def convert_in(self, book: Book, amount: int, issuer: int, cause: Cause, terms: Terms) -> PostingRow:
        return self._credit(book, "convert_in", "conversion", amount, issuer, cause, terms)

    def transfer_in(self, book: Book, part: int, lot: LotRow, cause: Cause, terms: Terms) -> PostingRow:
        """What another account gave from a lot: a child lot with the same issuer, revision and time of earning."""
        earned, issuer = lot.earned_at, lot.issuer
        return self._credit(
            book, "transfer_in", "transit", part, issuer, cause, terms, earned_at=earned, child_of=lot
        )

    def _credit(
        self,
        book: Book,
        kind: str,
        side: str,
        amount: int,
        issuer: int,
        cause: Cause,
        terms: Terms,
        *,
        earned_at: datetime | None = None,
        child_of: LotRow | None = None,
    ) -> PostingRow:
        book.available += amount
        posting = self._post(book, kind, side, "available", amount, cause)
        revision = cause.revision if child_of is None else child_of.revision
        lot = self._open(book, posting, issuer, revision, earned_at or cause.occurred_at, terms)
        # A lot's parent is another member's: its number says where the points came from, no key leads there.
        lot.parent = None if child_of is None else child_of.id
        lot.came_at = cause.occurred_at
        self._repay(book, [lot], cause)
        return posting

    def restore(
        self,
        book: Book,
        amount: int,
        draws: Sequence[Draw],
        spend: int,
        cause: Cause,
        *,
        new_lot_issuer: int | None,
        terms: Terms = NO_TERMS,
    ) -> PostingRow:
        """Give back points that paid for returned goods: to the lots they came from (`draws`, last drawn first), or
        as a new lot when `new_lot_issuer` is named. The book must hold the lots of `draws`."""
        book.available += amount
        posting = self._post(book, "restore", "redemption", "available", amount, cause, answers=spend)
        if new_lot_issuer is not None:
            lots = [self._open(book, posting, new_lot_issuer, cause.revision, cause.occurred_at, terms)]
        else:
            lots, left = [], amount
            for draw in reversed(draws):
                part = min(draw.amount, left)
                if part:
                    lot = book.lots[draw.lot]
                    lot.remaining += part
                    lot.changed, lot.came_at = True, cause.occurred_at
                    book.allocations.append(AllocationRow(book.member, posting.id, lot.id, part))
                    lots.append(lot)
                    left -= part
        self._repay(book, lots, cause)
        return posting

    def _repay(self, book: Book, lots: Sequence[LotRow], cause: Cause) -> None:
        """Every credit pays debt first, the oldest shortage before the others."""
        while book.debt and book.available:
            shortage = book.shortages[0]
            amount = min(shortage.unpaid, book.available)
            book.debt -= amount
            book.available -= amount
            posting = self._post(
                book, "debt_repay", "available", "debt", amount, cause, answers=shortage.posting
            )
            self._draw(book, posting, amount, lots)
            if amount == shortage.unpaid:
                book.shortages.pop(0)
            else:
                book.shortages[0] = shortage._replace(unpaid=shortage.unpaid - amount)

    # --- debits -----------------------------------------------------------------------------------------------
    def spend(self, book: Book, amount: int, cause: Cause) -> PostingRow:
        """Points that pay. Raises NotEnough and changes nothing when there are fewer."""
        return self._debit(book, "spend", "redemption", amount, cause)

    def adjust_down(self, book: Book, amount: int, cause: Cause) -> PostingRow:
        return self._debit(book, "adjust", "adjustment", amount, cause)

    def convert_out(self, book: Book, amount: int, cause: Cause) -> list[Draw]:
        """Points that become points of another type; what was drawn from which lot."""
        return self._drawn(book, self._debit(book, "convert_out", "conversion", amount, cause))

    def transfer_out(self, book: Book, amount: int, cause: Cause) -> list[Draw]:
        """Points that another account gets; what was drawn from which lot."""
        return self._drawn(book, self._debit(book, "transfer_out", "transit", amount, cause))

    def _debit(self, book: Book, kind: str, side: str, amount: int, cause: Cause) -> PostingRow:
        if amount > book.available:
            raise NotEnough(book.available)
        book.available -= amount
        posting = self._post(book, kind, "available", side, amount, cause)
        self._draw(book, posting, amount, self.in_order(book))
        return posting

    @staticmethod
    def _drawn(book: Book, posting: PostingRow) -> list[Draw]:
        return [Draw(row.lot, row.amount) for row in book.allocations if row.posting == posting.id]

    def reverse(self, book: Book, amount: int, earned: int, cause: Cause, taking: SpentPoints) -> int:
        """Take back points of the award posted as `earned`: from its own lot while that is pending, then from its own
        lot and from other lots in spending order; what is missing becomes debt, or is left. Returns the shortage."""
        own = [lot for lot in book.lots.values() if lot.posting == earned]
        waiting = min(amount, sum(lot.remaining for lot in own if lot.pending))
        if waiting:
            book.pending -= waiting
            posting = self._post(book, "reverse", "pending", "issuance", waiting, cause, answers=earned)
            self._draw(book, posting, waiting, own)
        left = amount - waiting
        taken = min(left, book.available) if taking is not SpentPoints.PENDING_ONLY else 0
        if taken:
            book.available -= taken
            posting = self._post(book, "reverse", "available", "issuance", taken, cause, answers=earned)
            others = [lot for lot in self.in_order(book) if lot.posting != earned]
            self._draw(book, posting, taken, [*own, *others])
        shortage = left - taken
        if shortage and taking is SpentPoints.DEBT:
            book.debt += shortage
            posting = self._post(book, "reverse", "debt", "issuance", shortage, cause, answers=earned)
            book.shortages.append(Shortage(posting.id, shortage))
        return shortage

    def expire(self, book: Book, lots: Sequence[LotRow], cause: Cause) -> PostingRow:
        """What is left of these lots goes; held points stay held."""
        return self._take_all(book, "expire", "expiry", lots, cause)

    def forfeit(
        self, book: Book, lots: Sequence[LotRow], cause: Cause, amount: int | None = None
    ) -> PostingRow:
        """What is left of these lots, all pending or all usable, is lost, or so many of it: an event that never came, a
        refusal, a breach of the terms."""
        return self._take_all(book, "forfeit", "forfeiture", lots, cause, amount)

    def _take_all(
        self,
        book: Book,
        kind: str,
        side: str,
        lots: Sequence[LotRow],
        cause: Cause,
        amount: int | None = None,
    ) -> PostingRow:
        if amount is None:
            amount = sum(lot.remaining for lot in lots)
        pending = lots[0].pending
        if pending:
            book.pending -= amount
        else:
            book.available -= amount
        posting = self._post(book, kind, "pending" if pending else "available", side, amount, cause)
        self._draw(book, posting, amount, lots)
        return posting

    # --- holds ------------------------------------------------------------------------------------------------
    def hold(self, book: Book, amount: int, cause: Cause) -> PostingRow:
        """Set points aside. Raises NotEnough and changes nothing when there are fewer."""
        if amount > book.available:
            raise NotEnough(book.available)
        book.available -= amount
        book.held += amount
        posting = self._post(book, "hold", "available", "held", amount, cause)
        self._draw(book, posting, amount, self.in_order(book))
        for draw in self._drawn(book, posting):
            book.lots[draw.lot].held += draw.amount
        return posting

    def capture(
        self, book: Book, hold: HoldRow, amount: int, draws: Sequence[Draw], cause: Cause
    ) -> PostingRow:
        """Spend held points; `draws` say what the hold still has of which lot. The book holds these lots."""
        book.held -= amount
        hold.captured += amount
        posting = self._post(book, "capture", "held", "redemption", amount, cause, answers=hold.posting)
        self._let_go(book, posting, amount, draws)
        hold.changed = True
        return posting

    def release(
        self, book: Book, hold: HoldRow, amount: int, draws: Sequence[Draw], cause: Cause
    ) -> PostingRow:
        """Held points can be used again; the last drawn go back first. They pay debt like every credit."""
        book.held -= amount
        book.available += amount
        hold.released += amount
        posting = self._post(book, "release", "held", "available", amount, cause, answers=hold.posting)
        lots = self._let_go(book, posting, amount, [*reversed(draws)])
        for lot, part in lots:
            lot.remaining += part
            lot.came_at = cause.occurred_at
        hold.changed = True
        self._repay(book, [lot for lot, _part in lots], cause)
        return posting

    @staticmethod
    def _let_go(
        book: Book, posting: PostingRow, amount: int, draws: Sequence[Draw]
    ) -> list[tuple[LotRow, int]]:
        gone, left = [], amount
        for draw in draws:
            part = min(draw.amount, left)
            if part:
                lot = book.lots[draw.lot]
                lot.held -= part
                lot.changed = True
                book.allocations.append(AllocationRow(book.member, posting.id, lot.id, part))
                gone.append((lot, part))
                left -= part
        if left:
            raise AssertionError(f"account {book.id}: the hold has {left} less than it says")
        return gone

    # --- rows -------------------------------------------------------------------------------------------------
    def in_order(self, book: Book) -> list[LotRow]:
        """Lots with something left, in spending order."""
        lots = list(book.usable())
        if self.order == "newest":
            return sorted(lots, key=lambda lot: (lot.earned_at, lot.id), reverse=True)
        if self.order == "oldest":
            return sorted(lots, key=lambda lot: (lot.earned_at, lot.id))
        return sorted(lots, key=lambda lot: (book.last_day_of(lot) or _NEVER, lot.earned_at, lot.id))

    def _open(
        self,
        book: Book,
        posting: PostingRow,
        issuer: int,
        revision: int | None,
        earned_at: datetime,
        terms: Terms,
    ) -> LotRow:
        lot = LotRow(
            next(self._lots),
            posting.id,
            issuer,
            revision,
            earned_at,
            posting.amount,
            posting.amount,
            terms=terms,
            fresh=True,
        )
        book.lots[lot.id] = lot
        return lot

    @staticmethod
    def _draw(book: Book, posting: PostingRow, amount: int, lots: Sequence[LotRow]) -> None:
        left = amount
        for lot in lots:
            part = min(lot.remaining, left)
            if part:
                lot.remaining -= part
                lot.changed = True
                book.allocations.append(AllocationRow(book.member, posting.id, lot.id, part))
                left -= part
                if not left:
                    return
        if left:
            raise AssertionError(f"account {book.id}: lots hold {left} less than the balance says")

    def _post(
        self,
        book: Book,
        kind: str,
        from_side: str,
        to_side: str,
        amount: int,
        cause: Cause,
        *,
        answers: int | None = None,
    ) -> PostingRow:
        """Append a posting; the buckets of the book are already what they are after it."""
        book.version += 1
        book.quiet_until = None
        recorded_at = cause.recorded_at
        if book.last_recorded_at is not None and recorded_at <= book.last_recorded_at:
            recorded_at = book.last_recorded_at + _TICK
        book.last_recorded_at = recorded_at
        row = PostingRow(
            next(self._postings),
            book.member,
            book.id,
            book.point_type,
            kind,
            from_side,
            to_side,
            amount,
            book.available,
            book.pending,
            book.held,
            book.debt,
            book.version,
            cause.occurred_at,
            recorded_at,
            cause.operation,
            cause.revision,
            cause.partner,
            cause.purchase,
            cause.returned,
            cause.event,
            answers,
            cause.reference,
            cause.reason,
            cause.actor,
        )
        book.postings.append(row)
        return row
