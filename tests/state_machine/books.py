"""The small moves that every operation is made of: posting a row, opening a lot, drawing on lots, paying debt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.state_machine.days import ONE_DAY, beginning, local_day
from tests.state_machine.rows import (
    Account,
    Award,
    Hold,
    Lot,
    Part,
    Refused,
    Row,
    Shortage,
    Spending,
)
from tests.state_machine.terms import NEVER, Expiry, PointType, Policies, last_day


class Books:
    def __init__(
        self, zone: str, point_types: Iterable[PointType], since: datetime, policies: Policies | None = None
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.policies = policies or Policies()
        self.now = since
        self.revisions = {each.key: [(since, each)] for each in point_types}
        self.accounts: dict[tuple[str, str], Account] = {}
        self.journal: list[Row] = []
        self.awards: dict[str, Award] = {}
        self.spendings: dict[str, Spending] = {}
        self.holds: dict[str, Hold] = {}
        self.running_holds: list[Hold] = []
        self.notices: dict[tuple[str, str, date], date] = {}
        self.merged: dict[str, tuple[str, str]] = {}
        """Absorbed member → the survivor and the name of the merge."""
        self._lots = 0

    # --- terms ------------------------------------------------------------------------------------
    def terms(self, point_type: str, when: datetime) -> PointType:
        """The point type as the revision in force at an instant has it; before the first one, as the first has it."""
        known = self.revisions[point_type]
        return [each for since, each in known if since <= when or since == known[0][0]][-1]

    def switched_on(self, point_type: str) -> tuple[date, Expiry] | None:
        """Since which day the point type has had an expiry without a break until now, and which one it got then."""
        found = None
        for since, each in self.revisions[point_type]:
            if each.expiry.kind == "never":
                found = None
            elif found is None:
                found = self.day(since), each.expiry
        return found

    def day(self, instant: datetime) -> date:
        return local_day(instant, self.zone)

    def date_lot(self, lot: Lot, start: date) -> None:
        """The time of a lot starts on a day."""
        lot.counts_from = start
        lot.last_day = last_day(lot.expiry, start, self.policies)
        lot.extendable = lot.expiry.kind == "activity"
        self.switch_on(lot)

    def switch_on(self, lot: Lot) -> None:
        """Points without an end get one from the revision that brought expiry, never before one full period of it.
        Chosen: the period counts from the day from which the lot's expiry would have counted (so from activation, by
        policy); points that come late get what they would have got in time."""
        switched = self.switched_on(lot.point_type)
        if (
            switched is not None
            and lot.last_day is None
            and lot.counts_from is not None
            and not lot.own_terms
        ):
            since, expiry = switched
            start = max(lot.counts_from, since)
            lot.expiry = expiry
            lot.last_day = last_day(expiry, start, self.policies)
            lot.extendable = expiry.kind == "activity"

    def expires_on(self, lot: Lot) -> date | None:
        """The last usable day as it stands now: activity may have moved it."""
        extended_to = self.account(lot.member, lot.point_type).extended_to
        if lot.last_day is not None and lot.extendable and extended_to is not None:
            return max(lot.last_day, extended_to)
        return lot.last_day

    def expires_at(self, lot: Lot) -> datetime | None:
        """The midnight at which the lot goes; None: never, or not before a notice has been delivered."""
        last = self.expires_on(lot)
        if last is None:
            return None
        gone = last + ONE_DAY
        if lot.expiry.notice_days:
            told = self.notices.get((lot.member, lot.point_type, last))
            if told is None:
                return None
            gone = max(gone, told + timedelta(days=lot.expiry.notice_days))
        return beginning(gone, self.zone)

    # --- rows -------------------------------------------------------------------------------------
    def account(self, member: str, point_type: str) -> Account:
        if point_type not in self.revisions:
            raise KeyError(point_type)
        return self.accounts.setdefault((member, point_type), Account(member, point_type))

    def post(
        self,
        kind: str,
        source: str,
        target: str,
        account: Account,
        points: int,
        when: datetime,
        parts: Iterable[Part] = (),
        answers: int | None = None,
    ) -> Row:
        assert points > 0
        lots = tuple((part.lot.number, part.points) for part in parts)
        row = Row(
            len(self.journal) + 1,
            kind,
            account.member,
            account.point_type,
            source,
            target,
            points,
            when,
            self.now,
            lots,
            answers,
        )
        self.journal.append(row)
        account.rows += 1
        account.only_openings &= kind == "opening"
        return row

    def open_lot(
        self, account: Account, points: int, earned_at: datetime, when: datetime, expiry: Expiry = NEVER
    ) -> Lot:
        self._lots += 1
        lot = Lot(
            self._lots, account.member, account.point_type, points, points, earned_at, when, expiry=expiry
        )
        account.lots.append(lot)
        return lot

    def put_away(self) -> None:
        """What is closed."""
        for account in self.accounts.values():
            account.closed += [lot for lot in account.lots if lot.state == "closed"]
            account.lots = [lot for lot in account.lots if lot.state != "closed"]
        self.running_holds = [hold for hold in self.running_holds if hold.left]

    def child_of(self, lot: Lot, account: Account, points: int, when: datetime) -> Lot:
        """The same points in another member's account. Chosen: they keep the date that they have now, with what the
        giver's activity added to it; from now on the taker's activity moves it."""
        child = self.open_lot(account, points, lot.earned_at, when, lot.expiry)
        child.own_terms = lot.own_terms
        child.counts_from = lot.counts_from
        child.last_day = self.expires_on(lot)
        child.extendable = lot.extendable
        child.parent = lot.number
        return child

    # --- drawing and paying -----------------------------------------------------------------------
    def in_spending_order(self, lots: Iterable[Lot]) -> list[Lot]:
        """Chosen: of lots earned at the same instant `newest` takes the one recorded last."""

        def oldest(lot: Lot) -> tuple[datetime, int]:
            return lot.earned_at, lot.number

        def soonest(lot: Lot) -> tuple[date, datetime, int]:
            return self.expires_on(lot) or date.max, lot.earned_at, lot.number

        if self.policies.spending_order == "soonest":
            return sorted(lots, key=soonest)
        return sorted(lots, key=oldest, reverse=self.policies.spending_order == "newest")

    def usable(self, account: Account) -> list[Lot]:
        return self.in_spending_order(lot for lot in account.lots if lot.remaining and not lot.pending)

    def draw(self, lots: Iterable[Lot], points: int) -> list[Part]:
        """Takes points out of lots, one lot after the other; fewer than asked when they do not have so many."""
        parts = []
        for lot in lots:
            taken = min(points, lot.remaining)
            if taken:
                lot.remaining -= taken
                points -= taken
                parts.append(Part(lot, taken))
        return parts

    def draw_available(self, account: Account, points: int) -> list[Part]:
        if points > account.available:
            raise Refused("insufficient_points", account.available)
        return self.draw(self.usable(account), points)

    def pay_debt(self, account: Account, when: datetime) -> None:
        """Follows every credit: the oldest shortage first, for as long as there are points. Chosen: points that came
        back past their date pay debt before they expire; shortages that a merge brought come after one's own."""
        for shortage in account.shortages:
            paid = min(shortage.left, account.available)
            if paid:
                parts = self.draw(self.usable(account), paid)
                shortage.left -= paid
                self.post("debt_repay", "available", "debt", account, paid, when, parts, shortage.row)

    def active(self, member: str, activity: str, when: datetime, point_types: Iterable[str]) -> None:
        """The member did something that may move the end of sliding points. Chosen: earning and spending of the points
        themselves (pending and captured ones too), a transfer for both; purchases and events move all types of which
        the member has ever had points."""
        for point_type in point_types:
            expiry = self.terms(point_type, when).expiry
            account = self.account(member, point_type)
            if expiry.kind == "activity" and activity in expiry.activities and account.rows:
                until = last_day(expiry, self.day(when), self.policies)
                assert until is not None
                account.extended_to = max(account.extended_to or until, until)

    def home(self, member: str) -> str:
        """Who has this member's points: another one after a merge."""
        while member in self.merged:
            member = self.merged[member][0]
        return member

    def add_shortage(self, account: Account, award: Award, points: int, when: datetime) -> None:
        row = self.post("reverse", "debt", "issuance", account, points, when, answers=award.row)
        account.shortages.append(Shortage(row.number, award.ref, points))
