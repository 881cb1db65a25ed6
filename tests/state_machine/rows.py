"""What the model keeps: accounts with their lots and shortages, holds, awards, spendings, and the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from tests.state_machine.terms import Expiry, Pending


class Refused(Exception):
    """An operation that changed nothing, with its stable code; `possible` is the amount that could be had."""

    def __init__(self, code: str, possible: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.possible = possible


@dataclass
class Lot:
    """Points that came together. `remaining` is usable (or pending while `pending`), `held` is promised to a hold."""

    number: int
    member: str
    point_type: str
    amount: int
    remaining: int
    earned_at: datetime
    credited_at: datetime
    """When points last came into it: they cannot expire before that."""
    expiry: Expiry
    own_terms: bool = False
    """The expiry is that of a rule, so switching on the expiry of the point type later does not touch it."""
    counts_from: date | None = None
    """The local day from which expiry counts; not known while it is to count from activation."""
    last_day: date | None = None
    extendable: bool = False
    held: int = 0
    pending: bool = False
    pending_until: datetime | None = None
    awaits_event: str = ""
    timeout_at: datetime | None = None
    on_timeout: str = "lapse"
    awaits_approval: bool = False
    receipt: str = ""
    parent: int | None = None
    came_by: tuple[str, ...] = ()
    """The merges that brought it, the last one last."""

    @property
    def state(self) -> str:
        if self.remaining == 0 and self.held == 0:
            return "closed"
        return "pending" if self.pending else "active"


@dataclass
class Part:
    """So many points of a lot."""

    lot: Lot
    points: int


@dataclass
class Shortage:
    """Points that a reversal could not find: what is `left` of them is debt."""

    row: int
    award: str
    left: int
    came_by: tuple[str, ...] = ()


@dataclass
class Account:
    member: str
    point_type: str
    lots: list[Lot] = field(default_factory=list)
    closed: list[Lot] = field(default_factory=list)
    """Lots that are empty, put away so that long runs do not look through them again and again."""
    shortages: list[Shortage] = field(default_factory=list)
    extended_to: date | None = None
    rows: int = 0
    only_openings: bool = True

    @property
    def available(self) -> int:
        return sum(lot.remaining for lot in self.lots if not lot.pending)

    @property
    def pending(self) -> int:
        return sum(lot.remaining for lot in self.lots if lot.pending)

    @property
    def held(self) -> int:
        return sum(lot.held for lot in self.lots)

    @property
    def debt(self) -> int:
        return sum(shortage.left for shortage in self.shortages)


@dataclass
class Award:
    ref: str
    member: str
    point_type: str
    points: int
    row: int
    lots: list[Lot]
    asked_back: int = 0
    let_off: int = 0
    """What of it was not charged, because the member had lost it unused."""


@dataclass
class Spending:
    """A spend or a capture; `parts` is what has not been given back, in the order in which it was drawn."""

    ref: str
    member: str
    point_type: str
    row: int | None
    parts: list[Part]

    @property
    def left(self) -> int:
        return sum(part.points for part in self.parts)


@dataclass
class Hold:
    number: int
    ref: str
    member: str
    point_type: str
    until: datetime
    row: int
    parts: list[Part]
    captured: int = 0
    released: int = 0

    @property
    def left(self) -> int:
        return sum(part.points for part in self.parts)


class Row(NamedTuple):
    """One posting: `points` move from one side to another."""

    number: int
    kind: str
    member: str
    point_type: str
    source: str
    target: str
    points: int
    occurred_at: datetime
    recorded_at: datetime
    lots: tuple[tuple[int, int], ...]
    answers: int | None


class Posted(list[Row]):
    """The rows of one operation."""

    def points(self, kind: str) -> int:
        return sum(row.points for row in self if row.kind == kind)


class GivenAward(NamedTuple):
    """What a purchase or an event earns. Without `expiry` and `pending` the terms of the point type hold."""

    ref: str
    point_type: str
    points: int
    expiry: Expiry | None = None
    pending: Pending | None = None


class GivenSpend(NamedTuple):
    """Points that pay a part of a bill."""

    ref: str
    point_type: str
    points: int


class OpeningRow(NamedTuple):
    points: int
    earned_at: datetime
    expires_on: date | None = None


class Buckets(NamedTuple):
    available: int
    pending: int
    held: int
    debt: int


class OpenLot(NamedTuple):
    number: int
    remaining: int
    held: int
    state: str
    expires_on: date | None
    earned_at: datetime
    amount: int
