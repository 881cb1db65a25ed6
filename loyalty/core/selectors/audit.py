"""The record of changes made readable: names instead of numbers, words instead of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.choices import TONES, ChangeOperation
from loyalty.core.models import AuditEntry, User
from loyalty.core.translated import TranslatedText

NOTHING = "—"

# What we call things that Django calls otherwise.
OWN_NAMES: dict[str, str | Promise] = {
    "auth.group": gettext_lazy("role"),
    "auth.group_permissions": gettext_lazy("permission of a role"),
    "core.user_groups": gettext_lazy("role of a user"),
}
LONGEST_VALUE = 300

Names = dict[type[models.Model], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a change: its name, the value before and after, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the record as people read it."""

    entry: AuditEntry
    when: datetime
    who: str
    what: str
    tone: str
    thing: str
    lines: list[Line]

    @property
    def reason(self) -> str:
        return self.entry.reason


def history_of(obj: models.Model, *, limit: int = 200) -> list[Change]:
    """The latest changes of one thing, newest first."""
    entries = AuditEntry.objects.filter(subject_type=obj._meta.label_lower, subject_id=str(obj.pk))
    return describe(entries.select_related("personal").order_by("-id")[:limit])


def describe(entries: Iterable[AuditEntry], *, personal: bool = True) -> list[Change]:
    """Entries in words: a handful of queries for all of them together (`personal` should be joined).

    With `personal` False the reader only learns that a personal value changed.
    """
    rows = list(entries)
    names = _names_for(rows)
    people = names.get(User, {})
    return [
        Change(
            entry=row,
            when=row.recorded_at,
            who=people.get(str(row.actor_id), "") if row.actor_id else _by_itself(row),
            what=str(row.get_operation_display()),
            tone=TONES.get(row.operation, ""),
            thing=_thing(row, names),
            lines=_lines(row, names, personal=personal),
        )
        for row in rows
    ]


def model_of(subject_type: str) -> type[models.Model] | None:
    """The model an entry speaks of; None when it is no longer installed."""
    try:
        return apps.get_model(subject_type)
    except (LookupError, ValueError):
        return None


def _names_for(rows: Sequence[AuditEntry]) -> Names:
    """What everything mentioned is called, one query per kind of thing."""
    wanted: dict[type[models.Model], set[str]] = defaultdict(set)
    for row in rows:
        if row.actor_id:
            wanted[User].add(str(row.actor_id))
        model = model_of(row.subject_type)
        if model is None:
            continue
        if not model._meta.auto_created:
            wanted[model].add(row.subject_id)
        for column, pair in row.changes.items():
            field = _field(model, column)
            if isinstance(field, models.ForeignKey) and isinstance(pair, list):
                wanted[_target(field)].update(str(key) for key in pair if key is not None)
    return {model: _names(model, keys) for model, keys in wanted.items()}


def _names(model: type[models.Model], keys: set[str]) -> dict[str, str]:
    found = model._base_manager.filter(pk__in=keys)  # noqa: SLF001 - sees every row, whatever `objects` hides
    return {str(obj.pk): str(obj) for obj in found}


def _target(field: models.ForeignKey[Any, Any]) -> type[models.Model]:
    related = field.related_model
    assert isinstance(related, type)
    return related


def _field(model: type[models.Model], column: str) -> models.Field[Any, Any] | None:
    return next((field for field in model._meta.concrete_fields if field.column == column), None)


def _by_itself(row: AuditEntry) -> str:
    """No person: the system, and by which command."""
    return f"{_('the system')} ({row.source})" if row.source else _("the system")


def _called(model: type[models.Model]) -> str:
    return str(OWN_NAMES.get(model._meta.label_lower) or model._meta.verbose_name)


def _thing(row: AuditEntry, names: Names) -> str:
    model = model_of(row.subject_type)
    if row.operation == ChangeOperation.REFUSE:
        return row.source
    if model is None:
        return f"{row.subject_type} {row.subject_id}"
    kind = _called(model)
    if model._meta.auto_created:
        return kind
    return f"{kind} {names.get(model, {}).get(row.subject_id) or row.subject_id}"


def _lines(row: AuditEntry, names: Names, *, personal: bool) -> list[Line]:
    model = model_of(row.subject_type)
    kept = getattr(row, "personal", None)
    private: dict[str, Any] = kept.values if kept is not None else {}
    lines = []
    for column, recorded in row.changes.items():
        field = _field(model, column) if model is not None else None
        if field is not None and field.primary_key:
            continue
        label = _label(field, column)
        # A personal value is null in the entry itself; its values stand apart, until they are erased.
        pair = private.get(column) if recorded is None else recorded
        if isinstance(pair, list) and (personal or recorded is not None):
            lines.append(Line(label, *_before_and_after(row, field, pair, names)))
        elif recorded is None:
            lines.append(Line(label, "", _("(personal)") if column in private else _("(erased)")))
        else:
            lines.append(Line(label, "", _("changed")))
    return sorted(lines, key=lambda line: line.field)


def _label(field: models.Field[Any, Any] | None, column: str) -> str:
    if field is None:
        return column
    if isinstance(field, models.ForeignKey) and _target(field)._meta.label_lower in OWN_NAMES:
        return _called(_target(field))
    return str(field.verbose_name)


def _before_and_after(
    row: AuditEntry, field: models.Field[Any, Any] | None, pair: Sequence[Any], names: Names
) -> tuple[str, str]:
    """Both values in words; for a row that is new or gone there is only one."""
    before, after = (_words(field, value, names) for value in pair)
    if row.operation == ChangeOperation.INSERT:
        return "", after
    if row.operation == ChangeOperation.DELETE:
        return "", before
    return before, after


def _words(field: models.Field[Any, Any] | None, value: Any, names: Names) -> str:
    if value is None or value in ("", {}, []):
        return NOTHING
    if isinstance(field, models.ForeignKey):
        return names.get(_target(field), {}).get(str(value)) or str(value)
    if isinstance(field, models.DateTimeField) and isinstance(value, str) and (at := parse_datetime(value)):
        return date_format(localtime(at), "DATETIME_FORMAT")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, dict) and field is not None and type(field).__name__ == "TranslatedField":
        return str(TranslatedText(value))
    text = _plain(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _plain(value: Any) -> str:
    """Settings inside settings, without the signs of a program."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return NOTHING if value is None else str(value)
