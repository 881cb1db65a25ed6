"""Points that pay: at once, or set aside first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from members.services import holds, redemptions
from members.services.scenarios.naming import (
    MAIN_PARTNER,
    Known,
    hold,
    member,
    moment,
    point_type,
    points,
)
from members.services.scenarios.world import Result, World
from programs.engine.reader import Reader


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
        known.redemptions.setdefault(step.ref, (step.member, key, step.partner))
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
class DonateStep:
    """Points are given to a charity, which is a partner."""

    ref: str
    member: str
    points: int
    point_type: str
    charity: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> DonateStep:
        key = point_type(reader, known)
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            points=points(reader, known, key),
            point_type=key,
            charity=reader.text("to", required=True, longest=50),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        given = redemptions.donate(
            membership=world.membership(self.member, now),
            points=self.points,
            point_type=self.point_type,
            charity=world.partner(self.charity),
            reference=self.ref or world.next_number("donation"),
            now=now,
        )
        return Result(spent={self.point_type: given})


@dataclass(frozen=True, slots=True)
class HoldStep:
    """Points are set aside; `ref` names them for capture and release."""

    ref: str
    member: str
    points: int
    point_type: str
    partner: str
    until: datetime | None

    @classmethod
    def read(cls, reader: Reader, known: Known) -> HoldStep:
        key = point_type(reader, known)
        until = moment(reader, "until", known.zone, default=known.at)
        step = cls(
            ref=reader.text("ref", required=True, longest=100),
            member=member(reader, known),
            points=points(reader, known, key),
            point_type=key,
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
            until=until if reader.has("until") else None,
        )
        reader.finish()
        known.holds.setdefault(step.ref, key)
        return step

    def do(self, world: World, now: datetime) -> Result:
        membership = world.membership(self.member, now)
        held = holds.hold(
            membership=membership,
            points=self.points,
            point_type=self.point_type,
            partner=world.partner(self.partner),
            reference=self.ref,
            now=now,
            expires_at=self.until,
        )
        world.holds.setdefault(self.ref, (self.member, held.hold_id))
        return Result(held={self.point_type: held.amount})


@dataclass(frozen=True, slots=True)
class _UseStep:
    """Something done with held points: all that are left (`points` None) or some of them."""

    ref: str
    hold: str
    points: int | None
    point_type: str
    partner: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> Self:
        name = hold(reader, known)
        key = known.holds.get(name, known.core.main.key)
        amount = points(reader, known, key) if reader.has("points") else None
        reader.take("points")
        step = cls(
            ref=reader.text("ref", longest=100),
            hold=name,
            points=amount,
            point_type=key,
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
        )
        reader.finish()
        return step

    def _use(self, use: Callable[..., int], kind: str, world: World, now: datetime) -> dict[str, int]:
        ref, number = world.hold(self.hold)
        used = use(
            membership=world.membership(ref, now),
            hold_id=number,
            points=self.points,
            partner=world.partner(self.partner),
            reference=self.ref or world.next_number(kind),
            now=now,
        )
        return {self.point_type: used}


class CaptureStep(_UseStep):
    """Held points are spent; what is left of them stays held."""

    def do(self, world: World, now: datetime) -> Result:
        return Result(spent=self._use(holds.capture, "capture", world, now))


class ReleaseStep(_UseStep):
    """Held points can be used again."""

    def do(self, world: World, now: datetime) -> Result:
        return Result(released=self._use(holds.release, "release", world, now))
