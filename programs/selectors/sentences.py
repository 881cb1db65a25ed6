"""Conditions and rules as sentences for people: "basket total is at least 20.00 and category is coffee"."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import Period, as_decimal
from loyalty.core.translated import LAST_LANGUAGE, format_money, text
from programs.engine.conditions import All, AnyOf, Condition, LinesLeaf, Measure, Not, dump_value
from programs.engine.document import Core
from programs.engine.ladders import Ladder
from programs.engine.rules import FACTOR_DIGITS, PERCENT_DIGITS, Caps, EffectKind, PeriodCap, Rule, Schedule
from programs.engine.vocabulary import LIST, WEEKDAYS, FactType, Operator, event_field, fact, tier_ladder
from programs.selectors.amounts import quantity as _quantity
from programs.selectors.events import trigger_in_words
from programs.selectors.terms import expiry_in_words, pending_in_words

FACTS: dict[str, str | Promise] = {
    "basket.total": _("basket total"),
    "basket.total_without_tax": _("basket total without tax"),
    "basket.discount": _("discount of the basket"),
    "basket.quantity": _("number of items"),
    "basket.lines": _("number of lines"),
    "purchase.partner": _("partner"),
    "purchase.store": _("store"),
    "purchase.channel": _("channel"),
    "purchase.payment": _("way of paying"),
    "purchase.till": _("till"),
    "purchase.cashier": _("cashier"),
    "purchase.weekday": _("day of the week"),
    "purchase.time": _("time of day"),
    "purchase.date": _("date"),
    "purchase.month": _("month"),
    "purchase.day_of_month": _("day of the month"),
    "member.purchases_before": _("number of earlier purchases"),
    "member.days_since_last_purchase": _("days since the last purchase"),
    "member.days_since_joining": _("days since joining"),
    "member.age": _("age"),
    "line.sku": _("article"),
    "line.list": _("article"),
    "line.category": _("category"),
    "line.department": _("department"),
    "line.brand": _("brand"),
    "line.label": _("label"),
    "line.kind": _("kind of line"),
    "line.amount": _("amount of the line"),
    "line.discount": _("discount of the line"),
    "line.quantity": _("quantity of the line"),
}

OPERATORS: dict[Operator, str | Promise] = {
    Operator.EQUALS: _("%(fact)s is %(value)s"),
    Operator.NOT_EQUALS: _("%(fact)s is not %(value)s"),
    Operator.ONE_OF: _("%(fact)s is one of %(value)s"),
    Operator.NONE_OF: _("%(fact)s is none of %(value)s"),
    Operator.AT_LEAST: _("%(fact)s is at least %(value)s"),
    Operator.MORE_THAN: _("%(fact)s is more than %(value)s"),
    Operator.AT_MOST: _("%(fact)s is at most %(value)s"),
    Operator.LESS_THAN: _("%(fact)s is less than %(value)s"),
    Operator.BETWEEN: _("%(fact)s is from %(low)s to %(high)s"),
    Operator.STARTS_WITH: _("%(fact)s begins with %(value)s"),
    Operator.IS_SET: _("%(fact)s is known"),
    Operator.IS_NOT_SET: _("%(fact)s is not known"),
}

# Of product lists: an article is in one or not.
OF_LISTS: dict[Operator, str | Promise] = {
    Operator.ONE_OF: _("%(fact)s is in %(value)s"),
    Operator.NONE_OF: _("%(fact)s is not in %(value)s"),
}

MEASURES: dict[Measure, tuple[str | Promise, FactType]] = {
    Measure.COUNT: (_("number of lines where %(where)s"), FactType.INTEGER),
    Measure.QUANTITY: (_("quantity of the lines where %(where)s"), FactType.QUANTITY),
    Measure.AMOUNT: (_("amount of the lines where %(where)s"), FactType.MONEY),
}

DAYS: dict[str, str | Promise] = dict(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)

PERIODS: dict[Period, str | Promise] = {
    Period.DAY: _("a day"),
    Period.WEEK: _("a week"),
    Period.MONTH: _("a month"),
    Period.YEAR: _("a year"),
    Period.LIFETIME: _("in all"),
}

SHOWN_VALUES = 12


def sentence(condition: Condition | EllipsisType | None, language: str | None, core: Core) -> str:
    """The condition in words; empty when there is none. Where a part or a value is still missing (`...`), the
    sentence has "…"."""
    if condition is None:
        return ""
    with override(language or get_language() or LAST_LANGUAGE):
        return _say(condition, core, inner=False)


def rule_sentence(rule: Rule, core: Core, language: str | None = None) -> str:
    """What the rule gives, when, on which lines and within which limits, as one sentence."""
    with override(language or get_language() or LAST_LANGUAGE):
        parts = [_effect(rule, core, language)]
        if trigger := trigger_in_words(rule, core):
            parts.append(trigger)
        if rule.lines is not None:
            parts.append(
                gettext("for lines where %(where)s") % {"where": _say(rule.lines, core, inner=False)}
            )
        if rule.when is not None:
            parts.append(gettext("when %(when)s") % {"when": _say(rule.when, core, inner=False)})
        parts.extend(_schedule(rule.schedule))
        parts.extend(_caps(rule, core))
        parts.extend(_terms(rule, core))
        said = ", ".join(parts)
        return said if rule.enabled else gettext("switched off: %(rule)s") % {"rule": said}


# --- conditions ---------------------------------------------------------------------------------------------
def _say(node: Condition | EllipsisType, core: Core, *, inner: bool) -> str:
    if node is ...:
        return "…"
    if isinstance(node, (All, AnyOf)):
        word = (
            gettext("%(first)s and %(second)s")
            if isinstance(node, All)
            else gettext("%(first)s or %(second)s")
        )
        several = len(node.children) > 1
        said = [_say(child, core, inner=several) for child in node.children]
        joined = said[0] if said else gettext("always")
        for each in said[1:]:
            joined = word % {"first": joined, "second": each}
        return f"({joined})" if inner and several else joined
    if isinstance(node, Not):
        return gettext("not (%(condition)s)") % {"condition": _say(node.child, core, inner=False)}
    if isinstance(node, LinesLeaf):
        template, kind = MEASURES[node.of]
        named = str(template) % {"where": _say(node.where, core, inner=False)}
        return _comparison(named, node.operator, node.value, kind, core)
    known = fact(node.fact)
    ladder = _ladder(node.fact, core)
    value = node.value if ladder is None else _tier_names(ladder, node.value)
    if node.fact == LIST:
        value = _list_names(node.value, core)
    return _comparison(fact_name(node.fact, core), node.operator, value, known.type if known else None, core)


def fact_name(name: str, core: Core) -> str:
    """A fact in words; an attribute or a field of an event is called as it is."""
    declared = FACTS.get(name)
    if declared is not None:
        return str(declared)
    if (field := event_field(name)) is not None:
        return gettext("“%(field)s” of the event") % {"field": field[1]}
    named = tier_ladder(name)
    if named is None:
        return name.partition(".attribute.")[2] or name
    ladder = core.ladder(named)
    if not named or ladder is None:
        return gettext("tier")
    return gettext("tier in “%(ladder)s”") % {"ladder": text(dict(ladder.name))}


def _ladder(name: str, core: Core) -> Ladder | None:
    """The ladder that a fact asks about, if it is one about tiers."""
    named = tier_ladder(name)
    if named is None:
        return None
    return core.ladder(named) if named else next(iter(core.ladders), None)


def _tier_names(ladder: Ladder, value: Any) -> Any:
    """Codes of tiers as their names, the lowest tier first."""
    names = {tier.key: text(dict(tier.name)) for tier in ladder.tiers}
    if isinstance(value, tuple):
        return tuple(names.get(key, key) for key in sorted(value, key=ladder.position))
    return names.get(value, value)


def _list_names(value: Any, core: Core) -> Any:
    """Codes of product lists as their names."""
    if not isinstance(value, tuple):
        return value
    named = {listed.key: text(dict(listed.name)) for listed in core.lists}
    return tuple(f"“{named.get(key, key)}”" for key in value)


def _comparison(named: str, operator: Operator, value: Any, kind: FactType | None, core: Core) -> str:
    values: dict[str, str] = {"fact": named}
    if value is not None:
        shown = value if isinstance(value, tuple) else (value,)
        words = [_value(item, kind, core) for item in shown[:SHOWN_VALUES]]
        if len(shown) > SHOWN_VALUES:
            words.append(gettext("%(count)d more") % {"count": len(shown) - SHOWN_VALUES})
        values |= {"value": ", ".join(words), "low": words[0], "high": words[-1]}
    templates = OF_LISTS if kind is FactType.LIST else OPERATORS
    return str(templates[operator]) % values


def _value(value: Any, kind: FactType | None, core: Core) -> str:
    if value is ...:
        return "…"
    if kind is FactType.MONEY:
        return format_money(value, core.currency)
    written = dump_value(value, kind, core.money_digits) if kind else value
    if kind is FactType.WEEKDAY:
        return str(DAYS[written])
    if kind is FactType.QUANTITY and "." in str(written):
        return str(written).rstrip("0").rstrip(".")
    return str(written)


def operator_words(operator: Operator, kind: FactType | None = None) -> str:
    """An operator by itself, of a fact of this type: "is at least", "is from … to …"."""
    templates = OF_LISTS if kind is FactType.LIST else OPERATORS
    blank = {"fact": "", "value": "", "low": "…", "high": "…"}
    # Languages without a word for "is" write a dash or a colon.
    return (str(templates[operator]) % blank).strip(" —:") or "="


def measure_words(measure: Measure) -> str:
    """What is summed over lines, by itself: "number of lines where …"."""
    return str(MEASURES[measure][0]) % {"where": "…"}


# --- rules --------------------------------------------------------------------------------------------------
def _effect(rule: Rule, core: Core, language: str | None) -> str:
    effect, item = rule.effect, core.point_type(rule.point_type)
    event = core.event(rule.event)
    values = {
        "points": _quantity(effect.points, item, language),
        "name": text(dict(item.name), language) if item else rule.point_type,
        "step": format_money(effect.step, core.currency),
        "percent": _short(effect.percent, PERCENT_DIGITS),
        "factor": _short(effect.factor, FACTOR_DIGITS),
        "field": event.quantity if event else "",
    }
    template = {
        EffectKind.PER_STEP: gettext("%(points)s for every full %(step)s"),
        EffectKind.PERCENT: gettext("%(percent)s %% as %(name)s"),
        EffectKind.PER_UNIT: gettext("%(points)s for every whole unit of “%(field)s”")
        if event
        else gettext("%(points)s for every item"),
        EffectKind.FIXED: "%(points)s",
        EffectKind.MULTIPLIER: gettext("%(name)s × %(factor)s"),
    }[effect.kind]
    return template % values


def _terms(rule: Rule, core: Core) -> list[str]:
    said = []
    if rule.pending is not None:
        when = pending_in_words(rule.pending, core.point_type(rule.point_type), core)
        said.append(gettext("can be used %(when)s") % {"when": when})
    if rule.expiry is not None:
        said.append(gettext("expiry: %(end)s") % {"end": expiry_in_words(rule.expiry, core)})
    return said


def _short(number: int, digits: int) -> str:
    return number_format(as_decimal(number, digits).normalize())


def _schedule(schedule: Schedule) -> list[str]:
    said = []
    if schedule.since:
        said.append(gettext("from %(moment)s") % {"moment": date_format(schedule.since, "DATETIME_FORMAT")})
    if schedule.until:
        said.append(gettext("until %(moment)s") % {"moment": date_format(schedule.until, "DATETIME_FORMAT")})
    if schedule.weekdays:
        said.append(
            gettext("on %(days)s") % {"days": ", ".join(str(DAYS[WEEKDAYS[d]]) for d in schedule.weekdays)}
        )
    if schedule.hours:
        hours = ", ".join(f"{a // 60:02}:{a % 60:02}–{b // 60:02}:{b % 60:02}" for a, b in schedule.hours)
        said.append(gettext("at %(hours)s") % {"hours": hours})
    return said


def _caps(rule: Rule, core: Core) -> list[str]:
    caps: Caps = rule.caps
    item = core.point_type(rule.point_type)

    def points(most: int) -> str:
        return _quantity(most, item, None)

    said = []
    if caps.per_line is not None:
        said.append(gettext("at most %(points)s a line") % {"points": points(caps.per_line)})
    if caps.per_purchase is not None:
        said.append(gettext("at most %(points)s a purchase") % {"points": points(caps.per_purchase)})
    said += [
        gettext("at most %(points)s %(period)s for each member") % _period(cap, points(cap.most))
        for cap in caps.per_member
    ]
    said += [
        ngettext(
            "once %(period)s for each member", "at most %(points)s times %(period)s for each member", cap.most
        )
        % _period(cap, str(cap.most))
        for cap in caps.times
    ]
    if caps.cooldown_hours:
        said.append(gettext("not again for %(hours)d hours") % {"hours": caps.cooldown_hours})
    if caps.budget is not None:
        values = _period(caps.budget, points(caps.budget.most))
        said.append(gettext("at most %(points)s %(period)s for all members together") % values)
    return said


def _period(cap: PeriodCap, points: str) -> dict[str, str]:
    return {"points": points, "period": str(PERIODS[cap.period])}
