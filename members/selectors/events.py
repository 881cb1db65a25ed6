"""Events in words: what each is called, what was sent with it, and what points may wait for."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.translated import text
from members.engine.books import APPROVAL
from members.models import Event, Referral
from members.selectors.explain.amounts import money, quantity
from members.selectors.tiers import tier_name
from programs.engine.document import Core
from programs.engine.events import LATE_DAYS, REFERRAL_AMOUNT, FieldType, Trigger
from programs.models import Revision
from programs.selectors.rulesets import compiled

__all__ = ["EVENT_NAMES", "called", "event_name", "fields_in_words", "waits_in_words"]

OF_PROGRAMME = f"{Trigger.EVENT}:"
# What comes by itself, as it is called in a list.
EVENT_NAMES: dict[str, str | Promise] = {
    Trigger.REGISTRATION: _("Joining"),
    Trigger.BIRTHDAY: _("Birthday"),
    Trigger.ANNIVERSARY: _("Anniversary of joining"),
    Trigger.TIER_REACHED: _("Tier reached"),
    Trigger.REFERRAL: _("Brought a friend"),
    Trigger.REFERRED: _("Came through a friend"),
}


def called(kind: str, core: Core | None) -> str:
    """What a kind of event is called in a document: "birthday" is Birthday, "event:review" has the programme's name."""
    if kind in EVENT_NAMES:
        return str(EVENT_NAMES[kind])
    key = kind.removeprefix(OF_PROGRAMME)
    event = None if core is None else core.event(key)
    return "" if event is None else text(dict(event.name)) or key


def event_name(kind: str, revision: Revision | None) -> str:
    """The same by the revision, whose document need not be loaded."""
    core = None if revision is None else compiled(revision.sha256, revision.pk).core
    return called(kind, core) or kind.removeprefix(OF_PROGRAMME)


def waits_in_words(awaits: str, revision: Revision | None) -> str:
    """What pending points wait for besides a day; empty when for nothing."""
    if awaits == APPROVAL:
        return gettext("approval by staff")
    return event_name(awaits, revision) if awaits else ""


def fields_in_words(event: Event, core: Core) -> list[tuple[str, str]]:
    """What was sent with an event: (field, value)."""
    if event.kind == Trigger.TIER_REACHED:
        ladder = core.ladder(event.payload.get("ladder", ""))
        name = "" if ladder is None else text(dict(ladder.name))
        return [(name or gettext("Tier"), tier_name(ladder, event.payload.get("tier", "")))]
    if event.kind in (Trigger.REFERRAL, Trigger.REFERRED):
        return _of_referral(event, core)
    if event.kind == Trigger.BIRTHDAY:
        late = event.payload.get(LATE_DAYS, 0)
        return [(gettext("Became known"), _days_later(late))] if late else []
    declared = core.event(event.kind.removeprefix(OF_PROGRAMME))
    types = {} if declared is None else {field.key: field.type for field in declared.fields}
    return [(key, _value(value, types.get(key), core)) for key, value in event.payload.items()]


def _of_referral(event: Event, core: Core) -> list[tuple[str, str]]:
    """The other of the two, and what counted of the friend's purchase."""
    counted = (gettext("Counted of the purchase"), money(event.payload[REFERRAL_AMOUNT], core.currency))
    found = Referral.objects.select_related("friend", "referrer").get(pk=event.payload["referral"])
    if event.kind == Trigger.REFERRAL:
        return [(gettext("Friend"), found.friend.number), counted]
    return [(gettext("Brought by"), found.referrer.number), counted]


def _days_later(days: int) -> str:
    return ngettext("%(count)d day later", "%(count)d days later", days) % {"count": days}


def _value(value: Any, kind: FieldType | None, core: Core) -> str:
    match kind:
        case FieldType.MONEY:
            return money(value, core.currency)
        case FieldType.NUMBER:
            return quantity(value)
        case FieldType.DATE:
            return date_format(date.fromisoformat(value), "DATE_FORMAT")
        case FieldType.BOOLEAN:
            return gettext("yes") if value else gettext("no")
        case _:
            return str(value)
