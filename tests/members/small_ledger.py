"""A small programme with every kind of movement, its rows made with the ledger's kernel.

anna (card A-1): buys r1 (100 points and 1.50 cash, store s1), spends 30, gets 10 of them back, returns goods
worth 40 points of r1, buys r4 in the first hour of February by the clock of Tallinn (7 points).
mark (card "=M-2"): buys r2 (100), spends 75, returns goods worth 40 (25 taken, 15 owed), buys r3 (50, of
which 15 repay the debt), staff takes 5 and gives 3, buys r5 (no points).

The rules' caps make counters: of `base` by month, of all points by year, of the budget of `extra` by year, and when
`extra` was last given. What they come to is written down here, not reckoned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db.models import Model

from loyalty.core import outbox
from members.engine.ledger import Book, Cause, Draw, Ledger
from members.models import (
    BudgetCounter,
    DocumentKey,
    Member,
    Membership,
    MemberStats,
    Purchase,
    Return,
    RuleUsage,
)
from members.models.ledger import Account, Allocation, Lot, Posting
from programs.engine.document import read_core
from programs.models import Coalition, Partner, PointType, Programme, Revision, Store
from programs.selectors.canonical import freeze

DOCUMENT = {
    "point_types": [
        {"key": "points", "name": "Points", "limits": {"per_member": [{"per": "year", "points": "9000"}]}},
        {"key": "cash", "name": "Cash", "decimals": 2},
    ],
    "rules": [
        {"key": "base", "title": "Base", "effect": {"kind": "per_step", "points": "1", "step": "1.00"},
         "caps": {"per_member": [{"per": "month", "points": "5000"}]}},
        {"key": "extra", "title": "Extra", "effect": {"kind": "fixed", "points": "10"},
         "caps": {"cooldown_hours": 24, "budget": {"points": "500", "per": "year"}}},
        {"key": "cashback", "title": "Cashback", "point_type": "cash",
         "effect": {"kind": "percent", "percent": "1.5"}},
    ],
}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class SmallLedger:
    """The rows by name. Ids of postings are in `postings` in the order they were made."""

    programme: Programme
    partner: Partner
    store: Store
    revision: Revision
    types: dict[str, PointType]
    books: dict[tuple[str, str], Book] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    operations: Any = field(default_factory=lambda: count(1))

    def book(self, member: str, point_type: str = "points") -> Book:
        if (member, point_type) not in self.books:
            membership = self.memberships[member]
            account = Account.objects.create(
                member_id=membership.member_id, membership=membership, point_type=self.types[point_type]
            )
            book = Book(account.pk, membership.member_id, self.types[point_type].pk)
            self.books[member, point_type] = book
        return self.books[member, point_type]

    def join(self, member: str, number: str) -> None:
        self.memberships[member] = Membership.objects.create(
            member=Member.objects.create(),
            programme=self.programme,
            number=number,
            joined_at=at("2026-01-01"),
        )

    def cause(self, occurred: str, recorded: str = "", **about: Any) -> Cause:
        return Cause(
            next(self.operations), at(occurred), at(recorded or occurred),
            revision=self.revision.pk, partner=self.partner.pk, **about,
        )  # fmt: skip

    def document(
        self, member: str, number: str, when: str, values: dict[str, Any], purchase: str = ""
    ) -> Any:
        """A purchase, or a return of the purchase named, with its key and event."""
        membership = self.memberships[member]
        common = {
            "member_id": membership.member_id, "membership": membership, "number": number, "lines": [],
            "occurred_at": at(when), "recorded_at": at(when), "operation": next(self.operations), **values,
        }  # fmt: skip
        kind = "return" if purchase else "purchase"
        row: Purchase | Return
        if purchase:
            row = Return.objects.create(purchase=self.documents[purchase], **common)
        else:
            row = Purchase.objects.create(
                partner=self.partner, revision=self.revision, currency="EUR", **common
            )
        self.documents[number] = row
        DocumentKey.objects.create(
            programme=self.programme, partner=self.partner, kind=kind, number=number, digest=bytes(32),
            member_id=membership.member_id, document_id=row.pk,
        )  # fmt: skip
        outbox.publish(
            f"{kind}.recorded", subject=f"membership:{membership.pk}", payload={kind: row.pk},
            occurred_at=row.occurred_at, recorded_at=row.recorded_at,
        )  # fmt: skip
        return row

    def write(self) -> None:
        """The rows of all books."""
        for book in self.books.values():
            _create(Posting, [dict(zip(row._fields, row, strict=True)) for row in book.postings])
            _create(
                Lot,
                [
                    {
                        "id": lot.id, "member": book.member, "account": book.id, "posting": lot.posting,
                        "issuer": lot.issuer, "revision": lot.revision, "earned_at": lot.earned_at,
                        "amount": lot.amount, "remaining": lot.remaining,
                        "state": "active" if lot.remaining else "closed",
                    }
                    for lot in book.lots.values()
                ],
            )  # fmt: skip
            _create(Allocation, [dict(zip(row._fields, row, strict=True)) for row in book.allocations])
            Account.objects.filter(pk=book.id).update(
                available=book.available, debt=book.debt, version=book.version,
                last_recorded_at=book.last_recorded_at,
            )  # fmt: skip


def _create(model: type[Model], rows: list[dict[str, Any]]) -> None:
    """Rows whose foreign keys are given as ids under the field's name."""
    relations = {each.name for each in model._meta.fields if each.is_relation}
    model._default_manager.bulk_create(
        model(**{f"{name}_id" if name in relations else name: value for name, value in row.items()})
        for row in rows
    )


def programme_of_points(key: str = "club") -> SmallLedger:
    """A programme with two point types, nobody in it."""
    partner, _new = Partner.objects.get_or_create(
        code="main", defaults={"name": {"en": "Main"}, "is_operator": True}
    )
    coalition = Coalition.objects.create(key=key, name={"en": "Own"}, currency="EUR", operator=partner)
    programme = Programme.objects.create(
        key=key, name={"en": "Club"}, coalition=coalition, zone="Europe/Tallinn", currency="EUR",
        languages=["en"],
    )  # fmt: skip
    types = {
        name: PointType.objects.create(
            programme=programme, key=name, name={"en": name}, decimals=decimals, position=position
        )
        for position, (name, decimals) in enumerate({"points": 0, "cash": 2}.items())
    }
    head = {"key": key, "name": "Club", "zone": "Europe/Tallinn", "currency": "EUR"}
    frozen = freeze(read_core({"programme": head, **DOCUMENT}))
    revision = Revision.objects.create(
        programme=programme, number=1, canonical=frozen.canonical, sha256=frozen.sha256,
        logic_sha256=frozen.logic_sha256, schema_version=1, engine_version=1, origin="edit", recorded_at=at("2026-01-01"),
    )  # fmt: skip
    store, _new = Store.objects.get_or_create(partner=partner, code="s1")
    return SmallLedger(programme, partner, store, revision, types)


def trace(*awards: tuple[str, str, int]) -> list[dict[str, Any]]:
    return [
        {"no": number, "rule": rule, "type": point_type, "points": points}
        for number, (rule, point_type, points) in enumerate(awards, start=1)
    ]


def small_ledger(key: str = "club", first_id: int = 1) -> SmallLedger:
    """The story above, written."""
    small = programme_of_points(key)
    small.join("anna", "A-1")
    small.join("mark", "=M-2")
    ledger = Ledger(count(first_id), count(first_id))

    def buy(
        member: str, number: str, when: str, amount: int, *awards: tuple[str, str, int], **also: Any
    ) -> None:
        skips: list[Any] = []
        values = {"amount": amount, "trace": {"awards": trace(*awards), "skips": skips}, **also}
        purchase = small.document(member, number, when, values)
        sums: dict[str, int] = {}
        for _rule, point_type, points in awards:
            sums[point_type] = sums.get(point_type, 0) + points
        for point_type, points in sums.items():
            book = small.book(member, point_type)
            ledger.earn(book, points, small.partner.pk, small.cause(when, purchase=purchase.pk))

    def bring_back(member: str, number: str, of: str, when: str, points: int) -> None:
        values = {"amount": points * 100, "trace": trace(("base", "points", points))}
        row = small.document(member, number, when, values, of)
        book = small.book(member)
        earned = next(p.id for p in book.postings if p.purchase == small.documents[of].pk)
        ledger.reverse(book, points, earned, small.cause(when, returned=row.pk), debt=True)

    buy(
        "anna", "r1", "2026-01-10T10:00", 10000, ("base", "points", 90), ("extra", "points", 10),
        ("cashback", "cash", 150), store=small.store,
    )  # fmt: skip
    spent = ledger.spend(small.book("anna"), 30, small.cause("2026-02-01T12:00"))
    draws = [Draw(row.lot, row.amount) for row in small.book("anna").allocations if row.posting == spent.id]
    ledger.restore(
        small.book("anna"), 10, draws, spent.id, small.cause("2026-02-03T12:00"), new_lot_issuer=None
    )
    bring_back("anna", "b1", "r1", "2026-02-05T09:00", 40)
    # By the clock of Tallinn this is 1 February.
    buy("anna", "r4", "2026-01-31T22:30", 700, ("base", "points", 7))
    buy("mark", "r2", "2026-01-11T10:00", 10000, ("base", "points", 100))
    ledger.spend(small.book("mark"), 75, small.cause("2026-01-12T10:00"))
    bring_back("mark", "b2", "r2", "2026-01-13T10:00", 40)
    buy("mark", "r3", "2026-03-01T10:00", 5000, ("base", "points", 50))
    ledger.adjust_down(small.book("mark"), 5, small.cause("2026-03-02T10:00"))
    ledger.adjust_up(small.book("mark"), 3, small.partner.pk, small.cause("2026-03-03T10:00"))
    small.document("mark", "r5", "2026-03-04T10:00", {"amount": 99, "trace": {"awards": [], "skips": []}})
    small.write()
    _counters(small)
    return small


def _counters(small: SmallLedger) -> None:
    """What is counted of the story. By the clock of Tallinn r4 was bought in February."""
    for member, purchases, amount, last in (
        ("anna", 2, 10700, "2026-01-31T22:30"), ("mark", 3, 15099, "2026-03-04T10:00"),
    ):  # fmt: skip
        MemberStats.objects.create(
            membership=small.memberships[member],
            purchases=purchases,
            amount=amount,
            last_purchase_at=at(last),
        )
    for member, rule, period, points, times, last in (
        ("anna", "base", "2026-01", 50, 1, ""), ("anna", "base", "2026-02", 7, 1, ""),
        ("anna", "extra", "ever", 0, 0, "2026-01-10T10:00"), ("anna", "*points", "2026", 67, 3, ""),
        ("mark", "base", "2026-01", 60, 1, ""), ("mark", "base", "2026-03", 50, 1, ""),
        ("mark", "*points", "2026", 110, 2, ""),
    ):  # fmt: skip
        RuleUsage.objects.create(
            membership=small.memberships[member], rule=rule, period=period, points=points, times=times,
            last_at=at(last) if last else None,
        )  # fmt: skip
    BudgetCounter.objects.create(programme=small.programme, rule="extra", period="2026", used=10)
