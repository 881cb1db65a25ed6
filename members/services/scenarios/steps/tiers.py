"""Tiers that staff give, and end before their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from members.choices import GrantMode
from members.engine.tiers import Mode
from members.services import grants
from members.services.scenarios.naming import MAIN_PARTNER, Known, grant, ladder, member, tier_of
from members.services.scenarios.world import Result, World
from programs.engine.reader import Reader


@dataclass(frozen=True, slots=True)
class TierStep:
    """Staff give a member a tier, and say why."""

    ref: str
    member: str
    ladder: str
    tier: str
    kind: Mode
    until: date | None
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> TierStep:
        on = ladder(reader, known)
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            ladder=on.key if on else "",
            tier=tier_of(on, reader),
            kind=reader.choice("kind", Mode, default=Mode.FLOOR),
            until=reader.date("until"),
            reason=reader.text("reason", required=True, longest=200),
        )
        if step.ref:
            known.grants.add(step.ref)
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        given = grants.give_tier(
            membership=world.membership(self.member, now),
            ladder=self.ladder,
            tier=self.tier,
            mode=GrantMode(self.kind.value),
            until=self.until,
            reason=self.reason,
            partner=world.partner(MAIN_PARTNER),
            reference=self.ref or world.next_number("tier"),
            now=now,
        )
        if self.ref:
            world.grants[self.ref] = (self.member, given.grant_id)
        return Result()


@dataclass(frozen=True, slots=True)
class TierEndStep:
    """Staff end a tier that was given, before its time."""

    ref: str
    grant: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> TierEndStep:
        step = cls(
            ref=reader.text("ref", longest=100),
            grant=grant(reader, known),
            reason=reader.text("reason", required=True, longest=200),
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        who, grant_id = world.grant(self.grant)
        grants.end_tier(
            membership=world.membership(who, now),
            grant_id=grant_id,
            reason=self.reason,
            partner=world.partner(MAIN_PARTNER),
            reference=self.ref or world.next_number("tier-end"),
            now=now,
        )
        return Result()
