"""What comes by itself: joining, once, and every year birthdays and anniversaries. Each is an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from loyalty.core.exact import local_day, start_of_day
from members.choices import DocumentKind
from members.engine.calendar import days_of, next_occasions
from members.models import DocumentKey
from members.services import keeping
from members.services.ledger import Sheet
from programs.engine.events import LATE_DAYS, Trigger, as_line, built_in
from programs.engine.facts import NOTHING, Basket

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
        found += birthday_before(recorder, sheet, sheet.joined_at)
    looked = sheet.calendar_until or joined
    if last > looked:
        leap = ruleset.policies.leap_birthday
        occasions = next_occasions(looked, last, sheet.birth_date, joined, leap)
        found += [Waiting(start_of_day(each.day, ruleset.zone), *each) for each in occasions]
    sheet.calendar_until = max(last, looked)
    return [each for each in found if _has_rules(recorder, each)]


def birthday_before(recorder: Recorder, sheet: Sheet, at: datetime) -> list[Waiting]:
    """The birthday of the day on which it became known, or of days before that some rule's grace reaches back to."""
    stretch = recorder.stretch_until(at)
    if stretch is None or sheet.birth_date is None:
        return []
    ruleset = stretch.ruleset
    today = local_day(at, ruleset.zone)
    before = today - timedelta(days=ruleset.birthday_grace + 1)
    leap = ruleset.policies.leap_birthday
    birthdays = days_of(sheet.birth_date, before, today, leap)
    return [Waiting(at, birthdays[-1], Trigger.BIRTHDAY.value)] if birthdays else []


def become_known(recorder: Recorder, sheet: Sheet, now: datetime) -> None:
    """Record the birthday that a birth date brings which has just become known."""
    for each in birthday_before(recorder, sheet, now):
        if _has_rules(recorder, each):
            celebrate(recorder, sheet, each)


def _has_rules(recorder: Recorder, each: Waiting) -> bool:
    stretch = recorder.stretch_until(each.at)
    return stretch is not None and each.trigger in stretch.ruleset.calendar


def celebrate(recorder: Recorder, sheet: Sheet, each: Waiting) -> None:
    """Record the event of an occasion. A birthday comes once a year, also when the birth date is corrected after it."""
    about = () if each.trigger == Trigger.REGISTRATION.value else (each.day.year,)
    fields: dict[str, Any] = {}
    if each.trigger == Trigger.BIRTHDAY.value:
        if _had(recorder, sheet, each.trigger, about):
            return
        late = local_day(each.at, recorder.ruleset_at(each.at).ruleset.zone) - each.day
        fields = {LATE_DAYS: late.days} if late else {}
    system_event(recorder, sheet, each.trigger, each.at, about, fields)


def _had(recorder: Recorder, sheet: Sheet, trigger: str, about: tuple[object, ...]) -> bool:
    keys = DocumentKey.objects.filter(
        programme=recorder.programme, source=keeping.SYSTEM, kind=DocumentKind.EVENT,
        number=system_number(sheet, trigger, about),
    )  # fmt: skip
    return keys.exists()


def system_number(sheet: Sheet, trigger: str, about: tuple[object, ...]) -> str:
    """What an event that comes by itself is known by: "birthday:2027:417"."""
    return keeping.numbered((trigger, *about, sheet.membership))


def system_basket(trigger: str, occurred_at: datetime, fields: Mapping[str, Any] = NOTHING) -> Basket:
    """An event that comes by itself as rules see it."""
    line = as_line(trigger, built_in(trigger), fields)
    return Basket(occurred_at, (line,), trigger=trigger, payload=fields)


def system_event(
    recorder: Recorder,
    sheet: Sheet,
    trigger: str,
    occurred_at: datetime,
    about: tuple[object, ...],
    fields: Mapping[str, Any] = NOTHING,
) -> None:
    """Record an event that comes by itself, once per membership and `about`."""
    basket = system_basket(trigger, occurred_at, fields)
    number = system_number(sheet, trigger, about)
    digest = keeping.digest_of(trigger, sheet.membership, *about)
    recorder.event(sheet, basket, number, recorder.operator, digest, keeping.SYSTEM)
