"""Events: how they are declared, what may be sent, and what they earn."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.events import (
    EventField,
    EventType,
    FieldType,
    Trigger,
    dump_event_type,
    read_event_type,
    read_payload,
    stored_day,
    trigger_key,
)
from programs.engine.reader import Reader
from tests.engine.building import (
    Document,
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
