"""What the operations of the synthetic year must lead to, calculated from the written rules alone.

Everything is whole numbers or exact fractions; nothing here knows the product. `reckon(operations)` gives
the outcome of every operation in order and the figures of every member at the end.

Rules and, where they could be read in more than one way, the reading taken here:

* Operations are applied in the order of the list, which is the order in which they become known
  (`recorded_at`).
* Base: one point for each full 1.00 of the basket, rounded down once per basket.
* Coffee: 2 points for each unit of the category "coffee", over all lines of the basket; a part of a unit
  gives nothing (the generator sells coffee in whole units only).
* Bonus: 50 points for a basket of 40.00 or more, reached at equality; not multiplied, not capped.
* Cap: the coffee rule gives a member at most 30 points in a month. The month is the month, in
  Europe/Tallinn, in which the purchase happened, also when it became known later. What counts is what was
  given so far to purchases of that month in the order of recording, less what returns have taken back from
  those awards. So a return, whenever it happens, makes room in the month of its purchase and not in its own
  month. A cap truncates; an award truncated to nothing is no award. Room that opens later is not given to
  earlier purchases.
* Split: base and bonus belong to the lines in proportion to their amounts, coffee (as awarded, after the
  cap) to the coffee lines in proportion to their units. Largest remainder, ties to the last line; weight 0
  gets nothing.
* Returns: each line has a returned share, quantity / quantity of the line or amount / amount of the line,
  whichever the return names; shares add up, never above one. Of an award, floor(sum of split x share)
  points are taken so far; a return takes the difference to what was taken before. The bonus is kept in
  proportion when the rest of the basket falls below 40.00.
* Points taken come from the lot of that purchase, then from other lots, oldest first, then they become
  debt.
* One lot per purchase that earned anything, holding all its awards, earned at the time of the purchase (not
  of recording). A plus adjustment opens a lot earned at its time. Nothing expires.
* Oldest first means earned_at, then the order in which lots were opened.
* Every credit (purchase, plus adjustment) pays debt first, out of the new lot. "Issued" and "adjusted"
  count the whole credit.
* A redemption or minus adjustment takes oldest lots first. Above what is available it is refused with the
  code `insufficient_points` and changes nothing.
* Outstanding = available - debt = issued - reversed - redeemed + adjusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Tallinn")
COFFEE_PER_UNIT = 2
COFFEE_CAP_PER_MONTH = 30
BONUS = 50
BONUS_FROM_CENTS = 4000
REFUSED = "insufficient_points"

Operation = dict[str, Any]
Month = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """One line of a purchase; amount in cents."""

    sku: str
    category: str
    quantity: Fraction
    amount: int


@dataclass
class Award:
    """What one rule gave to one purchase, by line, and how much of it returns have taken so far."""

    rule: str
    points: int
    split: list[int]
    taken: int = 0


@dataclass
class Lot:
    """Points of one purchase or plus adjustment; `number` is the order of opening over the whole year."""

    source: str
    earned_at: datetime
    number: int
    amount: int
    remaining: int


@dataclass
class Purchase:
    """A recorded purchase with the returned share (0 to 1) of each line."""

    receipt: str
    member: str
    month: Month
    lines: list[Line]
    awards: list[Award]
    returned: list[Fraction]
    lot: Lot | None = None


@dataclass
class Totals:
    """Flows in points. `adjusted` is plus less minus; refused operations are counted, not summed."""

    purchases: int = 0
    returns: int = 0
    refused: int = 0
    amount: int = 0
    issued: int = 0
    reversed: int = 0
    redeemed: int = 0
    adjusted: int = 0
    issued_by_rule: dict[str, int] = field(default_factory=dict)
    reversed_by_rule: dict[str, int] = field(default_factory=dict)

    @property
    def outstanding(self) -> int:
        """Points owed to members less their debts."""
        return self.issued - self.reversed - self.redeemed + self.adjusted


@dataclass
class Account:
    """One member's points: lots, debt, coffee points given by month, and the member's own flows."""

    lots: list[Lot] = field(default_factory=list)
    debt: int = 0
    coffee_given: dict[Month, int] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)

    @property
    def available(self) -> int:
        """Points that may be spent."""
        return sum(lot.remaining for lot in self.lots)

    @property
    def balance(self) -> int:
        """The shown balance, below zero while a debt stands."""
        return self.available - self.debt

    def remaining_by_source(self) -> dict[str, int]:
        """What is left of each lot by receipt or adjustment reference, oldest first, empty lots with 0."""
        return {lot.source: lot.remaining for lot in sorted(self.lots, key=lot_age)}


# ----------------------------------------------------------------------------------------------- the rules


def cents(amount: str) -> int:
    """A decimal amount with at most two places in cents."""
    value = Fraction(amount) * 100
    if value.denominator != 1:
        message = f"{amount} has parts of a cent"
        raise ValueError(message)
    return int(value)


def month_of(instant: datetime) -> Month:
    """Year and month in the programme's zone."""
    local = instant.astimezone(ZONE)
    return local.year, local.month


def base_points(basket: int) -> int:
    """One point for each full 1.00; basket in cents."""
    return max(basket, 0) // 100


def coffee_units(line: Line) -> Fraction:
    """Units of a line that the coffee rule looks at."""
    return line.quantity if line.category == "coffee" else Fraction(0)


def coffee_points(lines: Sequence[Line]) -> int:
    """2 points for each whole unit of coffee, before the cap."""
    return COFFEE_PER_UNIT * int(sum(map(coffee_units, lines), Fraction(0)))


def within_cap(points: int, given: int) -> int:
    """The part of a coffee award for which the month still has room."""
    return min(points, max(COFFEE_CAP_PER_MONTH - given, 0))


def basket_bonus(basket: int) -> int:
    """The flat bonus for a large basket, in cents."""
    return BONUS if basket >= BONUS_FROM_CENTS else 0


def split(points: int, weights: Sequence[Fraction]) -> list[int]:
    """Points over lines by largest remainder, ties to the last line; the sum is exact."""
    whole = sum(weights, Fraction(0))
    if not points or not whole:
        return [0] * len(weights)
    exact = [points * weight / whole for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda at: (exact[at] - parts[at], at), reverse=True)
    for at in by_remainder[: points - sum(parts)]:
        parts[at] += 1
    return parts


def awards_for(lines: Sequence[Line], coffee_given: int) -> list[Award]:
    """All awards of a basket, given the coffee points its month holds already."""
    basket = sum(line.amount for line in lines)
    amounts = [Fraction(line.amount) for line in lines]
    candidates = [
        ("base", base_points(basket), amounts),
        ("coffee", within_cap(coffee_points(lines), coffee_given), [coffee_units(line) for line in lines]),
        ("bonus", basket_bonus(basket), amounts),
    ]
    return [Award(rule, points, split(points, weights)) for rule, points, weights in candidates if points]


def returned_share(line: Line, returned: dict[str, str]) -> Fraction:
    """The share of a line that one entry of a return brings back."""
    if "quantity" in returned:
        return Fraction(returned["quantity"]) / line.quantity
    return Fraction(cents(returned["amount"]), line.amount)


def taken_so_far(award: Award, returned: Sequence[Fraction]) -> int:
    """Points of an award that are gone when these shares of the lines have come back."""
    return int(sum((part * share for part, share in zip(award.split, returned, strict=True)), Fraction(0)))


def lot_age(lot: Lot) -> tuple[datetime, int]:
    """Sort key of oldest first."""
    return lot.earned_at, lot.number


def draw(lots: Iterable[Lot], points: int) -> int:
    """Take points from lots in the order given; answers how many were found."""
    found = 0
    for lot in lots:
        part = min(lot.remaining, points - found)
        lot.remaining -= part
        found += part
    return found


# ------------------------------------------------------------------------------------------ the operations


class Reckoning:
    """The state after the operations applied so far: accounts by member, purchases by receipt, totals."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.purchases: dict[str, Purchase] = {}
        self.totals = Totals()
        self.outcomes: list[Operation] = []
        self._lots_opened = 0

    def account(self, member: str) -> Account:
        """The member's account; an unknown member starts with nothing."""
        return self.accounts.setdefault(member, Account())

    def apply(self, operation: Operation) -> Operation:
        """Apply one operation; the outcome always names kind, member, available and debt afterwards."""
        steps = {
            "purchase": self._purchase,
            "return": self._return,
            "redeem": self._redeem,
            "adjust": self._adjust,
        }
        account = self.account(operation["member"])
        outcome = {"kind": operation["kind"], "member": operation["member"]}
        outcome |= steps[operation["kind"]](operation, account)
        outcome |= {"available": account.available, "debt": account.debt}
        self.outcomes.append(outcome)
        return outcome

    def _count(self, account: Account, **flows: int) -> None:
        for totals in (self.totals, account.totals):
            for name, points in flows.items():
                setattr(totals, name, getattr(totals, name) + points)

    def _count_rule(self, account: Account, flow: str, rule: str, points: int) -> None:
        for totals in (self.totals, account.totals):
            by_rule: dict[str, int] = getattr(totals, f"{flow}_by_rule")
            by_rule[rule] = by_rule.get(rule, 0) + points
        self._count(account, **{flow: points})

    def _credit(self, account: Account, source: str, earned_at: datetime, points: int) -> tuple[Lot, int]:
        """Open a lot and pay debt out of it; answers the lot and the debt paid."""
        self._lots_opened += 1
        lot = Lot(source, earned_at, self._lots_opened, points, points)
        account.lots.append(lot)
        paid = draw([lot], min(account.debt, points))
        account.debt -= paid
        return lot, paid

    def _purchase(self, operation: Operation, account: Account) -> Operation:
        occurred_at = datetime.fromisoformat(operation["occurred_at"])
        month = month_of(occurred_at)
        lines = [
            Line(line["sku"], line["category"], Fraction(line["quantity"]), cents(line["amount"]))
            for line in operation["lines"]
        ]
        awards = awards_for(lines, account.coffee_given.get(month, 0))
        purchase = Purchase(
            operation["receipt"], operation["member"], month, lines, awards, [Fraction(0)] * len(lines)
        )
        if purchase.receipt in self.purchases:
            message = f"receipt {purchase.receipt} is there twice"
            raise ValueError(message)
        self.purchases[purchase.receipt] = purchase
        self._count(account, purchases=1, amount=sum(line.amount for line in lines))
        for award in awards:
            self._count_rule(account, "issued", award.rule, award.points)
            if award.rule == "coffee":
                account.coffee_given[month] = account.coffee_given.get(month, 0) + award.points
        points = sum(award.points for award in awards)
        paid = 0
        if points:
            purchase.lot, paid = self._credit(account, purchase.receipt, occurred_at, points)
        return {
            "awarded": points,
            "awards": {award.rule: award.points for award in awards},
            "splits": {award.rule: list(award.split) for award in awards},
            "debt_paid": paid,
        }

    def _return(self, operation: Operation, account: Account) -> Operation:
        purchase = self.purchases[operation["receipt"]]
        for entry in operation["lines"]:
            at = entry["line"] - 1
            purchase.returned[at] += returned_share(purchase.lines[at], entry)
            if purchase.returned[at] > 1:
                message = f"more than all of line {entry['line']} of {purchase.receipt} comes back"
                raise ValueError(message)
        by_rule = {}
        for award in purchase.awards:
            taken = taken_so_far(award, purchase.returned) - award.taken
            award.taken += taken
            by_rule[award.rule] = taken
            self._count_rule(account, "reversed", award.rule, taken)
            if award.rule == "coffee":
                account.coffee_given[purchase.month] -= taken
        points = sum(by_rule.values())
        own = draw([purchase.lot] if purchase.lot else [], points)
        others = draw(sorted(account.lots, key=lot_age), points - own)
        account.debt += points - own - others
        self._count(account, returns=1)
        return {
            "taken": points,
            "taken_by_rule": by_rule,
            "from_own_lot": own,
            "from_other_lots": others,
            "to_debt": points - own - others,
        }

    def _spend(self, account: Account, points: int) -> bool:
        """Take points oldest first; False, and nothing has changed, when there are not enough."""
        if points > account.available:
            self._count(account, refused=1)
            return False
        draw(sorted(account.lots, key=lot_age), points)
        return True

    def _redeem(self, operation: Operation, account: Account) -> Operation:
        if not self._spend(account, operation["points"]):
            return {"refused": REFUSED}
        self._count(account, redeemed=operation["points"])
        return {"redeemed": operation["points"]}

    def _adjust(self, operation: Operation, account: Account) -> Operation:
        points = operation["points"]
        paid = 0
        if points > 0:
            earned_at = datetime.fromisoformat(operation["occurred_at"])
            _, paid = self._credit(account, operation["reference"], earned_at, points)
        elif not self._spend(account, -points):
            return {"refused": REFUSED}
        self._count(account, adjusted=points)
        return {"adjusted": points, "debt_paid": paid}


def reckon(operations: Iterable[Operation]) -> Reckoning:
    """Apply all operations to an empty programme."""
    reckoning = Reckoning()
    for operation in operations:
        reckoning.apply(operation)
    return reckoning
