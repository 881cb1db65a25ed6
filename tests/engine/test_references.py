"""What a part of a document names must be there, and a rule asks only about what it waits for."""

from copy import deepcopy
from typing import Any

import pytest

from programs.engine.document import read_core
from programs.engine.reader import InvalidDocument
from tests.engine.building import Document, document, faults, fixed, per_step, per_unit, percent, times
from tests.engine.whole import WHOLE


def changed(path: str, value: Any) -> Document:
    """The whole document with one place changed; `...` takes it out."""
    data = deepcopy(WHOLE)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = data
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


def asked(name: str, value: Any = "x", operator: str = "equals") -> Document:
    return {"fact": name, "is": operator, "value": value}


CONVERSION = {"to": "points", "take": 1, "give": 1}
OF_GOLD = {"kind": "tier", "ladder": "stars", "tiers": ["gold"], "days": 1}


def test_the_whole_document_has_no_faults() -> None:
    assert faults(WHOLE) == []


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("point_types.2.expiry.ladder", "ranks", [("unknown_ladder", "point_types.2.expiry.ladder")]),
        ("point_types.2.expiry.tiers", ["gold", "red"], [("unknown_tier", "point_types.2.expiry.tiers")]),
        ("point_types.1.pending.event", "visit", [("unknown_event", "point_types.1.pending.event")]),
        ("point_types.1.conversions.0.to", "coins", [("unknown_point_type", "point_types.1.conversions.0.to")]),
        ("point_types.1.conversions.0.to", "stars", [("unknown_point_type", "point_types.1.conversions.0.to")]),
        ("point_types.1.conversions.0.to", ..., [("missing", "point_types.1.conversions.0.to")]),
        ("point_types.1.conversions.0.give", "0.5", [("too_many_decimals", "point_types.1.conversions.0.give")]),
        ("point_types.1.conversions.0.give", "0", [("out_of_range", "point_types.1.conversions.0.give")]),
        ("point_types.1.conversions.0.take", "0.001", [("too_many_decimals", "point_types.1.conversions.0.take")]),
        ("point_types.1.conversions", [CONVERSION] * 2, [("duplicate", "point_types.1.conversions.1.to")]),
        ("ladders.1.metric.event", "visit", [("unknown_event", "ladders.1.metric.event")]),
        ("ladders.1.metric.field", "price", [("unknown_field", "ladders.1.metric.field")]),
        ("ladders.1.metric.field", "weeks", [("unknown_field", "ladders.1.metric.field")]),
        ("ladders.1.key", "status", [("duplicate", "ladders.1.key"), ("unknown_ladder", "rules.4.when.fact")]),
        ("events.1.key", "stay", [("duplicate", "events.1.key"), ("unknown_event", "point_types.1.pending.event")]),
        ("rules.8.event", "visit", [("unknown_event", "rules.8.event")]),
        ("rules.8.event", ..., [("missing", "rules.8.event")]),
        ("rules.0.event", "stay", [("unknown_key", "rules.0.event")]),
        ("rules.0.grace_days", 3, [("unknown_key", "rules.0.grace_days")]),
        ("rules.0.when.value", ["gold", "red"], [("unknown_tier", "rules.0.when.value")]),
        ("rules.0.when.fact", "member.tier.ranks", [("unknown_ladder", "rules.0.when.fact")]),
        ("rules.0.when.fact", "member.tier.", [("unknown_fact", "rules.0.when.fact")]),
        ("rules.0.when.fact", "member.tiers", [("unknown_fact", "rules.0.when.fact")]),
        ("rules.7.when.all.1.not.fact", "event.money.cost", [("unknown_field", "rules.7.when.all.1.not.fact")]),
        ("rules.7.when.all.2.any.1.fact", "event.text.nights", [("unknown_field", "rules.7.when.all.2.any.1.fact")]),
        ("rules.7.when.all.0.fact", "event.number.", [("unknown_fact", "rules.7.when.all.0.fact")]),
        ("rules.7.when.all.0.fact", "event.number.a.b", [("unknown_fact", "rules.7.when.all.0.fact")]),
        ("rules.7.when.all.0.fact", "event.nights", [("unknown_fact", "rules.7.when.all.0.fact")]),
        ("rules.9.expiry", {"kind": "never"}, [("not_for_multipliers", "rules.9.expiry")]),
        ("rules.9.pending", {"kind": "days", "days": 1}, [("not_for_multipliers", "rules.9.pending")]),
        ("rules.2.pending", {"kind": "event", "event": "visit"}, [("unknown_event", "rules.2.pending.event")]),
        ("rules.2.expiry", OF_GOLD, [("unknown_tier", "rules.2.expiry.tiers")]),
    ],
)  # fmt: skip
def test_what_is_named_must_be_there(path: str, value: Any, found: list[tuple[str, str]]) -> None:
    assert faults(changed(path, value)) == found


def test_a_wrong_amount_of_a_conversion_is_told_as_it_is_written() -> None:
    with pytest.raises(InvalidDocument) as invalid:
        read_core(changed("point_types.1.conversions.0.give", "10.25"))
    assert [fault.params for fault in invalid.value.faults] == [{"value": "10.2500", "digits": 0}]


def converting(*ways: tuple[str, str, str, str]) -> Document:
    """Points a and c, money b in cents: (from, to, take, give)."""
    point_types = [
        {"key": key, "name": key, "decimals": 2 if key == "b" else 0}
        | {
            "conversions": [
                {"to": to, "take": take, "give": give} for start, to, take, give in ways if start == key
            ]
        }
        for key in ("a", "b", "c")
    ]
    return document(fixed(point_type="a"), point_types=point_types)


@pytest.mark.parametrize(
    ("ways", "place"),
    [
        ([("a", "b", "100", "1.00"), ("b", "a", "1.00", "100")], None),
        ([("a", "b", "100", "1.00"), ("b", "a", "1.00", "99")], None),
        ([("a", "b", "100", "1.00"), ("b", "a", "1.00", "101")], "point_types.1.conversions.0.to"),
        ([("a", "b", "3", "1.00"), ("b", "c", "1.00", "2"), ("c", "a", "2", "3")], None),
        (
            [("a", "b", "3", "1.00"), ("b", "c", "1.00", "2"), ("c", "a", "1", "2")],
            "point_types.1.conversions.0.to",
        ),
        ([("a", "b", "1", "9.00"), ("b", "c", "0.01", "9")], None),
    ],
)
def test_converting_in_a_circle_makes_no_points(
    ways: list[tuple[str, str, str, str]], place: str | None
) -> None:
    assert faults(converting(*ways)) == ([] if place is None else [("makes_points", place)])


def test_without_a_ladder_nothing_can_be_asked_of_tiers() -> None:
    rule = per_step(when=asked("member.tier", "gold"))
    assert faults(document(rule)) == [("no_ladder", "rules.0.when.fact")]


EVENTS = [
    {"key": "review", "name": "Review", "fields": [{"key": "stars", "type": "number"}]},
    {
        "key": "stay",
        "name": "Stay",
        "fields": [{"key": "nights", "type": "number"}, {"key": "price", "type": "money"}],
        "amount": "price",
        "quantity": "nights",
    },
]
REVIEW, STAY = {"trigger": "event", "event": "review"}, {"trigger": "event", "event": "stay"}
OTHERS = ["registration", "birthday", "anniversary", "tier_reached", "referral", "referred"]
WAITING = {"pending": {"kind": "days", "days": 14}}


def by_itself(trigger: str) -> Document:
    """What waits for a friend's purchase has to wait for its returns, too."""
    return {"trigger": trigger, **(WAITING if trigger in ("referral", "referred") else {})}


EFFECTS = [per_step(), percent(), per_unit(), times("base", "2", group="base")]


@pytest.mark.parametrize("trigger", OTHERS[:4])
def test_what_comes_by_itself_gives_flat_bonuses_only(trigger: str) -> None:
    for effect in EFFECTS:
        found = faults(document({**effect, "trigger": trigger}))
        assert found == [("nothing_to_reckon", "rules.0.effect")], effect
    assert faults(document(fixed(trigger=trigger))) == []


@pytest.mark.parametrize("trigger", ["referral", "referred"])
def test_a_friends_purchase_has_an_amount_to_reckon_with_and_goods_that_may_come_back(trigger: str) -> None:
    fitting = [each for each in EFFECTS if faults(document({**each, "trigger": trigger, **WAITING})) == []]
    assert [each["effect"]["kind"] for each in fitting] == ["per_step", "percent"]
    when = asked("event.money.amount", "20.00", "at_least")
    assert faults(document(fixed(trigger=trigger, when=when, **WAITING))) == []
    for rule in (fixed(trigger=trigger), fixed(trigger=trigger, pending={"kind": "at_once"})):
        assert faults(document(rule)) == [("must_wait", "rules.0.pending")]


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_event_without_amount_and_quantity_gives_flat_bonuses_only(effect: Document) -> None:
    assert faults(document({**effect, **REVIEW}, events=EVENTS)) == [("nothing_to_reckon", "rules.0.effect")]
    assert faults(document(fixed(**REVIEW), events=EVENTS)) == []
    assert faults(document({**effect, **STAY}, events=EVENTS)) == []


@pytest.mark.parametrize(
    ("left", "fits"),
    [("amount", ["per_step", "percent", "multiplier"]), ("quantity", ["per_unit", "multiplier"])],
)
def test_each_effect_needs_what_it_reckons_with(left: str, fits: list[str]) -> None:
    other = {"amount": "quantity", "quantity": "amount"}[left]
    stay = {name: value for name, value in EVENTS[1].items() if name != other}
    fitting = [
        effect["effect"]["kind"]
        for effect in EFFECTS
        if faults(document({**effect, **STAY}, events=[stay])) == []
    ]
    assert fitting == fits


@pytest.mark.parametrize("more", [*map(by_itself, OTHERS), REVIEW])
@pytest.mark.parametrize(
    ("when", "place"),
    [
        (asked("basket.total", "1"), "when.fact"),
        (asked("basket.lines", 1), "when.fact"),
        (asked("purchase.attribute.colour"), "when.fact"),
        ({"lines": asked("line.sku")}, "when.lines"),
        ({"all": [asked("purchase.store"), {"not": asked("basket.total", "1")}]}, "when.all.1.not.fact"),
    ],
)
def test_baskets_and_lines_are_asked_of_purchases_only(more: Document, when: Document, place: str) -> None:
    assert faults(document(fixed(when=when, **more), events=EVENTS)) == [
        ("wrong_trigger", f"rules.0.{place}")
    ]
    assert faults(document(fixed(when=when))) == []


def test_a_rule_of_an_event_looks_at_no_lines() -> None:
    rule = fixed(lines=asked("line.sku", "review"), **REVIEW)
    assert faults(document(rule, events=EVENTS)) == [("wrong_trigger", "rules.0.lines")]


@pytest.mark.parametrize("trigger", ["purchase", *OTHERS])
def test_fields_of_events_are_asked_of_their_event_only(trigger: str) -> None:
    when = asked("event.number.stars", 5)
    found = faults(document(fixed(when=when, **by_itself(trigger)), events=EVENTS))
    assert found == [
        ("unknown_field" if trigger in ("referral", "referred") else "wrong_trigger", "rules.0.when.fact")
    ]
    assert faults(document(fixed(when=when, **REVIEW), events=EVENTS)) == []
    assert faults(document(fixed(when=when, **STAY), events=EVENTS)) == [
        ("unknown_field", "rules.0.when.fact")
    ]


@pytest.mark.parametrize("trigger", OTHERS)
def test_when_where_and_who_can_be_asked_of_everything(trigger: str) -> None:
    when = {
        "all": [
            asked("purchase.weekday", ["mon"], "one_of"),
            asked("purchase.store"),
            asked("member.age", 18, "at_least"),
            asked("member.attribute.city"),
        ]
    }
    assert faults(document(fixed(when=when, **by_itself(trigger)))) == []
