"""Earning, spending, giving back, and what staff does.

"Chosen:" marks what the specification does not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from tests.state_machine.answers import Answers
from tests.state_machine.days import beginning
from tests.state_machine.due import DueWork
from tests.state_machine.rows import (
    Account,
    Award,
    GivenAward,
    GivenSpend,
    Lot,
    OpeningRow,
    Part,
    Posted,
    Refused,
    Spending,
)
from tests.state_machine.terms import Pending, PointType


class Operations(DueWork, Answers):
    @contextmanager
    def operation(self, occurred_at: datetime, now: datetime) -> Iterator[Posted]:
        """What is due up to now happens first. What the operation brings that is due already (a late document whose
        points have a date in the past) happens with it."""
        if occurred_at > now:
            raise ValueError("nothing is recorded before it happened")
        self.advance(now)
        before = len(self.journal)
        posted = Posted()
        yield posted
        self.advance(now)
        posted += self.journal[before:]

    def revise(self, point_type: PointType, now: datetime) -> Posted:
        """From now on the point type has these terms."""
        with self.operation(now, now) as posted:
            self.revisions[point_type.key].append((now, point_type))
            for account in self.accounts.values():
                if account.point_type == point_type.key:
                    for lot in account.lots + account.closed:
                        self.switch_on(lot)
        return posted

    # --- earning ----------------------------------------------------------------------------------
    def purchase(
        self,
        member: str,
        receipt: str,
        awards: Iterable[GivenAward],
        occurred_at: datetime,
        now: datetime,
        paid: Iterable[GivenSpend] = (),
    ) -> Posted:
        """Chosen: points that pay leave before others are earned, and too many are refused whatever the policy on
        overspending, since a bill is exact."""
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            for each in paid:
                self.spendable(each.point_type, occurred_at)
                account = self.account(member, each.point_type)
                if each.points > account.available:
                    raise Refused("insufficient_points", account.available)
                self._spend(each.ref, account, each.points, occurred_at)
            for award in awards:
                self._earn(member, award, occurred_at, receipt)
            self.active(member, "purchase", occurred_at, self.revisions)
        return posted

    def event(
        self,
        member: str,
        key: str,
        occurred_at: datetime,
        now: datetime,
        purchase: str = "",
        awards: Iterable[GivenAward] = (),
    ) -> Posted:
        """Frees what waits for it: the points of the receipt that it names, else all that wait. Chosen: "all" are those
        earned no later than it; nothing is usable before it was earned; only then the event earns what itself is
        worth, so it never frees its own award. It is an activity for what it frees, too."""
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            for lot in self._waiting_for(member, key):
                if lot.receipt == purchase if purchase else lot.earned_at <= occurred_at:
                    self.came(lot, occurred_at)
            self.active(member, "event", occurred_at, self.revisions)
            self.advance(now)
            for award in awards:
                self._earn(member, award, occurred_at, receipt="")
            self.active(member, "event", occurred_at, self.revisions)
        return posted

    def approve(self, award: str, now: datetime) -> Posted:
        """Chosen: a person decides instead of the day or the event for which smaller awards wait."""
        with self.operation(now, now) as posted:
            for lot in self._awaiting_approval(award):
                lot.awaits_approval = False
                lot.pending_until = now
        return posted

    def refuse(self, award: str, now: datetime) -> Posted:
        with self.operation(now, now) as posted:
            for lot in self._awaiting_approval(award):
                self.lapse(lot, now)
        return posted

    # --- spending and giving back -----------------------------------------------------------------
    def spend(
        self,
        ref: str,
        member: str,
        point_type: str,
        points: int,
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """Chosen: lots are taken in the order of their dates before this activity moves any; a clamped spend from
        nothing is refused, since nothing was spent."""
        assert points > 0
        assert ref not in self.spendings
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            self.spendable(point_type, occurred_at)
            account = self.account(member, point_type)
            if self.policies.overspending == "clamp" and account.available:
                points = min(points, account.available)
            self._spend(ref, account, points, occurred_at)
        return posted

    def restore(self, spending: str, points: int, occurred_at: datetime, now: datetime) -> Posted:
        """Chosen: what was drawn last comes back first, so that the rest is what a smaller spend would have taken."""
        with self.operation(occurred_at, now) as posted:
            self._restore(spending, points, occurred_at)
        return posted

    def bring_back(
        self,
        restored: Iterable[tuple[str, int]],
        taken: Iterable[tuple[str, int]],
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """A return of goods: points of spends come back, then points of awards go. Chosen: what came back past its date
        is still there to be taken."""
        with self.operation(occurred_at, now) as posted:
            for award, points in taken:
                self._check_earned(award, points)
            for spending, points in restored:
                self._restore(spending, points, occurred_at)
            for award, points in taken:
                self._reverse(award, points, occurred_at)
        return posted

    def reverse(self, award: str, points: int, occurred_at: datetime, now: datetime) -> Posted:
        """Own lots first, pending before available. What of the own lots expired or lapsed unused is let off, as often as
        it was lost; then others in spending order; the rest is debt, or left. Chosen: what was left counts as asked
        for, so later returns of the same award cannot ask for it again."""
        with self.operation(occurred_at, now) as posted:
            self._check_earned(award, points)
            self._reverse(award, points, occurred_at)
        return posted

    def _lost(self, award: Award) -> int:
        """Points of an award that went unused."""
        numbers = {lot.number for lot in award.lots}
        return sum(
            points
            for row in self.journal
            if row.kind in ("expire", "forfeit")
            for number, points in row.lots
            if number in numbers
        )

    # --- what staff does --------------------------------------------------------------------------
    def adjust(
        self, member: str, point_type: str, points: int, occurred_at: datetime, now: datetime
    ) -> Posted:
        """Up: a new lot by the terms of the point type, usable at once. Down: as a spend. Chosen: too much is refused
        whatever the policy on overspending, since a correction is exact; points that cannot be spent can be
        corrected."""
        assert points
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            account = self.account(member, point_type)
            if points < 0:
                parts = self.draw_available(account, -points)
                self.post("adjust", "available", "adjustment", account, -points, occurred_at, parts)
            else:
                self.new_lot(account, points, occurred_at)
                self.post("adjust", "adjustment", "available", account, points, occurred_at)
                self.pay_debt(account, occurred_at)
        return posted

    def opening(
        self,
        member: str,
        point_type: str,
        rows: Iterable[OpeningRow],
        occurred_at: datetime,
        now: datetime,
    ) -> Posted:
        """Chosen: openings may follow each other; a row without a date ends as if it had been earned here then, by the
        terms of now; one with a date keeps it whatever the member does, but not without the notice."""
        with self.operation(occurred_at, now) as posted:
            self.not_merged(member)
            account = self.account(member, point_type)
            if not account.only_openings:
                raise Refused("opening_not_first")
            for row in rows:
                terms = self.terms(point_type, now)
                lot = self.open_lot(account, row.points, row.earned_at, occurred_at, terms.expiry)
                if row.expires_on is None:
                    self.date_lot(lot, self.day(row.earned_at))
                else:
                    lot.last_day = row.expires_on
                self.post("opening", "opening", "available", account, row.points, occurred_at)
        return posted

    def forfeit(self, member: str, point_type: str, now: datetime, points: int | None = None) -> Posted:
        """Chosen: so many of the usable points, or (None) all usable and pending ones; held ones stay held."""
        with self.operation(now, now) as posted:
            self.not_merged(member)
            account = self.account(member, point_type)
            parts = self.draw_available(account, account.available if points is None else points)
            if parts:
                total = sum(part.points for part in parts)
                self.post("forfeit", "available", "forfeiture", account, total, now, parts)
            if points is None:
                for lot in account.lots:
                    if lot.pending and lot.remaining:
                        self.lapse(lot, now)
        return posted

    def notice(self, member: str, point_type: str, last_day: date, now: datetime) -> Posted:
        """The member has been told that points go after that last day. Only the first time counts."""
        with self.operation(now, now) as posted:
            self.notices.setdefault((member, point_type, last_day), self.day(now))
        return posted

    def tell(self, now: datetime) -> Posted:
        """The job gives every notice that is due: so many days before the midnight on which usable points go, also when
        activity has moved that midnight. Chosen: of a lot nobody is told before its own end would have been told."""
        self.advance(now)
        with self.operation(now, now) as posted:
            for account in list(self.accounts.values()):
                for lot in account.lots:
                    last, days = self.expires_on(lot), timedelta(days=lot.expiry.notice_days)
                    if lot.pending or not lot.remaining or not days or last is None or lot.last_day is None:
                        continue
                    if max(lot.last_day, last) - days < self.day(now):
                        self.notices.setdefault((account.member, account.point_type, last), self.day(now))
        return posted

    # --- parts of the above -----------------------------------------------------------------------
    def not_merged(self, member: str) -> None:
        if member in self.merged:
            raise ValueError(f"{member} was merged into another member")

    def spendable(self, point_type: str, when: datetime) -> None:
        if not self.terms(point_type, when).spendable:
            raise Refused("not_spendable")

    def new_lot(self, account: Account, points: int, when: datetime) -> Lot:
        """New points, usable at once, by the terms of their type."""
        terms = self.terms(account.point_type, when)
        lot = self.open_lot(account, points, when, when, terms.expiry)
        self.date_lot(lot, self.day(when))
        return lot

    def _spend(self, ref: str, account: Account, points: int, when: datetime) -> None:
        parts = self.draw_available(account, points)
        row = self.post("spend", "available", "redemption", account, points, when, parts)
        self.spendings[ref] = Spending(ref, account.member, account.point_type, row.number, parts)
        self.active(account.member, "spend", when, [account.point_type])

    def _restore(self, spending: str, points: int, when: datetime) -> None:
        assert points > 0
        spent = self.spendings[spending]
        if points > spent.left:
            raise Refused("more_than_spent", spent.left)
        account = self.account(self.home(spent.member), spent.point_type)
        given: list[Part] = []
        for part in reversed(spent.parts):
            back = min(part.points, points - sum(each.points for each in given))
            if back:
                part.points -= back
                given.append(Part(part.lot, back))
        if self.policies.restored_points == "new":
            self.new_lot(account, points, when)
            given = []
        parts = [part for part in given if self._put_back(part, account, when)]
        self.post("restore", "redemption", "available", account, points, when, parts, spent.row)
        self.pay_debt(account, when)

    def _check_earned(self, award: str, points: int) -> None:
        assert points > 0
        earned = self.awards[award]
        if points > earned.points - earned.asked_back:
            raise Refused("more_than_earned", earned.points - earned.asked_back)

    def _reverse(self, award: str, points: int, when: datetime) -> None:
        earned = self.awards[award]
        account = self.account(self.home(earned.member), earned.point_type)
        own = [lot for lot in earned.lots if lot.member == account.member]
        earned.asked_back += points
        for part in self.draw([lot for lot in own if lot.pending], points):
            self.post("reverse", "pending", "issuance", account, part.points, when, [part], earned.row)
            points -= part.points
        if self.policies.spent_points == "pending_only":
            return
        parts = self.draw(self.in_spending_order(lot for lot in own if not lot.pending), points)
        let_off = min(points - sum(part.points for part in parts), self._lost(earned) - earned.let_off)
        earned.let_off += let_off
        points -= let_off
        parts += self.draw(self.usable(account), points - sum(part.points for part in parts))
        taken = sum(part.points for part in parts)
        if taken:
            self.post("reverse", "available", "issuance", account, taken, when, parts, earned.row)
        if taken < points and self.policies.spent_points == "debt":
            self.add_shortage(account, earned, points - taken, when)

    def _put_back(self, part: Part, account: Account, when: datetime) -> bool:
        """Whether they went into the lot that they came from; after a merge they are a child of it instead."""
        lot = part.lot
        if lot.member != account.member:
            self.child_of(lot, account, part.points, when)
            return False
        # Chosen: what comes back to an empty lot counts from when it came, whatever had come and gone before.
        lot.credited_at = when if lot in account.closed else max(lot.credited_at, when)
        if lot in account.closed:
            account.closed.remove(lot)
            account.lots.append(lot)
        lot.remaining += part.points
        return True

    def _earn(self, member: str, award: GivenAward, when: datetime, receipt: str) -> None:
        assert award.points > 0
        assert award.ref not in self.awards
        terms = self.terms(award.point_type, when)
        account = self.account(member, award.point_type)
        lot = self.open_lot(account, award.points, when, when, award.expiry or terms.expiry)
        lot.own_terms = award.expiry is not None
        lot.receipt = receipt
        self._wait(lot, award.pending or terms.pending)
        if lot.pending:
            row = self.post("earn", "issuance", "pending", account, award.points, when)
        else:
            row = self.post("earn", "issuance", "available", account, award.points, when)
        if not lot.pending or self.policies.expiry_from == "earning":
            self.date_lot(lot, self.day(when))
        if not lot.pending:
            self.pay_debt(account, when)
        self.awards[award.ref] = Award(award.ref, member, award.point_type, award.points, row.number, [lot])
        self.active(member, "earn", when, [award.point_type])

    def _wait(self, lot: Lot, pending: Pending) -> None:
        """What points wait for before they can be used."""
        when = lot.earned_at
        day = self.day(when)
        lot.pending_until = when
        if pending.kind == "days":
            lot.pending_until = beginning(day + timedelta(days=pending.days), self.zone)
        if pending.kind == "date":
            assert pending.on is not None
            lot.pending_until = max(when, beginning(pending.on, self.zone))
        if pending.kind == "event":
            lot.awaits_event = pending.event
            lot.pending_until = None
            lot.on_timeout = pending.on_timeout
            if pending.timeout_days:
                lot.timeout_at = beginning(day + timedelta(days=pending.timeout_days), self.zone)
        if pending.approval_above is not None and lot.amount > pending.approval_above:
            lot.awaits_approval, lot.awaits_event = True, ""
            lot.timeout_at = None
        lot.pending = lot.pending_until != when or lot.awaits_approval

    def _waiting_for(self, member: str, key: str) -> list[Lot]:
        return [
            lot
            for account in self.accounts.values()
            if account.member == member
            for lot in account.lots
            if lot.pending and lot.remaining and lot.awaits_event == key
        ]

    def _awaiting_approval(self, award: str) -> list[Lot]:
        lots = [lot for lot in self.awards[award].lots if lot.remaining and lot.awaits_approval]
        if not lots:
            raise Refused("not_waiting")
        return lots
