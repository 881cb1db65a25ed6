"""What comes by itself: joining, once, and every year birthdays and anniversaries. Each is an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from loyalty.core.exact import local_day, start_of_day
from members.engine.calendar import next_occasions
from members.services import keeping
from members.services.ledger import Sheet
from programs.engine.events import Trigger
from programs.engine.facts import NOTHING, Basket, Line

if TYPE_CHECKING:
    from members.services.recording import Recorder


class Waiting(NamedTuple):
    """An occasion and the instant at which its day begins."""

    at: datetime
    day: date
    trigger: str


def waiting(recorder: Recorder, sheet: Sheet, until: datetime) -> list[Waiting]:
    """The occasions of a membership that have come and were not looked at, in the order of time."""
    if not recorder.calendar:
        return []
    ruleset = recorder.ruleset_at(until).ruleset
    last = local_day(until, ruleset.zone)
    joined = local_day(sheet.joined_at, ruleset.zone)
    found = []
    if sheet.calendar_until is None and sheet.joined_at <= until:
        sheet.touched = True  # so that joining is looked at once
        found.append(Waiting(sheet.joined_at, joined, Trigger.REGISTRATION.value))
    looked = sheet.calendar_until or joined
    if last > looked:
        leap = ruleset.policies.leap_birthday
        occasions = next_occasions(looked, last, sheet.birth_date, joined, leap)
        found += [Waiting(start_of_day(each.day, ruleset.zone), *each) for each in occasions]
    sheet.calendar_until = max(last, looked)
    return [each for each in found if _has_rules(recorder, each)]


def _has_rules(recorder: Recorder, each: Waiting) -> bool:
    stretch = recorder.stretch_until(each.at)
    return stretch is not None and each.trigger in stretch.ruleset.calendar


def celebrate(recorder: Recorder, sheet: Sheet, each: Waiting) -> None:
    """Record the event of an occasion."""
    about = () if each.trigger == Trigger.REGISTRATION.value else (each.day.year,)
    system_event(recorder, sheet, each.trigger, each.at, about)


def system_event(
    recorder: Recorder,
    sheet: Sheet,
    trigger: str,
    occurred_at: datetime,
    about: tuple[object, ...],
    fields: Mapping[str, str] = NOTHING,
) -> None:
    """Record an event that comes by itself, once per membership and `about`."""
    basket = Basket(occurred_at, (Line(trigger, 0, 0),), trigger=trigger, payload=fields)
    number = keeping.numbered((trigger, *about, sheet.membership))
    digest = keeping.digest_of(trigger, sheet.membership, *about)
    recorder.event(sheet, basket, number, recorder.operator, digest, keeping.SYSTEM)
