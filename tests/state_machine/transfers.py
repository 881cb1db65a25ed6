"""Points that move: to another member, into another point type, and with a member who was two."""

from __future__ import annotations

from datetime import datetime

from tests.state_machine.operations import Operations
from tests.state_machine.rows import Account, Lot, Posted, Refused, Shortage


class Transfers(Operations):
    def transfer(
        self,
        giver: str,
        taker: str,
        point_type: str,
        points: int,
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """Every lot that gives has a child with the taker. Chosen: `new` expiry is that of the point type,
        whatever the points had before; both members were active."""
        assert points > 0
        with self.operation(occurred_at, now) as posted:
            self.not_merged(giver)
            self.not_merged(taker)
            terms = self.terms(point_type, occurred_at)
            if not terms.transferable:
                raise Refused("not_transferable")
            if giver == taker:
                raise Refused("same_member")
            mine, theirs = self.account(giver, point_type), self.account(taker, point_type)
            parts = self.draw_available(mine, points)
            self.post("transfer_out", "available", "transit", mine, points, occurred_at, parts)
            for part in parts:
                child = self.child_of(part.lot, theirs, part.points, occurred_at)
                if self.policies.transferred_expiry == "new":
                    child.expiry, child.own_terms = terms.expiry, False
                    self.date_lot(child, self.day(occurred_at))
                self.post("transfer_in", "transit", "available", theirs, part.points, occurred_at)
            self.pay_debt(theirs, occurred_at)
            for member in (giver, taker):
                self.active(member, "transfer", occurred_at, [point_type])
        return posted

    def convert(
        self,
        member: str,
        source: str,
        target: str,
        points: int,
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """`points` of the source leave. Chosen: one new lot by the terms of the target, usable at once, earned at the
        conversion; converting is no activity."""
        assert points > 0
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            conversions = self.terms(source, occurred_at).conversions
            conversion = next((each for each in conversions if each.to == target), None)
            if conversion is None:
                raise Refused("not_convertible")
            if points < conversion.smallest:
                raise Refused("conversion_too_small")
            if points % conversion.take:
                raise Refused("conversion_not_whole")
            old, new = self.account(member, source), self.account(member, target)
            parts = self.draw_available(old, points)
            self.post("convert_out", "available", "conversion", old, points, occurred_at, parts)
            given = points // conversion.take * conversion.give
            self.new_lot(new, given, occurred_at)
            self.post("convert_in", "conversion", "available", new, given, occurred_at)
            self.pay_debt(new, occurred_at)
        return posted

    # --- two who are one --------------------------------------------------------------------------
    def merge(self, ref: str, survivor: str, absorbed: str, now: datetime) -> Posted:
        """Everything goes over, bucket by bucket and lot by lot, debt too. From now on reversals and restores of the
        absorbed member's documents happen to the survivor. Chosen: an open hold of either is in the way."""
        with self.operation(now, now) as posted:
            self.not_merged(survivor)
            self.not_merged(absorbed)
            assert survivor != absorbed
            self._no_open_hold(survivor, absorbed)
            self.merged[absorbed] = (survivor, ref)
            for point_type in self.revisions:
                old, new = self.account(absorbed, point_type), self.account(survivor, point_type)
                for lot in list(old.lots):
                    if lot.remaining:
                        self._move_lot(lot, old, new, now, (*lot.came_by, ref))
                for shortage in old.shortages:
                    self._move_debt(shortage, old, new, now, (*shortage.came_by, ref))
                self.pay_debt(new, now)
        return posted

    def unmerge(self, absorbed: str, now: datetime) -> Posted:
        """What is left of the lots and shortages that came goes back; what was spent meanwhile stays as it is.
        Chosen: so does what was given back meanwhile."""
        with self.operation(now, now) as posted:
            survivor, ref = self.merged[absorbed]
            self.not_merged(survivor)
            self._no_open_hold(survivor, absorbed)
            del self.merged[absorbed]
            for point_type in self.revisions:
                old, new = self.account(survivor, point_type), self.account(absorbed, point_type)
                for lot in list(old.lots):
                    if lot.remaining and lot.came_by[-1:] == (ref,):
                        self._move_lot(lot, old, new, now, lot.came_by[:-1])
                for shortage in old.shortages:
                    if shortage.came_by[-1:] == (ref,):
                        self._move_debt(shortage, old, new, now, shortage.came_by[:-1])
                self.pay_debt(new, now)
        return posted

    def _no_open_hold(self, *members: str) -> None:
        if any(hold.left and hold.member in members for hold in self.running_holds):
            raise Refused("hold_open")

    def _move_lot(
        self, lot: Lot, old: Account, new: Account, when: datetime, came_by: tuple[str, ...]
    ) -> None:
        bucket = "pending" if lot.pending else "available"
        child = self.child_of(lot, new, lot.remaining, when)
        child.pending = lot.pending
        child.pending_until = lot.pending_until
        child.awaits_event = lot.awaits_event
        child.timeout_at = lot.timeout_at
        child.on_timeout = lot.on_timeout
        child.awaits_approval = lot.awaits_approval
        child.receipt = lot.receipt
        child.came_by = came_by
        parts = self.draw([lot], lot.remaining)
        self.post("merge_out", bucket, "transit", old, child.amount, when, parts)
        self.post("merge_in", "transit", bucket, new, child.amount, when)
        for award in self.awards.values():
            if lot in award.lots:
                award.lots.append(child)

    def _move_debt(
        self, shortage: Shortage, old: Account, new: Account, when: datetime, came_by: tuple[str, ...]
    ) -> None:
        if shortage.left:
            self.post("merge_out", "transit", "debt", old, shortage.left, when)
            row = self.post("merge_in", "debt", "transit", new, shortage.left, when)
            new.shortages.append(Shortage(row.number, shortage.award, shortage.left, came_by))
            shortage.left = 0
