"""Points that members get otherwise than by the rules: from staff, from before, from each other, from other points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from members.services import adjustments, forfeits, openings, transfers
from members.services.scenarios.naming import MAIN_PARTNER, Known, member, moment, point_type, points
from members.services.scenarios.world import Result, World
from programs.engine.reader import Reader


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
class OpenStep:
    """Points that a member brings along, as they were kept before."""

    member: str
    point_type: str
    lots: tuple[openings.Opening, ...]

    @classmethod
    def read(cls, reader: Reader, known: Known) -> OpenStep:
        key = point_type(reader, known)
        who = member(reader, known)
        if reader.has("lots"):
            lots = [_opening(child, known, key) for child in reader.children("lots", most=1_000)]
            if not lots:
                reader.fault("missing", "lots")
            reader.finish()
        else:
            lots = [_opening(reader, known, key)]
        return cls(who, key, tuple(lots))

    def do(self, world: World, now: datetime) -> Result:
        openings.open_balance(
            membership=world.membership(self.member, now),
            openings=self.lots,
            now=now,
            point_type=self.point_type,
        )
        return Result(opened={self.point_type: sum(lot.points for lot in self.lots)})


def _opening(reader: Reader, known: Known, key: str) -> openings.Opening:
    opening = openings.Opening(
        points=points(reader, known, key),
        earned_at=moment(reader, "earned_at", known.zone, default=known.at),
        expires_on=reader.date("expires_on"),
    )
    reader.take("lots")
    reader.finish()
    return opening


@dataclass(frozen=True, slots=True)
class TransferStep:
    """A member gives points to another."""

    ref: str
    giver: str
    receiver: str
    points: int
    point_type: str
    partner: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> TransferStep:
        key = point_type(reader, known)
        step = cls(
            ref=reader.text("ref", longest=100),
            giver=member(reader, known, "from"),
            receiver=member(reader, known, "to"),
            points=points(reader, known, key),
            point_type=key,
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
            reason=reader.text("reason", longest=200),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        given = transfers.transfer(
            giver=world.membership(self.giver, now),
            receiver=world.membership(self.receiver, now),
            points=self.points,
            point_type=self.point_type,
            partner=world.partner(self.partner),
            reference=self.ref or world.next_number("transfer"),
            reason=self.reason,
            now=now,
        )
        return Result(given={self.point_type: given})


@dataclass(frozen=True, slots=True)
class ConvertStep:
    """Points become points of another type."""

    ref: str
    member: str
    points: int
    point_type: str
    to: str
    partner: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ConvertStep:
        key = point_type(reader, known)
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            points=points(reader, known, key),
            point_type=key,
            to=point_type(reader, known, "to", required=True),
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        made = transfers.convert(
            membership=world.membership(self.member, now),
            points=self.points,
            point_type=self.point_type,
            to=self.to,
            partner=world.partner(self.partner),
            reference=self.ref or world.next_number("conversion"),
            now=now,
        )
        return Result(converted={self.to: made})


@dataclass(frozen=True, slots=True)
class ForfeitStep:
    """Staff take points for good, and say why: so many of the usable ones, or all that are there."""

    member: str
    points: int | None
    point_type: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ForfeitStep:
        key = point_type(reader, known)
        amount = points(reader, known, key) if reader.has("points") else None
        reader.take("points")
        step = cls(member(reader, known), amount, key, reader.text("reason", longest=200))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        forfeits.forfeit(
            membership=world.membership(self.member, now),
            points=self.points,
            point_type=self.point_type,
            reason=self.reason,
            now=now,
        )
        return Result()


@dataclass(frozen=True, slots=True)
class UnopenStep:
    """An opening balance is taken back, because it was wrong."""

    member: str
    point_type: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> UnopenStep:
        key = point_type(reader, known)
        step = cls(member(reader, known), key, reader.text("reason", longest=200))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        openings.undo_opening(
            membership=world.membership(self.member, now),
            point_type=self.point_type,
            reason=self.reason,
            now=now,
        )
        return Result()
