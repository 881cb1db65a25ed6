"""A made-up year with what the real one lacks: late purchases, returns, spending, adjustments.

`generate()` answers an ordered list of operations as plain dictionaries of texts and integers. The same
arguments always give the same list. Each operation has `kind`, `member`, `reference` (unique),
`recorded_at` (when it becomes known; strictly rising through the list) and `occurred_at` (when it happened,
never later); both are texts with the offset +00:00. In addition:

* purchase: `receipt` (= reference), `store`, `lines` of {line, sku, category, quantity, amount}; line
  counts from 1, amount is the whole line in EUR. Weighed goods have three decimals. The same sku may stand
  in two lines.
* return: `receipt` of the purchase, `lines` of {line, sku, quantity} or {line, sku, amount}: what comes
  back now.
* redeem: `points`; may be more than the member has.
* adjust: `points` above or below zero; below zero may be more than the member has.

The generator plays every operation against `reckoning` while it writes it, only to know what is left to
return and to spend, so that awkward cases are frequent: everything spent before a return, a return in
several parts to the last unit, asking for one point too many, purchases around local midnight at the end of
a month, purchases known weeks later, and several purchases of one member at the same second.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from tests.real_year.reckoning import ZONE, Operation, Purchase, Reckoning, reckon

__all__ = ["calculate", "generate"]

# sku, category, price in cents, weighed (price of a kilogram)
GOODS = [
    ("COF-S", "coffee", 250, False),
    ("COF-L", "coffee", 390, False),
    ("COF-BEANS", "coffee", 1249, False),
    ("BREAD", "bakery", 189, False),
    ("BUN", "bakery", 65, False),
    ("MILK", "dairy", 119, False),
    ("CHEESE", "dairy", 1390, True),
    ("APPLES", "produce", 229, True),
    ("CARROTS", "produce", 99, True),
    ("SALMON", "fish", 2490, True),
    ("SOAP", "household", 335, False),
    ("DETERGENT", "household", 1299, False),
    ("WINE", "drinks", 1095, False),
    ("SAMPLE", "gifts", 0, False),
]
COFFEE = GOODS[:3]
OTHER = GOODS[3:]
STORES = ["S1", "S2", "S3"]


def calculate(operations: list[Operation]) -> Reckoning:
    """The independent calculation for a list of operations."""
    return reckon(operations)


def generate(seed: int = 1, members: int = 60, receipts: int = 3000, year: int = 2025) -> list[Operation]:
    """The operations of one year; a few late ones and returns become known in the next."""
    generator = _Generator(random.Random(seed), members, receipts, year)  # noqa: S311 - a year that can be repeated
    return generator.run()


def as_text(instant: datetime) -> str:
    """An instant in UTC with its offset."""
    return instant.astimezone(UTC).isoformat()


def decimal_text(value: Fraction, places: int) -> str:
    """An exact decimal with a fixed number of places; refuses what does not fit."""
    scaled = value * 10**places
    if scaled.denominator != 1:
        message = f"{value} has more than {places} places"
        raise ValueError(message)
    if not places:
        return str(int(scaled))
    whole, rest = divmod(int(scaled), 10**places)
    return f"{whole}.{rest:0{places}d}"


class _Generator:
    """Plans purchases, redemptions and adjustments over the year and lets returns follow from purchases."""

    def __init__(self, rng: random.Random, members: int, receipts: int, year: int) -> None:
        self.rng = rng
        self.year = year
        self.members = [f"M{number:04d}" for number in range(1, members + 1)]
        self.shopping = [rng.choice([1, 1, 2, 3, 5]) for _ in self.members]
        self.coffee_lovers = set(rng.sample(self.members, max(members // 4, 1)))
        self.state = Reckoning()
        self.operations: list[Operation] = []
        self.last_recorded = datetime(year, 1, 1, tzinfo=ZONE).astimezone(UTC) - timedelta(days=1)
        self.plan: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.planned = 0
        self.numbers = dict.fromkeys(["S", "R", "P", "A"], 0)
        for _ in range(receipts):
            self.plan_purchase()
        for _ in range(receipts // 10):
            self.at(self.moment(), self.redeem)
        for _ in range(receipts // 25):
            self.at(self.moment(), self.adjust)

    def run(self) -> list[Operation]:
        while self.plan:
            recorded_at, _, act = heapq.heappop(self.plan)
            act(max(recorded_at, self.last_recorded + timedelta(seconds=1)))
        return self.operations

    # ------------------------------------------------------------------------------------------- planning

    def at(self, recorded_at: datetime, act: Callable[[datetime], None]) -> None:
        self.planned += 1
        heapq.heappush(self.plan, (recorded_at, self.planned, act))

    def moment(self) -> datetime:
        """Some second of the year in opening hours; one in twenty within three hours of a month's end."""
        if self.rng.random() < 0.05:
            month_start = datetime(self.year, self.rng.randint(2, 12), 1, tzinfo=ZONE).astimezone(UTC)
            return month_start + timedelta(seconds=self.rng.randint(-10800, 10800))
        day = datetime(self.year, 1, 1, tzinfo=ZONE) + timedelta(days=self.rng.randint(0, 364))
        return day.replace(hour=self.rng.randint(8, 21), minute=self.rng.randint(0, 59)).astimezone(
            UTC
        ) + timedelta(seconds=self.rng.randint(0, 59))

    def plan_purchase(self) -> None:
        occurred_at = self.moment()
        member = self.rng.choices(self.members, self.shopping)[0]
        if self.rng.random() < 0.07:
            late = occurred_at + timedelta(seconds=self.rng.randint(60, 40 * 86400))
            self.at(late, lambda recorded_at: self.purchase(member, recorded_at, occurred_at))
        else:
            self.at(occurred_at, lambda recorded_at: self.purchase(member, recorded_at, None))

    def plan_returns(self, purchase: Purchase, recorded_at: datetime) -> None:
        chance = self.rng.random()
        if chance < 0.88:
            return
        first = recorded_at + timedelta(seconds=self.rng.randint(60, 60 * 86400))
        if self.rng.random() < 0.35:
            self.at(first, lambda at: self.spend_everything(purchase.member, at))
        whole = chance < 0.92
        times = 1 if chance < 0.96 else 40
        self.at(first, lambda at: self.bring_back(purchase, at, whole, times))

    # ----------------------------------------------------------------------------------------- operations

    def add(self, kind: str, letter: str, member: str, recorded_at: datetime, **rest: object) -> None:
        self.numbers[letter] += 1
        reference = f"{letter}{self.numbers[letter]:06d}"
        operation: Operation = {"kind": kind, "reference": reference, "member": member}
        operation |= {"recorded_at": as_text(recorded_at), "occurred_at": as_text(recorded_at)} | rest
        if kind == "purchase":
            operation["receipt"] = reference
        self.last_recorded = recorded_at
        self.operations.append(operation)
        self.state.apply(operation)

    def purchase(self, member: str, recorded_at: datetime, occurred_at: datetime | None) -> None:
        happened = occurred_at or recorded_at
        if occurred_at and self.rng.random() < 0.3:
            happened = self.same_second(member) or occurred_at
        self.add(
            "purchase",
            "S",
            member,
            recorded_at,
            occurred_at=as_text(happened),
            store=self.rng.choice(STORES),
            lines=self.basket(member),
        )
        self.plan_returns(self.state.purchases[self.operations[-1]["receipt"]], recorded_at)

    def same_second(self, member: str) -> datetime | None:
        """The time of the member's newest lot, so that only the order of opening tells two lots apart."""
        lots = self.state.account(member).lots
        return lots[-1].earned_at if lots else None

    def spend_everything(self, member: str, recorded_at: datetime) -> None:
        available = self.state.account(member).available
        if available:
            self.add("redeem", "P", member, recorded_at, points=available)

    def redeem(self, recorded_at: datetime) -> None:
        member = self.rng.choices(self.members, self.shopping)[0]
        available = self.state.account(member).available
        points = self.rng.randint(1, max(available, 50))
        chance = self.rng.random()
        if chance < 0.15:
            points = available + self.rng.choice([1, 1, 7, 500])
        elif chance < 0.3 and available:
            points = available
        self.add("redeem", "P", member, recorded_at, points=points)

    def adjust(self, recorded_at: datetime) -> None:
        member = self.rng.choice(self.members)
        available = self.state.account(member).available
        points = self.rng.randint(1, 200)
        chance = self.rng.random()
        if chance < 0.1:
            points = -(available + 1)
        elif chance < 0.45:
            points = -self.rng.randint(1, max(available, 20))
        self.add("adjust", "A", member, recorded_at, points=points, reason="correction by staff")

    def bring_back(self, purchase: Purchase, recorded_at: datetime, whole: bool, times: int) -> None:
        """One return of a purchase, and the next one later while `times` lasts and something is left."""
        prefer_quantity = self.rng.random() < 0.6
        open_lines = [at for at, share in enumerate(purchase.returned) if share < 1]
        if not open_lines:
            return
        chosen = (
            open_lines if whole else sorted(self.rng.sample(open_lines, self.rng.randint(1, len(open_lines))))
        )
        lines = [self.returned_line(purchase, at, prefer_quantity, whole) for at in chosen]
        self.add("return", "R", purchase.member, recorded_at, receipt=purchase.receipt, lines=lines)
        if times > 1:
            later = recorded_at + timedelta(seconds=self.rng.randint(60, 10 * 86400))
            self.at(later, lambda at: self.bring_back(purchase, at, times == 2, times - 1))

    def returned_line(self, purchase: Purchase, at: int, prefer_quantity: bool, whole: bool) -> Operation:
        """Part or all of what is left of a line, in a measure that can express what is left exactly."""
        line = purchase.lines[at]
        left = 1 - purchase.returned[at]
        places = 0 if line.quantity.denominator == 1 else 3
        thousandth_or_unit = left * line.quantity * 10**places
        cents_left = left * line.amount
        by_quantity = thousandth_or_unit.denominator == 1
        if by_quantity and cents_left.denominator == 1 and line.amount:
            by_quantity = prefer_quantity
        steps = int(thousandth_or_unit if by_quantity else cents_left)
        part = steps if whole or self.rng.random() < 0.3 else self.rng.randint(1, steps)
        entry: Operation = {"line": at + 1, "sku": line.sku}
        if by_quantity:
            return entry | {"quantity": decimal_text(Fraction(part, 10**places), places)}
        return entry | {"amount": decimal_text(Fraction(part, 100), 2)}

    # --------------------------------------------------------------------------------------------- baskets

    def basket(self, member: str) -> list[Operation]:
        lover = member in self.coffee_lovers
        if self.rng.random() < 0.02:
            return self.numbered([("BUN", "bakery", "1", 65)])
        chosen = [self.rng.choice(OTHER) for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4, 5, 7]))]
        if self.rng.random() < (0.85 if lover else 0.3):
            chosen += self.rng.sample(COFFEE, self.rng.choice([1, 1, 2]))
        self.rng.shuffle(chosen)
        lines = [self.sold(*goods, most=6 if lover else 3) for goods in chosen]
        total = sum(amount for *_, amount in lines)
        if self.rng.random() < 0.05 and total < 3900:
            lines.append(("GIFT-BOX", "household", "1", self.rng.choice([3999, 4000, 4001]) - total))
        return self.numbered(lines)

    def sold(
        self, sku: str, category: str, price: int, weighed: bool, most: int
    ) -> tuple[str, str, str, int]:
        """Quantity and price of one line; every sixth has a price that its units do not divide."""
        if weighed:
            grams = self.rng.randint(80, 2600)
            return sku, category, decimal_text(Fraction(grams, 1000), 3), (grams * price + 500) // 1000
        units = self.rng.randint(1, most)
        amount = units * price
        if amount and self.rng.random() < 0.17:
            amount -= self.rng.randint(1, 30)
        return sku, category, str(units), amount

    def numbered(self, lines: list[tuple[str, str, str, int]]) -> list[Operation]:
        return [
            {
                "line": number,
                "sku": sku,
                "category": category,
                "quantity": quantity,
                "amount": decimal_text(Fraction(amount, 100), 2),
            }
            for number, (sku, category, quantity, amount) in enumerate(lines, start=1)
        ]
