"""The earning base: what each line of a receipt counts for, under the programme's policies.

1. A line counts with what was paid for it (or before discounts, or without tax).
2. A discount for the whole order (a discount line without a category) is spread over the goods pro rata.
3. What was paid with points (or gift cards, by policy) lowers every line by the same share.
4. Lines of kinds that do not earn count nothing.

An event is no receipt: it counts with its amount, whatever the policies are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty.core.exact import Rounding, round_ratio, split
from programs.engine.events import Trigger
from programs.engine.facts import Facts, Line, LineKind, TenderKind
from programs.engine.policies import (
    DiscountBase,
    OrderDiscount,
    PaidWithPoints,
    Policies,
    StoredValue,
    TaxBase,
)

_PRODUCT: str = LineKind.PRODUCT.value
_DISCOUNT: str = LineKind.DISCOUNT.value
_PURCHASE: str = Trigger.PURCHASE.value
# A discount for the order is never taken off money that is only passed on.
_NEVER_DISCOUNTED: frozenset[str] = frozenset((LineKind.GIFT_CARD.value, LineKind.DEPOSIT.value))


class Bases(NamedTuple):
    """Minor units by line. `whole` serves rules on the whole purchase, `lines` rules on certain lines;
    `earning` are the positions of lines that may earn at all."""

    whole: Sequence[int]
    lines: Sequence[int]
    earning: Sequence[int]


class BaseCalculator:
    """The earning base under one set of policies; compiled once, called per purchase."""

    def __init__(self, policies: Policies) -> None:
        self.before = policies.discounts is DiscountBase.BEFORE
        self.without_tax = policies.tax is TaxBase.EXCLUDED
        self.left_out = policies.order_discount is OrderDiscount.LEFT_OUT
        self.kinds = frozenset(kind.value for kind in policies.earning_kinds)
        self.lowering = frozenset(
            kind
            for kind, lowers in (
                (TenderKind.POINTS.value, policies.paid_with_points is PaidWithPoints.EARNS_NOTHING),
                (TenderKind.GIFT_CARD.value, policies.stored_value is StoredValue.LOWERS_BASE),
            )
            if lowers
        )
        self.simple = not self.before and not self.without_tax and _PRODUCT in self.kinds

    def __call__(self, facts: Facts) -> Bases:
        lines = facts.lines
        if self.simple and not facts.basket.tenders:
            for line in lines:
                if line[7] != _PRODUCT:
                    break
            else:
                amounts = [line[2] for line in lines]
                return Bases(amounts, amounts, range(len(lines)))
        return self._general(facts)

    def _general(self, facts: Facts) -> Bases:
        if facts.basket.trigger != _PURCHASE:
            amounts = [line.amount for line in facts.lines]
            return Bases(amounts, amounts, range(len(amounts)))
        own = [self._own(line) for line in facts.lines]
        whole = self._spread(facts.lines, own)
        lines = own if self.left_out else whole
        paid = sum(tender.amount for tender in facts.basket.tenders if tender.kind in self.lowering)
        if paid > 0 and facts.total > 0:
            whole = self._lower(whole, paid, facts.total)
            lines = self._lower(lines, paid, facts.total)
        earning = [index for index, line in enumerate(facts.lines) if self._earns(line)]
        earns = set(earning)
        return Bases(
            [value if index in earns else 0 for index, value in enumerate(whole)],
            [value if index in earns else 0 for index, value in enumerate(lines)],
            earning,
        )

    def _earns(self, line: Line) -> bool:
        if line.kind == _DISCOUNT:
            return bool(line.category) and _PRODUCT in self.kinds
        return line.kind in self.kinds

    def _own(self, line: Line) -> int:
        """What a line counts for by itself; a discount line for the whole order counts nothing by itself."""
        if line.kind == _DISCOUNT and (self.before or not line.category):
            return 0
        amount = line.amount - line.tax if self.without_tax else line.amount
        return amount + line.discount if self.before else amount

    def _spread(self, lines: Sequence[Line], own: list[int]) -> list[int]:
        if self.before:
            return own
        discount = sum(
            line.amount - (line.tax if self.without_tax else 0)
            for line in lines
            if line.kind == _DISCOUNT and not line.category
        )
        weights = [
            max(value, 0) if line.kind not in _NEVER_DISCOUNTED else 0
            for line, value in zip(lines, own, strict=True)
        ]
        if discount == 0 or not any(weights):
            return own
        return [value + part for value, part in zip(own, split(discount, weights), strict=True)]

    @staticmethod
    def _lower(values: list[int], paid: int, bill: int) -> list[int]:
        """Take the share paid / bill off every line, discount lines too; the parts sum exactly."""
        total = sum(values)
        if total <= 0:
            return values
        parts = split(min(round_ratio(total * paid, bill, Rounding.HALF_UP), total), values)
        return [value - part for value, part in zip(values, parts, strict=True)]
