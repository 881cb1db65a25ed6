"""Single parts of a working copy, read for people: pages show each of them in words."""

from __future__ import annotations

from typing import Any

from loyalty.core.exact import currency_digits
from programs.engine.document import Audience, Core
from programs.engine.events import EventType, read_event_type
from programs.engine.ladders import Ladder, read_ladder
from programs.engine.lists import ProductList
from programs.engine.point_types import PointType, read_point_type
from programs.engine.policies import Policies
from programs.engine.reader import Fault, Reader
from programs.engine.rules import Rule, read_rule
from programs.models import PointType as PointTypeRow
from programs.models import ProductList as ListRow
from programs.models import Programme
from programs.models.programmes import Part

__all__ = ["SPOKEN", "event_type_of", "ladder_of", "point_type_of", "rule_of", "spoken_core"]

# What a list prefetches (through its programme) so that each row is read without a query.
SPOKEN = ("point_types", "event_types", "ladders", "lists")


def spoken_core(programme: Programme) -> Core | None:
    """The parts that sentences name, without policies, rules and the articles of lists; None when there is no point type
    or one of the parts cannot be read."""
    faults: list[Fault] = []
    digits = currency_digits(programme.currency)
    point_types = tuple(read_point_type(reader, digits) for reader in _readers(programme.point_types, faults))
    if not point_types:
        return None
    core = Core(
        key=programme.key,
        name=tuple(programme.name.items()),
        audience=Audience(programme.audience),
        zone=programme.zone,
        currency=programme.currency,
        languages=tuple(programme.languages),
        point_types=point_types,
        policies=Policies(),
        groups=(),
        rules=(),
        events=tuple(read_event_type(reader) for reader in _readers(programme.event_types, faults)),
        ladders=tuple(
            read_ladder(reader, _digits(point_types), digits)
            for reader in _readers(programme.ladders, faults)
        ),
        lists=tuple(_list_of(row) for row in _present(programme.lists)),
    )
    return None if faults else core


def _list_of(row: ListRow) -> ProductList:
    """Its articles are not read: there may be thousands, and no sentence says them."""
    return ProductList(row.key, tuple(row.name.items()))


def _present(parts: Any) -> list[Any]:
    """All rows are asked for and the retired ones left out here, so that prefetched rows are used."""
    return sorted((each for each in parts.all() if each.retired_at is None), key=lambda each: each.position)


def _readers(parts: Any, faults: list[Fault]) -> list[Reader]:
    return [Reader(each.settings, (), faults) for each in _present(parts)]


def _digits(point_types: tuple[PointType, ...]) -> dict[str, int]:
    return {item.key: item.decimals for item in point_types}


def point_type_of(row: PointTypeRow) -> PointType | None:
    """The point type in a row of the working copy; None when it cannot be read."""
    reader = Reader(row.settings)
    read = read_point_type(reader, currency_digits(row.programme.currency))
    return None if reader.faults else read


def event_type_of(row: Part) -> EventType | None:
    """The event type in a row of the working copy; None when it cannot be read."""
    reader = Reader(row.settings)
    read = read_event_type(reader)
    return None if reader.faults else read


def ladder_of(row: Part, core: Core) -> Ladder | None:
    """The ladder in a row of the working copy; None when it cannot be read."""
    reader = Reader(row.settings)
    read = read_ladder(reader, _digits(core.point_types), core.money_digits)
    return None if reader.faults else read


def rule_of(row: Part, core: Core) -> Rule | None:
    """The rule in a row of the working copy; None when it cannot be read."""
    reader = Reader(row.settings)
    read = read_rule(reader, _digits(core.point_types), core.main.key, core.money_digits)
    return None if reader.faults else read
