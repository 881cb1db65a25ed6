"""What one part of a document says of another must be there: ladders, tiers, events, fields, point types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from programs.engine.conditions import Condition, Leaf, walk
from programs.engine.events import EventType, Trigger
from programs.engine.ladders import Ladder, MetricKind
from programs.engine.point_types import MOST_DECIMALS, PointType
from programs.engine.reader import Reader
from programs.engine.rules import EffectKind, Rule
from programs.engine.terms import Expiry, Pending
from programs.engine.vocabulary import TIER, event_field, tier_ladder

if TYPE_CHECKING:
    from programs.engine.document import Core


def check_references(reader: Reader, core: Core) -> None:
    """Note a fault for everything that is named and not there. `reader` is at the root of the document."""
    for index, item in enumerate(core.point_types):
        place = _at(reader, "point_types", index)
        _check_terms(place, core, item.expiry, item.pending)
        _check_conversions(place, core, item)
    for index, ladder in enumerate(core.ladders):
        _check_ladder(_at(reader, "ladders", index), core, ladder)
    for index, rule in enumerate(core.rules):
        _check_rule(_at(reader, "rules", index), core, rule)


def _at(reader: Reader, *path: str | int) -> Reader:
    return Reader({}, (*reader.path, *path), reader.faults)


def _check_event(place: Reader, core: Core, name: str, key: str) -> EventType | None:
    event = core.event(key)
    if key and event is None:
        place.fault("unknown_event", name, value=key, options=sorted(each.key for each in core.events))
    return event


def _check_terms(place: Reader, core: Core, expiry: Expiry | None, pending: Pending | None) -> None:
    if expiry is not None and expiry.ladder:
        below = _at(place, "expiry")
        ladder = core.ladder(expiry.ladder)
        if ladder is None:
            _unknown_ladder(below, core, "ladder", expiry.ladder)
        else:
            for tier in expiry.tiers:
                _check_tier(below, ladder, "tiers", tier)
    if pending is not None and pending.event:
        _check_event(_at(place, "pending"), core, "event", pending.event)


def _unknown_ladder(place: Reader, core: Core, name: str, key: str) -> None:
    place.fault("unknown_ladder", name, value=key, options=sorted(each.key for each in core.ladders))


def _check_tier(place: Reader, ladder: Ladder, name: str, tier: str) -> None:
    if ladder.position(tier) < 0:
        place.fault("unknown_tier", name, value=tier[:60], options=[each.key for each in ladder.tiers])


def _check_conversions(place: Reader, core: Core, item: PointType) -> None:
    seen: set[str] = set()
    for index, conversion in enumerate(item.conversions):
        below = _at(place, "conversions", index)
        target = core.point_type(conversion.to)
        if target is None or target is item:
            options = sorted(each.key for each in core.point_types if each is not item)
            below.fault("unknown_point_type", "to", value=conversion.to, options=options)
        elif conversion.give % 10 ** (MOST_DECIMALS - target.decimals):
            below.fault("too_many_decimals", "give", value="", digits=target.decimals)
        if conversion.to in seen:
            below.fault("duplicate", "to", value=conversion.to)
        seen.add(conversion.to)


def _check_ladder(place: Reader, core: Core, ladder: Ladder) -> None:
    if ladder.metric.kind is not MetricKind.EVENT:
        return
    below = _at(place, "metric")
    event = _check_event(below, core, "event", ladder.metric.event)
    if event is not None:
        numbers = [field.key for field in event.fields if field.type.value == "number"]
        if ladder.metric.field not in numbers:
            below.fault("unknown_field", "field", value=ladder.metric.field, options=numbers)


def _check_rule(place: Reader, core: Core, rule: Rule) -> None:
    event = _check_event(place, core, "event", rule.event)
    _check_terms(place, core, rule.expiry, rule.pending)
    if rule.when is not None:
        for leaf in _leaves(rule.when):
            _check_fact(_at(place, "when"), core, rule, event, leaf)
    reckons = rule.effect.kind in (EffectKind.PER_STEP, EffectKind.PERCENT, EffectKind.PER_UNIT)
    if reckons and rule.trigger not in (Trigger.PURCHASE, Trigger.EVENT):
        place.fault("nothing_to_reckon", "effect", value=rule.trigger.value)
    elif reckons and event is not None:
        wanted = event.quantity if rule.effect.kind is EffectKind.PER_UNIT else event.amount
        if not wanted:
            place.fault("nothing_to_reckon", "effect", value=event.key)


def _leaves(condition: Condition) -> Iterator[Leaf]:
    return (node for node in walk(condition) if isinstance(node, Leaf))


def _check_fact(place: Reader, core: Core, rule: Rule, event: EventType | None, leaf: Leaf) -> None:
    field = event_field(leaf.fact)
    if field is not None:
        kind, key = field
        fields = () if event is None else event.fields
        known = [each.key for each in fields if each.type.value in kind]
        if key not in known:
            place.fault("unknown_field", "fact", value=leaf.fact[:100], options=known)
    if leaf.fact != TIER and not leaf.fact.startswith(f"{TIER}."):
        return
    named = tier_ladder(leaf.fact)
    ladder = core.ladder(named) if named else next(iter(core.ladders), None)
    if ladder is None:
        _unknown_ladder(place, core, "fact", named or leaf.fact)
        return
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    for value in values:
        if isinstance(value, str):
            _check_tier(place, ladder, "value", value)
