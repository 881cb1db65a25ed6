"""What happens in one run of the machine: every operation goes to the model and to the real services, and after it both
must tell the same of everybody concerned.

`random` decides everything, so a seed (or Hypothesis, which then can shorten a story that failed) is the whole input.

After each operation: the answer or the refusal and its possible amount; of the members concerned the four buckets, lots
(left, held, state, last day, time, amount), open holds, and what moved when, by kind; every new posting follows from the
one before it. After a refusal, or a document that was sent again: nothing has changed at all. The product's own
verification of the programme (a hundred milliseconds) runs every `VERIFY_EVERY` operations and at the end, where
everybody is compared, past balances are asked for once more (I12) and history is read again whole (I9).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from loyalty.core.problems import Problem
from tests.state_machine.model import ProgrammeModel
from tests.state_machine.programmes import ZONE, drawn
from tests.state_machine.rows import Buckets, Refused
from tests.state_machine.system import AccountSeen, LotSeen, Move, PostingSeen, RealProgramme, in_order

SINCE = datetime(2026, 3, 1, 10, tzinfo=UTC)
MEMBERS = ("anna", "mark", "olga")
VERIFY_EVERY = 25
# What the product calls what the model tells apart.
CODES = {
    "not_waiting": "not_pending",
    "conversion_too_small": "not_convertible",
    "conversion_not_whole": "not_convertible",
    "same_member": "not_transferable",
    "more_than_earned": "return_too_large",
}


class Answered(NamedTuple):
    """What was true at an instant, to be asked later."""

    instant: datetime
    member: str
    point_type: str
    buckets: Buckets


class Story:
    def __init__(self, random: Random, key: str = "club", verify_every: int = VERIFY_EVERY) -> None:
        self.drawn = drawn(random)
        self.model = ProgrammeModel(ZONE, self.drawn.point_types, SINCE, self.drawn.policies)
        self.real = RealProgramme(key, self.drawn, MEMBERS, SINCE)
        self.now = SINCE + timedelta(days=9)
        self.verify_every = verify_every
        self.steps = 0
        self.numbers = 0
        self.hold_ids: dict[str, int] = {}
        self.told: list[str] = [f"{self.drawn}"]
        self.answers: list[Answered] = []
        self.seen: dict[str, dict[str, AccountSeen]] = {name: {} for name in MEMBERS}
        self.moves: dict[str, Counter[Move]] = {name: Counter() for name in MEMBERS}
        """What the model moved and the product did not, or (below zero) the other way round."""
        self.rows_read = 0
        self.last: tuple[tuple[str, ...], Callable[[], Any], Any] | None = None

    # --- both at once -----------------------------------------------------------------------------
    def both(
        self,
        what: str,
        members: Iterable[str],
        by_model: Callable[[], Any],
        by_product: Callable[[], Any],
        *,
        once: bool = False,
    ) -> Any:
        """Do it on both sides and compare; the product's answer, or None when both refused. `once`: the same document
        sent again answers the same and changes nothing."""
        members = tuple(members)
        self.told.append(f"{self.now.isoformat()} {what}")
        self.steps += 1
        refusal: Refused | None = None
        try:
            by_model()
        except Refused as refused:
            refusal = refused
        problem, answer = self._answer(by_product)
        if refusal is not None and problem is not None:
            self._same_refusal(refusal, problem)
            self._unchanged(members)
            return None
        assert problem is None, f"refused: {problem.code} {problem.extra}"
        assert refusal is None, f"not refused: {refusal.code}"
        self.compare(members)
        if once:
            self.last = members, by_product, answer
        if self.steps % self.verify_every == 0:
            self.real.verify()
        return answer

    @staticmethod
    def _answer(act: Callable[[], Any]) -> tuple[Problem | None, Any]:
        try:
            return None, act()
        except Problem as problem:
            return problem, None

    def repeat(self) -> None:
        """The last document once more, later."""
        if self.last is None:
            return
        members, act, answer = self.last
        self.told.append(f"{self.now.isoformat()} again")
        assert act() == answer
        self._unchanged(members)

    def _same_refusal(self, refusal: Refused, problem: Problem) -> None:
        assert problem.code == CODES.get(refusal.code, refusal.code)
        if "possible" in problem.extra:
            assert problem.extra["possible"] == refusal.possible

    def _unchanged(self, members: tuple[str, ...]) -> None:
        assert self.real.accounts(members) == {name: self.seen[name] for name in members}
        assert not any(self.real.new_postings(members).values())

    # --- comparing --------------------------------------------------------------------------------
    def compare(self, members: Iterable[str]) -> None:
        members = tuple(dict.fromkeys(members))
        for row in self.model.journal[self.rows_read :]:
            move = (row.point_type, row.kind, row.source, row.target, row.occurred_at)
            self.moves[row.member][move] += row.points
        self.rows_read = len(self.model.journal)
        posted = self.real.new_postings(members)
        seen = self.real.accounts(members)
        for name in members:
            self.seen[name] = seen[name]
            expected = self._expected(name)
            assert seen[name] == expected, "\n".join(differences(name, seen[name], expected))
            self._count(name, posted[name])
            assert not self.moves[name], f"{name}: {self.moves[name]}"
            for point_type, has in seen[name].items():
                self.answers.append(Answered(self.now, name, point_type, has.buckets))

    def _count(self, name: str, posted: list[Any]) -> None:
        moves = self.moves[name]
        for row in posted:
            moves[row.move] -= row.points
        for move in [move for move, points in moves.items() if not points]:
            del moves[move]

    def _expected(self, name: str) -> dict[str, AccountSeen]:
        expected = {}
        for each in self.drawn.point_types:
            lots = in_order(
                LotSeen(
                    lot.remaining, lot.held, lot.state, None if lot.state == "pending" else lot.expires_on,
                    lot.earned_at, lot.amount,
                )
                for lot in self.model.open_lots(name, each.key)
            )  # fmt: skip
            held = self.model.open_holds(name, each.key)
            open_holds = tuple(sorted((self.hold_ids.get(ref, 0), left) for ref, left in held.items()))
            has = AccountSeen(self.model.buckets(name, each.key), lots, open_holds)
            if any(has.buckets) or has.lots:
                expected[each.key] = has
        return expected

    def finish(self) -> None:
        """The last look: at everybody, at what was said before, and at history."""
        self.model.advance(self.now)
        self.real.advance(self.now)
        self.compare(MEMBERS)
        self.real.verify()
        self.real.verify_history()
        recorded: dict[tuple[str, str], list[PostingSeen]] = {}
        for name, journal in self.real.journals.items():
            for row in journal:
                recorded.setdefault((name, row.point_type), []).append(row)
        for answer in self.answers:
            rows = recorded[answer.member, answer.point_type]
            # Rows of one instant are recorded some microseconds after each other.
            told = bisect_right(
                rows, answer.instant + timedelta(milliseconds=1), key=attrgetter("recorded_at")
            )
            assert rows[told - 1].after == answer.buckets, answer

    # --- time and numbers -------------------------------------------------------------------------
    def pass_time(self, random: Random) -> None:
        """A little, some days, or just before, at and after what falls due next."""
        later = self.now + timedelta(milliseconds=10)
        kind = random.choice(("soon",) * 12 + ("days",) * 2 + ("due",) * 5 + ("weeks",))
        due = self.model.next_due()
        if kind == "due" and due is not None and due - self.now < timedelta(days=60):
            aimed = due + timedelta(milliseconds=random.choice((-1000, 0, 0, 1000)))
            self.now = max(later, aimed)
        elif kind == "days":
            self.now += timedelta(hours=random.randint(1, 60))
        elif kind == "weeks":
            self.now += timedelta(days=random.randint(5, 25))
        else:
            self.now = later + timedelta(seconds=random.randint(0, 3600))

    def past(self, random: Random, since: datetime = SINCE) -> datetime:
        """When something happened that is recorded now."""
        if random.choice((True, True, False)):
            return self.now
        return max(since, self.now - timedelta(hours=random.randint(1, 300)))

    def number(self, kind: str) -> str:
        self.numbers += 1
        return f"{kind}{self.numbers}"


def differences(name: str, seen: dict[str, AccountSeen], expected: dict[str, AccountSeen]) -> Iterator[str]:
    """What only one side tells."""
    nothing = AccountSeen(Buckets(0, 0, 0, 0), (), ())
    for key in sorted({*seen, *expected}):
        real, model = seen.get(key, nothing), expected.get(key, nothing)
        yield f"{name}, {key}: {tuple(real.buckets)} and by the model {tuple(model.buckets)}"
        yield from (
            f"   only real: {each}" for each in {*real.lots, *real.holds} - {*model.lots, *model.holds}
        )
        yield from (
            f"   only model: {each}" for each in {*model.lots, *model.holds} - {*real.lots, *real.holds}
        )
