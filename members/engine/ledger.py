"""One account of the ledger in memory: every kind of posting, and the rows that it leaves.

The single way and the batch way load an account, call these methods and write the rows; so there is one meaning of
earn, spend, reverse, restore, adjust and debt. All quantities are whole numbers in the point type's smallest unit.
The numbers of rows come from the caller's iterators, because the database hands them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loyalty.core.exact import split

_TICK = timedelta(microseconds=1)
_NEVER = date.max


class NotEnough(Exception):
    """More was asked for than is available; `possible` is what is there."""

    def __init__(self, possible: int) -> None:
        super().__init__(possible)
        self.possible = possible


class Cause(NamedTuple):
    """What a posting is about: the columns that all postings of one operation share."""

    operation: int
    occurred_at: datetime
    recorded_at: datetime
    revision: int | None = None
    partner: int | None = None
    purchase: int | None = None
    returned: int | None = None
    reference: str = ""
    reason: str = ""
    actor: int | None = None


class PostingRow(NamedTuple):
    id: int
    member: int
    account: int
    point_type: int
    kind: str
    from_side: str
    to_side: str
    amount: int
    available_after: int
    pending_after: int
    held_after: int
    debt_after: int
    version: int
    occurred_at: datetime
    recorded_at: datetime
    operation: int
    revision: int | None
    partner: int | None
    purchase: int | None
    returned: int | None
    answers: int | None
    reference: str
    reason: str
    actor: int | None


class AllocationRow(NamedTuple):
    member: int
    posting: int
    lot: int
    amount: int


@dataclass(slots=True)
class LotRow:
    """A lot and what is left of it. `fresh` lots are not in the database yet."""

    id: int
    posting: int
    issuer: int
    revision: int | None
    earned_at: datetime
    amount: int
    remaining: int
    expires_on: date | None = None
    fresh: bool = False
    changed: bool = False


class Draw(NamedTuple):
    """What an earlier spending drew from a lot and has not got back."""

    lot: int
    amount: int


class Shortage(NamedTuple):
    """A debt's origin: the posting that recorded it and what of it is unpaid."""

    posting: int
    unpaid: int


@dataclass(slots=True)
class Book:
    """An account: its buckets, its open lots, its unpaid shortages, and the rows made since it was loaded."""

    id: int
    member: int
    point_type: int
    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    version: int = 0
    last_recorded_at: datetime | None = None
    lots: dict[int, LotRow] = field(default_factory=dict)
    shortages: list[Shortage] = field(default_factory=list)
    fresh: bool = False
    postings: list[PostingRow] = field(default_factory=list)
    allocations: list[AllocationRow] = field(default_factory=list)

    @property
    def balance(self) -> int:
        """What the member is shown: available less debt."""
        return self.available - self.debt


class Ledger:
    """The operations. `postings` and `lots` hand out row numbers; `order` is the programme's spending order."""

    def __init__(self, postings: Iterator[int], lots: Iterator[int], order: str = "soonest") -> None:
        self._postings = postings
        self._lots = lots
        self.order = order

    # --- credits ----------------------------------------------------------------------------------------------
    def earn(self, book: Book, amount: int, issuer: int, cause: Cause) -> PostingRow:
        """Points of an award; opens a lot, then pays debt."""
        return self._credit(book, "earn", "issuance", amount, issuer, cause)

    def adjust_up(self, book: Book, amount: int, issuer: int, cause: Cause) -> PostingRow:
        return self._credit(book, "adjust", "adjustment", amount, issuer, cause)

    def _credit(self, book: Book, kind: str, side: str, amount: int, issuer: int, cause: Cause) -> PostingRow:
        book.available += amount
        posting = self._post(book, kind, side, "available", amount, cause)
        lot = self._open(book, posting, issuer, cause.revision, cause.occurred_at)
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
    ) -> PostingRow:
        """Give back points that paid for returned goods: to the lots they came from (`draws`, last drawn first), or
        as a new lot when `new_lot_issuer` is named. The book must hold the lots of `draws`."""
        book.available += amount
        posting = self._post(book, "restore", "redemption", "available", amount, cause, answers=spend)
        if new_lot_issuer is not None:
            lots = [self._open(book, posting, new_lot_issuer, cause.revision, cause.occurred_at)]
        else:
            lots, left = [], amount
            for draw in reversed(draws):
                part = min(draw.amount, left)
                if part:
                    lot = book.lots[draw.lot]
                    lot.remaining += part
                    lot.changed = True
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

    def _debit(self, book: Book, kind: str, side: str, amount: int, cause: Cause) -> PostingRow:
        if amount > book.available:
            raise NotEnough(book.available)
        book.available -= amount
        posting = self._post(book, kind, "available", side, amount, cause)
        self._draw(book, posting, amount, self.in_order(book))
        return posting

    def reverse(self, book: Book, amount: int, earned: int, cause: Cause, *, debt: bool) -> int:
        """Take back points of the award posted as `earned`: from its own lot, then from other lots in spending
        order; what is missing becomes debt, or is left (`debt=False`). Returns the shortage."""
        taken = min(amount, book.available)
        if taken:
            book.available -= taken
            posting = self._post(book, "reverse", "available", "issuance", taken, cause, answers=earned)
            own = [lot for lot in book.lots.values() if lot.posting == earned]
            others = [lot for lot in self.in_order(book) if lot.posting != earned]
            self._draw(book, posting, taken, [*own, *others])
        shortage = amount - taken
        if shortage and debt:
            book.debt += shortage
            posting = self._post(book, "reverse", "debt", "issuance", shortage, cause, answers=earned)
            book.shortages.append(Shortage(posting.id, shortage))
        return shortage

    # --- rows -------------------------------------------------------------------------------------------------
    def in_order(self, book: Book) -> list[LotRow]:
        """Lots with something left, in spending order."""
        lots = [lot for lot in book.lots.values() if lot.remaining]
        if self.order == "newest":
            return sorted(lots, key=lambda lot: (lot.earned_at, lot.id), reverse=True)
        if self.order == "oldest":
            return sorted(lots, key=lambda lot: (lot.earned_at, lot.id))
        return sorted(lots, key=lambda lot: (lot.expires_on or _NEVER, lot.earned_at, lot.id))

    def _open(
        self, book: Book, posting: PostingRow, issuer: int, revision: int | None, earned_at: datetime
    ) -> LotRow:
        lot = LotRow(
            next(self._lots),
            posting.id,
            issuer,
            revision,
            earned_at,
            posting.amount,
            posting.amount,
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
            answers,
            cause.reference,
            cause.reason,
            cause.actor,
        )
        book.postings.append(row)
        return row


def share_points(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide points between awards or tenders; equal weights when there is nothing to weigh by."""
    return split(amount, weights if sum(weights) > 0 else [1] * len(weights))
