"""Recording purchases: the one path for a single till call, an import chunk and a scenario.

A `Recorder` works on locked memberships. Each purchase is judged by the revision in force when it happened, posted
now, and its rows wait until `flush` writes them all at once. Whoever uses it holds the transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from loyalty.core.exact import EVER, local_day, period_key
from loyalty.core.outbox import Event
from members.engine.ledger import Book, Cause, Ledger, NotEnough
from members.selectors.baskets import award_document, header_document, line_document, tender_documents
from members.selectors.facts import facts_document
from members.services.ledger import Numbers, Rows, Sheet, open_sheets, write
from members.services.problems import EmptyPurchase, InsufficientPoints, UnknownPointType
from programs.engine.drafts import Award, Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, MemberFacts, Usage, age_on
from programs.engine.needs import limit_key
from programs.engine.ruleset import Ruleset
from programs.models import Partner, PointType, Programme
from programs.selectors.rulesets import Activated, in_force, timeline

_UNUSED = Usage()


class Seller(NamedTuple):
    """Who sold: partner and store as ids for rows and codes for rules."""

    partner: int
    code: str
    store: int | None = None
    store_code: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded purchase: what it earned by point type key. `repeated`: it had been recorded before."""

    purchase_id: int
    member_id: int
    awarded: dict[str, int]
    repeated: bool = False
    evaluation: Evaluation | None = None


def content_digest(number: str, basket: Basket, lines: bytes | None = None) -> bytes:
    """SHA-256 of what a receipt says, to tell a repetition from another receipt with the same number. `lines` are
    the stored lines as JSON where the caller has them already."""
    moment = basket.occurred_at.astimezone(UTC).isoformat()
    head = [number, moment, basket.store, header_document(basket), tender_documents(basket)]
    digest = hashlib.sha256(orjson.dumps(head))
    digest.update(lines_json(basket) if lines is None else lines)
    return digest.digest()


def lines_json(basket: Basket) -> bytes:
    """The lines as they are stored."""
    return orjson.dumps([line_document(line) for line in basket.lines])


class Recorder:
    """Records documents of one programme for memberships that it has locked."""

    def __init__(
        self, programme: Programme, now: datetime, stretches: Sequence[Activated] | None = None
    ) -> None:
        self.programme = programme
        self.now = now
        self.stretches = timeline(programme.pk) if stretches is None else stretches
        self.point_types = dict(PointType.objects.filter(programme=programme).values_list("key", "id"))
        self.operator = Partner.objects.filter(is_operator=True).values_list("id", flat=True).first()
        self.sheets: dict[int, Sheet] = {}
        self.rows = Rows()
        self.purchases = Numbers("members_purchase")
        self.returns = Numbers("members_return")
        self.accounts = Numbers("members_account")
        self.operations = Numbers("members_operation")
        self._postings = Numbers("members_posting")
        self._lots = Numbers("members_lot")

    def open(self, memberships: Sequence[int]) -> None:
        """Lock memberships and load their books; what was open before is forgotten (flush first)."""
        self.sheets = open_sheets(memberships)

    def flush(self) -> None:
        """Write everything recorded since the last flush."""
        write(self.rows, self.sheets.values())
        self.rows = Rows(budgets={})

    def ledger(self, ruleset: Ruleset) -> Ledger:
        return Ledger(self._postings, self._lots, ruleset.policies.spending_order.value)

    def ruleset_at(self, instant: datetime) -> Activated:
        return in_force(self.stretches, instant)

    def book(self, sheet: Sheet, point_type: str) -> Book:
        """The account of a point type; opened when there is none."""
        key = self.point_types.get(point_type)
        if key is None:
            raise UnknownPointType(point_type)
        book = sheet.books.get(key)
        if book is None:
            book = sheet.books[key] = Book(next(self.accounts), sheet.member, key, fresh=True)
        return book

    # --- purchases --------------------------------------------------------------------------------------------
    def purchase(
        self,
        sheet: Sheet,
        basket: Basket,
        receipt: str,
        seller: Seller,
        digest: bytes | None = None,
        lines: bytes | None = None,
    ) -> Recorded:
        """Evaluate and post a purchase. Raises EmptyPurchase, InsufficientPoints, NoRevision and changes nothing."""
        if not basket.lines:
            raise EmptyPurchase
        stretch = self.ruleset_at(basket.occurred_at)
        ruleset = stretch.ruleset
        facts = self.facts(sheet, basket.occurred_at, ruleset)
        evaluation = evaluate(basket, facts, ruleset)
        self._check_tenders(sheet, basket)
        number = next(self.purchases)
        cause = Cause(
            next(self.operations),
            basket.occurred_at,
            self.now,
            stretch.revision_id,
            seller.partner,
            number,
        )
        ledger = self.ledger(ruleset)
        for tender in basket.tenders:
            if tender.points:
                ledger.spend(self.book(sheet, tender.point_type), tender.points, cause)
        awarded: dict[str, int] = {}
        for award in evaluation.awards:
            awarded[award.point_type] = awarded.get(award.point_type, 0) + award.points
        for point_type, points in awarded.items():
            ledger.earn(self.book(sheet, point_type), points, self._issuer(seller), cause)
        # The facts hold the counters themselves: they are kept as they were before this purchase counts.
        stored = lines_json(basket) if lines is None else lines
        digest = digest or content_digest(receipt, basket, stored)
        self._keep(
            sheet,
            basket,
            receipt,
            seller,
            digest,
            stored,
            evaluation,
            facts_document(facts, ruleset.needs),
            cause,
        )
        self._count(sheet, basket, evaluation.awards, ruleset)
        return Recorded(number, sheet.member, awarded, evaluation=evaluation)

    def _issuer(self, seller: Seller) -> int:
        """Who funds an award: the operator, until partners have contracts."""
        return self.operator or seller.partner

    def _check_tenders(self, sheet: Sheet, basket: Basket) -> None:
        wanted: dict[str, int] = {}
        for tender in basket.tenders:
            if tender.points:
                wanted[tender.point_type] = wanted.get(tender.point_type, 0) + tender.points
        for point_type, points in wanted.items():
            available = self.book(sheet, point_type).available
            if points > available:
                raise InsufficientPoints(possible=available)

    def facts(self, sheet: Sheet, occurred_at: datetime, ruleset: Ruleset) -> MemberFacts:
        """What the rules may know of the member at that time."""
        zone = ruleset.zone
        purchases, last = sheet.purchases, sheet.last_purchase_at
        if last is not None and occurred_at < last:
            purchases, last = self._before(sheet, occurred_at)
        needs = ruleset.needs
        return MemberFacts(
            joined_on=sheet.joined_at.astimezone(zone).date(),
            age=age_on(sheet.birth_date, local_day(occurred_at, zone)) if sheet.birth_date else None,
            purchases=purchases,
            last_purchase_on=None if last is None else last.astimezone(zone).date(),
            attributes=sheet.attributes,
            usage=sheet.usage,
            last_award=sheet.last_award,
            balances={key: self.book(sheet, key).balance for key in needs.balances},
            budgets=self._budgets(ruleset, occurred_at) if needs.budgets else {},
        )

    @staticmethod
    def _before(sheet: Sheet, occurred_at: datetime) -> tuple[int, datetime | None]:
        """Purchases before a late one, by time of purchase."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), max(occurred_at) FROM members_purchase WHERE membership_id = %s AND occurred_at <= %s",
                [sheet.membership, occurred_at],
            )
            count, last = cursor.fetchone()
        waiting = [moment for moment in sheet.recorded if moment <= occurred_at]
        times = [moment for moment in (last, *waiting) if moment is not None]
        return count + len(waiting), max(times, default=None)

    def _budgets(self, ruleset: Ruleset, occurred_at: datetime) -> dict[tuple[str, str], int]:
        """What limited budgets have given so far; the counters are locked, always in the same order."""
        day = occurred_at.astimezone(ruleset.zone).date()
        used = {}
        for rule, period in sorted((rule, period_key(day, period)) for rule, period in ruleset.needs.budgets):
            counter = (self.programme.pk, rule, period)
            if counter not in self.rows.budgets:
                with connection.cursor() as cursor:
                    cursor.execute(
                        """
                        INSERT INTO members_budgetcounter (programme_id, rule, period, used) VALUES (%s, %s, %s, 0)
                        ON CONFLICT (programme_id, rule, period) DO UPDATE SET used = members_budgetcounter.used
                        RETURNING used
                        """,
                        counter,
                    )
                    self.rows.budgets[counter] = cursor.fetchone()[0]
            used[rule, period] = self.rows.budgets[counter]
        return used

    def _count(self, sheet: Sheet, basket: Basket, awards: Sequence[Award], ruleset: Ruleset) -> None:
        """Bring the counters up to date with a purchase."""
        sheet.touched = True
        sheet.recorded.append(basket.occurred_at)
        sheet.purchases += 1
        sheet.amount += sum([line.amount for line in basket.lines])
        if sheet.last_purchase_at is None or basket.occurred_at > sheet.last_purchase_at:
            sheet.last_purchase_at = basket.occurred_at
        for award in awards:
            self.count_usage(sheet, award, award.points, 1, basket.occurred_at, ruleset)
            if award.rule in ruleset.needs.last_award:
                earlier = sheet.last_award.get(award.rule, basket.occurred_at)
                sheet.last_award[award.rule] = max(earlier, basket.occurred_at)
                if (award.rule, EVER) not in sheet.usage:
                    sheet.usage[award.rule, EVER] = _UNUSED
                sheet.changed_usage.add((award.rule, EVER))

    def count_usage(
        self, sheet: Sheet, award: Any, points: int, times: int, occurred_at: datetime, ruleset: Ruleset
    ) -> None:
        """Add points (negative for returns) to the counters of a rule and of its point type's limits, in the
        periods of the purchase. `award` has `rule` and `point_type`."""
        needs = ruleset.needs
        if not needs.usage and not needs.budgets:
            return
        day = occurred_at.astimezone(ruleset.zone).date()
        names = (award.rule, limit_key(award.point_type))
        for name, period in needs.usage:
            if name in names:
                key = (name, period_key(day, period))
                used = sheet.usage.get(key, _UNUSED)
                sheet.usage[key] = Usage(used.points + points, used.times + times)
                sheet.changed_usage.add(key)
        for name, period in needs.budgets:
            if name in names:
                counter = (self.programme.pk, name, period_key(day, period))
                if counter not in self.rows.budgets:
                    self._budgets(ruleset, occurred_at)
                self.rows.budgets[counter] += points

    def _keep(
        self,
        sheet: Sheet,
        basket: Basket,
        receipt: str,
        seller: Seller,
        digest: bytes,
        lines: bytes,
        evaluation: Evaluation,
        facts: Mapping[str, Any],
        cause: Cause,
    ) -> None:
        dumps, number = orjson.dumps, cause.purchase or 0
        trace = {
            "awards": [award_document(award) for award in evaluation.awards],
            "skips": [tuple(skip) if skip.about else skip[:2] for skip in evaluation.skips],
        }
        self.rows.purchases.append(
            (
                number,
                sheet.member,
                sheet.membership,
                receipt,
                basket.occurred_at,
                cause.recorded_at,
                cause.operation,
                seller.partner,
                seller.store,
                cause.revision,
                self.programme.currency,
                sum([line.amount for line in basket.lines]),
                lines.decode(),
                dumps(tender_documents(basket)).decode(),
                dumps(header_document(basket)).decode(),
                dumps(facts).decode(),
                dumps(trace).decode(),
            )
        )
        self.rows.keys.append(
            (
                self.programme.pk,
                seller.partner,
                "main",
                "purchase",
                receipt,
                digest,
                sheet.member,
                number,
            )
        )
        self.rows.events.append(
            Event(
                "purchase.recorded",
                f"membership:{sheet.membership}",
                {"purchase": number, "membership": sheet.membership, "programme": self.programme.pk},
                basket.occurred_at,
                cause.recorded_at,
            )
        )

    # --- spending ---------------------------------------------------------------------------------------------
    def spend(self, sheet: Sheet, point_type: str, points: int, cause: Cause) -> int:
        """Spend points; what is spent. Raises InsufficientPoints unless the policy spends what is there."""
        ruleset = self.ruleset_at(cause.occurred_at).ruleset
        book = self.book(sheet, point_type)
        if points > book.available and ruleset.policies.overspending.value == "clamp" and book.available:
            points = book.available
        try:
            self.ledger(ruleset).spend(book, points, cause)
        except NotEnough as refusal:
            raise InsufficientPoints(possible=refusal.possible) from None
        sheet.touched = True
        return points
