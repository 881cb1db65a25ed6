"""What can happen in a scenario. Each kind of step reads its settings and is done through the same services
that tills, staff and imports use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from members.services import adjustments, purchases, redemptions, returns
from members.services.scenarios.baskets import read_basket
from members.services.scenarios.naming import MAIN_PARTNER, Known, member, moment, point_type, points
from members.services.scenarios.quoting import quote
from members.services.scenarios.world import Result, World
from programs.engine.document import read_core
from programs.engine.facts import QUANTITY_DIGITS, Basket
from programs.engine.reader import Fault, InvalidDocument, Reader


class Action(Protocol):
    """Something that happens. `do` raises a Problem when the service refuses."""

    def do(self, world: World, now: datetime) -> Result: ...


@dataclass(frozen=True, slots=True)
class BuyStep:
    """A purchase as the till sends it; `ref` is its receipt number."""

    ref: str
    member: str
    basket: Basket

    @classmethod
    def read(cls, reader: Reader, known: Known) -> BuyStep:
        step = cls(
            ref=reader.text("ref", required=True, longest=100),
            member=member(reader, known),
            basket=read_basket(reader, known),
        )
        reader.finish()
        known.purchases.setdefault(step.ref, tuple(line.sku for line in step.basket.lines))
        return step

    @property
    def occurred_at(self) -> datetime:
        return self.basket.occurred_at

    def do(self, world: World, now: datetime) -> Result:
        partner = world.partner(self.basket.partner)
        recorded = purchases.record_purchase(
            membership=world.membership(self.member, now),
            basket=self.basket,
            receipt=self.ref,
            partner=partner,
            store=world.store(partner, self.basket.store),
            now=now,
        )
        world.purchases.setdefault(self.ref, recorded.document_id)
        return Result(awarded=recorded.awarded, evaluation=recorded.evaluation)


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """What a purchase would earn; changes nothing."""

    member: str
    basket: Basket

    @classmethod
    def read(cls, reader: Reader, known: Known) -> QuoteStep:
        step = cls(member=member(reader, known), basket=read_basket(reader, known))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        evaluation = quote(membership=world.membership(self.member, now), basket=self.basket, now=now)
        totals: dict[str, int] = {}
        for award in evaluation.awards:
            totals[award.point_type] = totals.get(award.point_type, 0) + award.points
        return Result(awarded=totals, evaluation=evaluation)


@dataclass(frozen=True, slots=True)
class ReturnStep:
    """Goods that come back: all that is left of a purchase, or certain lines of it."""

    ref: str
    purchase: str
    occurred_at: datetime
    lines: tuple[returns.ReturnLine, ...] | None

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ReturnStep:
        purchase = reader.text("purchase", required=True, longest=100)
        if purchase and purchase not in known.purchases:
            reader.fault("unknown_purchase", "purchase", value=purchase[:60], options=sorted(known.purchases))
        skus = known.purchases.get(purchase)
        lines = [_returned_line(child, known, skus) for child in reader.children("lines", most=1_000)]
        step = cls(
            ref=reader.text("ref", longest=100),
            purchase=purchase,
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
            lines=tuple(lines) if reader.has("lines") else None,
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        purchase = world.purchase(self.purchase)
        returned = returns.record_return(
            purchase=purchase,
            number=self.ref or world.next_number("return"),
            now=now,
            occurred_at=self.occurred_at,
            lines=None if self.lines is None else list(self.lines),
        )
        return Result(
            awarded={key: -points for key, points in returned.taken.items()},
            restored=returned.restored,
            shortage=returned.shortage,
        )


def _returned_line(reader: Reader, known: Known, skus: tuple[str, ...] | None) -> returns.ReturnLine:
    """A line by its article or its number on the receipt (from 1)."""
    position = 0
    if reader.has("line"):
        position = reader.integer("line", low=1, high=1_000_000) - 1
        if skus is not None and position >= len(skus):
            reader.fault("unknown_line", "line", value=str(position + 1))
    else:
        sku = reader.text("sku", required=True, longest=100)
        found = [at for at, each in enumerate(skus or ()) if each == sku]
        if sku and skus is not None and len(found) != 1:
            reader.fault("same_article" if found else "unknown_line", "sku", value=sku[:60])
        position = found[0] if found else 0
    quantity = reader.number("qty", QUANTITY_DIGITS, low=1) if reader.has("qty") else None
    amount = reader.number("amount", known.core.money_digits, low=1) if reader.has("amount") else None
    reader.finish()
    return returns.ReturnLine(position=position, quantity=quantity, amount=amount)


@dataclass(frozen=True, slots=True)
class RedeemStep:
    """Points are spent."""

    ref: str
    member: str
    points: int
    point_type: str
    partner: str
    occurred_at: datetime

    @classmethod
    def read(cls, reader: Reader, known: Known) -> RedeemStep:
        key = point_type(reader, known)
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            points=points(reader, known, key),
            point_type=key,
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        spent = redemptions.redeem(
            membership=world.membership(self.member, now),
            points=self.points,
            point_type=self.point_type,
            partner=world.partner(self.partner),
            reference=self.ref or world.next_number("redemption"),
            now=now,
            occurred_at=self.occurred_at,
        )
        return Result(spent={self.point_type: spent})


@dataclass(frozen=True, slots=True)
class AdjustStep:
    """Staff give or take points, and say why."""

    member: str
    points: int
    point_type: str
    reason: str
    occurred_at: datetime

    @classmethod
    def read(cls, reader: Reader, known: Known) -> AdjustStep:
        key = point_type(reader, known)
        step = cls(
            member=member(reader, known),
            points=points(reader, known, key, low=None),
            point_type=key,
            reason=reader.text("reason", required=True, longest=200),
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        adjustments.adjust(
            membership=world.membership(self.member, now),
            points=self.points,
            point_type=self.point_type,
            reason=self.reason,
            now=now,
            occurred_at=self.occurred_at,
        )
        return Result()


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
class AdvanceStep:
    """Time passes. Before every step all that falls due has happened, so nothing is left to do."""

    def do(self, world: World, now: datetime) -> Result:
        return Result()


def _settings(read: Callable[[Reader, Known], Action]) -> Callable[[Reader, str, Known], Action]:
    """A step whose settings are a mapping."""

    def read_step(reader: Reader, name: str, known: Known) -> Action:
        value = reader.take(name)
        return read(Reader(value, (*reader.path, name), reader.faults), known)

    return read_step


def _advance(reader: Reader, name: str, known: Known) -> Action:
    if not reader.boolean(name, default=True):
        reader.fault("wrong_type", name, expected="boolean")
    return AdvanceStep()


KINDS: dict[str, Callable[[Reader, str, Known], Action]] = {
    "adjust": _settings(AdjustStep.read),
    "advance": _advance,
    "purchase": _settings(BuyStep.read),
    "quote": _settings(QuoteStep.read),
    "redeem": _settings(RedeemStep.read),
    "return": _settings(ReturnStep.read),
    "revise": _settings(ReviseStep.read),
}
