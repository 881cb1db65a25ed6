"""Why an event earned what it earned: as data, and in the sentences of receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from members.models import Event
from members.selectors.events import event_name, fields_in_words
from members.selectors.explain.amounts import moment
from members.selectors.explain.calculation import Calculation, calculated
from members.selectors.explain.evidence import basket_of_event
from members.selectors.explain.words import (
    Words,
    award_in_words,
    circumstances,
    points_in_words,
    skips_in_words,
)
from programs.selectors.rulesets import ruleset_of

__all__ = ["Happening", "event_in_words", "explain_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening(Calculation):
    """Everything there is to say about one event. `name` and `fields` are in the reader's language."""

    event_id: int
    number: str
    name: str
    fields: Sequence[tuple[str, str]]


def explain_event(event: Event) -> Happening:
    """What the event earned and why, what gave nothing and why."""
    core = ruleset_of(event.revision).core
    return Happening(
        **calculated(event, basket_of_event(event, core)),
        event_id=event.pk,
        number=event.number,
        name=event_name(event.kind, event.revision),
        fields=fields_in_words(event, core),
    )


def event_in_words(told: Happening) -> Words:
    """The explanation in the reader's language."""
    summary = _("This event earned nothing.")
    if told.earned:
        summary = _("This event earned %(points)s.") % {"points": points_in_words(told.earned, told)}
    head = [
        *circumstances(told),
        (_("Number"), told.number),
        (_("Happened"), moment(told.occurred_at, told.zone)),
        (_("Recorded"), moment(told.recorded_at, told.zone)),
        *told.fields,
    ]
    return Words(
        title=told.name,
        summary=summary,
        head=[(label, value) for label, value in head if value],
        columns=(),
        rows=(),
        awards=[award_in_words(award, told) for award in told.awards],
        skips=skips_in_words(told),
    )
