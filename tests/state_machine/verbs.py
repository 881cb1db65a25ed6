"""The operations that a story draws: what is asked is mostly possible, often all there is, and sometimes too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from members.services.openings import Opening
from members.services.returns import ReturnLine
from programs.engine.facts import Basket, Line, Tender
from tests.state_machine.programmes import EVENT, revised
from tests.state_machine.rows import GivenAward, GivenSpend, OpeningRow, Refused
from tests.state_machine.story import MEMBERS, Story

CENTS = 100


@dataclass
class Bought:
    """A purchase: its awards and payments by name, and what has come back of each line (cents)."""

    member: str
    receipt: str
    document: int
    occurred_at: datetime
    lines: tuple[Line, ...]
    awards: dict[int, str]
    paid: tuple[GivenSpend, ...]
    back: list[int] = field(default_factory=list)
    given_back: dict[str, int] = field(default_factory=dict)


class Verbs(Story):
    def __init__(self, random: Random, key: str = "club", **also: int) -> None:
        super().__init__(random, key, **also)
        self.bought: list[Bought] = []
        self.lots: dict[str, tuple[str, int]] = {}
        """Whose an award is and the product's number of its lot."""

    # --- drawing ----------------------------------------------------------------------------------
    def member(self, random: Random) -> str:
        return random.choice((MEMBERS[0], *MEMBERS))

    def point_type(self, random: Random) -> str:
        return random.choice([each.key for each in self.drawn.point_types])

    def holder(self, random: Random) -> tuple[str, str]:
        """A member and a point type, mostly one of which there is something."""
        rich = [
            (name, key) for name, seen in self.seen.items() for key, has in seen.items() if has.buckets[0]
        ]
        if rich and random.choice((True, True, True, False)):
            return random.choice(rich)
        return self.member(random), self.point_type(random)

    def some_of(self, random: Random, available: int) -> int:
        if available and random.choice((True, True, True, False)):
            return random.choice((available, random.randint(1, available)))
        return random.choice((available + 1, random.randint(1, 60)))

    # --- earning ----------------------------------------------------------------------------------
    def purchase(self, random: Random) -> None:
        member, receipt, occurred_at = self.member(random), self.number("r"), self.past(random)
        keys = [each.key for each in self.drawn.point_types]
        shelves = [name for key in keys for name in (key, f"own-{key}") if random.choice((True, False))]
        lines = [Line("goods", 1000, random.randint(1, 80) * CENTS, "goods")]
        given, awards = [], {}
        for shelf in shelves:
            points = random.choice((1, 10, 20, random.randint(1, 60)))
            lines.append(Line(shelf, 1000, points * CENTS, shelf))
            key, ref = shelf.removeprefix("own-"), f"{receipt}/{shelf}"
            own = self.drawn.own[key] if shelf != key else None
            given.append(GivenAward(ref, key, points, own and own.expiry, own and own.pending))
            awards[len(lines) - 1] = ref
        paid: list[GivenSpend] = []
        if random.choice((True, False)):
            self.model.advance(self.now)
            rich = [each for each in keys if self.model.buckets(member, each).available]
            key = random.choice(rich or keys)
            points = self.some_of(random, self.model.buckets(member, key).available)
            paid.append(GivenSpend(receipt, key, points))
        tenders = tuple(Tender("points", each.points, each.point_type, each.points) for each in paid)
        basket = Basket(occurred_at, tuple(lines), tenders=tenders)
        now = self.now
        document = self.both(
            f"purchase {member} {receipt} {given} {paid} {occurred_at}",
            [member],
            lambda: self.model.purchase(member, receipt, given, occurred_at, now, paid),
            lambda: self.real.purchase(member, receipt, basket, self.now),
            once=True,
        )
        if document is not None:
            back = [0] * len(lines)
            self.bought.append(
                Bought(member, receipt, document, occurred_at, tuple(lines), awards, tuple(paid), back)
            )
            self._note_lots(member, given, self.real.lots_of(purchase=document))

    def _note_lots(self, member: str, given: list[GivenAward], lots: dict[str, list[int]]) -> None:
        for award in given:
            self.lots[award.ref] = member, lots[award.point_type].pop(0)
        assert not any(lots.values())

    def event(self, random: Random) -> None:
        member, number, occurred_at = self.member(random), self.number("e"), self.past(random)
        euros = random.choice((0, 0, random.randint(1, 40)))
        keys = [each.key for each in self.drawn.point_types]
        given = [GivenAward(f"{number}/{key}", key, euros) for key in keys if euros]
        receipts = [each.receipt for each in self.bought[-12:]]
        receipt = random.choice(("", "unknown", *receipts)) if random.choice((True, False)) else ""
        now = self.now
        own = {each.receipt for each in self.bought if each.member == member}

        def by_model() -> None:
            # An event that names a receipt names one of its own member.
            if receipt and receipt not in own:
                raise Refused("unknown_purchase", 0)
            self.model.event(member, EVENT, occurred_at, now, receipt, given)

        document = self.both(
            f"event {member} {number} {euros} {receipt!r} {occurred_at}",
            [member],
            by_model,
            lambda: self.real.event(member, EVENT, number, euros, receipt, occurred_at, self.now),
            once=True,
        )
        if document is not None:
            self._note_lots(member, given, self.real.lots_of(event=document))

    def decide(self, random: Random) -> None:
        waiting = [
            ref
            for ref in self.lots
            for lot in self.model.awards[ref].lots
            if lot.awaits_approval and lot.remaining
        ]
        known = list(self.lots)[-12:]
        if not known:
            return
        ref = random.choice(waiting or known) if random.choice((True, True, False)) else random.choice(known)
        member, lot = self.lots[ref]
        approved = random.choice((True, True, False))
        act = self.model.approve if approved else self.model.refuse
        self.both(
            f"decide {ref} {approved}",
            [member],
            lambda: act(ref, self.now),
            lambda: self.real.decide(member, lot, self.now, approved=approved),
        )

    # --- giving back ------------------------------------------------------------------------------
    def bring_back(self, random: Random) -> None:
        if not self.bought:
            return
        paid = [each for each in self.bought[-12:] if each.paid]
        bought = random.choice(paid if paid and random.choice((True, False)) else self.bought[-6:])
        number, occurred_at = self.number("b"), self.past(random, bought.occurred_at)
        whole = random.choice((True, False, False))
        places = [at for at, line in enumerate(bought.lines) if bought.back[at] < line.amount]
        if not places:
            whole, places = False, [0]
        now_back = {}
        for at in places if whole else [random.choice(places)]:
            left = bought.lines[at].amount - bought.back[at]
            now_back[at] = left if whole else self.some_of(random, left // CENTS) * CENTS
        said = [ReturnLine(at, amount=amount) for at, amount in now_back.items()]
        due = self._due_back(bought, now_back)
        now = self.now

        def by_model() -> None:
            if due is None:
                self.model.advance(now)
                raise Refused("more_than_earned")
            self.model.bring_back(*due, occurred_at, now)

        done = self.both(
            f"bring back {bought.receipt} {now_back} {occurred_at}",
            [bought.member],
            by_model,
            lambda: self.real.bring_back(
                bought.document, number, None if whole else said, occurred_at, self.now
            ),
        )
        if done is None or due is None:
            return
        for at, amount in now_back.items():
            bought.back[at] += amount
        for ref, points in due[0]:
            bought.given_back[ref] = bought.given_back.get(ref, 0) + points

    def _due_back(
        self, bought: Bought, now_back: dict[int, int]
    ) -> tuple[list[tuple[str, int]], list[tuple[str, int]]] | None:
        """What is given back and what is taken; None: more comes back than is left. Of what paid: the whole part of the
        share of the bill that has come back, less what was given back before. Of what was earned: a point for each
        euro of the award's line."""
        if any(bought.back[at] + amount > bought.lines[at].amount for at, amount in now_back.items()):
            return None
        bill = sum(line.amount for line in bought.lines)
        back = sum(bought.back) + sum(now_back.values())
        restored = [
            (each.ref, each.points * back // bill - bought.given_back.get(each.ref, 0))
            for each in bought.paid
        ]
        taken = [
            (bought.awards[at], amount // CENTS) for at, amount in now_back.items() if at in bought.awards
        ]
        return [each for each in restored if each[1]], taken

    # --- spending ---------------------------------------------------------------------------------
    def spend(self, random: Random) -> None:
        member, key = self.holder(random)
        ref, occurred_at, now = self.number("s"), self.past(random), self.now
        self.model.advance(now)
        points = self.some_of(random, self.model.buckets(member, key).available)
        self.both(
            f"spend {ref} {member} {key} {points} {occurred_at}",
            [member],
            lambda: self.model.spend(ref, member, key, points, occurred_at, now),
            lambda: self.real.spend(ref, member, key, points, occurred_at, self.now),
            once=True,
        )

    def hold(self, random: Random) -> None:
        member, key = self.holder(random)
        ref, now = self.number("h"), self.now
        self.model.advance(now)
        points = self.some_of(random, self.model.buckets(member, key).available)
        until = now + timedelta(hours=random.choice((1, 24, 24 * 6, 24 * 20)))

        def by_product() -> int:
            self.hold_ids[ref] = self.real.hold(ref, member, key, points, until, self.now)
            return self.hold_ids[ref]

        self.both(
            f"hold {ref} {member} {key} {points} {until}",
            [member],
            lambda: self.model.hold(ref, member, key, points, until, now, now),
            by_product,
            once=True,
        )

    def use_hold(self, random: Random) -> None:
        """Capture or release, all or a part; sometimes of a hold that is closed."""
        if not self.hold_ids:
            return
        open_ones = [hold.ref for hold in self.model.running_holds if hold.left]
        known = list(self.hold_ids)[-8:]
        ref = (
            random.choice(open_ones or known) if random.choice((True, True, False)) else random.choice(known)
        )
        hold, now = self.model.holds[ref], self.now
        self.model.advance(now)
        points = random.choice((None, self.some_of(random, hold.left)))
        capture = random.choice((True, False))
        number = self.number("c" if capture else "l")
        by_model: Callable[[], object]
        if capture:
            by_model = lambda: self.model.capture(number, ref, now, now, points)  # noqa: E731
        else:
            by_model = lambda: self.model.release(ref, now, now, points)  # noqa: E731
        act = self.real.capture if capture else self.real.release
        self.both(
            f"{'capture' if capture else 'release'} {ref} {points}",
            [hold.member],
            by_model,
            lambda: act(number, hold.member, self.hold_ids[ref], points, self.now),
            once=True,
        )

    # --- staff and moving -------------------------------------------------------------------------
    def adjust(self, random: Random) -> None:
        member, key = self.holder(random)
        occurred_at, now = self.past(random), self.now
        self.model.advance(now)
        points = random.randint(1, 40)
        if random.choice((True, False)):
            points = -self.some_of(random, self.model.buckets(member, key).available)
        self.both(
            f"adjust {member} {key} {points} {occurred_at}",
            [member],
            lambda: self.model.adjust(member, key, points, occurred_at, now),
            lambda: self.real.adjust(member, key, points, occurred_at, now),
        )

    def opening(self, random: Random) -> None:
        member, key, now = self.member(random), self.point_type(random), self.now
        rows = [
            OpeningRow(
                random.randint(1, 50),
                now - timedelta(days=random.randint(0, 40)),
                random.choice((None, now.date() + timedelta(days=random.randint(-2, 40)))),
            )
            for _each in range(random.randint(1, 3))
        ]
        self.both(
            f"opening {member} {key} {rows}",
            [member],
            lambda: self.model.opening(member, key, rows, now, now),
            lambda: self.real.opening(member, key, [Opening(*row) for row in rows], now),
        )

    def transfer(self, random: Random) -> None:
        giver, key = self.holder(random)
        taker, ref, now = random.choice(MEMBERS), self.number("t"), self.now
        self.model.advance(now)
        points = self.some_of(random, self.model.buckets(giver, key).available)
        self.both(
            f"transfer {ref} {giver} {taker} {key} {points}",
            [giver, taker],
            lambda: self.model.transfer(giver, taker, key, points, now, now),
            lambda: self.real.transfer(ref, giver, taker, key, points, self.now),
            once=True,
        )

    def convert(self, random: Random) -> None:
        member, key = self.holder(random)
        kinds = {each.key: [way.to for way in each.conversions] for each in self.drawn.point_types}
        to = random.choice([*kinds[key], *kinds[key], self.point_type(random)])
        if to == key:
            return
        ref, now = self.number("v"), self.now
        self.model.advance(now)
        points = self.some_of(random, self.model.buckets(member, key).available)
        points = random.choice((points, max(points // 5 * 5, 5)))
        self.both(
            f"convert {ref} {member} {key} {to} {points}",
            [member],
            lambda: self.model.convert(member, key, to, points, now, now),
            lambda: self.real.convert(ref, member, key, to, points, self.now),
            once=True,
        )

    # --- time -------------------------------------------------------------------------------------
    def notice(self, random: Random) -> None:
        member, key = self.holder(random)
        self.model.advance(self.now)
        days = [lot.expires_on for lot in self.model.open_lots(member, key) if lot.expires_on]
        if not days or not self.model.version(member, key) or key not in self.seen[member]:
            return
        day = random.choice(days)
        self.told.append(f"{self.now.isoformat()} notice {member} {key} {day}")
        self.model.notice(member, key, day, self.now)
        self.real.notice(member, key, day, self.now)

    def revise(self, random: Random) -> None:
        changed = revised(random, random.choice(self.drawn.point_types))
        self.drawn = self.drawn.with_type(changed)
        self.both(
            f"revise {changed}",
            [],
            lambda: self.model.revise(changed, self.now),
            lambda: self.real.revise(self.drawn, self.now),
        )

    def advance(self, random: Random) -> None:
        """The nightly job."""
        self.both("advance", MEMBERS, lambda: self.model.tell(self.now), lambda: self.real.advance(self.now))

    def again(self, random: Random) -> None:
        self.repeat()


# How often each is drawn.
WEIGHTS: dict[str, int] = {
    "purchase": 8, "event": 3, "decide": 2, "bring_back": 6, "spend": 4, "hold": 3, "use_hold": 5, "adjust": 2,
    "opening": 1, "transfer": 3, "convert": 3, "notice": 2, "revise": 1, "advance": 2, "again": 2,
}  # fmt: skip


def step(story: Verbs, random: Random) -> None:
    [verb] = random.choices(list(WEIGHTS), list(WEIGHTS.values()))
    story.pass_time(random)
    getattr(story, verb)(random)
