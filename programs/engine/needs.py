"""What of the member's state a programme's rules look at, so that nothing else has to be read or kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from loyalty.core.exact import Period
from programs.engine.conditions import Leaf, walk
from programs.engine.document import Core
from programs.engine.vocabulary import TIER, Operator

_ATTRIBUTE = "member.attribute."
OTHER = "…"  # stands for a value that no rule names


@dataclass(frozen=True, slots=True)
class Words:
    """The values that rules compare an attribute with, and the beginnings that they look for."""

    values: frozenset[str]
    beginnings: tuple[str, ...]

    def kept(self, value: str) -> str:
        """What is kept of a member's own value: the word of the rules that it equals or begins with.

        Purchases are never erased, so they hold nothing that only the member has said.
        """
        if not value or value in self.values:
            return value
        found = [start for start in self.beginnings if value.startswith(start)]
        return max(found, key=len, default=OTHER)


@dataclass(frozen=True, slots=True)
class Needs:
    """`usage` and `budgets` name (rule or "*point type", period), `last_award` rules, `balances` point types,
    `attributes` the members' attributes with the words that rules compare them with, `age` and `tiers` whether they are
    asked."""

    usage: frozenset[tuple[str, Period]]
    budgets: frozenset[tuple[str, Period]]
    last_award: frozenset[str]
    balances: frozenset[str]
    attributes: Mapping[str, Words]
    age: bool
    tiers: bool


def limit_key(point_type: str) -> str:
    """The name under which the limits of a point type are counted, beside the rules' own keys."""
    return f"*{point_type}"


def needs_of(core: Core) -> Needs:
    """What the rules and limits of a core look at."""
    usage: set[tuple[str, Period]] = set()
    budgets: set[tuple[str, Period]] = set()
    for rule in core.rules:
        usage.update((rule.key, cap.period) for cap in (*rule.caps.per_member, *rule.caps.times))
        if rule.caps.budget is not None:
            budgets.add((rule.key, rule.caps.budget.period))
    for item in core.point_types:
        usage.update((limit_key(item.key), cap.period) for cap in item.limits.per_member)
        if item.limits.budget is not None:
            budgets.add((limit_key(item.key), item.limits.budget.period))
    nodes = [node for rule in core.rules if rule.when is not None for node in walk(rule.when)]
    leaves = [node for node in nodes if isinstance(node, Leaf)]
    return Needs(
        usage=frozenset(usage),
        budgets=frozenset(budgets),
        last_award=frozenset(rule.key for rule in core.rules if rule.caps.cooldown_hours),
        balances=frozenset(item.key for item in core.point_types if item.limits.highest_balance is not None),
        attributes=MappingProxyType(_attributes(leaves)),
        age=any(leaf.fact == "member.age" for leaf in leaves),
        tiers=any(leaf.fact == TIER or leaf.fact.startswith(f"{TIER}.") for leaf in leaves),
    )


def _attributes(leaves: list[Leaf]) -> dict[str, Words]:
    values: dict[str, set[str]] = {}
    beginnings: dict[str, set[str]] = {}
    for leaf in leaves:
        if not leaf.fact.startswith(_ATTRIBUTE):
            continue
        name = leaf.fact.removeprefix(_ATTRIBUTE)
        known = values.setdefault(name, set())
        if leaf.operator is Operator.STARTS_WITH:
            beginnings.setdefault(name, set()).add(leaf.value)
        elif isinstance(leaf.value, str):
            known.add(leaf.value)
        elif leaf.value is not None:
            known.update(leaf.value)
    return {
        name: Words(frozenset(words), tuple(sorted(beginnings.get(name, ()))))
        for name, words in values.items()
    }
