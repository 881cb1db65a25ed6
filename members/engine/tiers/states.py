"""What is known about a member on a ladder, and the decisions that made it so. Tiers are named by key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from members.engine.tiers.windows import DAY


class Source(StrEnum):
    """Why the member has a tier."""

    EARNED = "earned"
    MANUAL = "manual"
    IMPORT = "import"
    INVITATION = "invitation"


class Mode(StrEnum):
    """A tier given by hand. floor: at least this tier while it runs. fixed: exactly this tier while it runs. lift: once,
    as if it had been earned that day."""

    FLOOR = "floor"
    FIXED = "fixed"
    LIFT = "lift"


class Reason(StrEnum):
    """Why a decision was taken; stable codes.

    joined: the first tier. reached: the metric reached it. confirmed: reached again, so it lasts longer.
    next_period_began: reached earlier, begins now. renewed: its validity ended, and it goes on. validity_ended: its
    validity ended, and the member moves. returned: a return lowered the metric. rolled_out: what carried it left the
    window. waiting_ended: it was not reached again in the days before the fall. lifted, grant_started, grant_ended: by
    hand. inserted, removed, revised: a revision has a new tier, has the old one no more, or has other thresholds.
    """

    JOINED = "joined"
    REACHED = "reached"
    CONFIRMED = "confirmed"
    NEXT_PERIOD_BEGAN = "next_period_began"
    RENEWED = "renewed"
    VALIDITY_ENDED = "validity_ended"
    RETURNED = "returned"
    ROLLED_OUT = "rolled_out"
    WAITING_ENDED = "waiting_ended"
    LIFTED = "lifted"
    GRANT_STARTED = "grant_started"
    GRANT_ENDED = "grant_ended"
    INSERTED = "inserted"
    REMOVED = "removed"
    REVISED = "revised"


class Validity(NamedTuple):
    """A tier and how long it lasts. `qualified_on`: the day whose value carries it; None when no value does.
    `ends_on`: the last day, of which the last `grace_days` are grace; None: no end. `grant`: the lift that gave it."""

    tier: str
    source: Source
    qualified_on: date | None
    ends_on: date | None
    grace_days: int = 0
    grant: str = ""

    @property
    def carried_until(self) -> date | None:
        """The last day without grace."""
        return None if self.ends_on is None else self.ends_on - self.grace_days * DAY


class Upcoming(NamedTuple):
    """A tier that was reached and begins with the next period."""

    tier: str
    source: Source
    starts_on: date
    qualified_on: date


class Grant(NamedTuple):
    """A tier given by hand; `until` is its last day, None: until it is revoked (for a lift: the usual validity)."""

    reference: str
    mode: Mode
    tier: str
    until: date | None = None
    source: Source = Source.MANUAL


@dataclass(slots=True)
class LadderState:
    """`tier`, `source`, `ends_on`: what the member has, grants included, since the instant `since`.

    `earned`: what the metric carries. `held`: a tier that the member keeps whatever the metric says (a lift, an import,
    an invitation, a soft fall, a threshold that was raised). Where the ladder follows the metric, `sinks_on`: a day not
    after the first on which the value is too low, and `falls_on`: the day on which an earned tier is lost. `grants`:
    running floors and fixed tiers, and lifts beneath a higher one, in the order given. `decided_at`: the latest decision.
    """

    earned: Validity
    tier: str
    source: Source
    since: datetime
    decided_at: datetime
    ends_on: date | None = None
    held: Validity | None = None
    upcoming: Upcoming | None = None
    sinks_on: date | None = None
    falls_on: date | None = None
    grants: list[Grant] = field(default_factory=list)

    @property
    def basis(self) -> tuple[object, ...]:
        """What the next decision starts from; it may change without a decision, as under a grant, or where a tier that
        was reached begins with the next period."""
        return self.earned, self.held, self.upcoming, self.sinks_on, self.falls_on

    def has_grant(self, reference: str) -> bool:
        """Whether a tier given by hand still runs."""
        lifted = self.held is not None and self.held.grant == reference
        return lifted or any(grant.reference == reference for grant in self.grants)

    @property
    def due_on(self) -> date | None:
        """The local day at whose beginning something falls due next."""
        ends = [self.earned.ends_on, *(grant.until for grant in self.grants)]
        if self.held is not None:
            ends.append(self.held.ends_on)
        days = [day + DAY for day in ends if day is not None]
        days += [day for day in (self.sinks_on, self.falls_on) if day is not None]
        if self.upcoming is not None:
            days.append(self.upcoming.starts_on)
        return min(days, default=None)


class Decision(NamedTuple):
    """One step, or a new end of the same tier. `value`: the metric that decided. `ends_on`: the tier's last day now."""

    ladder: str
    from_tier: str
    to_tier: str
    occurred_at: datetime
    reason: Reason
    value: int
    ends_on: date | None
    source: Source
