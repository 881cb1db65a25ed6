"""Taking back what returned goods earned, and giving back the points that paid for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import orjson

from loyalty.core.exact import local_day
from loyalty.core.outbox import Event
from members.engine.books import Cause
from members.models import Purchase
from members.selectors.baskets import award_of, stored_basket
from members.selectors.facts import stored_facts
from members.selectors.returns import Paid, Returnable, returnables
from members.services import keeping, tiering
from members.services.ledger import Sheet
from members.services.ledger.opening import load_closed_lots
from members.services.problems import NothingToReturn, ReturnTooLarge
from members.services.recording import Recorder
from programs.engine.policies import RestoredPoints, SpentPoints
from programs.engine.reversal import Taken, broken_bonuses, reversal
from programs.engine.ruleset import Ruleset
from programs.selectors.rulesets import ruleset_of


class ReturnLine(NamedTuple):
    """What comes back of the line at a position: a quantity (thousandths) or an amount (minor units), or all that
    is left when neither is said. `so_far` counts what came back earlier too."""

    position: int
    quantity: int | None = None
    amount: int | None = None
    so_far: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """A recorded return: the amount that came back, and by point type key the points taken back, given back, missing,
    and lost: those had expired or lapsed unused, and are not charged again."""

    return_id: int
    amount: int
    taken: dict[str, int]
    restored: dict[str, int]
    shortage: dict[str, int]
    lost: dict[str, int] = field(default_factory=dict)
    repeated: bool = False


def shares_now(returnable: Returnable, lines: Sequence[ReturnLine] | None) -> dict[int, Fraction]:
    """The share of each line that comes back now. Raises ReturnTooLarge, NothingToReturn."""
    purchase, shares = returnable.purchase, returnable.shares
    if lines is None:
        lines = [ReturnLine(position) for position, share in enumerate(shares) if share < 1]
    now: dict[int, Fraction] = {}
    for line in lines:
        if not 0 <= line.position < len(purchase.lines):
            raise ReturnTooLarge(line=line.position + 1)
        stored = purchase.lines[line.position]
        left = 1 - shares[line.position] - now.get(line.position, 0)
        if line.quantity is not None:
            share = _share(line.quantity, stored["qty"])
        elif line.amount is not None:
            share = _share(line.amount, stored["amount"])
        else:
            share = left
        if line.so_far and (line.quantity is not None or line.amount is not None):
            share -= 1 - left
        if share < 0 or share > left:
            raise ReturnTooLarge(line=line.position + 1)
        if share:
            now[line.position] = now.get(line.position, Fraction(0)) + share
    if not now:
        raise NothingToReturn
    return now


def _share(part: int, whole: int) -> Fraction:
    if not whole:
        return Fraction(1)  # a gift of nothing comes back whole
    return Fraction(part, whole)


def open_reversers(recorder: Recorder, purchases: Sequence[Purchase]) -> dict[int, Reverser]:
    """One for each purchase, by its id. The recorder has opened their memberships. Each purchase comes with its
    revision."""
    found = returnables(purchases)
    drawn = [draw.lot for each in found.values() for paid in each.paid for draw in paid.draws]
    if drawn:
        load_closed_lots(recorder.sheets.values(), drawn)
    return {
        key: Reverser(recorder, recorder.sheets[returnable.purchase.membership_id], returnable)
        for key, returnable in found.items()
    }


class Reverser:
    """The returns of one purchase, one after the other."""

    def __init__(self, recorder: Recorder, sheet: Sheet, returnable: Returnable) -> None:
        self.recorder = recorder
        self.sheet = sheet
        self.returnable = returnable
        self.purchase = returnable.purchase
        self.ruleset: Ruleset = ruleset_of(self.purchase.revision)
        # The posting that each award is in.
        self.postings: dict[int, int] = {
            stored["no"]: returnable.earned[recorder.point_types[stored["type"]]][stored.get("lot", 0)]
            for stored in self.purchase.trace["awards"]
        }

    def record(
        self,
        number: str,
        occurred_at: datetime,
        lines: Sequence[ReturnLine] | None,
        digest: bytes,
        also: Sequence[str] = (),
    ) -> Returned:
        """Post a return; `also` are further numbers of it. Raises ReturnTooLarge, NothingToReturn and changes nothing
        then."""
        now = shares_now(self.returnable, lines)
        shares = [share + now.get(at, 0) for at, share in enumerate(self.returnable.shares)]
        recorder, document = self.recorder, next(self.recorder.returns)
        cause = Cause(
            next(recorder.operations),
            occurred_at,
            recorder.now,
            self.purchase.revision_id,
            self.purchase.partner_id,
            self.purchase.pk,
            document,
        )
        recorder.settle(self.sheet, occurred_at)
        recorder.stand(self.sheet, occurred_at)
        restored = self._restore(shares, cause)
        takings = self._takings(shares)
        lost = self._let_off(takings)
        taken, shortage = self._take(takings, lost, cause)
        amount = self._keep((number, *also), digest, now, shares, takings, lost, cause)
        self.sheet.touched = True
        if self.sheet.referred == self.purchase.pk:
            payload = {"referral": self.sheet.referral, "return": document}
            keeping.publish(recorder.rows, self.sheet, keeping.REFERRAL_RETURNED, payload, cause)
        if recorder.metrics:
            self._uncount(amount, takings, all(share == 1 for share in shares), occurred_at)
        recorder.settle(self.sheet, occurred_at)
        let_off: dict[str, int] = {}
        for entry in takings:
            if entry.award in lost:
                let_off[entry.point_type] = let_off.get(entry.point_type, 0) + lost[entry.award]
        return Returned(document, amount, taken, restored, shortage, let_off)

    def _uncount(self, amount: int, takings: list[Taken], whole: bool, occurred_at: datetime) -> None:
        """What came back no longer counts for tiers, on the day of its purchase."""
        counted = {"spend": -amount, "purchases": -int(whole)}
        for entry in takings:
            name = f"points:{entry.point_type}"
            counted[name] = counted.get(name, 0) - entry.points
        day = local_day(self.purchase.occurred_at, self.ruleset.zone)
        tiering.count(self.recorder, self.sheet, counted, day, occurred_at, returned=True)

    # --- taking back ------------------------------------------------------------------------------------------
    def _takings(self, shares: list[Fraction]) -> list[Taken]:
        awards = [award_of(stored) for stored in self.purchase.trace["awards"]]
        basket = stored_basket(
            occurred_at=self.purchase.occurred_at,
            lines=self.purchase.lines,
            tenders=self.purchase.tenders,
            header=self.purchase.header,
        )
        broken = broken_bonuses(self.ruleset, awards, basket, shares, stored_facts(self.purchase.facts))
        return reversal(awards, self.returnable.taken, shares, broken)

    def _let_off(self, takings: list[Taken]) -> dict[int, int]:
        """What of each award is not charged: what expired or lapsed unused, once the rest of its own lot is taken."""
        together: dict[int, list[Taken]] = {}
        for entry in takings:
            together.setdefault(self.postings[entry.award], []).append(entry)
        lost: dict[int, int] = {}
        for posting, entries in together.items():
            left, gone = self._unused(posting, entries[0].point_type)
            for award, points in self.returnable.let_off.items():
                gone -= points if self.postings[award] == posting else 0
            free = min(sum(entry.points for entry in entries) - left, gone)
            for entry in entries:
                part = min(entry.points, free)
                if part > 0:
                    lost[entry.award] = part
                    free -= part
        return lost

    def _unused(self, posting: int, point_type: str) -> tuple[int, int]:
        """What the lot of an award still has, and what has gone from it unused; rows that wait to be written count."""
        book = self.recorder.book(self.sheet, point_type)
        gone = self.returnable.gone.get(posting, 0)
        own = next((lot for lot in book.lots.values() if lot.posting == posting), None)
        if own is None:
            return 0, gone
        ends = {row.id for row in book.postings if row.kind in ("expire", "forfeit")}
        gone += sum(row.amount for row in book.allocations if row.lot == own.id and row.posting in ends)
        return own.remaining, gone

    def _take(
        self, takings: list[Taken], lost: dict[int, int], cause: Cause
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Take back from the posting that each award is in."""
        policy = self.ruleset.policies.spent_points
        due: dict[tuple[str, int], int] = {}
        for entry in takings:
            key = (entry.point_type, self.postings[entry.award])
            due[key] = due.get(key, 0) + entry.points - lost.get(entry.award, 0)
            self.recorder.counters.usage(
                self.sheet, entry, -entry.points, 0, self.purchase.occurred_at, self.ruleset
            )
        taken: dict[str, int] = {}
        shortage: dict[str, int] = {}
        ledger = self.recorder.ledger(self.ruleset)
        for (point_type, earned), points in due.items():
            book = self.recorder.book(self.sheet, point_type)
            missing = ledger.reverse(book, points, earned, cause, policy)
            taken[point_type] = taken.get(point_type, 0) + points
            if missing:
                shortage[point_type] = shortage.get(point_type, 0) + missing
                if policy is not SpentPoints.DEBT:
                    taken[point_type] -= missing
        return taken, shortage

    # --- giving back ------------------------------------------------------------------------------------------
    def _restore(self, shares: list[Fraction], cause: Cause) -> dict[str, int]:
        """Give back the share of the points that paid for what came back, exact over all returns."""
        restored: dict[str, int] = {}
        if not self.returnable.paid:
            return restored
        bill = sum(line["amount"] for line in self.purchase.lines)
        back = sum(
            (line["amount"] * share for line, share in zip(self.purchase.lines, shares, strict=True)),
            Fraction(0),
        )
        part = Fraction(back, bill) if bill else Fraction(int(all(share == 1 for share in shares)))
        names = {number: key for key, number in self.recorder.point_types.items()}
        for paid in self.returnable.paid:
            due = paid.amount * part
            points = due.numerator // due.denominator - paid.restored
            if points > 0:
                name = names[paid.point_type]
                self._give(name, points, paid, cause)
                restored[name] = restored.get(name, 0) + points
        return restored

    def _give(self, point_type: str, points: int, paid: Paid, cause: Cause) -> None:
        recorder = self.recorder
        as_new = self.ruleset.policies.restored_points is RestoredPoints.NEW
        recorder.ledger(self.ruleset).restore(
            recorder.book(self.sheet, point_type),
            points,
            paid.draws,
            paid.posting,
            cause,
            new_lot_issuer=(recorder.operator or self.purchase.partner_id) if as_new else None,
            terms=recorder.promise(recorder.ruleset_at(cause.occurred_at), point_type).usable(
                cause.occurred_at
            ),
        )
        paid.restored += points
        if not as_new:
            paid.give_back(points)

    # --- rows -------------------------------------------------------------------------------------------------
    def _keep(
        self,
        numbers: tuple[str, ...],
        digest: bytes,
        now: dict[int, Fraction],
        shares: list[Fraction],
        takings: list[Taken],
        lost: dict[int, int],
        cause: Cause,
    ) -> int:
        """The rows of the document; what the purchase has left is less by them. The amount that came back."""
        lines = self._lines(now, shares)
        number, also = numbers[0], numbers[1:]
        if also:
            lines[0]["also"] = also
        trace = [
            {"no": entry.award, "rule": entry.rule, "type": entry.point_type, "points": entry.points}
            | ({"lost": lost[entry.award]} if entry.award in lost else {})
            for entry in takings
        ]
        total: int = sum(line["amount"] for line in lines)
        recorder, sheet, document = self.recorder, self.sheet, cause.returned or 0
        recorder.rows.returns.append(
            (
                document,
                sheet.member,
                sheet.membership,
                number,
                cause.occurred_at,
                cause.recorded_at,
                cause.operation,
                self.purchase.pk,
                total,
                orjson.dumps(lines).decode(),
                orjson.dumps(trace).decode(),
            )
        )
        partner = self.purchase.partner_id
        recorder.rows.keys.append(
            (recorder.programme.pk, partner, "main", "return", number, digest, sheet.member, document)
        )
        payload = {"return": document, "purchase": self.purchase.pk, "membership": sheet.membership}
        recorder.rows.events.append(
            Event(
                "return.recorded",
                f"membership:{sheet.membership}",
                payload,
                cause.occurred_at,
                cause.recorded_at,
            )
        )
        self.returnable.came_back(numbers, shares, lines, trace)
        return total

    def _lines(self, now: dict[int, Fraction], shares: list[Fraction]) -> list[dict[str, Any]]:
        """What comes back of each line; the amounts of all returns of a line sum to its own."""
        lines: list[dict[str, Any]] = []
        for at, share in sorted(now.items()):
            due = self.purchase.lines[at]["amount"] * shares[at]
            lines.append({"line": at, "share": str(share), "amount": int(due) - self.returnable.amounts[at]})
        return lines
