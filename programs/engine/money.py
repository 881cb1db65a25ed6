"""What points are worth at the till: how many of them pay how much of a bill.

All points are whole numbers in the point type's smallest unit, all money minor units of the programme's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from loyalty.core.exact import format_decimal
from programs.engine.reader import Reader

SHARE_DIGITS = 2
WHOLE_BILL = 100 * 10**SHARE_DIGITS  # per cent


class Payment(NamedTuple):
    """Points that go, and the money that they stand for."""

    points: int
    amount: int


NOTHING = Payment(0, 0)


@dataclass(frozen=True, slots=True)
class Rate:
    """Each `points` pay `amount` (0: nothing at all). At a time at least `lowest` points, at most `highest`, and at
    most `share` of the bill in hundredths of a per cent."""

    points: int
    amount: int
    lowest: int = 0
    highest: int | None = None
    share: int = WHOLE_BILL

    def possible(self, balance: int, bill: int) -> Payment:
        """The most that can be paid of a bill: the balance limits it, then the share of the bill, then only whole
        blocks count, and what is less than the lowest payment is none."""
        points = balance if self.highest is None else min(balance, self.highest)
        limit = max(bill, 0) * self.share // WHOLE_BILL
        if self.amount == 0 or points <= 0:
            return NOTHING
        return self._allowed(min(points // self.points, limit // self.amount))

    def with_points(self, asked: int, balance: int, bill: int) -> Payment:
        """The most that can be paid with so many points."""
        return self.possible(min(asked, balance), bill)

    def with_amount(self, asked: int, balance: int, bill: int) -> Payment:
        """So much money, or the most that is possible; a block that is not used up is taken whole."""
        most = self.possible(balance, bill)
        if asked >= most.amount:
            return most
        points = self.cost(asked)
        return Payment(points, asked) if points >= self.lowest else NOTHING

    def cost(self, amount: int) -> int:
        """The points that an amount of money costs, in whole blocks: a part of a block costs the whole. Only of a rate
        that is not zero."""
        return -(-amount // self.amount) * self.points

    def worth(self, points: int) -> int:
        """The money that points stand for, whatever the bill and the lowest payment: whole blocks."""
        return max(points, 0) // self.points * self.amount

    def _allowed(self, blocks: int) -> Payment:
        points = blocks * self.points
        return Payment(points, blocks * self.amount) if blocks and points >= self.lowest else NOTHING


def read_rate(reader: Reader | None, digits: int, money_digits: int) -> Rate | None:
    """The `money` of a point type with `digits` decimals."""
    if reader is None:
        return None
    share = reader.number("share", SHARE_DIGITS, low=1, required=False, default=WHOLE_BILL)
    if share > WHOLE_BILL:
        reader.fault("out_of_range", "share", low=None, high=100)
    rate = Rate(
        points=reader.number("points", digits, low=1) or 1,
        amount=reader.number("amount", money_digits, low=0),
        lowest=reader.number("lowest", digits, low=0, required=False),
        highest=reader.number("highest", digits, low=1, required=False) or None,
        share=share,
    )
    if rate.highest is not None and rate.highest < max(rate.lowest, rate.points):
        reader.fault("bad_range", "highest")
    reader.finish()
    return rate


def dump_rate(rate: Rate | None, digits: int, money_digits: int) -> dict[str, Any]:
    """Every setting, spelled out."""
    if rate is None:
        return {}
    written = {
        "points": format_decimal(rate.points, digits),
        "amount": format_decimal(rate.amount, money_digits),
        "share": format_decimal(rate.share, SHARE_DIGITS),
    }
    if rate.lowest:
        written["lowest"] = format_decimal(rate.lowest, digits)
    if rate.highest is not None:
        written["highest"] = format_decimal(rate.highest, digits)
    return written
