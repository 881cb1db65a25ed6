"""What a step may name while a file is read, and reading the values that steps and expectations share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from programs.engine.document import Core
from programs.engine.ladders import Ladder
from programs.engine.reader import Reader

MAIN_PARTNER = "main"
MOST_MEMBERS = 100
MOST_STEPS = 1_000
FIRST_YEAR, LAST_YEAR = 1900, 2999


@dataclass(slots=True)
class Known:
    """What the file has said so far. `document` and `core` follow each revision; `purchases` holds the
    articles of each receipt by line, `holds` the point type of each hold, `grants` the tiers that were given,
    `redemptions` the member, point type and partner of each redemption and payment."""

    document: Mapping[str, Any]
    core: Core
    at: datetime
    members: set[str] = field(default_factory=set)
    purchases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)
    grants: set[str] = field(default_factory=set)
    redemptions: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.core.zone)


def moment(reader: Reader, name: str, zone: ZoneInfo, *, default: datetime | None = None) -> datetime:
    """A local time of the programme's zone, unless an offset is written. In UTC."""
    found = reader.moment(name, required=default is None)
    if found is None:
        return default or datetime(1, 1, 2, tzinfo=UTC)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        # The calendar ends: what falls due a few years later could not be told any more.
        reader.fault("out_of_range", name, low=f"{FIRST_YEAR}-01-01", high=f"{LAST_YEAR}-12-31")
        return datetime(1, 1, 2, tzinfo=UTC)
    local = found if found.tzinfo else found.replace(tzinfo=zone)
    return local.astimezone(UTC)


def member(reader: Reader, known: Known, name: str = "member") -> str:
    """A member a step is about; named here for the first time, it joins now."""
    ref = reader.text(name, required=True, longest=100)
    if ref:
        known.members.add(ref)
    return ref


def purchase(reader: Reader, known: Known) -> str:
    """The receipt of an earlier step."""
    return _named(reader, "purchase", "unknown_purchase", known.purchases)


def hold(reader: Reader, known: Known) -> str:
    """The hold of an earlier step."""
    return _named(reader, "hold", "unknown_hold", known.holds)


def grant(reader: Reader, known: Known) -> str:
    """The tier that an earlier step gave."""
    return _named(reader, "grant", "unknown_grant", known.grants)


def redemption(reader: Reader, known: Known) -> str:
    """The redemption or payment of an earlier step."""
    return _named(reader, "redemption", "unknown_redemption", known.redemptions)


def _named(reader: Reader, name: str, code: str, known: Collection[str]) -> str:
    ref = reader.text(name, required=True, longest=100)
    if ref and ref not in known:
        reader.fault(code, name, value=ref[:60], options=sorted(known))
    return ref


def point_type(reader: Reader, known: Known, name: str = "point_type", *, required: bool = False) -> str:
    """The point type that is named, else the main one."""
    main = known.core.main.key
    key = reader.text(name, required=required, default=main)
    if known.core.point_type(key) is None:
        options = [item.key for item in known.core.point_types]
        reader.fault("unknown_point_type", name, value=key[:60], options=options)
        return main
    return key


def ladder(reader: Reader, known: Known) -> Ladder | None:
    """The ladder that is named, else the main one; None with a fault when there is no such ladder."""
    ladders = known.core.ladders
    key = reader.text("ladder", default=ladders[0].key if ladders else "", longest=50)
    found = known.core.ladder(key)
    if found is None:
        reader.fault("unknown_ladder", "ladder", value=key[:60], options=[each.key for each in ladders])
    return found


def tier_of(ladder: Ladder | None, reader: Reader, name: str = "tier") -> str:
    """A tier of a ladder."""
    key = reader.text(name, required=True, longest=50)
    if key and ladder is not None and ladder.position(key) < 0:
        options = [tier.key for tier in ladder.tiers]
        reader.fault("unknown_tier", name, value=key[:60], options=options)
    return key


def digits(known: Known, key: str) -> int:
    found = known.core.point_type(key)
    return found.decimals if found else 0


def points(reader: Reader, known: Known, key: str, *, low: int | None = 1) -> int:
    """Points of one type, written in display units. In the smallest unit."""
    return reader.number("points", digits(known, key), low=low)


def quantities(reader: Reader, name: str, known: Known) -> dict[str, int] | None:
    """Points as one number of the main type or as a map by type; None when nothing is written."""
    value = reader.take(name)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        main = known.core.main
        return {main.key: reader.as_number(value, main.decimals, name)}
    return read_quantities(Reader(value, (*reader.path, name), reader.faults), known)


def read_quantities(reader: Reader, known: Known) -> dict[str, int]:
    """Points by type."""
    read = {
        item.key: reader.number(item.key, item.decimals)
        for item in known.core.point_types
        if reader.has(item.key)
    }
    for item in known.core.point_types:
        reader.take(item.key)
    reader.finish()
    return read
