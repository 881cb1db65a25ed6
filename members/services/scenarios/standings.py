"""What must be true of a member's tiers after a step: reading it, and comparing it with what is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loyalty.core.exact import format_decimal
from members.models import Membership
from members.selectors.tiers import Standing, standings_of
from members.services.scenarios.naming import Known, tier_of
from programs.engine.document import Core
from programs.engine.ladders import Ladder
from programs.engine.reader import Reader

NEVER = "never"
AMOUNTS = ("counted", "missing", "keep", "projected")
DAYS = ("by", "keep_from")


@dataclass(frozen=True, slots=True)
class StandingExpectation:
    """On one ladder: values as people write them; what is not there is not compared."""

    tier: Mapping[str, str]
    progress: Mapping[str, str]


def read_standings(reader: Reader, known: Known) -> dict[str, StandingExpectation]:
    """`tier` and `progress` of a member, by ladder."""
    tiers, progress = _tiers(reader, known), _progress(reader, known)
    return {
        key: StandingExpectation(tiers.get(key, {}), progress.get(key, {})) for key in {**tiers, **progress}
    }


def _tiers(reader: Reader, known: Known) -> dict[str, dict[str, str]]:
    """The tier of the main ladder, or a map from ladders to a tier or to a tier with its last day."""
    ladders = known.core.ladders
    if not isinstance(reader.data.get("tier"), Mapping):
        if not reader.has("tier"):
            return {}
        if not ladders:
            reader.fault("unknown_ladder", "tier", value="", options=[])
            return {}
        return {ladders[0].key: {"tier": tier_of(ladders[0], reader)}}
    read = {}
    inner = Reader(reader.take("tier"), (*reader.path, "tier"), reader.faults)
    for ladder in ladders:
        if not isinstance(inner.data.get(ladder.key), Mapping):
            if inner.has(ladder.key):
                read[ladder.key] = {"tier": tier_of(ladder, inner, ladder.key)}
            continue
        child = Reader(inner.take(ladder.key), (*inner.path, ladder.key), inner.faults)
        read[ladder.key] = {"tier": tier_of(ladder, child)}
        if child.has("until"):
            read[ladder.key]["until"] = _read_day(child, "until")
        child.finish()
    inner.finish()
    return read


def _progress(reader: Reader, known: Known) -> dict[str, dict[str, str]]:
    inner = reader.child("progress")
    if inner is None:
        return {}
    read = {}
    for ladder in known.core.ladders:
        child = inner.child(ladder.key)
        if child is None:
            continue
        digits = _digits(ladder, known.core)
        wanted = {"to": tier_of(ladder, child, "to")} if child.has("to") else {}
        for name in AMOUNTS:
            if child.has(name):
                wanted[name] = format_decimal(child.number(name, digits), digits)
        for name in DAYS:
            if child.has(name):
                wanted[name] = _read_day(child, name)
        child.finish()
        read[ladder.key] = wanted
    inner.finish()
    return read


def _read_day(reader: Reader, name: str) -> str:
    if reader.data.get(name) == NEVER:
        return reader.text(name)
    return _written(reader.date(name))


def _written(day: date | None) -> str:
    return NEVER if day is None else day.isoformat()


def _digits(ladder: Ladder, core: Core) -> int:
    return ladder.metric.digits(core.money_digits, {item.key: item.decimals for item in core.point_types})


def standings_differ(
    expected: Mapping[str, StandingExpectation], membership: int | None, now: datetime
) -> Iterator[tuple[str, Any, Any]]:
    """What is not as expected: what, expected, got."""
    if not expected:
        return
    found: dict[str, Standing] = {}
    if membership is not None:
        row = Membership.objects.select_related("programme").get(pk=membership)
        found = {each.ladder.key: each for each in standings_of(row, now)}
    for key, each in expected.items():
        standing = found.get(key)
        for what, wanted, got in (
            ("tier", each.tier, standing and _tier_written(standing)),
            ("progress", each.progress, standing and _progress_written(standing)),
        ):
            shown = {name: (got or {}).get(name, "") for name in wanted}
            if shown != dict(wanted):
                yield f"{what} ({key})", dict(wanted), shown


def _tier_written(standing: Standing) -> dict[str, str]:
    return {"tier": standing.state.tier, "until": _written(standing.state.ends_on)}


def _progress_written(standing: Standing) -> dict[str, str]:
    told, digits = standing.progress, _digits(standing.ladder, standing.core)
    amounts = {
        "counted": told.value,
        "missing": told.missing if told.next_tier else None,
        "keep": told.to_keep,
        "projected": told.projection,
    }
    return {
        "to": told.next_tier or "",
        "by": _written(told.counts_until),
        "keep_from": "" if told.keeps_from is None else told.keeps_from.isoformat(),
        **{name: format_decimal(value, digits) for name, value in amounts.items() if value is not None},
    }
