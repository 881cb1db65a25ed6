"""Holds: points promised for a while, then taken or let go."""

from __future__ import annotations

from datetime import datetime

from tests.state_machine.operations import Operations
from tests.state_machine.rows import Hold, Part, Posted, Refused, Spending


class Holds(Operations):
    def hold(
        self,
        ref: str,
        member: str,
        point_type: str,
        points: int,
        until: datetime,
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """Chosen: a hold is for an exact amount, so too much is refused whatever the policy on overspending. Holding is
        no activity; capturing is."""
        assert points > 0
        assert until > occurred_at
        assert ref not in self.holds
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            self.spendable(point_type, occurred_at)
            account = self.account(member, point_type)
            parts = self.draw_available(account, points)
            for part in parts:
                part.lot.held += part.points
            row = self.post("hold", "available", "held", account, points, occurred_at, parts)
            number = len(self.holds) + 1
            self.holds[ref] = Hold(number, ref, member, point_type, until, row.number, parts)
            self.running_holds.append(self.holds[ref])
        return posted

    def capture(
        self, ref: str, hold: str, occurred_at: datetime, now: datetime, points: int | None = None
    ) -> Posted:
        """All of it (None), or a part: then the rest stays held. Chosen: lots are used in the order in which the hold
        took them."""
        assert points is None or points > 0
        assert ref not in self.spendings
        with self.operation(occurred_at, now) as posted:
            held = self._open(hold)
            points = held.left if points is None else points
            if points > held.left:
                raise Refused("hold_too_small", held.left)
            parts = []
            for part in held.parts:
                taken = min(part.points, points - sum(each.points for each in parts))
                if taken:
                    part.points -= taken
                    part.lot.held -= taken
                    parts.append(Part(part.lot, taken))
            held.captured += points
            account = self.account(held.member, held.point_type)
            row = self.post("capture", "held", "redemption", account, points, occurred_at, parts, held.row)
            self.spendings[ref] = Spending(ref, held.member, held.point_type, row.number, parts)
            self.active(held.member, "spend", occurred_at, [held.point_type])
        return posted

    def release(self, hold: str, occurred_at: datetime, now: datetime, points: int | None = None) -> Posted:
        """Everything that is still held (None), or a part: then the rest stays held. Chosen: what the hold took last
        comes back first."""
        assert points is None or points > 0
        with self.operation(occurred_at, now) as posted:
            held = self._open(hold)
            points = held.left if points is None else points
            if points > held.left:
                raise Refused("hold_too_small", held.left)
            self.let_go(held, occurred_at, points)
        return posted

    def _open(self, ref: str) -> Hold:
        hold = self.holds[ref]
        if not hold.left:
            raise Refused("hold_closed")
        return hold
