"""What documents have in common that rules were asked about: which gave points, which did not, and why.

Money is minor units, quantities thousandths, points the smallest unit of their point type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from members.models import Event, Purchase
from members.selectors.facts import stored_facts
from programs.engine.compiling import at, found
from programs.engine.conditions import AnyOf, Condition, Not, dump_condition
from programs.engine.facts import Basket, Facts
from programs.engine.ladders import Ladder
from programs.engine.lists import ProductList
from programs.engine.point_types import PointType
from programs.engine.rules import Rule
from programs.engine.ruleset import Ruleset
from programs.engine.vocabulary import LIST
from programs.selectors.rulesets import ruleset_of

__all__ = ["Award", "Calculation", "Skip", "calculated", "point_type_document", "sums"]


@dataclass(frozen=True, slots=True)
class Award:
    """Points of one rule. `base` is minor units of money, for rules per unit thousandths of a unit.
    `effect` is what the rule says it gives."""

    number: int
    rule: str
    title: Mapping[str, str]
    effect: Mapping[str, Any]
    point_type: str
    points: int
    base: int
    cut: str
    uncut: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that gave nothing. `condition` is the one that failed, `seen` what the purchase had instead;
    `other` the title of the rule that came first, if one did."""

    rule: str
    title: Mapping[str, str]
    code: str
    about: str = ""
    condition: Mapping[str, Any] | None = None
    seen: Any = None
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """Who, when and by which rules, and what came of it. `ladders` are the names of tiers
    (the main ladder also as "") and of product lists."""

    programme: str
    programme_name: Mapping[str, str]
    member: str
    membership_id: int
    partner: str
    partner_name: Mapping[str, str]
    occurred_at: datetime
    recorded_at: datetime
    zone: str
    revision: int
    currency: str
    awards: Sequence[Award]
    skips: Sequence[Skip]
    point_types: Mapping[str, Mapping[str, Any]]
    ladders: Mapping[str, Mapping[str, Any]]
    earned: Mapping[str, int]


def calculated(document: Purchase | Event, basket: Basket) -> dict[str, Any]:
    """The fields of a `Calculation`. `basket` is what stood before the rules."""
    ruleset = ruleset_of(document.revision)
    core, programme = ruleset.core, document.membership.programme
    entries = document.trace.get("awards", [])
    rules = {rule.key: rule for rule in core.rules}
    return {
        "programme": programme.key,
        "programme_name": dict(core.name),
        "member": document.membership.number,
        "membership_id": document.membership_id,
        "partner": document.partner.code,
        "partner_name": dict(document.partner.name),
        "occurred_at": document.occurred_at,
        "recorded_at": document.recorded_at,
        "zone": core.zone,
        "revision": document.revision.number,
        "currency": core.currency,
        "awards": [_award(entry, rules) for entry in entries],
        "skips": _skips(document, basket, ruleset),
        "point_types": {item.key: point_type_document(item) for item in core.point_types},
        "ladders": _names(core.ladders, core.lists),
        "earned": sums(entries),
    }


def sums(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Points of awards, or of what returns took of them, by point type."""
    totals: dict[str, int] = {}
    for entry in entries:
        points = entry["points"] - entry.get("lost", 0)
        totals[entry["type"]] = totals.get(entry["type"], 0) + points
    return totals


def point_type_document(item: PointType) -> dict[str, Any]:
    """How points of a type are told."""
    unit = {language: dict(forms) for language, forms in item.unit}
    return {"name": dict(item.name), "unit": unit, "decimals": item.decimals}


def _names(ladders: Sequence[Ladder], lists: Sequence[ProductList]) -> dict[str, Any]:
    named = {
        ladder.key: {"name": dict(ladder.name), "tiers": {tier.key: dict(tier.name) for tier in ladder.tiers}}
        for ladder in ladders
    }
    if ladders:
        named[""] = named[ladders[0].key]
    if lists:
        named[LIST] = {"tiers": {each.key: dict(each.name) for each in lists}}
    return named


def _title(rules: Mapping[str, Rule], key: str) -> dict[str, str]:
    return dict(rules[key].title) if key in rules else {}


def _award(entry: Mapping[str, Any], rules: Mapping[str, Rule]) -> Award:
    rule = rules.get(entry["rule"])
    return Award(
        number=entry["no"],
        rule=entry["rule"],
        title=_title(rules, entry["rule"]),
        effect={} if rule is None else {**asdict(rule.effect), "kind": rule.effect.kind.value},
        point_type=entry["type"],
        points=entry["points"],
        base=entry.get("base", 0),
        cut=entry.get("cut", ""),
        uncut=entry.get("uncut", 0),
    )


def _skips(document: Purchase | Event, basket: Basket, ruleset: Ruleset) -> list[Skip]:
    rules = {rule.key: rule for rule in ruleset.core.rules}
    compiled = ruleset.rules
    facts = Facts(basket, stored_facts(document.facts), ruleset.zone)
    return [
        _skip(entry, rules, compiled, facts, ruleset.core.money_digits)
        for entry in document.trace.get("skips", [])
    ]


def _skip(
    entry: Sequence[str],
    rules: Mapping[str, Rule],
    compiled: Mapping[str, Rule],
    facts: Facts,
    money_digits: int,
) -> Skip:
    key, code, about = entry[0], entry[1], entry[2] if len(entry) > 2 else ""
    title = _title(rules, key)
    rule = rules.get(key)
    if code != "when":
        return Skip(key, title, code, about, other=_title(rules, about))
    if rule is None or rule.when is None:
        return Skip(key, title, code, about)
    node = at(rule.when, about)
    run = compiled[key].when
    assert run is not None
    seen = found(_seen_by(at(run, about)), facts, money_digits)
    return Skip(key, title, code, about, dump_condition(node, money_digits), seen)


def _seen_by(node: Condition) -> Condition:
    """Of "not" and of an "any" with a single child the leaf inside is what people ask about."""
    while isinstance(node, Not) or (isinstance(node, AnyOf) and len(node.children) == 1):
        node = node.child if isinstance(node, Not) else node.children[0]
    return node
