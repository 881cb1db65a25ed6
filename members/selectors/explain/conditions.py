"""A condition of a rule as a sentence, from its document form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel import dates
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from loyalty.core.translated import text
from members.selectors.explain.amounts import listed, money_text, number
from programs.engine import vocabulary
from programs.engine.vocabulary import LIST, FactType, event_field, tier_ladder

__all__ = ["FACT_NAMES", "SENTENCES", "condition_in_words", "seen_in_words"]

FACT_NAMES = {
    "basket.total": gettext_lazy("basket total"),
    "basket.total_without_tax": gettext_lazy("basket total without tax"),
    "basket.discount": gettext_lazy("discount in the basket"),
    "basket.quantity": gettext_lazy("quantity in the basket"),
    "basket.lines": gettext_lazy("number of lines of the receipt"),
    "purchase.partner": gettext_lazy("partner"),
    "purchase.store": gettext_lazy("store"),
    "purchase.channel": gettext_lazy("channel"),
    "purchase.payment": gettext_lazy("way of paying"),
    "purchase.till": gettext_lazy("till"),
    "purchase.cashier": gettext_lazy("cashier"),
    "purchase.weekday": gettext_lazy("day of the week"),
    "purchase.time": gettext_lazy("time of day"),
    "purchase.date": gettext_lazy("date"),
    "purchase.month": gettext_lazy("month"),
    "purchase.day_of_month": gettext_lazy("day of the month"),
    "member.purchases_before": gettext_lazy("number of purchases before"),
    "member.days_since_last_purchase": gettext_lazy("days since the last purchase"),
    "member.days_since_joining": gettext_lazy("days since joining"),
    "member.age": gettext_lazy("age of the member"),
    "line.sku": gettext_lazy("article"),
    "line.list": gettext_lazy("article"),
    "line.category": gettext_lazy("category"),
    "line.department": gettext_lazy("department"),
    "line.brand": gettext_lazy("brand"),
    "line.label": gettext_lazy("label"),
    "line.kind": gettext_lazy("kind of line"),
    "line.amount": gettext_lazy("amount of the line"),
    "line.discount": gettext_lazy("discount of the line"),
    "line.quantity": gettext_lazy("quantity of the line"),
}
MEASURES = {
    "count": gettext_lazy("number of lines with %(where)s"),
    "quantity": gettext_lazy("quantity of lines with %(where)s"),
    "amount": gettext_lazy("amount of lines with %(where)s"),
}
MEASURE_TYPES = {"count": FactType.INTEGER, "quantity": FactType.QUANTITY, "amount": FactType.MONEY}
SENTENCES = {
    "equals": gettext_lazy("%(fact)s is %(value)s"),
    "not_equals": gettext_lazy("%(fact)s is not %(value)s"),
    "one_of": gettext_lazy("%(fact)s is one of %(value)s"),
    "none_of": gettext_lazy("%(fact)s is none of %(value)s"),
    "at_least": gettext_lazy("%(fact)s is at least %(value)s"),
    "more_than": gettext_lazy("%(fact)s is more than %(value)s"),
    "at_most": gettext_lazy("%(fact)s is at most %(value)s"),
    "less_than": gettext_lazy("%(fact)s is less than %(value)s"),
    "between": gettext_lazy("%(fact)s is between %(low)s and %(high)s"),
    "starts_with": gettext_lazy("%(fact)s starts with %(value)s"),
    "is_set": gettext_lazy("%(fact)s is known"),
    "is_not_set": gettext_lazy("%(fact)s is not known"),
}
OF_LISTS = {
    "one_of": gettext_lazy("%(fact)s is in %(value)s"),
    "none_of": gettext_lazy("%(fact)s is not in %(value)s"),
}
# Personal values that are not kept with a purchase.
NOT_KEPT = ("member.age", "member.attribute.")
_OWNERS = {
    "member": gettext_lazy("the member’s attribute “%(name)s”"),
    "purchase": gettext_lazy("the receipt’s attribute “%(name)s”"),
    "line": gettext_lazy("the line’s attribute “%(name)s”"),
}


# Names of ladders and tiers: {ladder: {name, tiers: {tier: name}}}, names by language, the main ladder also as "".
# Product lists stand beside them like tiers, under the name of the fact that asks for them.
Ladders = Mapping[str, Mapping[str, Any]]
NO_LADDERS: Ladders = {}


def condition_in_words(node: Mapping[str, Any], currency: str, ladders: Ladders = NO_LADDERS) -> str:
    """The sentence of a condition in the active language: "basket total is at least €40.00"."""
    if "all" in node or "any" in node:
        joined = "all" if "all" in node else "any"
        parts = [condition_in_words(child, currency, ladders) for child in node[joined]]
        return (_(" and ") if joined == "all" else _(" or ")).join(parts)
    if "not" in node:
        negated = condition_in_words(node["not"], currency, ladders)
        return _("it is not so that %(condition)s") % {"condition": negated}
    kind = _type_of(node)
    sentences = OF_LISTS if kind is FactType.LIST else SENTENCES
    words: dict[str, Any] = {"fact": _subject(node, currency, ladders)}
    value = node.get("value")
    if node["is"] == "between" and isinstance(value, list):
        words["low"], words["high"] = (_value(each, kind, currency, node, ladders) for each in value)
    else:
        words["value"] = _value(value, kind, currency, node, ladders)
    return str(sentences[node["is"]]) % words


def seen_in_words(
    node: Mapping[str, Any],
    seen: Any,
    currency: str,
    ladders: Ladders = NO_LADDERS,
    *,
    purchase: bool = True,
) -> str:
    """What this purchase (or event) had where the condition looked; empty when that cannot be said in one value."""
    while "not" in node or len(node.get("any", ())) == 1:
        node = node["not"] if "not" in node else node["any"][0]
    if "is" not in node or node.get("fact", "").startswith(NOT_KEPT):
        return ""
    ours = purchase and tier_ladder(node.get("fact", "")) is None
    if seen in (None, "", []):
        return _("not known for this purchase") if ours else _("it is not known")
    value = _value(seen, _type_of(node), currency, node, ladders)
    return (_("this purchase had %(value)s") if ours else _("it was %(value)s")) % {"value": value}


def _type_of(node: Mapping[str, Any]) -> FactType:
    if "lines" in node:
        return MEASURE_TYPES[node["of"]]
    known = vocabulary.fact(node["fact"])
    return FactType.TEXT if known is None else known.type


def _subject(node: Mapping[str, Any], currency: str, ladders: Ladders) -> str:
    if "lines" in node:
        return str(MEASURES[node["of"]]) % {"where": condition_in_words(node["lines"], currency, ladders)}
    name = node["fact"]
    if (field := event_field(name)) is not None:
        return _("“%(field)s” of the event") % {"field": field[1]}
    if (ladder := tier_ladder(name)) is not None:
        named = text(ladders.get(ladder, {}).get("name", {})) or ladder
        return _("tier in “%(ladder)s”") % {"ladder": named} if ladder else _("tier")
    owner, separator, attribute = name.partition(".attribute.")
    if separator and owner in _OWNERS:
        return str(_OWNERS[owner]) % {"name": attribute}
    return str(FACT_NAMES.get(name, name))


def _value(value: Any, kind: FactType, currency: str, node: Mapping[str, Any], ladders: Ladders) -> str:
    if isinstance(value, list):
        return listed([_value(each, kind, currency, node, ladders) for each in value])
    if value is None:
        return ""
    if kind is FactType.LIST:
        return f"“{text(ladders.get(LIST, {}).get('tiers', {}).get(value, {})) or value}”"
    if (ladder := tier_ladder(node.get("fact", ""))) is not None:
        return text(ladders.get(ladder, {}).get("tiers", {}).get(value, {})) or str(value)
    if kind is FactType.MONEY:
        return money_text(value, currency)
    if node.get("fact") == "purchase.month" and int(value) in MONTHS:
        return str(MONTHS[int(value)])
    if kind in (FactType.QUANTITY, FactType.INTEGER):
        return number(value)
    if kind is FactType.WEEKDAY:
        return str(WEEKDAYS[vocabulary.WEEKDAYS.index(value)])
    if kind is FactType.DATE:
        locale = (get_language() or "en").replace("-", "_")
        return str(dates.format_date(date.fromisoformat(value), "medium", locale=locale))
    return f"“{value}”" if kind in (FactType.TEXT, FactType.TEXTS) else str(value)
