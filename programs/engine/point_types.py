"""Point types: what a programme counts in, with the unit's words, the limits over all rules, and the terms of points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loyalty.core.exact import format_decimal
from programs.engine.money import Rate, dump_rate, read_rate
from programs.engine.reader import Reader
from programs.engine.rules import PeriodCap, read_budget, read_period_caps
from programs.engine.terms import (
    AT_ONCE,
    NEVER,
    Expiry,
    Pending,
    dump_expiry,
    dump_pending,
    read_expiry,
    read_pending,
)

COST_DIGITS = 6
MOST_DECIMALS = 4
MOST_CONVERSIONS = 20
PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")
Words = tuple[tuple[str, str], ...]


class BelowLowest(StrEnum):
    """What happens to an award smaller than the lowest: it is raised to it, or nothing is given."""

    RAISE = "raise"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a point type over all rules together, in its smallest unit."""

    per_purchase: int | None = None
    per_member: tuple[PeriodCap, ...] = ()
    highest_balance: int | None = None
    budget: PeriodCap | None = None
    lowest_award: int = 0
    below_lowest: BelowLowest = BelowLowest.NOTHING


@dataclass(frozen=True, slots=True)
class Conversion:
    """`take` points of this type (smallest unit) become `give` points of the type `to` (10**-4 of a display unit), in
    whole multiples, at least `smallest` points at a time."""

    to: str
    take: int
    give: int
    smallest: int = 0


@dataclass(frozen=True, slots=True)
class PointType:
    """`decimals` 0 to 4: points are kept as whole numbers of 10**-decimals. `cost` of one display unit in
    10**-6 of the currency. Points that are not `spendable` only count (for tiers, say); `transferable` ones may be
    given to another member; with `money` they pay for goods."""

    key: str
    name: Words
    unit: tuple[tuple[str, Words], ...]
    decimals: int = 0
    cost: int = 0
    limits: Limits = Limits()
    expiry: Expiry = NEVER
    pending: Pending = AT_ONCE
    spendable: bool = True
    transferable: bool = False
    conversions: tuple[Conversion, ...] = ()
    money: Rate | None = None

    def conversion(self, to: str) -> Conversion | None:
        """How these points become points of another type, if they may."""
        return next((each for each in self.conversions if each.to == to), None)


# --- reading --------------------------------------------------------------------------------------
def read_point_type(reader: Reader, money_digits: int) -> PointType:
    decimals = reader.integer("decimals", low=0, high=MOST_DECIMALS, default=0)
    point_type = PointType(
        key=reader.key(),
        name=tuple(sorted(reader.words("name", required=True).items())),
        unit=_read_unit(reader),
        decimals=decimals,
        cost=reader.number("cost", COST_DIGITS, low=0, required=False),
        limits=_read_limits(reader.child("limits"), decimals),
        expiry=read_expiry(reader.child("expiry")),
        pending=read_pending(reader.child("pending"), decimals),
        spendable=reader.boolean("spendable", default=True),
        transferable=reader.boolean("transferable", default=False),
        conversions=tuple(
            _read_conversion(child, decimals)
            for child in reader.children("conversions", most=MOST_CONVERSIONS)
        ),
        money=read_rate(reader.child("money"), decimals, money_digits),
    )
    reader.finish()
    return point_type


def _read_unit(reader: Reader) -> tuple[tuple[str, Words], ...]:
    """Plural forms by language: {en: {one: point, other: points}}."""
    unit = reader.child("unit")
    if unit is None:
        return ()
    read = []
    for language in unit.data:
        forms = unit.words(language)
        unknown = [form for form in forms if form not in PLURAL_FORMS]
        if unknown or (forms and "other" not in forms):
            unit.fault("bad_plural", language, options=list(PLURAL_FORMS), value=", ".join(unknown)[:60])
        read.append((language, tuple(sorted(forms.items()))))
    return tuple(sorted(read))


def _read_limits(reader: Reader | None, digits: int) -> Limits:
    if reader is None:
        return Limits()
    budget = None
    if (child := reader.child("budget")) is not None:
        budget = read_budget(child, digits)
    lowest, below = 0, BelowLowest.NOTHING
    if (child := reader.child("lowest_award")) is not None:
        lowest = child.number("points", digits, low=1)
        below = child.choice("below", BelowLowest, default=BelowLowest.NOTHING)
        child.finish()
    limits = Limits(
        per_purchase=reader.number("per_purchase", digits, low=1, required=False) or None,
        per_member=read_period_caps(reader, "per_member", digits, "points"),
        highest_balance=reader.number("highest_balance", digits, low=1, required=False) or None,
        budget=budget,
        lowest_award=lowest,
        below_lowest=below,
    )
    reader.finish()
    return limits


def _read_conversion(reader: Reader, decimals: int) -> Conversion:
    """`give` is kept with four decimals, since the other type may stand further down in the document."""
    conversion = Conversion(
        to=reader.key("to"),
        take=reader.number("take", decimals, low=1) or 1,
        give=reader.number("give", MOST_DECIMALS, low=1),
        smallest=reader.number("smallest", decimals, low=0, required=False),
    )
    reader.finish()
    return conversion


# --- writing --------------------------------------------------------------------------------------
def dump_point_type(item: PointType, money_digits: int) -> dict[str, Any]:
    written: dict[str, Any] = {
        "key": item.key,
        "name": dict(item.name),
        "unit": {language: dict(forms) for language, forms in item.unit},
        "decimals": item.decimals,
        "cost": format_decimal(item.cost, COST_DIGITS) if item.cost else None,
        "limits": _dump_limits(item.limits, item.decimals),
        "expiry": dump_expiry(item.expiry),
        "pending": dump_pending(item.pending, item.decimals),
        "spendable": item.spendable,
        "transferable": item.transferable,
        "conversions": [_dump_conversion(each, item.decimals) for each in item.conversions],
        "money": dump_rate(item.money, item.decimals, money_digits),
    }
    return {name: value for name, value in written.items() if value not in (None, {}, [])}


def _dump_conversion(conversion: Conversion, decimals: int) -> dict[str, Any]:
    written = {
        "to": conversion.to,
        "take": format_decimal(conversion.take, decimals),
        "give": format_decimal(conversion.give, MOST_DECIMALS),
    }
    if conversion.smallest:
        written["smallest"] = format_decimal(conversion.smallest, decimals)
    return written


def _dump_limits(limits: Limits, digits: int) -> dict[str, Any]:
    written: dict[str, Any] = {
        "per_purchase": None if limits.per_purchase is None else format_decimal(limits.per_purchase, digits),
        "per_member": [
            {"per": cap.period.value, "points": format_decimal(cap.most, digits)} for cap in limits.per_member
        ],
        "highest_balance": (
            None if limits.highest_balance is None else format_decimal(limits.highest_balance, digits)
        ),
    }
    if limits.budget is not None:
        points = format_decimal(limits.budget.most, digits)
        written["budget"] = {"per": limits.budget.period.value, "points": points}
    if limits.lowest_award:
        points = format_decimal(limits.lowest_award, digits)
        written["lowest_award"] = {"points": points, "below": limits.below_lowest.value}
    return {name: value for name, value in written.items() if value not in (None, [])}
