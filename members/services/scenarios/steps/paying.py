"""Bills that points pay, and redemptions that are undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from members.services import paying, redemptions
from members.services.scenarios.naming import (
    MAIN_PARTNER,
    Known,
    member,
    moment,
    point_type,
    points,
    redemption,
)
from members.services.scenarios.world import Result, World
from programs.engine.reader import Reader


@dataclass(frozen=True, slots=True)
class PayStep:
    """Points pay a part of a bill: so many `points`, so much money (`amount`), or as much as possible."""

    ref: str
    member: str
    bill: paying.Bill
    point_type: str
    partner: str
    occurred_at: datetime

    @classmethod
    def read(cls, reader: Reader, known: Known) -> PayStep:
        key = point_type(reader, known)
        money = known.core.money_digits
        asked = points(reader, known, key) if reader.has("points") else None
        amount = reader.number("amount", money, low=1) if reader.has("amount") else None
        if asked is not None and amount is not None:
            reader.fault("points_or_amount", "amount")
        for name in ("points", "amount"):
            reader.take(name)
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            bill=paying.Bill(reader.number("bill", money, low=1), asked, amount),
            point_type=key,
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
        )
        reader.finish()
        known.redemptions.setdefault(step.ref, (step.member, key, step.partner))
        return step

    def do(self, world: World, now: datetime) -> Result:
        paid = paying.pay(
            membership=world.membership(self.member, now),
            bill=self.bill,
            point_type=self.point_type,
            partner=world.partner(self.partner),
            reference=self.ref or world.next_number("payment"),
            now=now,
            occurred_at=self.occurred_at,
        )
        return Result(spent={self.point_type: paid.points}, paid=paid.amount)


@dataclass(frozen=True, slots=True)
class RollBackStep:
    """A redemption or payment is undone: its points come back."""

    redemption: str
    member: str
    point_type: str
    partner: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> RollBackStep:
        ref = redemption(reader, known)
        who, key, partner = known.redemptions.get(ref, ("", known.core.main.key, MAIN_PARTNER))
        step = cls(ref, who, key, partner, reader.text("reason", longest=200))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        back = redemptions.roll_back(
            membership=world.membership(self.member, now),
            partner=world.partner(self.partner),
            reference=self.redemption,
            reason=self.reason,
            now=now,
        )
        return Result(restored={self.point_type: back.points})
