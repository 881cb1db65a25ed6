"""What returns have to know of the purchases that they bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.db import connection

from members.engine.books import Draw
from members.models import Purchase, Return

__all__ = ["Paid", "Returnable", "returnables"]


@dataclass(slots=True)
class Paid:
    """Points that paid a part of a purchase: what they drew and has not gone back yet, by lot, and what has gone
    back in all."""

    posting: int
    point_type: int
    amount: int
    draws: list[Draw] = field(default_factory=list)
    restored: int = 0

    def give_back(self, points: int) -> None:
        """Note points that went back to their lots, the last drawn first."""
        for at in reversed(range(len(self.draws))):
            part = min(self.draws[at].amount, points)
            self.draws[at] = self.draws[at]._replace(amount=self.draws[at].amount - part)
            points -= part


@dataclass(slots=True)
class Returnable:
    """A purchase with what came back so far: shares and amounts by line, points by award, and the numbers of the
    returns. `earned` are the postings of its awards by point type, in the order in which they were made; `gone` is
    what expired or lapsed of each of them unused, `let_off` what of an award was not charged because of that."""

    purchase: Purchase
    shares: list[Fraction]
    amounts: list[int]
    taken: dict[int, int] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    earned: dict[int, list[int]] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    let_off: dict[int, int] = field(default_factory=dict)

    def came_back(
        self,
        numbers: Iterable[str],
        shares: list[Fraction],
        lines: Iterable[Mapping[str, Any]],
        trace: Iterable[Mapping[str, Any]],
    ) -> None:
        """Note a return: its numbers, the shares after it, and its lines and trace as stored."""
        self.numbers.update(numbers)
        self.shares = shares
        for line in lines:
            self.amounts[line["line"]] += line["amount"]
        for entry in trace:
            self.taken[entry["no"]] = self.taken.get(entry["no"], 0) + entry["points"]
            self.let_off[entry["no"]] = self.let_off.get(entry["no"], 0) + entry.get("lost", 0)


def returnables(purchases: Sequence[Purchase]) -> dict[int, Returnable]:
    """By purchase id; a handful of queries however many there are. The memberships are locked by the caller."""
    found = {
        purchase.pk: Returnable(purchase, [Fraction(0)] * len(purchase.lines), [0] * len(purchase.lines))
        for purchase in purchases
    }
    earlier = Return.objects.filter(purchase_id__in=found).order_by("id")
    for key, number, lines, trace in earlier.values_list("purchase_id", "number", "lines", "trace"):
        returnable = found[key]
        shares, numbers = list(returnable.shares), [number]
        for line in lines:
            shares[line["line"]] += Fraction(line["share"])
            numbers.extend(line.get("also", ()))
        returnable.came_back(numbers, shares, lines, trace)
    _load_postings(found)
    return found


def _load_postings(found: dict[int, Returnable]) -> None:
    paid: dict[int, Paid] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT purchase_id, kind, point_type_id, id, amount FROM members_posting
            WHERE purchase_id = ANY(%s) AND kind IN ('earn', 'spend') ORDER BY id
            """,
            [list(found)],
        )
        for key, kind, point_type, posting, amount in cursor.fetchall():
            if kind == "earn":
                found[key].earned.setdefault(point_type, []).append(posting)
            else:
                paid[posting] = Paid(posting, point_type, amount)
                found[key].paid.append(paid[posting])
        _load_gone(cursor, found)
        if not paid:
            return
        cursor.execute(
            """
            SELECT a.posting_id, a.lot_id, a.amount - coalesce((
                SELECT sum(b.amount) FROM members_allocation b JOIN members_posting r ON r.id = b.posting_id
                WHERE r.answers_id = a.posting_id AND r.kind = 'restore' AND b.lot_id = a.lot_id), 0)
            FROM members_allocation a WHERE a.posting_id = ANY(%s) ORDER BY a.id
            """,
            [list(paid)],
        )
        for posting, lot, amount in cursor.fetchall():
            paid[posting].draws.append(Draw(lot, int(amount)))
        cursor.execute(
            """
            SELECT answers_id, sum(amount) FROM members_posting
            WHERE answers_id = ANY(%s) AND kind = 'restore' GROUP BY answers_id
            """,
            [list(paid)],
        )
        for posting, amount in cursor.fetchall():
            paid[posting].restored = int(amount)


def _load_gone(cursor: Any, found: dict[int, Returnable]) -> None:
    """What nobody used of the points of these purchases."""
    purchases = {
        posting: each for each in found.values() for postings in each.earned.values() for posting in postings
    }
    cursor.execute(
        """
        SELECT l.posting_id, sum(a.amount)
          FROM members_lot l JOIN members_allocation a ON a.lot_id = l.id
          JOIN members_posting p ON p.id = a.posting_id AND p.kind IN ('expire', 'forfeit')
         WHERE l.posting_id = ANY(%s) GROUP BY 1
        """,
        [list(purchases)],
    )
    for posting, amount in cursor.fetchall():
        purchases[posting].gone[posting] = int(amount)
