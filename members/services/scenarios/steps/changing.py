"""What changes without anybody buying: the programme, and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from members.services import birth_dates
from members.services.scenarios.naming import Known, member
from members.services.scenarios.world import Result, World
from programs.engine.document import read_core
from programs.engine.reader import Fault, InvalidDocument, Reader


@dataclass(frozen=True, slots=True)
class ReviseStep:
    """The programme changes from now on: a patch of its document."""

    patch: Mapping[str, Any]

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ReviseStep:
        for name in reader.data:
            reader.take(name)
        document = patched(known.document, reader.data)
        try:
            known.core = read_core(document)
            known.document = document
        except InvalidDocument as invalid:
            reader.faults += [Fault(f.code, (*reader.path, *f.path), f.params) for f in invalid.faults]
        return cls(reader.data)

    def do(self, world: World, now: datetime) -> Result:
        world.publish(patched(world.document, self.patch), now)
        return Result()


def patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A document with a patch merged in: settings are merged by name, entries of lists by their `key` (new
    ones come last), null takes a setting out, anything else replaces what was there."""
    merged = dict(document)
    for name, value in patch.items():
        before = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[name] = patched(before, value)
        elif _keyed(value) and _keyed(before):
            entries = {entry["key"]: entry for entry in before}  # type: ignore[union-attr]
            for entry in value:
                entries[entry["key"]] = patched(entries.get(entry["key"], {}), entry)
            merged[name] = list(entries.values())
        else:
            merged[name] = value
    return merged


def _keyed(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("key"), str) for entry in value
    )


@dataclass(frozen=True, slots=True)
class CorrectStep:
    """What is known of a member is told later, or corrected."""

    member: str
    birth_date: date | None

    @classmethod
    def read(cls, reader: Reader, known: Known) -> CorrectStep:
        step = cls(member(reader, known), reader.date("birth_date", required=True))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        who = world.membership(self.member, now).member
        birth_dates.set_birth_date(member=who, birth_date=self.birth_date, now=now)
        posted = world.posted()
        return Result(awarded=posted.awarded, pending=posted.pending)


@dataclass(frozen=True, slots=True)
class AdvanceStep:
    """Time passes. Before every step all that falls due has happened, so nothing is left to do; the step tells what
    came by itself."""

    def do(self, world: World, now: datetime) -> Result:
        posted = world.posted()
        return Result(awarded=posted.awarded, pending=posted.pending)
