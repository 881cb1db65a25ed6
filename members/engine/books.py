"""An account of the ledger in memory: its buckets and lots, and the rows that operations leave.

All quantities are whole numbers in the point type's smallest unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

FOREVER = date.max  # an account's `extended_to` while its points have no end
APPROVAL = "approval"  # what a pending lot may wait for, beside "event:…"


class NotEnough(Exception):
    """More was asked for than is available; `possible` is what is there."""

    def __init__(self, possible: int) -> None:
        super().__init__(possible)
        self.possible = possible


class Cause(NamedTuple):
    """What a posting is about: the columns that all postings of one operation share."""

    operation: int
    occurred_at: datetime
    recorded_at: datetime
    revision: int | None = None
    partner: int | None = None
    purchase: int | None = None
    returned: int | None = None
    event: int | None = None
    reference: str = ""
    reason: str = ""
    actor: int | None = None


class PostingRow(NamedTuple):
    id: int
    member: int
    account: int
    point_type: int
    kind: str
    from_side: str
    to_side: str
    amount: int
    available_after: int
    pending_after: int
    held_after: int
    debt_after: int
    version: int
    occurred_at: datetime
    recorded_at: datetime
    operation: int
    revision: int | None
    partner: int | None
    purchase: int | None
    returned: int | None
    event: int | None
    answers: int | None
    reference: str
    reason: str
    actor: int | None


class AllocationRow(NamedTuple):
    member: int
    posting: int
    lot: int
    amount: int


class Terms(NamedTuple):
    """When the points of a lot can be used and how long.

    A lot is pending until `activates_at`, or while it `awaits` an event ("event:…") or "approval"; at `lapses_at` a
    waiting one lapses, or becomes usable (`lapse` False). `expires_on` is the last usable day, `expires_at` the
    instant after it; None: no end. The end of an `extendable` lot moves with the account's `extended_to`. Nothing
    expires without a notice `notice_days` before. `rule` is an expiry as JSON text: the one that gives the end once the
    points can be used, or a rule's own "never", which expiry that is switched on later leaves alone.
    """

    activates_at: datetime | None = None
    awaits: str = ""
    lapses_at: datetime | None = None
    lapse: bool = True
    expires_on: date | None = None
    expires_at: datetime | None = None
    extendable: bool = False
    notice_days: int = 0
    rule: str = ""


NO_TERMS = Terms()


@dataclass(slots=True)
class LotRow:
    """A lot and what is left of it. `purchase` is known of lots that are pending; `fresh` ones are not in the database
    yet. `came_at`: when points came into it just now, before which they cannot expire."""

    id: int
    posting: int
    issuer: int
    revision: int | None
    earned_at: datetime
    amount: int
    remaining: int
    held: int = 0
    pending: bool = False
    terms: Terms = NO_TERMS
    parent: int | None = None
    purchase: int | None = None
    came_at: datetime | None = None
    fresh: bool = False
    changed: bool = False

    @property
    def state(self) -> str:
        if self.pending and self.remaining:
            return "pending"
        return "active" if self.remaining or self.held else "closed"


class TermsRow(NamedTuple):
    """A later end of a lot, and why."""

    member: int
    lot: int
    expires_on: date | None
    reason: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(slots=True)
class HoldRow:
    """Points set aside: `posting` is the one that held them."""

    id: int
    posting: int
    amount: int
    captured: int
    released: int
    expires_at: datetime
    changed: bool = False

    @property
    def open(self) -> int:
        return self.amount - self.captured - self.released


class Draw(NamedTuple):
    """What an earlier posting drew from a lot and has not given back."""

    lot: int
    amount: int


class Shortage(NamedTuple):
    """A debt's origin: the posting that recorded it and what of it is unpaid."""

    posting: int
    unpaid: int


@dataclass(slots=True)
class Book:
    """An account: its buckets, its open lots and holds, its unpaid shortages, and the rows made since it was loaded.

    `extended_to`: until then no extendable lot expires. `notices` are the days on which the member was told of an end,
    by that last usable day. Nothing falls due before `quiet_until` (None: look).
    """

    id: int
    member: int
    point_type: int
    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    version: int = 0
    last_recorded_at: datetime | None = None
    extended_to: date | None = None
    lots: dict[int, LotRow] = field(default_factory=dict)
    holds: dict[int, HoldRow] = field(default_factory=dict)
    shortages: list[Shortage] = field(default_factory=list)
    notices: dict[date, datetime] = field(default_factory=dict)
    quiet_until: datetime | None = None
    fresh: bool = False
    changed: bool = False
    postings: list[PostingRow] = field(default_factory=list)
    allocations: list[AllocationRow] = field(default_factory=list)
    terms: list[TermsRow] = field(default_factory=list)

    @property
    def balance(self) -> int:
        """What the member is shown: available less debt."""
        return self.available - self.debt

    def last_day_of(self, lot: LotRow) -> date | None:
        """The last usable day of a lot, with the account's extension; None for one without an end."""
        last = lot.terms.expires_on
        if last is None or not lot.terms.extendable or self.extended_to is None:
            return last
        later = max(last, self.extended_to)
        return None if later == FOREVER else later

    def usable(self) -> Iterable[LotRow]:
        """Lots with something left that can be spent."""
        return (lot for lot in self.lots.values() if lot.remaining and not lot.pending)
