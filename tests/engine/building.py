"""Short ways to write a programme, a purchase and what came of it, for tables of cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.core.exact import parse_decimal
from programs.engine.document import Core, read_core
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, Line, MemberFacts
from programs.engine.reader import InvalidDocument
from programs.engine.ruleset import Ruleset

NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)  # a Wednesday
NOBODY = MemberFacts()
Document = dict[str, Any]


def document(*rules: Document, **parts: Any) -> Document:
    """A whole document: rules get a title; `parts` are policies, groups, events, ladders, lists, zone, currency, and
    of the main point type limits, decimals, expiry, pending, conversions, money."""
    point_type = {"key": "points", "name": "Points", "decimals": parts.get("decimals", 0)}
    for name in ("limits", "expiry", "pending", "conversions", "money"):
        if name in parts:
            point_type[name] = parts[name]
    written: Document = {
        "programme": {
            "key": "shop",
            "name": "Shop",
            "zone": parts.get("zone", "UTC"),
            "currency": parts.get("currency", "EUR"),
        },
        "point_types": [point_type, *parts.get("point_types", [])],
        "rules": [{"title": rule["key"], **rule} for rule in rules],
    }
    for name in ("policies", "groups", "events", "ladders", "lists"):
        if name in parts:
            written[name] = parts[name]
    return written


def ruleset(*rules: Document, **parts: Any) -> Ruleset:
    return Ruleset(read_core(document(*rules, **parts)))


def line(amount: str = "10.00", sku: str = "a", quantity: str = "1", **more: Any) -> Line:
    for name in ("discount", "tax"):
        if name in more:
            more[name] = parse_decimal(more[name], 2)
    return Line(sku, parse_decimal(quantity, 3), parse_decimal(amount, 2), **more)


def basket(*lines: Line | str, **more: Any) -> Basket:
    """A purchase; a text is a line of that amount."""
    more.setdefault("occurred_at", NOON)
    return Basket(
        lines=tuple(
            item if isinstance(item, Line) else line(item, f"sku{at}") for at, item in enumerate(lines)
        ),
        **more,
    )


def given(result: Evaluation) -> dict[str, int]:
    """Points by rule; checks on the way that every split sums to its award."""
    for award in result.awards:
        assert sum(award.split) == award.points, award
        assert award.points > 0, award
    assert len({award.rule for award in result.awards}) == len(result.awards)
    return {award.rule: award.points for award in result.awards}


def skipped(result: Evaluation) -> dict[str, str]:
    assert len({skip.rule for skip in result.skips}) == len(result.skips), result.skips
    return {skip.rule: skip.code for skip in result.skips}


def earned(rules: Ruleset, purchase: Basket, member: MemberFacts = NOBODY) -> dict[str, int]:
    """Points by rule. Every rule that is on gives something or has exactly one reason why not."""
    result = evaluate(purchase, member, rules)
    points, reasons = given(result), skipped(result)
    on = {rule.key for rule in rules.core.rules if rule.enabled}
    assert set(points) | set(reasons) == on, result
    assert not set(points) & set(reasons), result
    return points


def faults(written: Any) -> list[tuple[str, str]]:
    """(code, path) of everything wrong with a document; empty when it is read."""
    try:
        core: Core = read_core(written)
    except InvalidDocument as invalid:
        return [(fault.code, ".".join(str(step) for step in fault.path)) for fault in invalid.faults]
    Ruleset(core)  # what is read can be compiled
    return []


# Rules in few words.
def per_step(key: str = "base", points: str = "1", step: str = "1.00", **more: Any) -> Document:
    return {"key": key, "effect": {"kind": "per_step", "points": points, "step": step}, **more}


def percent(key: str = "base", share: str = "10", **more: Any) -> Document:
    return {"key": key, "effect": {"kind": "percent", "percent": share}, **more}


def per_unit(key: str = "base", points: str = "1", **more: Any) -> Document:
    return {"key": key, "effect": {"kind": "per_unit", "points": points}, **more}


def fixed(key: str = "bonus", points: str = "100", **more: Any) -> Document:
    return {"key": key, "effect": {"kind": "fixed", "points": points}, **more}


def times(key: str, factor: str, group: str = "multipliers", **more: Any) -> Document:
    return {"key": key, "group": group, "effect": {"kind": "multiplier", "factor": factor}, **more}


def only(category: str) -> Document:
    return {"fact": "line.category", "is": "equals", "value": category}


MULTIPLIERS = [{"key": "base"}, {"key": "multipliers"}]
