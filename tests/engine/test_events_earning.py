"""What events earn: every effect, multiplier, cap and condition means for an event what it means for a receipt."""

from datetime import UTC, datetime
from typing import Any

import pytest

from programs.engine.compiling import compile_check
from programs.engine.conditions import read_condition
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.events import (
    Trigger,
    as_line,
    read_payload,
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
from tests.engine.test_events import REVIEW, STAY, declared

OF_STAY, OF_REVIEW = {"trigger": "event", "event": "stay"}, {"trigger": "event", "event": "review"}
STAYING, _none = declared(STAY)


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
    waiting = {"trigger": trigger, "pending": {"kind": "days", "days": 14}}
    rules = ruleset(fixed(**waiting), fixed("off", **waiting, enabled=False), per_step())
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
