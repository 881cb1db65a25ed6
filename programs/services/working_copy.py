"""Writing a working copy from a document: parts are made, changed, retired, never deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from programs.engine.document import Core, dump_core
from programs.engine.reader import Fault, InvalidDocument
from programs.models import (
    EventType,
    PointType,
    ProductList,
    Programme,
    Revision,
    Rule,
    RuleGroup,
    Section,
    TierLadder,
)
from programs.selectors.published import published_field_types
from programs.services.partners import ensure_coalition

Part = PointType | EventType | TierLadder | ProductList | RuleGroup | Rule | Section
PROGRAMME_FIELDS = ("name", "audience", "zone", "currency", "languages", "policies")
PART_FIELDS = ("position", "settings", "retired_at")


@transaction.atomic
def write_working_copy(core: Core, *, now: datetime) -> tuple[Programme, bool]:
    """Make the working copy equal to the document; the flag says whether anything changed.

    Raises InvalidDocument when the document contradicts what was published before.
    """
    document = dump_core(core)
    head = document["programme"] | {"policies": document["policies"]}
    values = {name: head[name] for name in PROGRAMME_FIELDS}
    programme = Programme.objects.select_for_update().filter(key=core.key).first()
    changed = False
    if programme is None:
        coalition = ensure_coalition(core.currency)
        programme = Programme.objects.create(key=core.key, coalition=coalition, **values)
        changed = True
    else:
        check_published(programme, core)
        changed = _assign(programme, values)
        if changed:
            programme.save(update_fields=PROGRAMME_FIELDS)
    point_types = [(entry, _point_type(entry)) for entry in document["point_types"]]
    changed |= _write_parts(PointType, programme, point_types, now)
    changed |= _write_parts(EventType, programme, _named(document["events"]), now)
    changed |= _write_parts(TierLadder, programme, _named(document["ladders"]), now)
    changed |= _write_parts(ProductList, programme, _named(document["lists"]), now)
    changed |= _write_parts(RuleGroup, programme, [(entry, {}) for entry in document["groups"]], now)
    rules = [(entry, {"title": entry["title"]}) for entry in document["rules"]]
    changed |= _write_parts(Rule, programme, rules, now)
    sections = [({"key": key, **document[key]}, {"settings": document[key]}) for key, _value in core.sections]
    changed |= _write_parts(Section, programme, sections, now)
    return programme, changed


def _point_type(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": entry["name"], "decimals": entry["decimals"]}


def _named(entries: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    return [(entry, {"name": entry["name"]}) for entry in entries]


def _write_parts(
    model: type[Part],
    programme: Programme,
    entries: Sequence[tuple[Mapping[str, Any], dict[str, Any]]],
    now: datetime,
) -> bool:
    manager: Any = model.objects
    rows: dict[str, Any] = {row.key: row for row in manager.filter(programme=programme)}
    new: list[Part] = []
    touched: list[Part] = []
    extra: set[str] = set()
    for position, (entry, own) in enumerate(entries):
        values = {"position": position, "settings": dict(entry), "retired_at": None, **own}
        extra.update(own)
        row = rows.pop(entry["key"], None)
        if row is None:
            new.append(model(programme=programme, key=entry["key"], **values))
        elif _assign(row, values):
            touched.append(row)
    for row in rows.values():
        if row.retired_at is None:
            row.retired_at = now
            touched.append(row)
    manager.bulk_create(new)
    if touched:
        manager.bulk_update(touched, sorted({*PART_FIELDS, *extra}))
    return bool(new or touched)


def _assign(row: Any, values: Mapping[str, Any]) -> bool:
    """Set the values; True if one of them was different."""
    changed = False
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def check_published(programme: Programme, core: Core) -> None:
    """Amounts already kept are whole numbers of the smallest unit, so its size cannot change under them; what came
    with events is kept under the names of their fields, so these keep their types. Raises InvalidDocument."""
    if not Revision.objects.filter(programme=programme).exists():
        return
    faults = []
    if programme.currency != core.currency:
        faults.append(Fault("currency_fixed", ("programme", "currency")))
    decimals = dict(programme.point_types.values_list("key", "decimals"))
    for index, item in enumerate(core.point_types):
        if decimals.get(item.key, item.decimals) != item.decimals:
            faults.append(Fault("decimals_fixed", ("point_types", index, "decimals")))
    types = published_field_types(programme) if core.events else {}
    for index, event in enumerate(core.events):
        for place, field in enumerate(event.fields):
            if types.get((event.key, field.key), field.type) != field.type:
                faults.append(Fault("field_type_fixed", ("events", index, "fields", place, "type")))
    if faults:
        raise InvalidDocument(faults)
