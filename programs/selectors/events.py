"""Events in words: what a rule waits for, what is sent with an event, and what can be asked of it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.translated import text
from programs.engine.document import Core
from programs.engine.events import EventType, FieldType, Trigger
from programs.engine.rules import Rule

__all__ = ["fields_in_words", "trigger_in_words"]

TRIGGERS: dict[Trigger, str | Promise] = {
    Trigger.REGISTRATION: _("on joining"),
    Trigger.BIRTHDAY: _("on the birthday"),
    Trigger.ANNIVERSARY: _("on each anniversary of joining"),
    Trigger.TIER_REACHED: _("on reaching a tier"),
    Trigger.REFERRAL: _("for bringing a friend"),
    Trigger.REFERRED: _("for joining through a friend"),
}
FIELD_TYPES: dict[FieldType, str | Promise] = {
    FieldType.TEXT: _("text"),
    FieldType.NUMBER: _("number"),
    FieldType.MONEY: _("amount of money"),
    FieldType.DATE: _("date"),
    FieldType.BOOLEAN: _("yes or no"),
}


def trigger_in_words(rule: Rule, core: Core) -> str:
    """What the rule waits for; empty for purchases, which go without saying."""
    if rule.trigger is Trigger.PURCHASE:
        return ""
    if rule.trigger is Trigger.EVENT:
        event = core.event(rule.event)
        return gettext("for each event “%(event)s”") % {
            "event": text(dict(event.name)) if event else rule.event
        }
    said = str(TRIGGERS[rule.trigger])
    if rule.grace_days:
        said = ngettext(
            "%(trigger)s, also when it becomes known %(count)d day later",
            "%(trigger)s, also when it becomes known up to %(count)d days later",
            rule.grace_days,
        ) % {"trigger": said, "count": rule.grace_days}
    return said


def fields_in_words(event: EventType) -> list[tuple[str, str, str, str]]:
    """What is sent with the event, one line each: code, type, whether it must be there, what it is used as."""
    used = {event.amount: gettext("the amount of the event"), event.quantity: gettext("its quantity")}
    return [
        (
            field.key,
            str(FIELD_TYPES[field.type]),
            gettext("yes") if field.required else gettext("no"),
            used.get(field.key, ""),
        )
        for field in event.fields
    ]
