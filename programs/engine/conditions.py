"""Conditions: a typed tree of all / any / not over facts, read from a document and compiled to closures.

In a document a node is one of
    {all: [node, …]}   {any: [node, …]}   {not: node}
    {fact: basket.total, is: at_least, value: "20.00"}
    {lines: node over line facts, of: count | quantity | amount, is: at_least, value: 2}
There is no expression language and no code; size and depth are limited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loyalty.core.exact import format_decimal
from programs.engine.facts import QUANTITY_DIGITS, Facts, Line
from programs.engine.reader import Reader, day_of, minute_of_day, printable
from programs.engine.vocabulary import OPERATORS, WEEKDAYS, FactType, Operator, Scope, fact

MOST_NODES = 500
MOST_DEPTH = 20
MOST_VALUES = 5_000

# A compiled condition answers None when it holds, else the path of the first leaf that does not ("0.1").
Check = Callable[[Facts], str | None]
Match = Callable[[Line], bool]


class Measure(StrEnum):
    """What is summed over the lines that match."""

    COUNT = "count"
    QUANTITY = "quantity"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A comparison of one fact with a value (a pair for `between`, a tuple for lists, None for is_set)."""

    fact: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class LinesLeaf:
    """A comparison of a sum over the matching lines."""

    where: Condition
    of: Measure
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    children: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    children: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: Condition


Condition = Leaf | LinesLeaf | All | AnyOf | Not
ALWAYS = All(())
MEASURES = {
    Measure.COUNT: FactType.INTEGER,
    Measure.QUANTITY: FactType.QUANTITY,
    Measure.AMOUNT: FactType.MONEY,
}


def walk(node: Condition) -> Iterator[Condition]:
    """The node and everything below it; what a sum over lines asks of each line is not entered."""
    yield node
    children = node.children if isinstance(node, (All, AnyOf)) else ()
    for child in (node.child,) if isinstance(node, Not) else children:
        yield from walk(child)


# --- reading --------------------------------------------------------------------------------------
class ConditionReader:
    """Reads one tree; counts its nodes so that a document cannot ask for endless work."""

    def __init__(self, money_digits: int) -> None:
        self.money_digits = money_digits
        self.nodes = 0

    def read(self, reader: Reader, scope: Scope, depth: int = 1) -> Condition:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > MOST_DEPTH:
            if self.nodes == MOST_NODES + 1 or depth == MOST_DEPTH + 1:
                reader.fault("too_complex", nodes=MOST_NODES, depth=MOST_DEPTH)
            return ALWAYS
        kinds = [kind for kind in ("all", "any", "not", "fact", "lines") if kind in reader.data]
        if len(kinds) != 1:
            reader.fault("bad_condition", expected=["all", "any", "not", "fact", "lines"])
            return ALWAYS
        kind = kinds[0]
        node: Condition
        if kind in ("all", "any"):
            children = tuple(
                self.read(child, scope, depth + 1) for child in reader.children(kind, most=MOST_NODES)
            )
            if not children:
                reader.fault("empty_group", kind)
            node = All(children) if kind == "all" else AnyOf(children)
        elif kind == "not":
            inner = reader.child("not", required=True)
            node = Not(self.read(inner, scope, depth + 1)) if inner else ALWAYS
        elif kind == "fact":
            node = self._leaf(reader, scope)
        else:
            node = self._lines(reader, scope, depth)
        reader.finish()
        return node

    def _leaf(self, reader: Reader, scope: Scope) -> Condition:
        name = reader.text("fact", required=True, longest=100)
        known = fact(name)
        operator = reader.choice("is", Operator)
        if known is None or known.scope is not scope:
            reader.fault(
                "unknown_fact" if known is None else "wrong_scope", "fact", value=name, scope=scope.value
            )
            reader.take("value")
            return ALWAYS
        return Leaf(name, operator, self._value(reader, known.type, operator))

    def _lines(self, reader: Reader, scope: Scope, depth: int) -> Condition:
        inner = reader.child("lines", required=True)
        measure = reader.choice("of", Measure, default=Measure.COUNT)
        operator = reader.choice("is", Operator, default=Operator.AT_LEAST)
        if scope is not Scope.PURCHASE:
            reader.fault("wrong_scope", "lines", value="lines", scope=scope.value)
        if inner is None or scope is not Scope.PURCHASE:
            return ALWAYS
        where = self.read(inner, Scope.LINE, depth + 1)
        if operator is Operator.AT_LEAST and not reader.has("value"):
            reader.take("value")
            return LinesLeaf(where, measure, operator, 1)  # any at all
        kind = MEASURES[measure]
        value = self._value(reader, kind, operator)
        if operator in (Operator.IS_SET, Operator.IS_NOT_SET) and operator in OPERATORS[kind]:
            options = [option.value for option in OPERATORS[FactType.MONEY]]
            reader.fault("wrong_operator", "is", value=operator.value, options=options)
        return LinesLeaf(where, measure, operator, value)

    def _value(self, reader: Reader, kind: FactType, operator: Operator) -> Any:
        if operator not in OPERATORS[kind]:
            options = [option.value for option in OPERATORS[kind]]
            reader.fault("wrong_operator", "is", value=operator.value, options=options)
            reader.take("value")
            return None
        if operator in (Operator.IS_SET, Operator.IS_NOT_SET):
            return None
        raw = reader.take("value", required=True)
        if raw is None:
            return None
        if operator not in (Operator.ONE_OF, Operator.NONE_OF, Operator.BETWEEN):
            return self._single(reader, raw, kind, "value")
        if not isinstance(raw, list) or not raw or (operator is Operator.BETWEEN and len(raw) != 2):
            reader.fault("wrong_type", "value", expected="pair" if operator is Operator.BETWEEN else "list")
            return None
        if len(raw) > MOST_VALUES:
            reader.fault("too_many", "value", most=MOST_VALUES)
            return None
        values = [self._single(reader, item, kind, "value") for item in raw]
        if None in values:
            return None
        if operator is Operator.BETWEEN:
            if values[0] > values[1]:
                reader.fault("bad_range", "value")
            return tuple(values)
        return tuple(sorted(set(values)))

    def _single(self, reader: Reader, raw: Any, kind: FactType, name: str) -> Any:
        if kind is FactType.MONEY:
            return reader.as_number(raw, self.money_digits, name)
        if kind is FactType.QUANTITY:
            return reader.as_number(raw, QUANTITY_DIGITS, name)
        if kind is FactType.INTEGER:
            return reader.as_number(raw, 0, name)
        if not isinstance(raw, str) or len(raw) > 200 or not printable(raw):
            reader.fault("wrong_type", name, expected=kind.value)
            return None
        try:
            if kind is FactType.WEEKDAY:
                return WEEKDAYS.index(raw)
            if kind is FactType.TIME:
                return minute_of_day(raw)
            if kind is FactType.DATE:
                return day_of(raw)
        except ValueError:
            reader.fault("wrong_type", name, expected=kind.value, value=raw[:60])
            return None
        return raw


def read_condition(reader: Reader, scope: Scope, money_digits: int) -> Condition:
    """Read a condition tree; faults go to the reader."""
    return ConditionReader(money_digits).read(reader, scope)


# --- writing --------------------------------------------------------------------------------------
def dump_condition(node: Condition, money_digits: int) -> dict[str, Any]:
    """The tree as a document node; reading it back gives an equal tree."""
    if isinstance(node, All):
        return {"all": [dump_condition(child, money_digits) for child in node.children]}
    if isinstance(node, AnyOf):
        return {"any": [dump_condition(child, money_digits) for child in node.children]}
    if isinstance(node, Not):
        return {"not": dump_condition(node.child, money_digits)}
    if isinstance(node, LinesLeaf):
        return {
            "lines": dump_condition(node.where, money_digits),
            "of": node.of.value,
            "is": node.operator.value,
            "value": dump_value(node.value, MEASURES[node.of], money_digits),
        }
    known = fact(node.fact)
    written: dict[str, Any] = {"fact": node.fact, "is": node.operator.value}
    if node.value is not None and known is not None:
        written["value"] = dump_value(node.value, known.type, money_digits)
    return written


def dump_value(value: Any, kind: FactType, money_digits: int) -> Any:
    """A value of a fact in document form: money and quantities as decimal texts."""
    if isinstance(value, (tuple, frozenset)):
        items = value if isinstance(value, tuple) else sorted(value)
        return [dump_value(item, kind, money_digits) for item in items]
    if value is None:
        return None
    if kind is FactType.MONEY:
        return format_decimal(value, money_digits)
    if kind is FactType.QUANTITY:
        return format_decimal(value, QUANTITY_DIGITS)
    if kind is FactType.WEEKDAY:
        return WEEKDAYS[value]
    if kind is FactType.TIME:
        return f"{value // 60:02}:{value % 60:02}"
    return value.isoformat() if kind is FactType.DATE else value
