"""What one part of a document says of another must be there: ladders, tiers, events, fields, point types."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from loyalty.core.exact import format_decimal
from programs.engine.conditions import All, Condition, Leaf, LinesLeaf, Not
from programs.engine.events import EventType, FieldType, Trigger, built_in
from programs.engine.ladders import Ladder, MetricKind
from programs.engine.point_types import MOST_DECIMALS, PointType
from programs.engine.reader import Reader
from programs.engine.rules import EffectKind, Rule
from programs.engine.terms import Expiry, Pending, PendingKind
from programs.engine.vocabulary import LIST, event_field, tier_ladder

if TYPE_CHECKING:
    from programs.engine.document import Core

_OF_PURCHASES = ("basket.", "purchase.attribute.")


def check_references(reader: Reader, core: Core) -> None:
    """Note a fault for everything that is named and not there. `reader` is at the root of the document."""
    for index, item in enumerate(core.point_types):
        place = _at(reader, "point_types", index)
        _check_terms(place, core, item.expiry, item.pending)
        _check_conversions(place, core, item)
    if not reader.faults:
        _check_circles(reader, core)
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
        if not conversion.to:
            continue
        if target is None or target is item:
            options = sorted(each.key for each in core.point_types if each is not item)
            below.fault("unknown_point_type", "to", value=conversion.to, options=options)
        elif conversion.give % 10 ** (MOST_DECIMALS - target.decimals) and not below.faulty("give"):
            given = format_decimal(conversion.give, MOST_DECIMALS)
            below.fault("too_many_decimals", "give", value=given, digits=target.decimals)
        if conversion.to in seen:
            below.fault("duplicate", "to", value=conversion.to)
        seen.add(conversion.to)


def _check_circles(reader: Reader, core: Core) -> None:
    """Nobody gets more points than before by converting round in a circle. The most that a point of any type can become
    goes on growing exactly if there is such a circle."""
    one = 10**MOST_DECIMALS
    best = {item.key: Fraction(1) for item in core.point_types}
    for turn in range(len(best) + 1):
        last, grown = turn == len(best), False
        for index, item in enumerate(core.point_types):
            for place, each in enumerate(item.conversions):
                worth = best[item.key] * each.give * 10**item.decimals / (each.take * one)
                if worth <= best[each.to]:
                    continue
                if last:
                    way = f"{item.key} → {each.to}"
                    _at(reader, "point_types", index, "conversions", place).fault(
                        "makes_points", "to", value=way
                    )
                    return
                best[each.to], grown = worth, True
        if not grown:
            return


def _check_ladder(place: Reader, core: Core, ladder: Ladder) -> None:
    if ladder.metric.kind is not MetricKind.EVENT:
        return
    below = _at(place, "metric")
    event = _check_event(below, core, "event", ladder.metric.event)
    if event is not None and ladder.metric.field:
        numbers = [field.key for field in event.fields if field.type is FieldType.NUMBER]
        if ladder.metric.field not in numbers:
            below.fault("unknown_field", "field", value=ladder.metric.field, options=numbers)


def _check_rule(place: Reader, core: Core, rule: Rule) -> None:
    event = built_in(rule.trigger) or _check_event(place, core, "event", rule.event)
    _check_terms(place, core, rule.expiry, rule.pending)
    if rule.trigger in (Trigger.REFERRAL, Trigger.REFERRED):
        _check_waits(place, core, rule)
    if rule.lines is not None and rule.trigger is not Trigger.PURCHASE:
        place.fault("wrong_trigger", "lines", value="lines")
    if rule.when is not None:
        for below, leaf in _leaves(_at(place, "when"), rule.when):
            _check_asked(below, rule, event, leaf)
        check_condition(_at(place, "when"), core, rule.when)
    if rule.lines is not None:
        check_condition(_at(place, "lines"), core, rule.lines)
    _check_effect(place, rule, event)


def check_condition(place: Reader, core: Core, condition: Condition) -> None:
    """Note a fault for every tier and list that a condition asks for and that the programme does not have. `place` is
    where the condition stands."""
    for below, leaf in _leaves(place, condition):
        if isinstance(leaf, LinesLeaf):
            check_condition(_at(below, "lines"), core, leaf.where)
        elif leaf.fact == LIST:
            _check_asked_lists(below, core, leaf)
        else:
            _check_asked_tier(below, core, leaf)


def _check_asked_lists(place: Reader, core: Core, leaf: Leaf) -> None:
    known = {each.key for each in core.lists}
    for key in leaf.value or ():
        if key not in known:
            place.fault("unknown_list", "value", value=key[:60], options=sorted(known))


def _check_waits(place: Reader, core: Core, rule: Rule) -> None:
    """What a friend's purchase brings waits as long as the goods may come back."""
    item = core.point_type(rule.point_type)
    pending = rule.pending or (None if item is None else item.pending)
    if pending is not None and pending.kind is PendingKind.AT_ONCE:
        place.fault("must_wait", "pending", value=rule.trigger.value)


def _check_effect(place: Reader, rule: Rule, event: EventType | None) -> None:
    """What is not a flat bonus reckons with money or quantities, so there must be some: a multiplier raises what
    others reckon, and flat bonuses are never multiplied."""
    kind = rule.effect.kind
    if kind is EffectKind.FIXED or rule.trigger is Trigger.PURCHASE:
        return
    if event is None:
        if rule.trigger is not Trigger.EVENT:
            place.fault("nothing_to_reckon", "effect", value=rule.trigger.value)
    else:
        wanted = {EffectKind.PER_UNIT: event.quantity, EffectKind.MULTIPLIER: event.amount or event.quantity}
        if not wanted.get(kind, event.amount):
            place.fault("nothing_to_reckon", "effect", value=event.key)


def _leaves(place: Reader, node: Condition) -> Iterator[tuple[Reader, Leaf | LinesLeaf]]:
    """The comparisons of a tree, each with its place; what a sum over lines asks of each line is not entered."""
    if isinstance(node, (Leaf, LinesLeaf)):
        yield place, node
    elif isinstance(node, Not):
        yield from _leaves(_at(place, "not"), node.child)
    else:
        kind = "all" if isinstance(node, All) else "any"
        for index, child in enumerate(node.children):
            yield from _leaves(_at(place, kind, index), child)


def _check_asked(place: Reader, rule: Rule, event: EventType | None, leaf: Leaf | LinesLeaf) -> None:
    """Baskets and lines are asked of purchases only, fields of an event only of that event."""
    if isinstance(leaf, LinesLeaf) or leaf.fact.startswith(_OF_PURCHASES):
        if rule.trigger is not Trigger.PURCHASE:
            name = "lines" if isinstance(leaf, LinesLeaf) else "fact"
            place.fault(
                "wrong_trigger", name, value="lines" if isinstance(leaf, LinesLeaf) else leaf.fact[:100]
            )
        return
    field = event_field(leaf.fact)
    if field is None:
        return
    if event is None:
        if rule.trigger is not Trigger.EVENT:
            place.fault("wrong_trigger", "fact", value=leaf.fact[:100])
    else:
        types, key = field
        known = [each.key for each in event.fields if each.type.value in types]
        if key not in known:
            place.fault("unknown_field", "fact", value=leaf.fact[:100], options=known)


def _check_asked_tier(place: Reader, core: Core, leaf: Leaf) -> None:
    named = tier_ladder(leaf.fact)
    if named is None:
        return
    if not core.ladders:
        place.fault("no_ladder", "fact", value=leaf.fact[:100])
        return
    ladder = core.ladder(named) if named else core.ladders[0]
    if ladder is None:
        _unknown_ladder(place, core, "fact", named)
        return
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    for value in values:
        if isinstance(value, str):
            _check_tier(place, ladder, "value", value)
