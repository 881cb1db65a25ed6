"""What the trace costs: evaluate() with awards, splits and reasons against a loop that only adds points up.

Both look at the same purchase of five lines with the same twenty compiled rules, and must find the same
total. The bare loop knows that this programme only stacks, has no caps, and rounds each rule down; it tries
each rule on each line, where evaluate() looks most of them up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from time import process_time
from typing import Any

from programs.engine.boosts import ONE
from programs.engine.document import read_core
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, Facts, Line, MemberFacts
from programs.engine.ruleset import CompiledRule, Ruleset

# Many short rounds: whatever else the machine does then meets both alike.
ROUNDS = 201
PURCHASES = 100
LIMIT = 5
AIM = 2


def main() -> None:
    """Print the time of both and their ratio (the middle of interleaved rounds)."""
    rules, bought, member = Ruleset(read_core(document())), purchase(), MemberFacts(purchases=4)
    result = evaluate(bought, member, rules)
    assert result.total("points") == bare(bought, member, rules)
    traced, plain = [], []
    for _round in range(ROUNDS):
        traced.append(_timed(evaluate, bought, member, rules))
        plain.append(_timed(bare, bought, member, rules))
    print(f"{len(result.awards)} awards and {len(result.skips)} reasons of {len(rules.rules)} rules")
    print(f"with trace and reasons  {median(traced):7.1f} us")
    print(f"bare loop               {median(plain):7.1f} us")
    ratio = median(each / other for each, other in zip(traced, plain, strict=True))
    print(f"ratio                   {ratio:7.2f}    (limit {LIMIT}, aim {AIM})")


def _timed(run: Any, bought: Basket, member: MemberFacts, rules: Ruleset) -> float:
    """Microseconds of processor time for one purchase."""
    began = process_time()
    for _purchase in range(PURCHASES):
        run(bought, member, rules)
    return (process_time() - began) * 1e6 / PURCHASES


def bare(bought: Basket, member: MemberFacts, rules: Ruleset) -> int:
    """The points of a purchase and nothing else: no objects by rule, no splits, no reasons."""
    facts = Facts(bought, member, rules.zone)
    lines, plan = facts.lines, rules.plans["purchase"][0]
    amounts = [line.amount for line in lines]
    everything = range(len(lines))
    factors, scale = [1] * len(lines), 1
    for group in plan.multipliers:
        for rule in group.rules:
            if _fires(rule, facts):
                scale *= ONE
                match, factor = rule.match, rule.factor
                for at in everything:
                    factors[at] *= factor if match is None or match(lines[at]) else ONE
    total = 0
    for group in plan.groups:
        for rule in group.rules:
            if _fires(rule, facts):
                match = rule.match
                chosen = everything if match is None else [at for at in everything if match(lines[at])]
                if chosen:
                    values = [line.quantity for line in lines] if rule.by_unit else amounts
                    total += _points(rule, [(values[at], factors[at]) for at in chosen], scale)
    return total


def _points(rule: CompiledRule, counted: list[tuple[int, int]], scale: int) -> int:
    """Points of one rule, rounded down, of (value, factor) by line."""
    if rule.flat:
        return rule.points
    base = weighted = 0
    for value, factor in counted:
        base += value
        weighted += value * factor
    if base <= 0:
        return 0
    points: int = base // rule.step * rule.points * weighted // (rule.denominator * base * scale)
    return points


def _fires(rule: CompiledRule, facts: Facts) -> bool:
    if rule.check is not None and rule.check(facts) is not None:
        return False
    return rule.schedule is None or rule.schedule(facts) is None


def purchase() -> Basket:
    lines = (
        Line("milk", 2000, 398, "dairy", "food", "acme", frozenset({"bio"})),
        Line("bread", 1000, 249, "bakery", "food", "mill"),
        Line("wine", 1000, 1299, "wine", "drinks", "chateau", frozenset({"import"})),
        Line("soap", 3000, 597, "care", "home", "acme"),
        Line("cheese", 350, 512, "dairy", "food", "farm", frozenset({"bio", "new"})),
    )
    return Basket(
        datetime(2026, 5, 13, 15, 30, tzinfo=UTC), lines, store="S7", channel="shop", payment="card"
    )


def document() -> dict[str, Any]:
    """Twenty rules as a supermarket has them: a base, bonuses by shelf, brand, store and day, multipliers."""
    shelves = ("dairy", "bakery", "wine", "care", "toys", "garden")
    rules: list[dict[str, Any]] = [
        _rule("base", {"kind": "per_step", "points": "1", "step": "1.00"}),
        _rule("card", {"kind": "percent", "percent": "0.5"}, when=_is("purchase.payment", "equals", "card")),
        *[
            _rule(f"shelf-{shelf}", _percent(20 + at), lines=_is("line.category", "equals", shelf))
            for at, shelf in enumerate(shelves)
        ],
        _rule("bio", {"kind": "per_unit", "points": "5"}, lines=_is("line.label", "one_of", ["bio"])),
        _rule("acme", {"kind": "per_unit", "points": "2"}, lines=_is("line.brand", "equals", "acme")),
        _rule("basket-20", _fixed(20), when=_is("basket.total", "at_least", "20.00")),
        _rule("basket-50", _fixed(60), when=_is("basket.total", "at_least", "50.00")),
        _rule("stores", _fixed(5), when=_is("purchase.store", "one_of", ["S1", "S2", "S3"])),
        _rule("first", _fixed(100), when=_is("member.purchases_before", "equals", 0)),
        _rule("web", _fixed(10), when=_is("purchase.channel", "equals", "web")),
        _rule(
            "drinks",
            _percent(30),
            when={
                "all": [
                    _is("basket.total", "at_least", "15.00"),
                    {"not": _is("purchase.store", "equals", "S9")},
                ]
            },
            lines={"any": [_is("line.department", "equals", "drinks"), _is("line.brand", "equals", "farm")]},
        ),
        _rule("weekend", _fixed(15), schedule={"weekdays": ["sat", "sun"]}),
        _rule("summer", _percent(10), schedule={"since": "2026-06-01", "until": "2026-09-01"}),
        _rule("double-food", _times("2"), lines=_is("line.department", "equals", "food"), group="boosts"),
        _rule(
            "happy-hour",
            _times("3"),
            schedule={"hours": [{"start": "06:00", "end": "08:00"}]},
            group="boosts",
        ),
    ]
    return {
        "programme": {"key": "bench", "name": "Bench", "zone": "Europe/Tallinn", "currency": "EUR"},
        "point_types": [{"key": "points", "name": "Points"}],
        "groups": [{"key": "base"}, {"key": "boosts"}],
        "rules": rules,
    }


def _rule(key: str, effect: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"key": key, "title": key, "effect": effect, **parts}


def _is(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": name, "is": operator, "value": value}


def _percent(percent: int) -> dict[str, Any]:
    return {"kind": "percent", "percent": str(percent)}


def _fixed(points: int) -> dict[str, Any]:
    return {"kind": "fixed", "points": str(points)}


def _times(factor: str) -> dict[str, Any]:
    return {"kind": "multiplier", "factor": factor}


if __name__ == "__main__":
    main()
