"""Time goes by: what falls due happens one thing after the other, at its own instant.

At one instant: 1 holds time out, 2 pending points become usable or lapse, 5 points expire (3 and 4, calendar events
and tiers, move no points by themselves). Earlier instants come first; what is equal goes by number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from tests.state_machine.books import Books
from tests.state_machine.rows import Hold, Lot, Part

HOLD_ENDS, PENDING_ENDS, EXPIRES = 1, 2, 5


class Due(NamedTuple):
    instant: datetime
    order: int
    number: int
    happens: Callable[[datetime], None]


class DueWork(Books):
    def advance(self, now: datetime) -> None:
        """Everything that is due up to an instant, that instant included."""
        if now < self.now:
            raise ValueError("time does not run backwards")
        self.now = now
        while due := [each for each in self.all_due() if each.instant <= now]:
            first = min(due, key=lambda each: each[:3])
            first.happens(first.instant)
        self.put_away()

    def next_due(self) -> datetime | None:
        """The next instant at which something happens by itself."""
        return min((each.instant for each in self.all_due()), default=None)

    def all_due(self) -> list[Due]:
        found = [
            Due(hold.until, HOLD_ENDS, hold.number, partial(self.let_go, hold))
            for hold in self.running_holds
            if hold.left
        ]
        for account in self.accounts.values():
            for lot in account.lots:
                if lot.remaining:
                    found += self.due_of_lot(lot)
        return found

    def due_of_lot(self, lot: Lot) -> list[Due]:
        if not lot.pending:
            gone = self.expires_at(lot)
            if gone is None:
                return []
            return [Due(max(gone, lot.credited_at), EXPIRES, lot.number, partial(self.expire, lot))]
        if lot.awaits_event:
            if lot.timeout_at is None:
                return []
            return [Due(lot.timeout_at, PENDING_ENDS, lot.number, partial(self.time_out, lot))]
        if lot.awaits_approval:
            return []
        assert lot.pending_until is not None
        return [Due(lot.pending_until, PENDING_ENDS, lot.number, partial(self.activate, lot))]

    # --- what happens -----------------------------------------------------------------------------
    def let_go(self, hold: Hold, when: datetime, points: int | None = None) -> None:
        """What is left of a hold (or a part) comes back; what is past its date expires right after (as due work)."""
        account = self.account(hold.member, hold.point_type)
        points = hold.left if points is None else points
        parts = []
        for part in reversed(hold.parts):
            back = min(part.points, points - sum(each.points for each in parts))
            if back:
                part.lot.held -= back
                part.lot.remaining += back
                part.lot.credited_at = max(part.lot.credited_at, when)
                part.points -= back
                parts.append(Part(part.lot, back))
        hold.released += points
        self.post("release", "held", "available", account, points, when, parts, hold.row)
        self.pay_debt(account, when)

    def time_out(self, lot: Lot, when: datetime) -> None:
        """The event did not come in time."""
        if lot.on_timeout == "lapse":
            self.lapse(lot, when)
        else:
            self.came(lot, when)

    def came(self, lot: Lot, when: datetime) -> None:
        """The event came, or its time-out is as good; a person may still have to agree."""
        lot.awaits_event = ""
        lot.pending_until = max(when, lot.earned_at)

    def lapse(self, lot: Lot, when: datetime) -> None:
        account = self.account(lot.member, lot.point_type)
        parts = self.draw([lot], lot.remaining)
        self.post("forfeit", "pending", "forfeiture", account, parts[0].points, when, parts)

    def activate(self, lot: Lot, when: datetime) -> None:
        account = self.account(lot.member, lot.point_type)
        lot.pending = False
        lot.credited_at = when
        self.post(
            "activate", "pending", "available", account, lot.remaining, when, [Part(lot, lot.remaining)]
        )
        if self.policies.expiry_from == "activation":
            self.date_lot(lot, self.day(when))
        self.pay_debt(account, when)

    def expire(self, lot: Lot, when: datetime) -> None:
        account = self.account(lot.member, lot.point_type)
        parts = self.draw([lot], lot.remaining)
        self.post("expire", "available", "expiry", account, parts[0].points, when, parts)
