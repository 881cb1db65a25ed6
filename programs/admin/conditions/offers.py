"""What people choose from: facts in groups, operators, and the values of facts that have only a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.translated import text
from programs.admin.conditions.fields import ATTRIBUTE
from programs.admin.conditions.nodes import Node
from programs.engine.document import Core
from programs.engine.events import FieldType
from programs.engine.facts import LineKind
from programs.engine.vocabulary import (
    FACTS,
    LIST,
    TIER,
    WEEKDAYS,
    FactType,
    Operator,
    Scope,
    event_field,
    fact,
    tier_ladder,
)
from programs.selectors.policies import POLICIES
from programs.selectors.sentences import DAYS, fact_name, operator_words

Option = tuple[str, str]
Options = Sequence[tuple[str, Sequence[Option]]]

_TITLES: Mapping[str, str | Promise] = {
    "basket": _("The purchase"),
    "purchase": _("The purchase"),
    "member": _("The member"),
    "line": _("The line"),
    "event": _("The event"),
}
_OF_EVENTS = {
    FieldType.TEXT: "text",
    FieldType.BOOLEAN: "text",
    FieldType.NUMBER: "number",
    FieldType.MONEY: "money",
    FieldType.DATE: "date",
}


def facts(scope: Scope, core: Core) -> Options:
    """The facts of this scope in groups: what every programme knows, its tiers and events, and attributes."""
    groups: dict[str, list[Option]] = {}

    def offer(name: str, label: str) -> None:
        groups.setdefault(str(_TITLES[name.partition(".")[0]]), []).append((name, capfirst(label)))

    for name, declared in FACTS.items():
        if declared.scope is scope and name != LIST:
            offer(name, fact_name(name, core))
        elif declared.scope is scope and core.lists:
            offer(name, gettext("product list"))
    if scope is Scope.LINE:
        offer(f"line{ATTRIBUTE}", gettext("another attribute of the line …"))
        return list(groups.items())
    for place, ladder in enumerate(core.ladders):
        name = f"{TIER}.{ladder.key}" if place else TIER
        offer(name, fact_name(f"{TIER}.{ladder.key}" if len(core.ladders) > 1 else TIER, core))
    offer(f"member{ATTRIBUTE}", gettext("another attribute of the member …"))
    offer(f"purchase{ATTRIBUTE}", gettext("an attribute of a line …"))
    for name in dict.fromkeys(
        f"event.{_OF_EVENTS[field.type]}.{field.key}" for event in core.events for field in event.fields
    ):
        offer(name, fact_name(name, core))
    return list(groups.items())


def operators(node: Node, core: Core) -> list[Option]:
    """What may be asked; that a tier or a kind begins with a letter is not offered, only kept."""
    few = node.fact and values(node.fact, core) is not None
    return [
        (each.value, operator_words(each, node.type))
        for each in node.operators
        if each is not Operator.STARTS_WITH or not few or node.operator == each
    ]


def values(name: str, core: Core) -> list[Option] | None:
    """All values of a fact that has only a few; None where people write what they mean."""
    known = fact(name)
    if known is not None and known.type is FactType.WEEKDAY:
        return [(day, capfirst(str(DAYS[day]))) for day in WEEKDAYS]
    if name == "line.kind":
        words = POLICIES["earning_kinds"][1]
        return [(kind.value, capfirst(str(words.get(kind.value, gettext("discounts"))))) for kind in LineKind]
    if name == LIST:
        return [(listed.key, text(dict(listed.name))) for listed in core.lists]
    named = tier_ladder(name)
    if named is not None:
        ladder = core.ladder(named) if named else next(iter(core.ladders), None)
        return [(tier.key, text(dict(tier.name))) for tier in ladder.tiers] if ladder else None
    asked = event_field(name)
    if asked is not None and _is_yes_or_no(asked[1], core):
        return [("true", gettext("yes")), ("false", gettext("no"))]
    return None


def _is_yes_or_no(key: str, core: Core) -> bool:
    types = {field.type for event in core.events for field in event.fields if field.key == key}
    return types == {FieldType.BOOLEAN}
