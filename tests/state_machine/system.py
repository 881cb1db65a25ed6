"""The real side of the machine: a programme in the database, worked on through the services alone, and what it shows.

What a member has is read by SQL, so that a fault of a selector is no fault of the ledger and the other way round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from members.models import Membership, Purchase
from members.models.ledger import Account, ExpiryNotice
from members.selectors.verification import verify
from members.services import (
    adjustments,
    advancing,
    approving,
    events,
    holds,
    openings,
    redemptions,
    transfers,
)
from members.services.enrolment import enrol
from members.services.purchases import record_purchase
from members.services.returns import ReturnLine, record_return
from programs.engine.document import read_core
from programs.engine.facts import Basket
from programs.models import Partner
from programs.services.programmes import load_core
from tests.state_machine.programmes import Drawn
from tests.state_machine.rows import Buckets

Move = tuple[str, str, str, str, datetime]
"""Point type, kind, from, to, when it happened."""


class LotSeen(NamedTuple):
    remaining: int
    held: int
    state: str
    expires_on: date | None
    earned_at: datetime
    amount: int


class AccountSeen(NamedTuple):
    buckets: Buckets
    lots: tuple[LotSeen, ...]
    holds: tuple[tuple[int, int], ...]


class PostingSeen(NamedTuple):
    id: int
    point_type: str
    kind: str
    source: str
    target: str
    points: int
    after: Buckets
    version: int
    occurred_at: datetime
    recorded_at: datetime

    @property
    def move(self) -> Move:
        return self.point_type, self.kind, self.source, self.target, self.occurred_at


class RealProgramme:
    """One programme with its members by name. Its verbs do what the model's do; refusals are Problems."""

    def __init__(self, key: str, drawn: Drawn, names: Iterable[str], since: datetime) -> None:
        self.key = key
        self.programme = load_core(
            read_core(drawn.document(key)), now=since, publish=True, effective_from=since
        ).programme
        self.partner = Partner.objects.get(is_operator=True)
        self.members: dict[str, Membership] = {
            name: enrol(programme=self.programme, number=name, now=since) for name in names
        }
        self.names = {membership.pk: name for name, membership in self.members.items()}
        self.last_posting = dict.fromkeys(self.members, 0)
        self.journals: dict[str, list[PostingSeen]] = {name: [] for name in self.members}

    # --- what happens -----------------------------------------------------------------------------
    def purchase(self, member: str, receipt: str, basket: Basket, now: datetime) -> int:
        return record_purchase(
            membership=self.members[member], basket=basket, receipt=receipt, partner=self.partner, now=now
        ).document_id

    def bring_back(
        self,
        purchase: int,
        number: str,
        lines: Sequence[ReturnLine] | None,
        occurred_at: datetime,
        now: datetime,
    ) -> dict[str, int]:
        row = Purchase.objects.select_related("revision", "membership__programme").get(pk=purchase)
        return record_return(
            purchase=row, number=number, now=now, occurred_at=occurred_at, lines=lines
        ).restored

    def event(
        self,
        member: str,
        key: str,
        number: str,
        euros: int,
        receipt: str,
        occurred_at: datetime,
        now: datetime,
    ) -> int:
        return events.record_event(
            membership=self.members[member], kind=key, number=number, partner=self.partner, now=now,
            fields={"sum": f"{euros}.00"} if euros else {}, occurred_at=occurred_at, receipt=receipt,
        ).document_id  # fmt: skip

    def lots_of(self, **document: int) -> dict[str, list[int]]:
        """The lots that a purchase or an event opened, by point type, in the order of its awards."""
        [(column, number)] = document.items()
        found: dict[str, list[int]] = {}
        for key, lot in _query(
            f"SELECT t.key, l.id FROM members_lot l JOIN members_posting p ON p.id = l.posting_id"
            f" JOIN programs_pointtype t ON t.id = p.point_type_id WHERE p.{column}_id = %s ORDER BY p.id",
            [number],
        ):
            found.setdefault(key, []).append(lot)
        return found

    def decide(self, member: str, lot: int, now: datetime, *, approved: bool) -> int:
        membership = self.members[member]
        if approved:
            return approving.approve_award(membership=membership, lot=lot, now=now)
        return approving.refuse_award(membership=membership, lot=lot, reason="no", now=now)

    def spend(
        self, ref: str, member: str, point_type: str, points: int, occurred_at: datetime, now: datetime
    ) -> int:
        return redemptions.redeem(
            membership=self.members[member], points=points, partner=self.partner, reference=ref, now=now,
            occurred_at=occurred_at, point_type=point_type,
        )  # fmt: skip

    def hold(
        self, ref: str, member: str, point_type: str, points: int, until: datetime, now: datetime
    ) -> int:
        return holds.hold(
            membership=self.members[member], points=points, partner=self.partner, reference=ref, now=now,
            expires_at=until, point_type=point_type,
        ).hold_id  # fmt: skip

    def capture(self, ref: str, member: str, hold: int, points: int | None, now: datetime) -> int:
        return holds.capture(
            membership=self.members[member], hold_id=hold, points=points, partner=self.partner, reference=ref,
            now=now,
        )  # fmt: skip

    def release(self, ref: str, member: str, hold: int, points: int | None, now: datetime) -> int:
        return holds.release(
            membership=self.members[member], hold_id=hold, points=points, partner=self.partner, reference=ref,
            now=now,
        )  # fmt: skip

    def adjust(self, member: str, point_type: str, points: int, occurred_at: datetime, now: datetime) -> None:
        adjustments.adjust(
            membership=self.members[member], points=points, reason="why", now=now, occurred_at=occurred_at,
            point_type=point_type,
        )  # fmt: skip

    def opening(self, member: str, point_type: str, rows: Sequence[openings.Opening], now: datetime) -> None:
        openings.open_balance(membership=self.members[member], openings=rows, now=now, point_type=point_type)

    def transfer(self, ref: str, giver: str, taker: str, point_type: str, points: int, now: datetime) -> int:
        return transfers.transfer(
            giver=self.members[giver], receiver=self.members[taker], points=points, partner=self.partner,
            reference=ref, now=now, point_type=point_type,
        )  # fmt: skip

    def convert(self, ref: str, member: str, source: str, to: str, points: int, now: datetime) -> int:
        return transfers.convert(
            membership=self.members[member], points=points, to=to, partner=self.partner, reference=ref,
            now=now, point_type=source,
        )  # fmt: skip

    def notice(self, member: str, point_type: str, last_day: date, now: datetime) -> None:
        """As the delivery of a message will note it; nothing in the product does so yet."""
        account = Account.objects.get(membership=self.members[member], point_type__key=point_type)
        if not ExpiryNotice.objects.filter(account=account, expires_on=last_day).exists():
            ExpiryNotice.objects.create(
                member_id=account.member_id, account=account, expires_on=last_day, delivered_at=now,
                recorded_at=now,
            )  # fmt: skip

    def revise(self, drawn: Drawn, now: datetime) -> None:
        load_core(read_core(drawn.document(self.key)), now=now, publish=True, effective_from=now)

    def advance(self, now: datetime) -> None:
        advancing.advance(self.programme, now)

    # --- what it shows ----------------------------------------------------------------------------
    def accounts(self, names: Iterable[str]) -> dict[str, dict[str, AccountSeen]]:
        """What members have by point type; accounts without anything are left out."""
        memberships = [self.members[name].pk for name in names]
        lots: dict[int, list[LotSeen]] = {}
        for account, *lot in _query(LOTS, [memberships]):
            lots.setdefault(account, []).append(LotSeen(*lot))
        open_holds: dict[int, list[tuple[int, int]]] = {}
        for account, hold, left in _query(HOLDS, [memberships]):
            open_holds.setdefault(account, []).append((hold, left))
        seen: dict[str, dict[str, AccountSeen]] = {self.names[number]: {} for number in memberships}
        for membership, account, key, *buckets in _query(ACCOUNTS, [memberships]):
            held = tuple(sorted(open_holds.get(account, ())))
            has = AccountSeen(Buckets(*buckets), in_order(lots.get(account, ())), held)
            if any(has.buckets) or has.lots:
                seen[self.names[membership]][key] = has
        return seen

    def new_postings(self, names: Iterable[str]) -> dict[str, list[PostingSeen]]:
        """What was posted since this was asked before. Each must follow from the one before it on its account: the
        next version, recorded later, the buckets after it the buckets before it and what it moved (I1, I2, I3, I12)."""
        found: dict[str, list[PostingSeen]] = {name: [] for name in names}
        for name, new in found.items():
            journal = self.journals[name]
            rows = _query(POSTINGS, [self.members[name].pk, self.last_posting[name]])
            for number, key, kind, source, target, points, a, p, h, d, *rest in rows:
                row = PostingSeen(number, key, kind, source, target, points, Buckets(a, p, h, d), *rest)
                before = next((each for each in reversed(journal) if each.point_type == key), None)
                check_follows(before, row)
                journal.append(row)
                new.append(row)
            if new:
                self.last_posting[name] = new[-1].id
        return found

    def verify(self) -> None:
        """Everything that the product's own verification checks, and the constraints that wait for a commit."""
        found = verify(self.programme)
        assert found.ok, [result.as_dict() for result in found.results if not result.ok]
        connection.check_constraints()

    def verify_history(self) -> None:
        """All that was ever read is still there as it was (I9)."""
        for name, journal in self.journals.items():
            rows = _query(POSTINGS, [self.members[name].pk, 0])
            now = [PostingSeen(*row[:6], Buckets(*row[6:10]), *row[10:]) for row in rows]
            assert now == journal, name


def check_follows(before: PostingSeen | None, row: PostingSeen) -> None:
    moved = Counter(before.after._asdict() if before else dict.fromkeys(Buckets._fields, 0))
    assert row.points > 0, row
    assert row.source != row.target, row
    for side, sign in ((row.source, -1), (row.target, 1)):
        if side == "debt":
            sign = -sign  # noqa: PLW2901 - debt is what a member lacks
        if side in Buckets._fields:
            moved[side] += sign * row.points
    assert row.after == Buckets(**moved), (before, row)
    assert min(row.after) >= 0, row
    assert row.version == (before.version + 1 if before else 1), (before, row)
    assert before is None or row.recorded_at > before.recorded_at, (before, row)


def in_order(lots: Iterable[LotSeen]) -> tuple[LotSeen, ...]:
    """So that two sides can be compared whatever numbers they give to lots."""
    return tuple(sorted(lots, key=lambda lot: (lot.earned_at, lot.amount, str(lot.expires_on), lot)))


def _query(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


ACCOUNTS = """
    SELECT a.membership_id, a.id, t.key, a.available, a.pending, a.held, a.debt
      FROM members_account a JOIN programs_pointtype t ON t.id = a.point_type_id WHERE a.membership_id = ANY(%s)
"""
# The last usable day as the account has it; of pending points it may not be known yet.
LOTS = """
    SELECT l.account_id, l.remaining, l.held, l.state,
           CASE WHEN l.state = 'pending' THEN NULL
                WHEN l.extendable AND l.expires_on IS NOT NULL THEN greatest(l.expires_on, a.extended_to)
                ELSE l.expires_on END, l.earned_at, l.amount
      FROM members_lot l JOIN members_account a ON a.id = l.account_id
     WHERE a.membership_id = ANY(%s) AND l.state <> 'closed'
"""
HOLDS = """
    SELECT h.account_id, h.id, h.amount - h.captured - h.released
      FROM members_hold h JOIN members_account a ON a.id = h.account_id
     WHERE a.membership_id = ANY(%s) AND h.state = 'open'
"""
POSTINGS = """
    SELECT p.id, t.key, p.kind, p.from_side, p.to_side, p.amount, p.available_after, p.pending_after, p.held_after,
           p.debt_after, p.version, p.occurred_at, p.recorded_at
      FROM members_account a JOIN members_posting p ON p.account_id = a.id
      JOIN programs_pointtype t ON t.id = p.point_type_id
     WHERE a.membership_id = %s AND p.id > %s ORDER BY p.id
"""
