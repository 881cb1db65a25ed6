"""The words of conditions: which facts exist, of which type, and what may be asked of each type.

A fact is declared once here; the YAML file, the form, the sentence and the evaluation all follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from programs.engine.facts import Facts, Line


class FactType(StrEnum):
    MONEY = "money"
    QUANTITY = "quantity"
    INTEGER = "integer"
    TEXT = "text"
    TEXTS = "texts"
    WEEKDAY = "weekday"
    TIME = "time"
    DATE = "date"
    LIST = "list"


class Operator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    BETWEEN = "between"
    STARTS_WITH = "starts_with"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


class Scope(StrEnum):
    """What a fact belongs to: the purchase as a whole (with its member and time) or a single line."""

    PURCHASE = "purchase"
    LINE = "line"


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ORDER = (Operator.EQUALS, Operator.NOT_EQUALS, Operator.AT_LEAST, Operator.MORE_THAN, Operator.AT_MOST)
_NUMBER = (*_ORDER, Operator.LESS_THAN, Operator.BETWEEN)
_OPTIONAL = (*_NUMBER, Operator.IS_SET, Operator.IS_NOT_SET)
OPERATORS: Mapping[FactType, tuple[Operator, ...]] = {
    FactType.MONEY: _NUMBER,
    FactType.QUANTITY: _NUMBER,
    FactType.INTEGER: _OPTIONAL,
    FactType.TIME: _NUMBER,
    FactType.DATE: _OPTIONAL,
    FactType.WEEKDAY: (Operator.ONE_OF, Operator.NONE_OF),
    FactType.LIST: (Operator.ONE_OF, Operator.NONE_OF),
    FactType.TEXTS: (Operator.ONE_OF, Operator.NONE_OF, Operator.IS_SET, Operator.IS_NOT_SET),
    FactType.TEXT: (
        Operator.EQUALS,
        Operator.NOT_EQUALS,
        Operator.ONE_OF,
        Operator.NONE_OF,
        Operator.STARTS_WITH,
        Operator.IS_SET,
        Operator.IS_NOT_SET,
    ),
}


class Fact(NamedTuple):
    """A fact: its type, what it belongs to, and how it is read."""

    type: FactType
    scope: Scope
    get: Callable[[Any], Any]


def _purchase(kind: FactType, get: Callable[[Facts], Any]) -> Fact:
    return Fact(kind, Scope.PURCHASE, get)


def _line(kind: FactType, get: Callable[[Line], Any]) -> Fact:
    return Fact(kind, Scope.LINE, get)


def _days_since(get: Callable[[Facts], date | None]) -> Callable[[Facts], int | None]:
    def days(facts: Facts) -> int | None:
        then = get(facts)
        return None if then is None else (facts.day - then).days

    return days


SKU = "line.sku"
LIST = "line.list"


def _unread(_line: Line) -> Any:
    """What is asked of lists is asked of the article: `programs.engine.lists.with_skus`."""
    raise LookupError(LIST)


FACTS: Mapping[str, Fact] = {
    "basket.total": _purchase(FactType.MONEY, lambda f: f.total),
    "basket.total_without_tax": _purchase(
        FactType.MONEY, lambda f: f.total - sum(line.tax for line in f.lines)
    ),
    "basket.discount": _purchase(FactType.MONEY, lambda f: sum(line.discount for line in f.lines)),
    "basket.quantity": _purchase(FactType.QUANTITY, lambda f: sum(line.quantity for line in f.lines)),
    "basket.lines": _purchase(FactType.INTEGER, lambda f: len(f.lines)),
    "purchase.partner": _purchase(FactType.TEXT, lambda f: f.basket.partner),
    "purchase.store": _purchase(FactType.TEXT, lambda f: f.basket.store),
    "purchase.channel": _purchase(FactType.TEXT, lambda f: f.basket.channel),
    "purchase.payment": _purchase(FactType.TEXT, lambda f: f.basket.payment),
    "purchase.till": _purchase(FactType.TEXT, lambda f: f.basket.till),
    "purchase.cashier": _purchase(FactType.TEXT, lambda f: f.basket.cashier),
    "purchase.weekday": _purchase(FactType.WEEKDAY, lambda f: f.local.weekday()),
    "purchase.time": _purchase(FactType.TIME, lambda f: f.local.hour * 60 + f.local.minute),
    "purchase.date": _purchase(FactType.DATE, lambda f: f.day),
    "purchase.month": _purchase(FactType.INTEGER, lambda f: f.day.month),
    "purchase.day_of_month": _purchase(FactType.INTEGER, lambda f: f.day.day),
    "member.purchases_before": _purchase(FactType.INTEGER, lambda f: f.member.purchases),
    "member.days_since_last_purchase": _purchase(
        FactType.INTEGER, _days_since(lambda f: f.member.last_purchase_on)
    ),
    "member.days_since_joining": _purchase(FactType.INTEGER, _days_since(lambda f: f.member.joined_on)),
    "member.age": _purchase(FactType.INTEGER, lambda f: f.member.age),
    SKU: _line(FactType.TEXT, lambda line: line.sku),
    LIST: _line(FactType.LIST, _unread),
    "line.category": _line(FactType.TEXT, lambda line: line.category),
    "line.department": _line(FactType.TEXT, lambda line: line.department),
    "line.brand": _line(FactType.TEXT, lambda line: line.brand),
    "line.label": _line(FactType.TEXTS, lambda line: line.labels),
    "line.kind": _line(FactType.TEXT, lambda line: line.kind),
    "line.amount": _line(FactType.MONEY, lambda line: line.amount),
    "line.discount": _line(FactType.MONEY, lambda line: line.discount),
    "line.quantity": _line(FactType.QUANTITY, lambda line: line.quantity),
}


TIER = "member.tier"


def tier_ladder(name: str) -> str | None:
    """The ladder that a fact about tiers asks: "member.tier.status" asks "status", "member.tier" the main one ("").
    None for any other fact."""
    if name == TIER:
        return ""
    return name.removeprefix(f"{TIER}.") or None if name.startswith(f"{TIER}.") else None


def _tier(ladder: str) -> Callable[[Facts], str]:
    return lambda facts: facts.member.tiers.get(ladder, "")


# What a fact about a field of an event is called by, and the types of fields that it reads.
_EVENT_FACTS: Mapping[str, tuple[FactType, tuple[str, ...]]] = {
    "text": (FactType.TEXT, ("text", "boolean")),
    "number": (FactType.QUANTITY, ("number",)),
    "money": (FactType.MONEY, ("money",)),
    "date": (FactType.DATE, ("date",)),
}


def event_field(name: str) -> tuple[tuple[str, ...], str] | None:
    """For a fact such as "event.number.nights": the types of fields it reads, and the field."""
    parts = name.split(".")
    if len(parts) != 3 or parts[0] != "event" or parts[1] not in _EVENT_FACTS or not parts[2]:
        return None
    return _EVENT_FACTS[parts[1]][1], parts[2]


def _event_fact(kind: str, field: str) -> Fact:
    def text(facts: Facts) -> str:
        value = facts.basket.payload.get(field)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value or ""

    def day(facts: Facts) -> date | None:
        value = facts.basket.payload.get(field)
        return date.fromisoformat(value) if value else None

    get: Mapping[str, Callable[[Facts], Any]] = {"text": text, "date": day}
    return _purchase(_EVENT_FACTS[kind][0], get.get(kind, lambda facts: facts.basket.payload.get(field)))


def _first_attribute(name: str) -> Callable[[Facts], str]:
    def get(facts: Facts) -> str:
        return next((line.attributes[name] for line in facts.lines if name in line.attributes), "")

    return get


def fact(name: str) -> Fact | None:
    """The declared fact of this name; attributes ("member.attribute.city") are texts, empty when unknown."""
    declared = FACTS.get(name)
    if declared is not None:
        return declared
    if (ladder := tier_ladder(name)) is not None:
        return _purchase(FactType.TEXT, _tier(ladder))
    if (field := event_field(name)) is not None:
        return _event_fact(name.split(".")[1], field[1])
    owner, separator, attribute = name.partition(".attribute.")
    if not separator or not attribute:
        return None
    if owner == "member":
        return _purchase(FactType.TEXT, lambda f: f.member.attributes.get(attribute, ""))
    if owner == "purchase":
        return _purchase(FactType.TEXT, _first_attribute(attribute))
    if owner == "line":
        return _line(FactType.TEXT, lambda line: line.attributes.get(attribute, ""))
    return None
