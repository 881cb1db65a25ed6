"""Events: how they are declared, what may be sent, and what they earn."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.compiling import compile_check
from programs.engine.conditions import read_condition
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.events import (
    EventField,
    EventType,
    FieldType,
    Trigger,
    as_line,
    dump_event_type,
    read_event_type,
    read_payload,
    stored_day,
    trigger_key,
)
from programs.engine.facts import NOTHING, Basket, Facts, MemberFacts, Usage
from programs.engine.reader import Reader
from programs.engine.ruleset import Ruleset
from programs.engine.vocabulary import Scope, event_field, fact, tier_ladder
from tests.engine.building import (
    MULTIPLIERS,
    NOBODY,
    NOON,
    Document,
    basket,
    fixed,
    given,
    per_step,
    per_unit,
    percent,
    ruleset,
    skipped,
    times,
)

STAY: Document = {
    "key": "stay",
    "name": "Stay",
    "fields": [
        {"key": "nights", "type": "number", "required": True},
        {"key": "price", "type": "money"},
        {"key": "room", "required": True},
        {"key": "arrival", "type": "date"},
        {"key": "breakfast", "type": "boolean"},
    ],
    "amount": "price",
    "quantity": "nights",
}
REVIEW: Document = {"key": "review", "name": "Review", "fields": [{"key": "stars", "type": "number"}]}
OF_STAY, OF_REVIEW = {"trigger": "event", "event": "stay"}, {"trigger": "event", "event": "review"}


def declared(settings: Any) -> tuple[EventType, list[tuple[str, str]]]:
    reader = Reader(settings)
    event = read_event_type(reader)
    return event, [(fault.code, ".".join(map(str, fault.path))) for fault in reader.faults]


STAYING, _none = declared(STAY)


# --- declarations ---------------------------------------------------------------------------------
def test_a_declaration_comes_back_the_same() -> None:
    assert _none == []
    assert STAYING.field("price") == EventField("price", FieldType.MONEY)
    assert STAYING.field("cost") is None
    assert declared(dump_event_type(STAYING)) == (STAYING, [])


KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
FIELDS = st.lists(
    st.fixed_dictionaries(
        {"key": KEYS}, optional={"type": st.sampled_from(list(FieldType)), "required": st.booleans()}
    ),
    max_size=6,
    unique_by=lambda field: field["key"],
)


@generated(KEYS, FIELDS)
def test_any_declaration_comes_back_the_same(key: str, fields: list[Document]) -> None:
    settings: Document = {"key": key, "name": {"en": key, "et": ""}, "fields": fields}
    for role, wanted in (("amount", "money"), ("quantity", "number")):
        found = [field["key"] for field in fields if field.get("type") == wanted]
        settings |= {role: found[0]} if found else {}
    event, faults = declared(settings)
    assert faults == []
    written = dump_event_type(event)
    assert declared(written) == (event, [])
    assert dump_event_type(declared(written)[0]) == written


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"key": "Stay"}, [("bad_key", "key")]),
        ({"name": ""}, [("missing", "name")]),
        ({"colour": 1}, [("unknown_key", "colour")]),
        (
            {"fields": {}},
            [("wrong_type", "fields"), ("unknown_field", "amount"), ("unknown_field", "quantity")],
        ),
        ({"amount": "nights"}, [("unknown_field", "amount")]),
        ({"quantity": "price"}, [("unknown_field", "quantity")]),
        ({"quantity": "rooms"}, [("unknown_field", "quantity")]),
        ({"amount": 5}, [("wrong_type", "amount")]),
    ],
)
def test_each_fault_of_a_declaration(settings: Document, found: list[tuple[str, str]]) -> None:
    assert declared({**STAY, **settings})[1] == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ({}, [("missing", "fields.0.key")]),
        ({"key": "Room"}, [("bad_key", "fields.0.key")]),
        ({"key": "room", "type": "colour"}, [("unknown_choice", "fields.0.type")]),
        ({"key": "room", "required": "yes"}, [("wrong_type", "fields.0.required")]),
        ({"key": "room", "longest": 5}, [("unknown_key", "fields.0.longest")]),
        ([], [("wrong_type", "fields.0"), ("missing", "fields.0.key")]),
    ],
)
def test_each_fault_of_a_field(field: Any, found: list[tuple[str, str]]) -> None:
    assert declared({"key": "visit", "name": "Visit", "fields": [field]})[1] == found


def test_a_field_stands_once_in_an_event_and_there_are_not_too_many() -> None:
    twice = {"key": "visit", "name": "Visit", "fields": [{"key": "a"}, {"key": "b"}, {"key": "a"}]}
    assert declared(twice)[1] == [("duplicate", "fields.2.key")]
    many = {"key": "visit", "name": "Visit", "fields": [{"key": f"a{number}"} for number in range(51)]}
    assert declared(many)[1] == [("too_many", "fields")]


def test_a_trigger_has_one_name() -> None:
    assert trigger_key(Trigger.EVENT, "stay") == "event:stay"
    assert {trigger_key(each, "") for each in Trigger} - {"event:"} == {
        "purchase", "registration", "birthday", "anniversary", "tier_reached", "referral", "referred"
    }  # fmt: skip


# --- what was sent --------------------------------------------------------------------------------
def sent(**values: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    reader = Reader(values)
    payload = read_payload(STAYING, reader, 2)
    reader.finish()
    return payload, [(fault.code, ".".join(map(str, fault.path))) for fault in reader.faults]


def test_values_are_kept_in_the_smallest_unit() -> None:
    payload, faults = sent(nights="2.5", price="99.90", room="12", arrival="2026-05-13", breakfast=False)
    assert faults == []
    assert payload == {
        "nights": 2_500, "price": 9_990, "room": "12", "arrival": "2026-05-13", "breakfast": False
    }  # fmt: skip
    assert stored_day(payload, "arrival") == date(2026, 5, 13)
    assert stored_day(payload, "departure") is None


def test_what_was_not_sent_is_not_there() -> None:
    assert sent(nights=3, room="12") == ({"nights": 3_000, "room": "12"}, [])
    assert sent(nights=3, room="12", price=None) == ({"nights": 3_000, "room": "12"}, [])


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"nights": None}, [("missing", "nights")]),
        ({"room": None}, [("missing", "room")]),
        ({"room": ""}, [("missing", "room")]),
        ({"room": 12}, [("wrong_type", "room")]),
        ({"room": "x" * 501}, [("too_long", "room")]),
        ({"room": "\x00"}, [("bad_characters", "room")]),
        ({"nights": "two"}, [("not_a_number", "nights")]),
        ({"nights": "1.0005"}, [("too_many_decimals", "nights")]),
        ({"nights": -1}, [("out_of_range", "nights")]),
        ({"nights": 2.5}, [("wrong_type", "nights")]),
        ({"nights": True}, [("wrong_type", "nights")]),
        ({"nights": 1 << 60}, [("out_of_range", "nights")]),
        ({"nights": 1 << 4_000_000}, [("out_of_range", "nights")]),
        ({"price": "1.005"}, [("too_many_decimals", "price")]),
        ({"price": "-0.01"}, [("out_of_range", "price")]),
        ({"price": {"amount": 1}}, [("wrong_type", "price")]),
        ({"arrival": "13.05.2026"}, [("wrong_type", "arrival")]),
        ({"arrival": 20260513}, [("wrong_type", "arrival")]),
        ({"breakfast": "true"}, [("wrong_type", "breakfast")]),
        ({"breakfast": 1}, [("wrong_type", "breakfast")]),
        ({"pets": 1}, [("unknown_key", "pets")]),
    ],
)
def test_each_fault_of_what_was_sent(values: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert sent(**{"nights": 3, "room": "12", **values})[1] == found


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@generated(
    JUNK | st.dictionaries(st.sampled_from(["nights", "price", "room", "arrival", "breakfast", "x"]), JUNK)
)
def test_whatever_is_sent_never_raises_and_what_is_taken_has_its_type(values: Any) -> None:
    reader = Reader(values)
    payload = read_payload(STAYING, reader, 2)
    reader.finish()
    if reader.faults:
        return
    types = {"nights": int, "price": int, "room": str, "arrival": str, "breakfast": bool}
    assert {"nights", "room"} <= set(payload) <= set(types)
    assert all(type(value) is types[name] for name, value in payload.items())


# --- what events earn -----------------------------------------------------------------------------
def happened(rules: Ruleset, trigger: str, payload: Document | None = None, **more: Any) -> Basket:
    """An event (or what comes by itself) as it is evaluated."""
    event = rules.core.event(trigger.removeprefix("event:"))
    kept: Any = NOTHING
    if event is not None:
        reader = Reader(payload or {})
        kept = read_payload(event, reader, rules.core.money_digits)
        assert reader.faults == []
    line = as_line(trigger.removeprefix("event:"), event, kept)
    more.setdefault("occurred_at", NOON)
    return Basket(lines=(line,), trigger=trigger, payload=kept, **more)


def judged(
    rules: Ruleset, trigger: str, payload: Document | None = None, member: MemberFacts = NOBODY, **more: Any
) -> Evaluation:
    return evaluate(happened(rules, trigger, payload, **more), member, rules)


def with_events(*rules: Document, **parts: Any) -> Ruleset:
    return ruleset(*rules, events=[STAY, REVIEW], **parts)


THREE_NIGHTS = {"nights": 3, "price": "250.90", "room": "suite 7", "arrival": "2026-05-10", "breakfast": True}


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (fixed("base"), 100),
        (per_step(), 250),
        (per_step(points="5", step="100.00"), 10),
        (percent(share="10"), 25),
        (per_unit(points="20"), 60),
        (per_unit(points="20", caps={"per_purchase": 50}), 50),
        (per_unit(points="20", caps={"per_line": 30}), 30),
        (per_unit(points="20", caps={"per_purchase": 50, "on_excess": "reject"}), 0),
    ],
)
def test_each_effect_on_an_event(rule: Document, points: int) -> None:
    result = judged(with_events({**rule, **OF_STAY}), "event:stay", THREE_NIGHTS)
    assert given(result) == ({"base": points} if points else {})


@pytest.mark.parametrize(
    ("rule", "code"),
    [(per_step(), "nothing_to_earn"), (percent(), "nothing_to_earn"), (per_unit(), "below_step")],
)
def test_without_an_amount_there_is_nothing_to_earn(rule: Document, code: str) -> None:
    result = judged(with_events({**rule, **OF_STAY}), "event:stay", {"nights": "0.5", "room": "1"})
    assert (given(result), skipped(result)) == ({}, {"base": code})


def test_full_units_of_a_quantity_count() -> None:
    rules = with_events(per_unit(points="20", **OF_STAY))
    assert given(judged(rules, "event:stay", {"nights": "2.999", "room": "1"})) == {"base": 40}


def test_multipliers_of_an_event_raise_its_rules_and_no_flat_bonus() -> None:
    rules = with_events(
        per_unit(points="20", **OF_STAY),
        fixed(**OF_STAY),
        times("double", "2", **OF_STAY),
        groups=MULTIPLIERS,
    )
    result = judged(rules, "event:stay", THREE_NIGHTS)
    assert given(result) == {"base": 60, "bonus": 100, "double": 60}


def test_rules_of_another_trigger_are_not_even_tried() -> None:
    rules = with_events(
        per_step("shopping"),
        times("happy", "3"),
        fixed("cake", trigger="birthday"),
        fixed("seen", **OF_REVIEW),
        per_unit("nights", points="20", **OF_STAY),
        groups=MULTIPLIERS,
    )
    by_trigger = {
        "event:stay": {"nights": 60},
        "event:review": {"seen": 100},
        "birthday": {"cake": 100},
        "registration": {},
        "event:unheard": {},
    }
    for trigger, points in by_trigger.items():
        result = judged(rules, trigger, THREE_NIGHTS if trigger == "event:stay" else None)
        assert (given(result), result.skips) == (points, ()), trigger
    result = evaluate(basket("10.00"), NOBODY, rules)
    assert (given(result), skipped(result)) == ({"shopping": 10, "happy": 20}, {})


@pytest.mark.parametrize(
    "trigger", [each.value for each in Trigger if each not in (Trigger.PURCHASE, Trigger.EVENT)]
)
def test_what_comes_by_itself_gives_its_flat_bonus(trigger: str) -> None:
    rules = ruleset(fixed(trigger=trigger), fixed("off", trigger=trigger, enabled=False), per_step())
    assert given(judged(rules, trigger)) == {"bonus": 100}
    assert judged(rules, trigger).skips == ()


@pytest.mark.parametrize(
    "policies",
    [
        {"earning_kinds": ["delivery"]},
        {"tax": "excluded", "discounts": "before"},
        {"order_discount": "left_out", "stored_value": "lowers_base"},
    ],
)
def test_policies_about_receipts_do_not_touch_events(policies: Document) -> None:
    rules = with_events(per_step(**OF_STAY), fixed("cake", trigger="birthday"), policies=policies)
    assert given(judged(rules, "event:stay", THREE_NIGHTS)) == {"base": 250}
    assert given(judged(rules, "birthday")) == {"cake": 100}


@pytest.mark.parametrize("level", ["rule", "line", "basket"])
def test_an_event_is_rounded_like_a_receipt_with_one_line(level: str) -> None:
    rules = with_events(
        percent(share="1", **OF_STAY), policies={"rounding_level": level, "rounding": "half_up"}
    )
    assert given(judged(rules, "event:stay", THREE_NIGHTS)) == {"base": 3}


def test_groups_stand_among_the_rules_of_one_trigger() -> None:
    rules = with_events(
        fixed("first", points="1", group="one", **OF_STAY),
        fixed("other", points="9", group="one", trigger="birthday"),
        fixed("second", points="2", group="one", **OF_STAY),
        groups=[{"key": "one", "mode": "first_match"}],
    )
    result = judged(rules, "event:stay", THREE_NIGHTS)
    assert (given(result), skipped(result)) == ({"first": 1}, {"second": "after_first"})
    assert given(judged(rules, "birthday")) == {"other": 9}


def test_caps_and_schedules_hold_for_events() -> None:
    rules = with_events(
        fixed(caps={"times": [{"per": "year", "times": 1}]}, **OF_REVIEW),
        per_unit("nights", points="20", caps={"per_member": [{"per": "month", "points": 50}]}, **OF_STAY),
        fixed("weekend", schedule={"weekdays": ["sat", "sun"]}, **OF_STAY),
    )
    used = MemberFacts(usage={("bonus", "2026"): Usage(100, 1), ("nights", "2026-05"): Usage(30, 1)})
    assert skipped(judged(rules, "event:review", member=used)) == {"bonus": "frequency"}
    result = judged(rules, "event:stay", THREE_NIGHTS, used)
    assert (given(result), skipped(result)) == ({"nights": 20}, {"weekend": "weekday"})
    saturday = datetime(2026, 5, 16, 12, tzinfo=UTC)
    assert given(judged(rules, "event:stay", THREE_NIGHTS, occurred_at=saturday))["weekend"] == 100


def test_limits_of_a_point_type_hold_over_events() -> None:
    rules = with_events(per_step(**OF_STAY), fixed(**OF_STAY), limits={"per_purchase": 300})
    assert given(judged(rules, "event:stay", THREE_NIGHTS)) == {"base": 250, "bonus": 50}


# --- conditions -----------------------------------------------------------------------------------
def holds(name: str, operator: str, *value: Any, payload: Document | None = None, **member: Any) -> bool:
    rules = with_events(fixed(**OF_STAY))
    reader = Reader({"fact": name, "is": operator, **({"value": value[0]} if value else {})})
    check = compile_check(read_condition(reader, Scope.PURCHASE, 2))
    assert reader.faults == []
    seen = happened(rules, "event:stay", THREE_NIGHTS if payload is None else payload)
    return check is None or check(Facts(seen, MemberFacts(**member), rules.zone)) is None


@pytest.mark.parametrize(
    ("name", "below", "same", "above"),
    [
        ("event.number.nights", "2.999", 3, "3.001"),
        ("event.money.price", "250.89", "250.9", "250.91"),
        ("event.date.arrival", "2026-05-09", "2026-05-10", "2026-05-11"),
    ],
)
def test_numbers_money_and_days_of_an_event_are_compared(
    name: str, below: Any, same: Any, above: Any
) -> None:
    values = (below, same, above)
    assert [holds(name, "at_least", value) for value in values] == [True, True, False]
    assert [holds(name, "more_than", value) for value in values] == [True, False, False]
    assert [holds(name, "at_most", value) for value in values] == [False, True, True]
    assert [holds(name, "less_than", value) for value in values] == [False, False, True]
    assert [holds(name, "equals", value) for value in values] == [False, True, False]
    assert [holds(name, "not_equals", value) for value in values] == [True, False, True]
    assert [holds(name, "between", [below, value]) for value in values] == [False, True, True]


def test_texts_and_yes_or_no_of_an_event_are_compared() -> None:
    assert holds("event.text.room", "equals", "suite 7")
    assert holds("event.text.room", "starts_with", "suite")
    assert holds("event.text.room", "one_of", ["suite 7", "suite 8"])
    assert holds("event.text.room", "none_of", ["suite 8"])
    assert not holds("event.text.room", "equals", "Suite 7")
    assert holds("event.text.breakfast", "equals", "true")
    assert not holds("event.text.breakfast", "equals", "false")
    no_breakfast = {**THREE_NIGHTS, "breakfast": False}
    assert holds("event.text.breakfast", "equals", "false", payload=no_breakfast)
    assert holds("event.text.breakfast", "is_set", payload=no_breakfast)


def test_what_was_not_sent_is_unknown() -> None:
    little = {"nights": 1, "room": "x"}
    for name, value in (("event.money.price", "0"), ("event.date.arrival", "2026-05-10")):
        for operator in ("equals", "at_least", "more_than", "at_most", "less_than"):
            assert not holds(name, operator, value, payload=little), (name, operator)
        assert holds(name, "not_equals", value, payload=little)
    assert holds("event.date.arrival", "is_not_set", payload=little)
    assert not holds("event.date.arrival", "is_set", payload=little)
    assert holds("event.text.breakfast", "is_not_set", payload=little)
    assert not holds("event.text.breakfast", "equals", "false", payload=little)


def test_the_tier_of_the_main_and_of_another_ladder_is_asked() -> None:
    tiers = {"": "gold", "nights": "friend"}
    assert holds("member.tier", "one_of", ["gold", "black"], tiers=tiers)
    assert not holds("member.tier", "equals", "friend", tiers=tiers)
    assert holds("member.tier.nights", "equals", "friend", tiers=tiers)
    assert holds("member.tier.stars", "is_not_set", tiers=tiers)
    assert holds("member.tier", "none_of", ["gold"])


def test_names_of_facts_are_taken_apart() -> None:
    assert event_field("event.number.nights") == (("number",), "nights")
    assert event_field("event.text.breakfast") == (("text", "boolean"), "breakfast")
    for name in ("event.nights", "event.number.", "event.colour.x", "event.number.a.b", "member.number.x"):
        assert event_field(name) is None
        assert fact(name) is None
    assert [tier_ladder(name) for name in ("member.tier", "member.tier.nights")] == ["", "nights"]
    assert [tier_ladder(name) for name in ("member.tier.", "member.tiers", "member.age")] == [None] * 3
    assert fact("member.tier.") is None
