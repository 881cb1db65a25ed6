"""Whatever happens, the model's books balance, and time that goes by in one leap is time that goes by in days.

Two models get the same operations. One leaps over the time between them, the other goes through every day of it, as
jobs would; all that may differ is when a row was recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.state_machine.model import ProgrammeModel
from tests.state_machine.rows import Buckets, GivenAward, OpeningRow, Refused
from tests.state_machine.terms import Conversion, Expiry, Pending, PointType, Policies

SINCE = datetime(2026, 2, 1, 8, tzinfo=UTC)
DELIVERED = Pending("event", event="delivered", timeout_days=9)
TYPES = (
    PointType(
        "points", Expiry("after", 1, "months"), transferable=True, conversions=(Conversion("miles", 2, 3),)
    ),
    PointType(
        "miles",
        Expiry("activity", 20, "days", activities=("spend", "purchase", "transfer"), notice_days=5),
        transferable=True,
    ),
    PointType("stars", Expiry("fixed", dates=((3, 31), (9, 30)), least_days=10), Pending("days", 5)),
    PointType("credits", pending=DELIVERED, conversions=(Conversion("points", 5, 1, smallest=10),)),
    PointType("status", Expiry("after", 1, "months", "quarter"), Pending(approval_above=30), spendable=False),
)
SWITCHED_ON = PointType("credits", Expiry("after", 15, "days"), DELIVERED)
OWN_TERMS = (
    {},
    {"expiry": Expiry()},
    {"expiry": Expiry("after", 3, "days")},
    {"pending": Pending("event", event="delivered", timeout_days=4, on_timeout="activate")},
    {"pending": Pending("days", 2, approval_above=30)},
)
MEMBERS = ("anna", "mark", "olga")

points = st.integers(1, 60)
members = st.sampled_from(MEMBERS)
KINDS = tuple(each.key for each in TYPES)
kinds = st.sampled_from(KINDS)
pauses = st.one_of(st.just(0), st.integers(1, 80), st.integers(81, 1500)).map(
    lambda hours: timedelta(hours=hours)
)
delays = st.one_of(st.just(0), st.integers(1, 1500)).map(lambda hours: timedelta(hours=hours))
policies = st.builds(
    Policies,
    spending_order=st.sampled_from(["soonest", "oldest", "newest"]),
    overspending=st.sampled_from(["refuse", "clamp"]),
    spent_points=st.sampled_from(["debt", "clamp"]),
    restored_points=st.sampled_from(["original", "new"]),
    expiry_day=st.sampled_from(["last_usable", "first_expired"]),
    expiry_from=st.sampled_from(["activation", "earning"]),
    transferred_expiry=st.sampled_from(["original", "new"]),
)


class Books(RuleBasedStateMachine):
    leaping: ProgrammeModel
    daily: ProgrammeModel

    @initialize(chosen=policies)
    def begin(self, chosen: Policies) -> None:
        self.leaping = ProgrammeModel("Europe/Tallinn", TYPES, SINCE, chosen)
        self.daily = ProgrammeModel("Europe/Tallinn", TYPES, SINCE, chosen)
        self.now = SINCE
        self.names = 0

    # --- driving both -----------------------------------------------------------------------------
    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def do(self, operation: str, *about: Any, late: timedelta | None = None, **named: Any) -> None:
        """On both models; a refusal is the same for both and changes nothing."""
        times = {"now": self.now} if late is None else {"occurred_at": self.now - late, "now": self.now}
        self.go_through_the_days()
        results = []
        for model in (self.leaping, self.daily):
            model.advance(self.now)
            before = model.state()
            try:
                rows = getattr(model, operation)(*about, **times, **named)
            except Refused as refusal:
                assert model.state() == before
                results.append((refusal.code, refusal.possible))
            else:
                results.append(rows)
        assert results[0] == results[1]

    def go_through_the_days(self) -> None:
        while self.daily.now < self.now:
            self.daily.advance(min(self.now, self.daily.now + timedelta(days=1)))

    def here(self, member: str) -> str:
        return self.leaping.home(member)

    def account_with(self, data: st.DataObject, bucket: str) -> tuple[str, str, int]:
        """Some account that has points there, where there is one, with an amount that is mostly possible."""
        accounts = [(member, kind) for member in MEMBERS for kind in KINDS if self.here(member) == member]
        filled = [each for each in accounts if getattr(self.leaping.buckets(*each), bucket)]
        member, kind = data.draw(st.sampled_from(filled or accounts))
        there = getattr(self.leaping.buckets(member, kind), bucket)
        amount = data.draw(st.one_of(st.just(max(there, 1)), st.integers(1, there + 3)))
        return member, kind, amount

    def some(self, data: st.DataObject, named: dict[str, Any], wanted: Callable[[Any], Any]) -> Any:
        """One of those of which there is something left, else any."""
        return data.draw(
            st.sampled_from([each for each in named.values() if wanted(each)] or list(named.values()))
        )

    # --- time -------------------------------------------------------------------------------------
    @rule(pause=pauses)
    def time_goes_by(self, pause: timedelta) -> None:
        self.now += pause

    @precondition(lambda self: self.leaping.next_due())
    @rule(seconds=st.integers(-1, 1))
    def time_goes_to_the_next_due_instant(self, seconds: int) -> None:
        due = self.leaping.next_due()
        assert due is not None
        self.now = max(self.now, due + timedelta(seconds=seconds))

    # --- earning ----------------------------------------------------------------------------------
    @rule(member=members, kind=kinds, amount=points, own=st.sampled_from(OWN_TERMS), late=delays)
    def buy(self, member: str, kind: str, amount: int, own: dict[str, Any], late: timedelta) -> None:
        name = self.name()
        awards = [GivenAward(name, kind, amount, **own), GivenAward(f"{name}, more", "points", 7)]
        self.do("purchase", self.here(member), name, awards, late=late)

    @rule(member=members, late=delays, number=st.integers(0, 40))
    def something_is_delivered(self, member: str, late: timedelta, number: int) -> None:
        receipt = f"n{number}" if number else ""
        awards = [GivenAward(self.name(), "stars", 3)]
        self.do("event", self.here(member), "delivered", late=late, purchase=receipt, awards=awards)

    @precondition(lambda self: self.leaping.awards)
    @rule(data=st.data(), decision=st.sampled_from(["approve", "refuse"]))
    def somebody_decides(self, data: st.DataObject, decision: str) -> None:
        award = self.some(
            data, self.leaping.awards, lambda each: any(lot.awaits_approval for lot in each.lots)
        )
        self.do(decision, award.ref)

    # --- spending and giving back -----------------------------------------------------------------
    @rule(data=st.data(), late=delays)
    def spend(self, data: st.DataObject, late: timedelta) -> None:
        self.do("spend", self.name(), *self.account_with(data, "available"), late=late)

    @rule(data=st.data(), lasts=pauses)
    def hold(self, data: st.DataObject, lasts: timedelta) -> None:
        until = self.now + timedelta(hours=1) + lasts
        self.do("hold", self.name(), *self.account_with(data, "available"), until, late=timedelta(0))

    @precondition(lambda self: self.leaping.holds)
    @rule(data=st.data(), late=st.integers(0, 30))
    def capture(self, data: st.DataObject, late: int) -> None:
        hold = self.some(data, self.leaping.holds, lambda each: each.left)
        amount = data.draw(st.one_of(st.none(), st.integers(1, hold.left + 1)))
        self.do("capture", self.name(), hold.ref, points=amount, late=timedelta(hours=late))

    @precondition(lambda self: self.leaping.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        hold = self.some(data, self.leaping.holds, lambda each: each.left)
        self.do("release", hold.ref, late=timedelta(0))

    @precondition(lambda self: self.leaping.awards)
    @rule(data=st.data(), late=delays)
    def bring_back(self, data: st.DataObject, late: timedelta) -> None:
        award = self.some(data, self.leaping.awards, lambda each: each.points - each.asked_back)
        left = award.points - award.asked_back
        amount = data.draw(st.one_of(st.just(max(left, 1)), st.integers(1, left + 1)))
        self.do("reverse", award.ref, amount, late=late)

    @precondition(lambda self: self.leaping.spendings)
    @rule(data=st.data(), late=delays)
    def restore(self, data: st.DataObject, late: timedelta) -> None:
        spending = self.some(data, self.leaping.spendings, lambda each: each.left)
        amount = data.draw(st.one_of(st.just(max(spending.left, 1)), st.integers(1, spending.left + 1)))
        self.do("restore", spending.ref, amount, late=late)

    # --- the rest ---------------------------------------------------------------------------------
    @rule(data=st.data(), sign=st.sampled_from([1, -1]), late=delays)
    def adjust(self, data: st.DataObject, sign: int, late: timedelta) -> None:
        member, kind, amount = self.account_with(data, "debt" if sign == 1 else "available")
        self.do("adjust", member, kind, sign * amount, late=late)

    @rule(member=members, kind=kinds, amount=points, ago=pauses, lasts=st.integers(-5, 60))
    def open(self, member: str, kind: str, amount: int, ago: timedelta, lasts: int) -> None:
        day = (self.now + timedelta(days=lasts)).date()
        rows = [OpeningRow(amount, self.now - ago, day), OpeningRow(9, self.now - ago)]
        self.do("opening", self.here(member), kind, rows, late=timedelta(0))

    @rule(taker=members, data=st.data(), late=delays)
    def transfer(self, taker: str, data: st.DataObject, late: timedelta) -> None:
        giver, kind, amount = self.account_with(data, "available")
        self.do("transfer", giver, self.here(taker), kind, amount, late=late)

    @rule(data=st.data(), multiple=st.sampled_from([1, 10]))
    def convert(self, data: st.DataObject, multiple: int) -> None:
        member, kind, amount = self.account_with(data, "available")
        target = {"points": "miles", "credits": "points"}.get(kind, "stars")
        self.do("convert", member, kind, target, max(amount // multiple, 1) * multiple, late=timedelta(0))

    @rule(data=st.data(), everything=st.booleans())
    def forfeit(self, data: st.DataObject, everything: bool) -> None:
        member, kind, amount = self.account_with(data, "available")
        self.do("forfeit", member, kind, points=None if everything else amount)

    @rule(member=members)
    def notify(self, member: str) -> None:
        for lot in self.leaping.open_lots(self.here(member), "miles"):
            if lot.expires_on is not None:
                self.do("notice", self.here(member), "miles", lot.expires_on)

    @precondition(lambda self: len(self.leaping.revisions["credits"]) == 1)
    @rule()
    def expiry_of_credits_is_switched_on(self) -> None:
        self.do("revise", SWITCHED_ON)

    @precondition(lambda self: self.names % 5 == 0)
    @rule(survivor=members, absorbed=members)
    def merge(self, survivor: str, absorbed: str) -> None:
        if self.here(survivor) != self.here(absorbed):
            self.do("merge", self.name(), self.here(survivor), self.here(absorbed))

    @rule(member=members)
    def unmerge(self, member: str) -> None:
        if member in self.leaping.merged and self.leaping.merged[member][0] not in self.leaping.merged:
            self.do("unmerge", member)

    # --- what holds whatever happened -------------------------------------------------------------
    @invariant()
    def buckets_are_the_sum_of_rows_and_of_lots(self) -> None:
        sides: Counter[tuple[str, str, str]] = Counter()
        for row in self.leaping.journal:
            assert row.points > 0
            assert row.source != row.target
            sides[row.member, row.point_type, row.source] -= row.points
            sides[row.member, row.point_type, row.target] += row.points
        for member, kind in self.leaping.accounts:
            buckets = self.leaping.buckets(member, kind)
            of_rows = [sides[member, kind, side] for side in ("available", "pending", "held", "debt")]
            assert buckets == Buckets(*of_rows[:3], -of_rows[3])
            assert min(buckets) >= 0
            assert buckets.debt == 0 or buckets.available == 0
            assert buckets.debt == sum(left for _award, left in self.leaping.shortages(member, kind))
            lots = self.leaping.open_lots(member, kind)
            assert buckets.available == sum(lot.remaining for lot in lots if lot.state == "active")
            assert buckets.pending == sum(lot.remaining for lot in lots if lot.state == "pending")
            assert buckets.held == sum(lot.held for lot in lots)
            assert buckets.held == sum(self.leaping.open_holds(member, kind).values())

    @invariant()
    def lots_are_what_their_rows_left_of_them(self) -> None:
        remaining: Counter[int] = Counter()
        held: Counter[int] = Counter()
        for row in self.leaping.journal:
            for number, taken in row.lots:
                remaining[number] -= taken * (row.source in ("available", "pending"))
                remaining[number] += taken * (row.target in ("available", "pending"))
                held[number] += taken * ((row.target == "held") - (row.source == "held"))
        for account in self.leaping.accounts.values():
            for lot in account.lots + account.closed:
                assert lot.remaining == lot.amount + remaining[lot.number]
                assert lot.held == held[lot.number]
                assert min(lot.remaining, lot.held, lot.amount - lot.remaining - lot.held) >= 0

    @invariant()
    def totals_balance(self) -> None:
        for kind in (each.key for each in TYPES):
            totals = self.leaping.totals(kind)
            gone = sum(totals[name] for name in ("reversed", "redeemed", "expired", "forfeited"))
            come = sum(totals[name] for name in ("issued", "adjusted", "opened", "converted"))
            assert totals["outstanding"] == come - gone
            transit = 0
            for (_kind, source, target), moved in self.leaping.sums_by_move(kind).items():
                transit += moved * ((target == "transit") - (source == "transit"))
            assert transit == 0

    @invariant()
    def answers_never_exceed_what_they_answer(self) -> None:
        answered: Counter[int] = Counter()
        for row in self.leaping.journal:
            if row.answers is not None:
                answered[row.answers] += row.points
        for number, moved in answered.items():
            assert moved <= self.leaping.journal[number - 1].points
        for hold in self.leaping.holds.values():
            assert self.leaping.journal[hold.row - 1].points == hold.captured + hold.released + hold.left

    @invariant()
    def nothing_is_overdue(self) -> None:
        due = self.leaping.next_due()
        assert due is None or due > self.leaping.now

    @invariant()
    def one_leap_is_many_days(self) -> None:
        def seen(model: ProgrammeModel) -> dict[str, object]:
            rows = [row._replace(recorded_at=row.occurred_at) for row in model.journal]
            return {**model.state(), "rows": rows}

        self.go_through_the_days()
        self.leaping.advance(self.now)
        assert seen(self.leaping) == seen(self.daily)


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
