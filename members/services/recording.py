"""Recording documents: the one path for a single till call, an import chunk and a scenario.

A `Recorder` works on locked memberships. Whatever falls due on them is posted before a document; each document is
judged by the revision in force when it happened, posted now, and its rows wait until `flush` writes them all at once.
Whoever uses it holds the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty.core.exact import local_day
from loyalty.core.trips import Trip
from members.engine.books import Book, Cause, NotEnough
from members.engine.ledger import Ledger
from members.engine.terms import Promise
from members.selectors.facts import facts_document
from members.services import extending, keeping, settling, tendering, tiering
from members.services.counting import Counters, count_purchase, purchases_before
from members.services.keeping import REFERRAL_BOUGHT, content_digest
from members.services.ledger import Numbers, Opened, Rows, Sheet, plan_sheets, write
from members.services.problems import EmptyPurchase, InsufficientPoints, NotSpendable, UnknownPointType
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, MemberFacts, age_on
from programs.engine.policies import LiftRate
from programs.engine.ruleset import Ruleset
from programs.engine.terms import Activity
from programs.models import Programme
from programs.selectors.rulebooks import Rulebook, rulebook
from programs.selectors.rulesets import Activated, in_force

__all__ = ["Recorded", "Recorder", "Seller", "content_digest"]


class Seller(NamedTuple):
    """Who sold: partner and store as ids for rows and codes for rules."""

    partner: int
    code: str
    store: int | None = None
    store_code: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded purchase or event: what it earned by point type key, and how much of that is pending. `repeated`: it
    had been recorded before."""

    document_id: int
    member_id: int
    awarded: dict[str, int]
    repeated: bool = False
    evaluation: Evaluation | None = None
    pending: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Records documents of one programme for memberships that it has locked.

    `in_order`: what is done on each membership comes in the order of time, long after it happened (an import, a job), so
    before each document only that falls due which was due then. What is older than what was done before is late.
    """

    def __init__(
        self,
        programme: Programme,
        now: datetime,
        book: Rulebook | None = None,
        *,
        in_order: bool = False,
    ) -> None:
        self.programme = programme
        self.now = now
        self.in_order = in_order
        self.stretches, self.point_types, self.operator = book or rulebook(programme.pk)
        self.point_type_keys = {number: key for key, number in self.point_types.items()}
        self.metrics = tiering.metrics_of(self.stretches)
        self.ladders = sorted(
            {each.key for stretch in self.stretches for each in stretch.ruleset.core.ladders}
        )
        self.zone = ZoneInfo(programme.zone)
        self.calendar = any(stretch.ruleset.calendar for stretch in self.stretches)
        self.sheets: dict[int, Sheet] = {}
        self.rows = Rows(now)
        self.counters = Counters(programme.pk, self.rows)
        self.purchases = Numbers("members_purchase")
        self.returns = Numbers("members_return")
        self.happenings = Numbers("members_event")
        self.holds = Numbers("members_hold")
        self.accounts = Numbers("members_account")
        self.operations = Numbers("members_operation")
        self._postings = Numbers("members_posting")
        self._lots = Numbers("members_lot")
        self._promises: dict[tuple[int, str, str], Promise] = {}

    def open(self, memberships: Sequence[int]) -> None:
        """Lock memberships and load their books; what was open before is forgotten (flush first)."""
        trip = Trip()
        opened = plan_sheets(trip, memberships)
        trip.go()
        self.begin(opened)

    def begin(self, opened: Opened, numbers: Mapping[str, Sequence[int]] | None = None) -> None:
        """Go on with memberships that a trip has opened, and with the numbers of rows that it brought by table."""
        self.sheets = opened(self.stretches)
        for each in (
            self.purchases, self.returns, self.happenings, self.operations, self._postings, self._lots,
            self.rows.event_numbers,
        ):  # fmt: skip
            each.keep((numbers or {}).get(each.table, ()))

    def flush(self, last: Trip | None = None) -> None:
        """Write everything recorded since the last flush, or leave it to the last trip of the transaction."""
        write(self.rows, self.sheets.values(), last)
        self.rows = self.counters.rows = Rows(self.now, self.rows.event_numbers)

    def ledger(self, ruleset: Ruleset) -> Ledger:
        return Ledger(self._postings, self._lots, ruleset.policies.spending_order.value)

    def ruleset_at(self, instant: datetime) -> Activated:
        return in_force(self.stretches, instant)

    def stretch_until(self, instant: datetime) -> Activated | None:
        """What is in force at an instant; None before the first revision."""
        if not self.stretches or instant < self.stretches[0].effective_from:
            return None
        return in_force(self.stretches, instant)

    def promise(self, stretch: Activated, point_type: str, rule: str = "") -> Promise:
        """What the revision promises about points of a type, earned by a rule that has terms of its own (or none)."""
        key = (stretch.revision_id, point_type, rule)
        promise = self._promises.get(key)
        if promise is None:
            ruleset = stretch.ruleset
            item = ruleset.core.point_type(point_type)
            assert item is not None, point_type
            own = ruleset.rules[rule] if rule else None
            expiry, pending = item.expiry, item.pending
            if own is not None:
                expiry, pending = own.expiry or expiry, own.pending or pending
            promise = Promise(
                expiry,
                pending,
                ruleset.policies,
                ruleset.zone,
                own=own is not None and own.expiry is not None,
            )
            self._promises[key] = promise
        return promise

    def book(self, sheet: Sheet, point_type: str) -> Book:
        """The account of a point type; opened when there is none."""
        key = self.point_types.get(point_type)
        if key is None:
            raise UnknownPointType(point_type)
        book = sheet.books.get(key)
        if book is None:
            book = sheet.books[key] = Book(next(self.accounts), sheet.member, key, fresh=True)
        return book

    def settle(self, sheet: Sheet, occurred_at: datetime | None = None) -> None:
        """Post what falls due on a membership before a document: up to now, or in an import up to its time."""
        until = self.now if occurred_at is None else self.horizon(sheet, occurred_at)
        settling.settle(self, sheet, until)
        if not self.in_order:
            sheet.stand_at(until)

    def stand(self, sheet: Sheet, occurred_at: datetime) -> None:
        """From now on the tiers of a membership stand as of a document."""
        sheet.stand_at(max(occurred_at, self.horizon(sheet, occurred_at)))

    def horizon(self, sheet: Sheet, occurred_at: datetime) -> datetime:
        """Up to when everything due is done before a document that happened at an instant, and as of when it counts."""
        if not self.in_order:
            return self.now
        return occurred_at if sheet.tiers_until is None else max(occurred_at, sheet.tiers_until)

    # --- documents --------------------------------------------------------------------------------------------
    def purchase(
        self,
        sheet: Sheet,
        basket: Basket,
        receipt: str,
        seller: Seller,
        digest: bytes | None = None,
        lines: bytes | None = None,
    ) -> Recorded:
        """Evaluate and post a purchase. Raises EmptyPurchase, NoRevision, what `tendering` raises, and changes
        nothing then (but for what was due before it)."""
        if not basket.lines:
            raise EmptyPurchase
        stretch = self.ruleset_at(basket.occurred_at)
        self.settle(sheet, basket.occurred_at)
        ruleset = stretch.ruleset
        said, basket = basket, tendering.priced(self, sheet, basket, ruleset)
        self.stand(sheet, basket.occurred_at)
        amount = sum([line.amount for line in basket.lines])
        counted = {"spend": amount, "purchases": 1}
        facts, evaluation = self._judged(sheet, basket, ruleset, counted)
        number = next(self.purchases)
        cause = Cause(
            next(self.operations), basket.occurred_at, self.now, stretch.revision_id, seller.partner, number
        )
        ledger = self.ledger(ruleset)
        for tender in basket.tenders:
            if tender.points:
                book = self.book(sheet, tender.point_type)
                ledger.spend(book, tender.points, cause)
                extending.active(self, sheet, book, Activity.SPEND, cause.occurred_at, ruleset)
        awarded, pending, lots = self.award(sheet, evaluation, stretch, cause, self._issuer(seller))
        # The facts hold the counters themselves: they are kept as they were before this purchase counts.
        stored = keeping.lines_json(basket) if lines is None else lines
        keeping.keep_purchase(
            self.rows,
            self.programme,
            sheet,
            basket,
            receipt,
            seller.store,
            digest or content_digest(receipt, said, stored),
            stored,
            facts_document(facts, ruleset.needs),
            keeping.trace_json(evaluation, lots),
            cause,
        )
        if ruleset.refers and sheet.referral is not None and sheet.referred is None:
            keeping.publish(
                self.rows, sheet, REFERRAL_BOUGHT, {"referral": sheet.referral, "purchase": number}, cause
            )
        count_purchase(sheet, basket.occurred_at, amount)
        self.counters.awards(sheet, evaluation.awards, basket.occurred_at, ruleset)
        extending.all_active(self, sheet, {Activity.PURCHASE}, cause.occurred_at, ruleset)
        if self.metrics:
            day = local_day(basket.occurred_at, ruleset.zone)
            tiering.count(self, sheet, counted | _points(awarded), day, basket.occurred_at)
        self.settle(sheet, basket.occurred_at)
        return Recorded(number, sheet.member, awarded, evaluation=evaluation, pending=pending)

    def event(
        self,
        sheet: Sheet,
        basket: Basket,
        number: str,
        partner: int,
        digest: bytes,
        source: str = "main",
    ) -> Recorded:
        """Evaluate and post an event (see `programs.engine.facts.Basket`); what was due before it has been posted."""
        stretch = self.ruleset_at(basket.occurred_at)
        ruleset = stretch.ruleset
        sheet.stand_at(basket.occurred_at)
        counted = tiering.counted_of_event(self.metrics, basket.trigger, basket.payload)
        facts, evaluation = self._judged(sheet, basket, ruleset, counted)
        document = next(self.happenings)
        cause = Cause(
            next(self.operations), basket.occurred_at, self.now, stretch.revision_id, partner, event=document
        )
        awarded, pending, lots = self.award(sheet, evaluation, stretch, cause, self.operator or partner)
        keeping.keep_event(
            self.rows,
            self.programme,
            sheet,
            basket,
            number,
            digest,
            facts_document(facts, ruleset.needs),
            keeping.trace_json(evaluation, lots),
            cause,
            source,
        )
        sheet.touched = True
        self.counters.awards(sheet, evaluation.awards, basket.occurred_at, ruleset)
        if source != keeping.SYSTEM:
            extending.all_active(self, sheet, {Activity.EVENT}, cause.occurred_at, ruleset)
        if self.metrics:
            day = local_day(basket.occurred_at, ruleset.zone)
            tiering.count(self, sheet, counted | _points(awarded), day, basket.occurred_at)
        return Recorded(document, sheet.member, awarded, evaluation=evaluation, pending=pending)

    def _judged(
        self, sheet: Sheet, basket: Basket, ruleset: Ruleset, counted: Mapping[str, int]
    ) -> tuple[MemberFacts, Evaluation]:
        """What the rules know and say; where the policy says so, already as in the tier that the document leads to."""
        facts = self.facts(sheet, basket.occurred_at, ruleset)
        evaluation = evaluate(basket, facts, ruleset)
        if ruleset.needs.tiers and ruleset.policies.lift_rate is LiftRate.NEW:
            points: dict[str, int] = {}
            for award in evaluation.awards:
                points[award.point_type] = points.get(award.point_type, 0) + award.points
            tiers = tiering.lifted(self, sheet, {**counted, **_points(points)}, basket.occurred_at)
            if tiers is not None:
                facts = facts._replace(tiers=tiers)
                evaluation = evaluate(basket, facts, ruleset)
        return facts, evaluation

    def award(
        self, sheet: Sheet, evaluation: Evaluation, stretch: Activated, cause: Cause, issuer: int
    ) -> tuple[dict[str, int], dict[str, int], dict[int, int]]:
        """Post what a document earns: awards with the same terms share a posting and a lot.

        Returns the points by point type, the pending ones among them, and for each award the place of its posting
        among those of its point type.
        """
        ruleset, own = stretch.ruleset, stretch.ruleset.own_terms
        shares: dict[tuple[str, str], int] = {}
        awarded: dict[str, int] = {}
        lots: dict[int, int] = {}
        places: dict[str, list[str]] = {}
        for award in evaluation.awards:
            rule = own.get(award.rule, "")
            shares[award.point_type, rule] = shares.get((award.point_type, rule), 0) + award.points
            awarded[award.point_type] = awarded.get(award.point_type, 0) + award.points
            known = places.setdefault(award.point_type, [])
            if rule not in known:
                known.append(rule)
            lots[award.number] = known.index(rule)
        pending: dict[str, int] = {}
        ledger = self.ledger(ruleset)
        for (point_type, rule), points in shares.items():
            book = self.book(sheet, point_type)
            terms, waits = self.promise(stretch, point_type, rule).terms(cause.occurred_at, points)
            ledger.earn(book, points, issuer, cause, terms, pending=waits)
            if waits:
                pending[point_type] = pending.get(point_type, 0) + points
            extending.active(self, sheet, book, Activity.EARN, cause.occurred_at, ruleset)
        return awarded, pending, lots

    def _issuer(self, seller: Seller) -> int:
        """Who funds an award: the operator, until partners have contracts."""
        return self.operator or seller.partner

    @staticmethod
    def check_spendable(point_type: str, ruleset: Ruleset) -> None:
        """Raises NotSpendable for points that only count."""
        item = ruleset.core.point_type(point_type)
        if item is not None and not item.spendable:
            raise NotSpendable

    def facts(self, sheet: Sheet, occurred_at: datetime, ruleset: Ruleset) -> MemberFacts:
        """What the rules may know of the member at that time."""
        zone = ruleset.zone
        purchases, last = purchases_before(sheet, occurred_at)
        return MemberFacts(
            joined_on=sheet.joined_at.astimezone(zone).date(),
            age=age_on(sheet.birth_date, local_day(occurred_at, zone)) if sheet.birth_date else None,
            purchases=purchases,
            last_purchase_on=None if last is None else last.astimezone(zone).date(),
            attributes=sheet.attributes,
            tiers=tiering.tiers_at(self, sheet, occurred_at) if ruleset.needs.tiers else {},
            usage=sheet.usage,
            last_award=sheet.last_award,
            balances={key: self.book(sheet, key).balance for key in ruleset.needs.balances},
            budgets=self.counters.budgets(ruleset, occurred_at),
        )

    # --- spending ---------------------------------------------------------------------------------------------
    def spend(self, sheet: Sheet, point_type: str, points: int, cause: Cause) -> int:
        """Spend points; what is spent. Raises NotSpendable, and InsufficientPoints unless the policy spends what is
        there."""
        ruleset = self.ruleset_at(cause.occurred_at).ruleset
        self.settle(sheet, cause.occurred_at)
        self.check_spendable(point_type, ruleset)
        book = self.book(sheet, point_type)
        if points > book.available and ruleset.policies.overspending.value == "clamp" and book.available:
            points = book.available
        try:
            self.ledger(ruleset).spend(book, points, cause)
        except NotEnough as refusal:
            raise InsufficientPoints(possible=refusal.possible) from None
        extending.active(self, sheet, book, Activity.SPEND, cause.occurred_at, ruleset)
        sheet.touched = True
        return points


def _points(awarded: Mapping[str, int]) -> dict[str, int]:
    """Points as metrics of ladders count them."""
    return {f"points:{point_type}": points for point_type, points in awarded.items()}
