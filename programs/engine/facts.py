"""What a rule may look at: the purchase as sent, the member as known at that time.

All amounts are minor units of the programme's currency, all quantities thousandths of a unit, all points the
smallest unit of their point type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

NOTHING: Mapping[str, str] = MappingProxyType({})
QUANTITY_DIGITS = 3


class LineKind(StrEnum):
    """What a line of a receipt is; policies say which kinds earn."""

    PRODUCT = "product"
    DELIVERY = "delivery"
    FEE = "fee"
    DEPOSIT = "deposit"
    GIFT_CARD = "gift_card"
    DISCOUNT = "discount"


class TenderKind(StrEnum):
    """How a part of the bill was paid."""

    MONEY = "money"
    GIFT_CARD = "gift_card"
    POINTS = "points"


class Line(NamedTuple):
    """One line of a receipt. `amount` is what the customer pays for the whole line: after the line's own
    discount and with tax. `discount` is what was already taken off, `tax` the part of `amount` that is
    tax."""

    sku: str
    quantity: int
    amount: int
    category: str = ""
    department: str = ""
    brand: str = ""
    labels: frozenset[str] = frozenset()
    kind: str = "product"
    discount: int = 0
    tax: int = 0
    attributes: Mapping[str, str] = NOTHING


class Tender(NamedTuple):
    """A part of the bill paid otherwise than with money; `points` is set for points."""

    kind: str
    amount: int
    point_type: str = ""
    points: int = 0
    method: str = ""


class Basket(NamedTuple):
    """A purchase as it was sent by the till, or an event: `trigger` says what, `payload` are the event's fields (money
    in minor units, numbers in thousandths, days as text), and its one line has its amount and quantity."""

    occurred_at: datetime
    lines: tuple[Line, ...]
    partner: str = ""
    store: str = ""
    channel: str = ""
    payment: str = ""
    till: str = ""
    cashier: str = ""
    tenders: tuple[Tender, ...] = ()
    trigger: str = "purchase"
    payload: Mapping[str, Any] = NOTHING


class Usage(NamedTuple):
    """What a rule has given a member in a period, net of returns."""

    points: int = 0
    times: int = 0


class MemberFacts(NamedTuple):
    """The member as known at the time of the purchase; `age` in whole years, `tiers` by ladder ("" for the main one).

    `purchases` counts the purchases before this one by time of purchase. `usage` is keyed (rule, period key),
    `last_award` by rule, `balances` by point type (available - debt), `budgets` by (rule or "*point type",
    period key) with what is already used by everybody.
    """

    joined_on: date | None = None
    age: int | None = None
    purchases: int = 0
    last_purchase_on: date | None = None
    attributes: Mapping[str, str] = NOTHING
    tiers: Mapping[str, str] = NOTHING
    segments: frozenset[str] = frozenset()
    usage: Mapping[tuple[str, str], Usage] = MappingProxyType({})
    last_award: Mapping[str, datetime] = MappingProxyType({})
    balances: Mapping[str, int] = MappingProxyType({})
    budgets: Mapping[tuple[str, str], int] = MappingProxyType({})


def age_on(born: date, day: date) -> int:
    """Age in whole years; who is born on 29 February grows older on 1 March in common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Facts:
    """One purchase and its member, seen in the programme's zone: the argument of every compiled condition."""

    __slots__ = ("basket", "day", "lines", "local", "member", "total")

    def __init__(self, basket: Basket, member: MemberFacts, zone: ZoneInfo) -> None:
        self.basket = basket
        self.lines = basket.lines
        self.member = member
        self.local = basket.occurred_at.astimezone(zone)
        self.day = self.local.date()
        total = 0
        for line in basket.lines:
            total += line[2]
        self.total = total
