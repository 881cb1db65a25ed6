"""Condition trees compiled to closures: once per revision, then called for every purchase or line."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from typing import Any

from programs.engine.conditions import (
    All,
    AnyOf,
    Check,
    Condition,
    Leaf,
    LinesLeaf,
    Match,
    Measure,
    Not,
    dump_value,
)
from programs.engine.facts import Facts, Line
from programs.engine.vocabulary import FactType, Operator, fact

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: op.ge,
    Operator.MORE_THAN: op.gt,
    Operator.AT_MOST: op.le,
    Operator.LESS_THAN: op.lt,
}


def predicate(kind: FactType, operator: Operator, value: Any) -> Callable[[Any], bool]:
    """A test of one value. An unknown value (None) satisfies only not_equals, none_of and is_not_set."""
    if operator is Operator.IS_SET:
        return lambda found: bool(found) if kind in (FactType.TEXT, FactType.TEXTS) else found is not None
    if operator is Operator.IS_NOT_SET:
        return lambda found: not found if kind in (FactType.TEXT, FactType.TEXTS) else found is None
    if kind is FactType.TEXTS:
        wanted = frozenset(value)
        if operator is Operator.ONE_OF:
            return lambda found: not wanted.isdisjoint(found)
        return wanted.isdisjoint
    if operator is Operator.ONE_OF:
        return frozenset(value).__contains__
    if operator is Operator.NONE_OF:
        excluded = frozenset(value)
        return lambda found: found not in excluded
    if operator is Operator.STARTS_WITH:
        return lambda found: found.startswith(value)
    if operator is Operator.BETWEEN:
        low, high = value
        return lambda found: found is not None and low <= found <= high
    compare = _COMPARE.get(operator)
    if compare is not None:
        return lambda found: found is not None and compare(found, value)
    return (lambda found: found == value) if operator is Operator.EQUALS else (lambda found: found != value)


def compile_match(node: Condition) -> Match:
    """A condition over line facts as a plain yes or no."""
    if isinstance(node, Leaf):
        known = fact(node.fact)
        assert known is not None, node.fact
        get, test = known.get, predicate(known.type, node.operator, node.value)
        return lambda line: test(get(line))
    if isinstance(node, Not):
        inner = compile_match(node.child)
        return lambda line: not inner(line)
    assert isinstance(node, (All, AnyOf))
    tests = tuple(compile_match(child) for child in node.children)
    if len(tests) == 1:
        return tests[0]
    return _match_all(tests) if isinstance(node, All) else _match_any(tests)


def _match_all(tests: tuple[Match, ...]) -> Match:
    def match(line: Line) -> bool:
        for test in tests:  # noqa: SIM110 - called for every line of every purchase
            if not test(line):
                return False
        return True

    return match


def _match_any(tests: tuple[Match, ...]) -> Match:
    def match(line: Line) -> bool:
        for test in tests:  # noqa: SIM110 - called for every line of every purchase
            if test(line):
                return True
        return False

    return match


def _measure(node: LinesLeaf) -> Callable[[Facts], int]:
    match = compile_match(node.where)
    if node.of is Measure.COUNT:
        return lambda facts: sum([1 for line in facts.lines if match(line)])
    if node.of is Measure.QUANTITY:
        return lambda facts: sum([line.quantity for line in facts.lines if match(line)])
    return lambda facts: sum([line.amount for line in facts.lines if match(line)])


_MEASURE_TYPES = {
    Measure.COUNT: FactType.INTEGER,
    Measure.QUANTITY: FactType.QUANTITY,
    Measure.AMOUNT: FactType.MONEY,
}


def compile_check(node: Condition, path: str = "") -> Check | None:
    """A condition over a purchase that answers with the path of the leaf that failed; None for "always"."""
    if isinstance(node, (Leaf, LinesLeaf)):
        get, kind = reading(node)
        test = predicate(kind, node.operator, node.value)
        return lambda facts: None if test(get(facts)) else path
    if isinstance(node, Not):
        inner = compile_check(node.child, path)
        if inner is None:
            return lambda _facts: path
        return lambda facts: path if inner(facts) is None else None
    here = f"{path}." if path else ""
    checks = tuple(
        check
        for index, child in enumerate(node.children)
        if (check := compile_check(child, f"{here}{index}")) is not None
    )
    if isinstance(node, AnyOf):
        return _any(checks, path) if len(checks) == len(node.children) else None
    if not checks:
        return None
    return checks[0] if len(checks) == 1 else _all(checks)


def _all(checks: tuple[Check, ...]) -> Check:
    def check(facts: Facts) -> str | None:
        for child in checks:
            failed = child(facts)
            if failed is not None:
                return failed
        return None

    return check


def _any(checks: tuple[Check, ...], path: str) -> Check:
    def check(facts: Facts) -> str | None:
        for child in checks:
            if child(facts) is None:
                return None
        return path

    return check


def reading(node: Leaf | LinesLeaf) -> tuple[Callable[[Facts], Any], FactType]:
    """How the value that a leaf looks at is read, and its type."""
    if isinstance(node, LinesLeaf):
        return _measure(node), _MEASURE_TYPES[node.of]
    known = fact(node.fact)
    assert known is not None, node.fact
    return known.get, known.type


def at(node: Condition, path: str) -> Condition:
    """The node of a tree at a path given by a check."""
    for step in path.split(".") if path else ():
        assert isinstance(node, (All, AnyOf))
        node = node.children[int(step)]
    return node


def found(node: Condition, facts: Facts, money_digits: int) -> Any:
    """What a leaf saw, in document form, for the reason why a rule did not fire; None for groups."""
    if not isinstance(node, (Leaf, LinesLeaf)):
        return None
    get, kind = reading(node)
    return dump_value(get(facts), kind, money_digits)
