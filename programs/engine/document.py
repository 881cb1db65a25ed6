"""The core section of a programme document: who it is for, point types, policies, groups and rules.

    programme: {key, name, audience, zone, currency, languages}
    point_types: [{key, name, unit, decimals, cost, limits, expiry, pending, …}]   the first is the main one
    events: [{key, name, fields, …}]            what may happen besides purchases
    ladders: [{key, name, metric, window, tiers, …}]    the first one is the main ladder
    lists: [{key, name, skus}]                          articles that rules ask for by the name of the list
    policies: {…}
    groups: [{key, mode, combine}]              in the order of evaluation
    rules: [{key, title, group, effect, when, lines, caps, schedule, …}]   tried in this order in their group
    …: {…}                                      what other apps declared in `sections`

`read_core` gives frozen data or raises InvalidDocument with every fault; `dump_core` writes the same data
back with every setting spelled out, so that a later default changes no published programme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.core.exact import currency_digits
from programs.engine.events import MOST_EVENTS, EventType, dump_event_type, read_event_type
from programs.engine.ladders import MOST_LADDERS, Ladder, dump_ladder, read_ladder
from programs.engine.lists import MOST_LISTS, ProductList, dump_list, read_list
from programs.engine.point_types import PointType, dump_point_type, read_point_type
from programs.engine.policies import Policies, dump_policies, read_policies
from programs.engine.reader import Fault, InvalidDocument, Reader
from programs.engine.references import check_references
from programs.engine.rules import (
    EffectKind,
    Rule,
    RuleGroup,
    Stacking,
    dump_group,
    dump_rule,
    read_group,
    read_rule,
)
from programs.engine.sections import dump_sections, read_sections

MOST_POINT_TYPES = 20
MOST_GROUPS = 100
MOST_RULES = 1_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2}")
Words = tuple[tuple[str, str], ...]


class Audience(StrEnum):
    PERSON = "person"
    COMPANY = "company"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True)
class Core:
    """A programme's configuration: immutable and complete. `sections` are what other apps added, by their keys."""

    key: str
    name: Words
    audience: Audience
    zone: str
    currency: str
    languages: tuple[str, ...]
    point_types: tuple[PointType, ...]
    policies: Policies
    groups: tuple[RuleGroup, ...]
    rules: tuple[Rule, ...]
    ladders: tuple[Ladder, ...] = ()
    events: tuple[EventType, ...] = ()
    lists: tuple[ProductList, ...] = ()
    sections: tuple[tuple[str, Any], ...] = ()

    @property
    def money_digits(self) -> int:
        return currency_digits(self.currency)

    @property
    def main(self) -> PointType:
        return self.point_types[0]

    def point_type(self, key: str) -> PointType | None:
        return next((item for item in self.point_types if item.key == key), None)

    def ladder(self, key: str) -> Ladder | None:
        return next((item for item in self.ladders if item.key == key), None)

    def product_list(self, key: str) -> ProductList | None:
        return next((item for item in self.lists if item.key == key), None)

    def event(self, key: str) -> EventType | None:
        return next((item for item in self.events if item.key == key), None)


# --- reading --------------------------------------------------------------------------------------
def read_core(data: Any) -> Core:
    """Read and check a whole core document. Raises InvalidDocument with all faults found."""
    reader = Reader(data)
    head = reader.child("programme") or Reader({}, ("programme",), reader.faults)
    if not reader.has("programme"):
        reader.fault("missing", "programme")
    currency = head.text("currency", required=True)
    if currency and not _CURRENCY.fullmatch(currency):
        head.fault("bad_currency", "currency", value=currency[:60])
    money_digits = currency_digits(currency)
    point_types = tuple(
        read_point_type(child, money_digits)
        for child in reader.children("point_types", most=MOST_POINT_TYPES)
    )
    if not point_types:
        reader.fault("missing", "point_types")
    digits = {item.key: item.decimals for item in point_types}
    main = point_types[0].key if point_types else ""
    groups = tuple(read_group(child) for child in reader.children("groups", most=MOST_GROUPS))
    groups = groups or (RuleGroup("base"),)
    rules = tuple(
        read_rule(child, digits, main, money_digits) for child in reader.children("rules", most=MOST_RULES)
    )
    core = Core(
        key=head.key(),
        name=tuple(sorted(head.words("name", required=True).items())),
        audience=head.choice("audience", Audience, default=Audience.PERSON),
        zone=_read_zone(head),
        currency=currency,
        languages=_read_languages(head),
        point_types=point_types,
        policies=read_policies(reader.child("policies")),
        groups=groups,
        rules=rules,
        ladders=tuple(
            read_ladder(child, digits, money_digits)
            for child in reader.children("ladders", most=MOST_LADDERS)
        ),
        events=tuple(read_event_type(child) for child in reader.children("events", most=MOST_EVENTS)),
        lists=tuple(read_list(child) for child in reader.children("lists", most=MOST_LISTS)),
    )
    head.finish()
    core = replace(core, sections=read_sections(reader, core))
    reader.finish()
    _check_unique(reader, "point_types", [item.key for item in point_types])
    _check_unique(reader, "groups", [item.key for item in groups])
    _check_unique(reader, "rules", [item.key for item in rules])
    _check_unique(reader, "ladders", [item.key for item in core.ladders])
    _check_unique(reader, "events", [item.key for item in core.events])
    _check_unique(reader, "lists", [item.key for item in core.lists])
    _check_groups(reader, core)
    check_references(reader, core)
    if reader.faults:
        raise InvalidDocument(reader.faults)
    return core


def _read_zone(head: Reader) -> str:
    zone = head.text("zone", required=True)
    try:
        ZoneInfo(zone or "UTC")
    except (ValueError, OSError, KeyError):  # not a name, a directory of zones, an unknown zone
        head.fault("bad_zone", "zone", value=zone[:60])
        return "UTC"
    return zone or "UTC"


def _read_languages(head: Reader) -> tuple[str, ...]:
    languages = head.texts("languages") or ("en",)
    if not all(_LANGUAGE.fullmatch(language) for language in languages):
        head.fault("wrong_type", "languages", expected="list of languages")
    return languages


def _check_unique(reader: Reader, name: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key and key in seen:
            reader.faults.append(Fault("duplicate", (*reader.path, name, index, "key"), {"value": key}))
        seen.add(key)


def _check_groups(reader: Reader, core: Core) -> None:
    """Rules name existing groups; a group holds multipliers or awarding rules, never both."""
    groups = {group.key: group for group in core.groups}
    kinds: dict[str, bool] = {}
    for index, rule in enumerate(core.rules):
        place = Reader({}, ("rules", index), reader.faults)
        group = groups.get(rule.group)
        if group is None:
            place.fault("unknown_group", "group", value=rule.group, options=sorted(groups))
            continue
        multiplies = rule.effect.kind is EffectKind.MULTIPLIER
        if kinds.setdefault(rule.group, multiplies) is not multiplies:
            place.fault("mixed_group", "group", value=rule.group)
        elif multiplies and group.mode in (Stacking.EXCLUSIVE, Stacking.STOP_AFTER):
            place.fault("multiplier_group_mode", "group", value=rule.group, mode=group.mode.value)
        if multiplies and (rule.caps.per_line is not None or rule.rounding is not None):
            place.fault("not_for_multipliers", "caps" if rule.caps.per_line is not None else "rounding")


# --- writing --------------------------------------------------------------------------------------
def dump_core(core: Core) -> dict[str, Any]:
    """The document of a core: reading it back gives an equal Core."""
    digits = {item.key: item.decimals for item in core.point_types}
    return {
        "programme": {
            "key": core.key,
            "name": dict(core.name),
            "audience": core.audience.value,
            "zone": core.zone,
            "currency": core.currency,
            "languages": list(core.languages),
        },
        "point_types": [dump_point_type(item, core.money_digits) for item in core.point_types],
        "events": [dump_event_type(event) for event in core.events],
        "ladders": [dump_ladder(ladder, digits, core.money_digits) for ladder in core.ladders],
        "lists": [dump_list(listed) for listed in core.lists],
        "policies": dump_policies(core.policies),
        "groups": [dump_group(group) for group in core.groups],
        "rules": [dump_rule(rule, digits, core.money_digits) for rule in core.rules],
        **dump_sections(core),
    }


_TEXTS = ("name", "title", "unit", "languages")


def without_texts(document: Any) -> Any:
    """The document without words for people: what decides points. Two documents that differ only in words
    have the same behaviour."""
    if isinstance(document, Mapping):
        return {key: without_texts(value) for key, value in document.items() if key not in _TEXTS}
    if isinstance(document, list):
        return [without_texts(item) for item in document]
    return document
