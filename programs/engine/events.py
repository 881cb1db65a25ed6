"""What may happen besides purchases: triggers that every programme knows, and events with a schema of its own.

An event is judged like a receipt with a single line: its declared amount and quantity are the line's, so every effect
means the same for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from programs.engine.facts import NOTHING, QUANTITY_DIGITS, Line
from programs.engine.reader import Reader

MOST_EVENTS = 200
MOST_FIELDS = 50
LONGEST_TEXT = 500


class Trigger(StrEnum):
    """What makes a rule look. `event` names an event of the programme; the others come by themselves. referral is
    the referrer's reward, referred the friend's."""

    PURCHASE = "purchase"
    REGISTRATION = "registration"
    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    TIER_REACHED = "tier_reached"
    REFERRAL = "referral"
    REFERRED = "referred"
    EVENT = "event"


LATE_DAYS = "late_days"  # of a birthday that became known so many days after it


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class EventField:
    key: str
    type: FieldType
    required: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """`amount` and `quantity` name the fields that per-step, percent and per-unit effects reckon with."""

    key: str
    name: tuple[tuple[str, str], ...]
    fields: tuple[EventField, ...] = ()
    amount: str = ""
    quantity: str = ""

    def field(self, key: str) -> EventField | None:
        return next((each for each in self.fields if each.key == key), None)


# What comes by itself but has an amount: of what a friend bought, as its rules reckon it.
REFERRAL_AMOUNT = "amount"
_REFERRALS = EventType(
    "referral", (), (EventField(REFERRAL_AMOUNT, FieldType.MONEY, required=True),), amount=REFERRAL_AMOUNT
)
_BUILT_IN = {Trigger.REFERRAL: _REFERRALS, Trigger.REFERRED: _REFERRALS}


def built_in(trigger: str) -> EventType | None:
    """The fields of what comes by itself, if it has any."""
    return _BUILT_IN.get(Trigger(trigger)) if trigger in set(Trigger) else None


def trigger_key(trigger: Trigger, event: str) -> str:
    """One name for what a rule waits for: "purchase", "birthday", "event:review"."""
    return f"event:{event}" if trigger is Trigger.EVENT else trigger.value


# --- reading and writing a declaration ------------------------------------------------------------
def read_event_type(reader: Reader) -> EventType:
    fields = tuple(_read_field(child) for child in reader.children("fields", most=MOST_FIELDS))
    types: dict[str, FieldType] = {}
    for index, field in enumerate(fields):
        if field.key and field.key in types:
            place = Reader({}, (*reader.path, "fields", index), reader.faults)
            place.fault("duplicate", "key", value=field.key)
        types[field.key] = field.type
    roles = {}
    for name, wanted in (("amount", FieldType.MONEY), ("quantity", FieldType.NUMBER)):
        roles[name] = reader.key(name, required=False)
        if roles[name] and types.get(roles[name]) is not wanted:
            options = sorted(key for key, kind in types.items() if kind is wanted)
            reader.fault("unknown_field", name, value=roles[name], options=options)
    event = EventType(
        key=reader.key(),
        name=tuple(sorted(reader.words("name", required=True).items())),
        fields=fields,
        **roles,
    )
    reader.finish()
    return event


def _read_field(reader: Reader) -> EventField:
    field = EventField(
        key=reader.key(),
        type=reader.choice("type", FieldType, default=FieldType.TEXT),
        required=reader.boolean("required", default=False),
    )
    reader.finish()
    return field


def dump_event_type(event: EventType) -> dict[str, Any]:
    written: dict[str, Any] = {
        "key": event.key,
        "name": dict(event.name),
        "fields": [
            {"key": field.key, "type": field.type.value, "required": field.required} for field in event.fields
        ],
        "amount": event.amount,
        "quantity": event.quantity,
    }
    return {name: value for name, value in written.items() if value not in ("", [])}


# --- reading what was sent ------------------------------------------------------------------------
def read_payload(event: EventType, reader: Reader, money_digits: int) -> dict[str, Any]:
    """The fields of an event that was sent: texts as they are, money in minor units, numbers in thousandths, days as
    "2026-12-31", yes and no as true and false. Faults go to the reader; call its `finish` afterwards."""
    values: dict[str, Any] = {}
    for field in event.fields:
        raw = reader.take(field.key, required=field.required)
        value = None if raw is None else _value(reader, field, raw, money_digits)
        if value is not None:
            values[field.key] = value
    return values


def _value(reader: Reader, field: EventField, raw: Any, money_digits: int) -> Any:
    if field.type is FieldType.MONEY:
        return reader.as_number(raw, money_digits, field.key, low=0)
    if field.type is FieldType.NUMBER:
        return reader.as_number(raw, QUANTITY_DIGITS, field.key, low=0)
    if field.type is FieldType.BOOLEAN:
        return reader.boolean(field.key, default=False)
    if field.type is FieldType.DATE:
        day = reader.date(field.key)
        return None if day is None else day.isoformat()
    return reader.text(field.key, required=field.required, longest=LONGEST_TEXT)


def as_line(key: str, event: EventType | None = None, payload: Mapping[str, Any] = NOTHING) -> Line:
    """What happened as the one line of a receipt: `key` names it. What comes by itself has neither amount nor
    quantity; of an event they are the declared fields, nothing where they were not sent."""
    if event is None:
        return Line(key, 0, 0)
    return Line(key, payload.get(event.quantity) or 0, payload.get(event.amount) or 0)


def stored_day(payload: Mapping[str, Any], key: str) -> date | None:
    """A day of a payload, if there is one."""
    value = payload.get(key)
    return date.fromisoformat(value) if isinstance(value, str) and value else None
