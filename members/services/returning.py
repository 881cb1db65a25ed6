"""Taking back what returned goods earned, and giving back the points that paid for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import orjson
from django.db import connection

from loyalty.core.outbox import Event
from members.engine.ledger import Cause, Draw
from members.models import Purchase, Return
from members.selectors.baskets import award_of, stored_basket
from members.selectors.facts import stored_facts
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
    """A recorded return, by point type key: points taken back, given back, and missing."""

    return_id: int
    taken: dict[str, int]
    restored: dict[str, int]
    shortage: dict[str, int]
    repeated: bool = False


class Earlier(NamedTuple):
    """What earlier returns of a purchase brought: shares by line and points by award."""

    shares: list[Fraction]
    amounts: list[int]
    taken: dict[int, int]


def earlier_returns(purchase: Purchase) -> Earlier:
    shares = [Fraction(0)] * len(purchase.lines)
    amounts = [0] * len(purchase.lines)
    taken: dict[int, int] = {}
    for lines, trace in Return.objects.filter(purchase_id=purchase.pk).values_list("lines", "trace"):
        for line in lines:
            shares[line["line"]] += Fraction(line["share"])
            amounts[line["line"]] += line["amount"]
        for entry in trace:
            taken[entry["no"]] = taken.get(entry["no"], 0) + entry["points"]
    return Earlier(shares, amounts, taken)


def shares_now(
    purchase: Purchase, earlier: Earlier, lines: Sequence[ReturnLine] | None
) -> dict[int, Fraction]:
    """The share of each line that comes back now. Raises ReturnTooLarge, NothingToReturn."""
    if lines is None:
        lines = [ReturnLine(position) for position, share in enumerate(earlier.shares) if share < 1]
    now: dict[int, Fraction] = {}
    for line in lines:
        if not 0 <= line.position < len(purchase.lines):
            raise ReturnTooLarge(line=line.position + 1)
        stored = purchase.lines[line.position]
        left = 1 - earlier.shares[line.position] - now.get(line.position, 0)
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


class Reverser:
    """One return of one purchase, on a recorder that has locked the membership."""

    def __init__(self, recorder: Recorder, sheet: Sheet, purchase: Purchase) -> None:
        self.recorder = recorder
        self.sheet = sheet
        self.purchase = purchase
        self.ruleset: Ruleset = ruleset_of(purchase.revision)
        self.earlier = earlier_returns(purchase)

    def record(
        self, number: str, occurred_at: datetime, lines: Sequence[ReturnLine] | None, digest: bytes
    ) -> Returned:
        now = shares_now(self.purchase, self.earlier, lines)
        shares = [share + now.get(at, 0) for at, share in enumerate(self.earlier.shares)]
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
        restored = self._restore(shares, cause)
        takings = self._takings(shares)
        taken, shortage = self._take(takings, cause)
        self._keep(number, digest, now, shares, takings, cause)
        return Returned(document, taken, restored, shortage)

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
        return reversal(awards, self.earlier.taken, shares, broken)

    def _take(self, takings: list[Taken], cause: Cause) -> tuple[dict[str, int], dict[str, int]]:
        policies = self.ruleset.policies
        taken: dict[str, int] = {}
        shortage: dict[str, int] = {}
        for entry in takings:
            taken[entry.point_type] = taken.get(entry.point_type, 0) + entry.points
            self.recorder.count_usage(
                self.sheet, entry, -entry.points, 0, self.purchase.occurred_at, self.ruleset
            )
        earned = self._postings("earn")
        for point_type, points in list(taken.items()):
            book = self.recorder.book(self.sheet, point_type)
            missing = self.recorder.ledger(self.ruleset).reverse(
                book,
                points,
                earned[book.point_type][0],
                cause,
                debt=policies.spent_points is SpentPoints.DEBT,
            )
            if missing:
                shortage[point_type] = missing
                if policies.spent_points is SpentPoints.CLAMP:
                    taken[point_type] -= missing
        self.sheet.touched = True
        return taken, shortage

    def _postings(self, kind: str) -> dict[int, tuple[int, int]]:
        """The purchase's postings of a kind: point type → (id, amount)."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT point_type_id, id, amount FROM members_posting WHERE purchase_id = %s AND kind = %s",
                [self.purchase.pk, kind],
            )
            return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}

    # --- giving back ------------------------------------------------------------------------------------------
    def _restore(self, shares: list[Fraction], cause: Cause) -> dict[str, int]:
        """Give back the share of the points that paid for what came back, exact over all returns."""
        spends = self._postings("spend") if self.purchase.tenders else {}
        if not spends:
            return {}
        bill = sum(line["amount"] for line in self.purchase.lines)
        back = sum(
            (line["amount"] * share for line, share in zip(self.purchase.lines, shares, strict=True)),
            Fraction(0),
        )
        part = Fraction(back, bill) if bill else Fraction(int(all(share == 1 for share in shares)))
        names = {number: key for key, number in self.recorder.point_types.items()}
        restored: dict[str, int] = {}
        for point_type, (spend, amount) in spends.items():
            draws, before = self._draws(spend)
            due = amount * part
            points = due.numerator // due.denominator - before
            if points > 0:
                self._give(names[point_type], points, draws, spend, cause)
                restored[names[point_type]] = points
        return restored

    def _give(self, point_type: str, points: int, draws: list[Draw], spend: int, cause: Cause) -> None:
        recorder = self.recorder
        book = recorder.book(self.sheet, point_type)
        as_new = self.ruleset.policies.restored_points is RestoredPoints.NEW
        if not as_new:
            load_closed_lots(book, [draw.lot for draw in draws])
        issuer = (recorder.operator or self.purchase.partner_id) if as_new else None
        recorder.ledger(self.ruleset).restore(book, points, draws, spend, cause, new_lot_issuer=issuer)
        self.sheet.touched = True

    @staticmethod
    def _draws(spend: int) -> tuple[list[Draw], int]:
        """What a spending drew and has not got back by lot, and how much it has got back in all."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT a.lot_id, a.amount - coalesce((
                    SELECT sum(b.amount) FROM members_allocation b JOIN members_posting r ON r.id = b.posting_id
                    WHERE r.answers_id = %s AND r.kind = 'restore' AND b.lot_id = a.lot_id), 0)
                FROM members_allocation a WHERE a.posting_id = %s ORDER BY a.id
                """,
                [spend, spend],
            )
            draws = [Draw(lot, int(amount)) for lot, amount in cursor.fetchall()]
            cursor.execute(
                "SELECT coalesce(sum(amount), 0) FROM members_posting WHERE answers_id = %s AND kind = 'restore'",
                [spend],
            )
            return draws, int(cursor.fetchone()[0])

    # --- rows -------------------------------------------------------------------------------------------------
    def _keep(
        self,
        number: str,
        digest: bytes,
        now: dict[int, Fraction],
        shares: list[Fraction],
        takings: list[Taken],
        cause: Cause,
    ) -> None:
        lines: list[dict[str, Any]] = []
        for at, share in sorted(now.items()):
            stored = self.purchase.lines[at]
            due = stored["amount"] * shares[at]
            amount = int(due) - self.earlier.amounts[at]
            lines.append({"line": at, "share": str(share), "amount": amount})
        trace = [
            {"no": entry.award, "rule": entry.rule, "type": entry.point_type, "points": entry.points}
            for entry in takings
        ]
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
                sum(line["amount"] for line in lines),
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
        sheet.touched = True
