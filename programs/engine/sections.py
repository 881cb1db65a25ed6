"""Sections that other apps add to a programme document beside the core.

An app declares its section once, when it is loaded; from then on its key may stand at the top level of a programme
file. The core reads, freezes, fingerprints, exports and compares it without knowing what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from programs.engine.reader import Reader

if TYPE_CHECKING:
    from programs.engine.document import Core

__all__ = ["Section", "contribute", "contributed", "dump_sections", "read_sections"]


@dataclass(frozen=True, slots=True)
class Section:
    """`read` turns the mapping under `key` into frozen data and notes faults on the reader; it may look at the core,
    whose point types and ladders it refers to. `dump` gives plain data that reads back as an equal value."""

    key: str
    read: Callable[[Reader, Core], Any]
    dump: Callable[[Any, Core], Mapping[str, Any]]


_sections: dict[str, Section] = {}


def contribute(section: Section) -> None:
    """Declare a section. Declaring it again under the same key replaces it (modules may be loaded twice)."""
    _sections[section.key] = section


def contributed() -> list[Section]:
    """The declared sections in the order of their keys, so that documents never depend on the order of loading."""
    return [_sections[key] for key in sorted(_sections)]


def read_sections(reader: Reader, core: Core) -> tuple[tuple[str, Any], ...]:
    """The sections that are in a document. Call it before `reader.finish()`."""
    values = []
    for section in contributed():
        child = reader.child(section.key)
        if child is not None:
            values.append((section.key, section.read(child, core)))
            child.finish()
    return tuple(values)


def dump_sections(core: Core) -> dict[str, Any]:
    """The sections of a core as document nodes."""
    return {key: dict(_sections[key].dump(value, core)) for key, value in core.sections}
