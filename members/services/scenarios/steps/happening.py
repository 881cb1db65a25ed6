"""What happens besides purchases, and what people decide about awards that wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from members.models import Membership
from members.selectors.scenarios import waiting_for_approval
from members.services import approving, events
from members.services.problems import NotPending
from members.services.scenarios.naming import MAIN_PARTNER, Known, member, moment, purchase
from members.services.scenarios.world import Result, World
from programs.engine.events import EventType, Trigger, read_payload
from programs.engine.reader import Reader

# What comes by itself when its time has come, and never as a step.
BY_ITSELF = tuple(set(Trigger) - {Trigger.PURCHASE, Trigger.EVENT})


@dataclass(frozen=True, slots=True)
class EventStep:
    """An event that the programme declares. `purchase` is the receipt whose waiting points it frees ("": all that
    wait)."""

    ref: str
    member: str
    kind: str
    fields: Mapping[str, Any]
    purchase: str
    partner: str
    occurred_at: datetime

    @classmethod
    def read(cls, reader: Reader, known: Known) -> EventStep:
        kind = reader.text("kind", required=True, longest=50)
        event = _declared(reader, kind, known)
        fields = reader.child("fields") or Reader({}, (*reader.path, "fields"), reader.faults)
        if event is not None:
            read_payload(event, fields, known.core.money_digits)
            fields.finish()
        step = cls(
            ref=reader.text("ref", longest=100),
            member=member(reader, known),
            kind=kind,
            fields=fields.data,
            purchase=purchase(reader, known) if reader.has("purchase") else "",
            partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
        )
        reader.take("purchase")
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        if self.purchase:
            world.purchase(self.purchase)
        recorded = events.record_event(
            membership=world.membership(self.member, now),
            kind=self.kind,
            number=self.ref or world.next_number("event"),
            partner=world.partner(self.partner),
            now=now,
            fields=self.fields,
            occurred_at=self.occurred_at,
            receipt=self.purchase,
        )
        return Result(awarded=recorded.awarded, pending=recorded.pending, evaluation=recorded.evaluation)


def _declared(reader: Reader, kind: str, known: Known) -> EventType | None:
    """The event of the programme in force; what comes by itself is no step."""
    event = known.core.event(kind)
    if event is None and kind:
        code = "by_itself" if kind in BY_ITSELF else "unknown_event"
        reader.fault(code, "kind", value=kind, options=sorted(each.key for each in known.core.events))
    return event


@dataclass(frozen=True, slots=True)
class ReferStep:
    """A member brings a friend, who joins now."""

    member: str
    friend: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ReferStep:
        step = cls(member(reader, known), member(reader, known, "friend"))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        world.refer(world.membership(self.member, now), self.friend, now)
        return Result()


@dataclass(frozen=True, slots=True)
class ApproveStep:
    """Somebody approves what a purchase earned above the threshold."""

    purchase: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ApproveStep:
        step = cls(purchase(reader, known))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        membership, lots = _waiting(world, self.purchase)
        for lot in lots:
            approving.approve_award(membership=membership, lot=lot, now=now)
        return Result()


@dataclass(frozen=True, slots=True)
class RefuseStep:
    """Somebody refuses it: the points lapse."""

    purchase: str
    reason: str

    @classmethod
    def read(cls, reader: Reader, known: Known) -> RefuseStep:
        step = cls(purchase(reader, known), reader.text("reason", longest=200))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        membership, lots = _waiting(world, self.purchase)
        for lot in lots:
            approving.refuse_award(membership=membership, lot=lot, reason=self.reason, now=now)
        return Result()


def _waiting(world: World, ref: str) -> tuple[Membership, list[int]]:
    """The member of a purchase and the lots of it that wait for approval. Raises NotPending when there are none."""
    bought = world.purchase(ref)
    lots = waiting_for_approval(bought.pk)
    if not lots:
        raise NotPending
    return bought.membership, lots
