"""Between what was known of a member at a purchase, as stored with it, and as the engine sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from programs.engine.facts import MemberFacts, Usage
from programs.engine.needs import Needs

__all__ = ["facts_document", "stored_facts"]


def facts_document(facts: MemberFacts, needs: Needs) -> dict[str, Any]:
    """What is stored with a purchase: what the rules look at, where it is not empty. Of a member's own words only
    those that rules name are kept, since purchases are never erased."""
    stored: dict[str, Any] = {"purchases": facts.purchases}
    if facts.last_purchase_on is not None:
        stored["last"] = facts.last_purchase_on.isoformat()
    if facts.joined_on is not None:
        stored["joined"] = facts.joined_on.isoformat()
    if needs.age and facts.age is not None:
        stored["age"] = facts.age
    if needs.attributes:
        known = {name: words.kept(facts.attributes.get(name, "")) for name, words in needs.attributes.items()}
        stored["attributes"] = {name: value for name, value in known.items() if value}
    if facts.tiers:
        stored["tiers"] = dict(facts.tiers)
    if facts.usage:
        # In an order of its own: counters come as they were loaded or counted.
        stored["usage"] = [[rule, period, *used] for (rule, period), used in sorted(facts.usage.items())]
    if facts.balances:
        stored["balances"] = dict(facts.balances)
    if facts.budgets:
        stored["budgets"] = [[rule, period, used] for (rule, period), used in facts.budgets.items()]
    return stored


def stored_facts(stored: Mapping[str, Any]) -> MemberFacts:
    """What was known of the member when a purchase was judged."""
    return MemberFacts(
        joined_on=_day(stored.get("joined")),
        age=stored.get("age"),
        purchases=stored.get("purchases", 0),
        last_purchase_on=_day(stored.get("last")),
        attributes=stored.get("attributes", {}),
        tiers=stored.get("tiers", {}),
        usage={
            (rule, period): Usage(points, times) for rule, period, points, times in stored.get("usage", ())
        },
        balances=stored.get("balances", {}),
        budgets={(rule, period): used for rule, period, used in stored.get("budgets", ())},
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
