"""What must be true after a step: reading it, and comparing it with what is.

Only what is written is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from loyalty.core.exact import format_decimal, local_day
from members.selectors.scenarios import OpenLot, Points, open_lots, points_of, tiers_of, totals_of
from members.services.scenarios.naming import Known, quantities, read_quantities
from members.services.scenarios.world import Result, World
from programs.engine.drafts import Evaluation
from programs.engine.point_types import PointType
from programs.engine.reader import Fault, Reader

BUCKETS = ("balance", "available", "pending", "held", "debt")
TOTALS = ("issued", "redeemed", "reversed", "expired", "forfeited", "outstanding")
LOT_POINTS = ("remaining", "amount", "pending", "held")
NEVER = "never"  # for `expires_on`
Quantities = Mapping[str, int]


class OpenState(StrEnum):
    """What an open lot can be."""

    PENDING = "pending"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something is not as expected: what, and both values as people write them."""

    what: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class LotExpectation:
    """One open lot; what is None or empty is not compared."""

    points: Mapping[str, int]
    state: str
    expires_on: str
    earned_on: date | None
    partner: str


@dataclass(frozen=True, slots=True)
class MemberExpectation:
    """`lots` by point type, `tiers` by ladder."""

    buckets: Mapping[str, Quantities]
    lots: Mapping[str, tuple[LotExpectation, ...]]
    tiers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TraceExpectation:
    """A rule gave these points, was cut by this cap, or gave nothing for this reason."""

    rule: str
    points: int | None
    cut: str
    skipped: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is written under `expect`."""

    awarded: Quantities | None
    refused: str
    members: Mapping[str, MemberExpectation]
    trace: tuple[TraceExpectation, ...]
    totals: Mapping[str, Quantities]


# --- reading ---------------------------------------------------------------------------------------
def read_expectation(reader: Reader, known: Known) -> Expectation:
    """Read `expect`; faults go to the reader."""
    members = reader.child("members")
    read: dict[str, MemberExpectation] = {}
    if members is not None:
        for ref in members.data:
            if ref not in known.members:
                members.fault("unknown_member", ref, value=ref[:60], options=sorted(known.members))
            if (child := members.child(ref)) is not None:
                read[ref] = _read_member(child, known)
    expectation = Expectation(
        awarded=quantities(reader, "awarded", known),
        refused=reader.text("refused", longest=100),
        members=read,
        trace=tuple(_read_trace(child, known) for child in reader.children("trace", most=1_000)),
        totals={name: value for name in TOTALS if (value := quantities(reader, name, known)) is not None},
    )
    reader.finish()
    return expectation


def _read_member(reader: Reader, known: Known) -> MemberExpectation:
    buckets = {name: value for name in BUCKETS if (value := quantities(reader, name, known)) is not None}
    if (stamps := reader.child("stamps")) is not None:
        # Stamps are points of a type of their own; by this name their balances are asked together.
        buckets["stamps"] = read_quantities(stamps, known)
    expectation = MemberExpectation(buckets, _read_lots(reader, known), _read_tiers(reader, known))
    reader.finish()
    return expectation


def _read_tiers(reader: Reader, known: Known) -> dict[str, str]:
    """A tier of the main ladder, or a map of tiers by ladder."""
    value = reader.take("tier")
    if value is None:
        return {}
    if isinstance(value, Mapping):
        inner = Reader(value, (*reader.path, "tier"), reader.faults)
    elif known.core.ladders:
        inner = Reader({known.core.ladders[0].key: value}, reader.path, reader.faults)
    else:
        reader.fault("no_ladder", "tier", value="tier")
        return {}
    read = {}
    for ladder in known.core.ladders:
        tier = inner.text(ladder.key)
        options = [each.key for each in ladder.tiers]
        if tier and tier not in options:
            path = (*reader.path, "tier") if inner.path == reader.path else (*inner.path, ladder.key)
            reader.faults.append(Fault("unknown_tier", path, {"value": tier[:60], "options": options}))
        elif tier:
            read[ladder.key] = tier
    inner.finish()
    return read


def _read_lots(reader: Reader, known: Known) -> dict[str, tuple[LotExpectation, ...]]:
    """Lots as a list of the main type or as a map by type."""
    if not isinstance(reader.data.get("lots"), Mapping):
        main = known.core.main
        lots = [_read_lot(child, main) for child in reader.children("lots", most=1_000)]
        return {main.key: tuple(lots)} if reader.has("lots") else {}
    inner = Reader(reader.take("lots"), (*reader.path, "lots"), reader.faults)
    read = {}
    for item in known.core.point_types:
        lots = [_read_lot(child, item) for child in inner.children(item.key, most=1_000)]
        if inner.has(item.key):
            read[item.key] = tuple(lots)
    inner.finish()
    return read


def _read_lot(reader: Reader, item: PointType) -> LotExpectation:
    points = {name: reader.number(name, item.decimals) for name in LOT_POINTS if reader.has(name)}
    for name in LOT_POINTS:
        reader.take(name)
    state = reader.choice("state", OpenState, default=OpenState.ACTIVE).value if reader.has("state") else ""
    reader.take("state")
    lot = LotExpectation(
        points=points,
        state=state,
        expires_on=_read_end(reader),
        earned_on=reader.date("earned_on"),
        partner=reader.text("partner"),
    )
    reader.finish()
    return lot


def _read_end(reader: Reader) -> str:
    """A last usable day, or "never"."""
    if reader.data.get("expires_on") == NEVER:
        return reader.text("expires_on")
    day = reader.date("expires_on")
    return "" if day is None else day.isoformat()


def _read_trace(reader: Reader, known: Known) -> TraceExpectation:
    key = reader.key("rule")
    rule = next((rule for rule in known.core.rules if rule.key == key), None)
    if key and rule is None:
        reader.fault("unknown_rule", "rule", value=key[:60], options=[each.key for each in known.core.rules])
    point_type = known.core.point_type(rule.point_type) if rule else None
    digits = point_type.decimals if point_type else 0
    entry = TraceExpectation(
        rule=key,
        points=reader.number("points", digits) if reader.has("points") else None,
        cut=reader.text("cut"),
        skipped=reader.text("skipped"),
    )
    reader.take("points")
    reader.finish()
    return entry


# --- comparing -------------------------------------------------------------------------------------
def differences(expect: Expectation, result: Result, world: World) -> Iterator[Difference]:
    """Everything that is not as expected after a step."""
    if expect.awarded is not None:
        yield from _compare("awarded", expect.awarded, result.awarded, world)
    yield from _trace(expect.trace, result.evaluation, world)
    for ref, member in expect.members.items():
        yield from _member(ref, member, world)
    for name, expected in expect.totals.items():
        members = list(world.memberships.values())
        got = {key: totals_of(members, key)[name] for key in expected}
        yield from _compare(name, expected, got, world)


def written(points: int, point_type: str, world: World) -> str:
    """Points in display units."""
    found = world.core.point_type(point_type)
    return format_decimal(points, found.decimals if found else 0)


def _compare(what: str, expected: Quantities, got: Quantities, world: World) -> Iterator[Difference]:
    for key, points in expected.items():
        found = got.get(key, 0)
        if found != points:
            name = what if key == world.core.main.key else f"{what} ({key})"
            yield Difference(name, written(points, key, world), written(found, key, world))


def _member(ref: str, expect: MemberExpectation, world: World) -> Iterator[Difference]:
    membership = world.memberships.get(ref)
    points = points_of(membership) if membership else {}
    for bucket, expected in expect.buckets.items():
        attribute = "balance" if bucket == "stamps" else bucket
        got = {key: getattr(points.get(key, Points()), attribute) for key in expected}
        yield from _compare(f"{ref}: {bucket}", expected, got, world)
    standing = tiers_of(membership) if membership and expect.tiers else {}
    main_ladder = next((ladder.key for ladder in world.core.ladders), "")
    for ladder, tier in expect.tiers.items():
        if standing.get(ladder, "") != tier:
            name = "tier" if ladder == main_ladder else f"tier ({ladder})"
            yield Difference(f"{ref}: {name}", tier, standing.get(ladder, ""))
    for key, lots in expect.lots.items():
        item = world.core.point_type(key)
        assert item is not None, key
        shown = [_lot_written(lot, item, world) for lot in open_lots(membership, key)] if membership else []
        wanted = [_lot_expected(lot, item) for lot in lots]
        if len(shown) != len(wanted) or any(
            lot[name] != value
            for lot, want in zip(shown, wanted, strict=True)
            for name, value in want.items()
        ):
            name = "lots" if item is world.core.main else f"lots ({key})"
            yield Difference(f"{ref}: {name}", wanted, shown)


def _lot_expected(lot: LotExpectation, item: PointType) -> dict[str, str]:
    values = {
        **{name: format_decimal(points, item.decimals) for name, points in lot.points.items()},
        "state": lot.state,
        "expires_on": lot.expires_on,
        "earned_on": lot.earned_on.isoformat() if lot.earned_on else "",
        "partner": lot.partner,
    }
    return {name: value for name, value in values.items() if value}


def _lot_written(lot: OpenLot, item: PointType, world: World) -> dict[str, str]:
    return {
        **{name: format_decimal(getattr(lot, name), item.decimals) for name in LOT_POINTS},
        "state": lot.state,
        "expires_on": lot.expires_on.isoformat() if lot.expires_on else NEVER,
        "earned_on": local_day(lot.earned_at, world.zone).isoformat(),
        "partner": lot.issuer,
    }


def _trace(
    expected: tuple[TraceExpectation, ...], evaluation: Evaluation | None, world: World
) -> Iterator[Difference]:
    shown = trace_written(evaluation, world)
    for entry in expected:
        rule = next((each for each in world.core.rules if each.key == entry.rule), None)
        key = rule.point_type if rule else world.core.main.key
        wanted = {"rule": entry.rule, "cut": entry.cut, "skipped": entry.skipped}
        if entry.points is not None:
            wanted["points"] = written(entry.points, key, world)
        wanted = {name: value for name, value in wanted.items() if value}
        if not any(wanted.items() <= line.items() for line in shown):
            got = [line for line in shown if line["rule"] == entry.rule]
            yield Difference("trace", wanted, got)


def trace_written(evaluation: Evaluation | None, world: World) -> list[dict[str, str]]:
    """Every award, and every rule that gave nothing with the reason, as plain words of the file format."""
    if evaluation is None:
        return []
    lines = []
    for award in evaluation.awards:
        line = {"rule": award.rule, "points": written(award.points, award.point_type, world)}
        if award.cut:
            line["cut"] = award.cut
        lines.append(line)
    for skip in evaluation.skips:
        line = {"rule": skip.rule, "skipped": skip.code}
        if skip.about:
            line["about"] = skip.about
        lines.append(line)
    return lines
