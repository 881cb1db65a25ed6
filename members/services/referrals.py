"""Members who bring friends: what both get when the friend buys for the first time, and what of it goes again when the
goods come back.

A friend's purchase is recorded with the friend's membership only; what it brings to both follows right after it, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from members.choices import MembershipStatus
from members.engine.books import Cause
from members.models import Event, Identifier, Membership, Purchase, Referral
from members.selectors.baskets import stored_basket
from members.selectors.explain.evidence import basket_of_event
from members.selectors.facts import stored_facts
from members.selectors.referrals import earned_postings
from members.selectors.returns import returnables
from members.services import calendar, settling
from members.services.ledger import Sheet
from members.services.problems import AlreadyMember, MembershipClosed, SelfReferral, UnknownMember
from members.services.recording import Recorder
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.events import REFERRAL_AMOUNT, Trigger
from programs.engine.facts import Facts, MemberFacts
from programs.engine.reversal import kept_basket
from programs.models import Programme
from programs.selectors.rulesets import ruleset_of

__all__ = ["check_referrer", "conclude", "remember", "review"]

# A rule that gives nothing for one of these reasons waits for another purchase; any other reason is a limit that is
# reached, and then the referral is over.
ANOTHER_PURCHASE = frozenset(
    "when not_started ended weekday hours no_lines nothing_to_earn below_step rounded_to_zero".split()
)


# --- who brought whom -----------------------------------------------------------------------------------------
def check_referrer(programme: Programme, number: str, referrer: Membership) -> None:
    """Raises SelfReferral, also for a number that the referrer had once, and AlreadyMember, UnknownMember,
    MembershipClosed."""
    if referrer.programme_id != programme.pk:
        raise UnknownMember
    if Identifier.objects.filter(value=number, member=referrer.member_id).exists():
        raise SelfReferral
    if referrer.status != MembershipStatus.ACTIVE:
        raise MembershipClosed
    there = Membership.objects.filter(programme=programme, member__identifiers__value=number).first()
    if there is not None and not Referral.objects.filter(friend=there, referrer=referrer).exists():
        raise AlreadyMember


def remember(friend: Membership, referrer: Membership) -> None:
    """Note who brought a friend that has just joined. Raises AlreadyMember when somebody else was faster."""
    made, _new = Referral.objects.get_or_create(
        friend=friend, defaults={"referrer": referrer, "referred_at": friend.joined_at}
    )
    if made.referrer_id != referrer.pk:
        raise AlreadyMember


# --- what it brings -------------------------------------------------------------------------------------------
class _Side(NamedTuple):
    """Who gets something, by which rules, and what names the event."""

    sheet: Sheet
    trigger: str
    about: tuple[int, ...]


def _sides(recorder: Recorder, referral: Referral) -> Iterator[_Side]:
    yield _Side(recorder.sheets[referral.friend_id], Trigger.REFERRED.value, ())
    yield _Side(recorder.sheets[referral.referrer_id], Trigger.REFERRAL.value, (referral.friend_id,))


def _opened(referral: int, now: datetime) -> tuple[Referral, Recorder]:
    """A referral with both memberships locked."""
    found = Referral.objects.select_related("friend__programme").get(pk=referral)
    recorder = Recorder(found.friend.programme, now)
    recorder.open([found.friend_id, found.referrer_id])
    found.refresh_from_db(fields=["purchase"])
    return found, recorder


@transaction.atomic
def conclude(*, referral: int, purchase: int, now: datetime) -> None:
    """Record what a friend's purchase brings to both, if it is the first one that counts. Doing it again is nothing."""
    found, recorder = _opened(referral, now)
    if found.purchase_id is not None:
        return
    bought = Purchase.objects.select_related("revision").get(pk=purchase)
    fields = {REFERRAL_AMOUNT: _kept_amount(bought), "referral": found.pk}
    at = bought.occurred_at
    ruleset = recorder.ruleset_at(at).ruleset
    told = []
    for side in _sides(recorder, found):
        if side.trigger in ruleset.plans and side.sheet.status == MembershipStatus.ACTIVE:
            recorder.settle(side.sheet)
            basket = calendar.system_basket(side.trigger, at, fields)
            said = evaluate(basket, recorder.facts(side.sheet, at, ruleset), ruleset)
            told.append((side, said))
    if not fields[REFERRAL_AMOUNT] > 0 or not any(_counts(said) for _side, said in told):
        return
    for side, _said in told:
        calendar.system_event(recorder, side.sheet, side.trigger, at, side.about, fields)
        recorder.settle(side.sheet)
    recorder.flush()
    Referral.objects.filter(pk=found.pk).update(purchase=bought)


def _counts(said: Evaluation) -> bool:
    return bool(said.awards) or any(skip.code not in ANOTHER_PURCHASE for skip in said.skips)


def _kept_amount(purchase: Purchase) -> int:
    """What counts of a purchase by its own rules, without what has come back."""
    ruleset = ruleset_of(purchase.revision)
    basket = stored_basket(
        occurred_at=purchase.occurred_at,
        lines=purchase.lines,
        tenders=purchase.tenders,
        header=purchase.header,
    )
    kept = kept_basket(basket, returnables([purchase])[purchase.pk].shares)
    return sum(ruleset.bases(Facts(kept, MemberFacts(), ruleset.zone)).whole)


# --- what goes again ------------------------------------------------------------------------------------------
@transaction.atomic
def review(*, referral: int, at: datetime, now: datetime) -> None:
    """The friend returned something: of the points that still waited at that time both keep what the rest of the
    purchase would have brought."""
    found, recorder = _opened(referral, now)
    if found.purchase_id is None:
        return
    amount = _kept_amount(Purchase.objects.select_related("revision").get(pk=found.purchase_id))
    for side in _sides(recorder, found):
        number = calendar.system_number(side.sheet, side.trigger, side.about)
        event = (
            Event.objects.select_related("revision", "partner")
            .filter(membership=side.sheet.membership, kind=side.trigger, number=number)
            .first()
        )
        if event is not None:
            settling.settle(recorder, side.sheet, at)
            _lapse(recorder, side.sheet, event, _kept_points(event, amount), at)
            recorder.settle(side.sheet)
    recorder.flush()


def _kept_points(event: Event, amount: int) -> Mapping[tuple[str, str], int]:
    """What each rule would have given for the rest, by what was known then."""
    kept: dict[tuple[str, str], int] = {}
    if amount <= 0:
        return kept
    event.payload = {**event.payload, REFERRAL_AMOUNT: amount}
    ruleset = ruleset_of(event.revision)
    said = evaluate(basket_of_event(event, ruleset.core), stored_facts(event.facts), ruleset)
    for award in said.awards:
        kept[award.point_type, award.rule] = kept.get((award.point_type, award.rule), 0) + award.points
    return kept


def _lapse(
    recorder: Recorder, sheet: Sheet, event: Event, kept: Mapping[tuple[str, str], int], at: datetime
) -> None:
    """Of each lot of the event that still waits, what it has more than it keeps."""
    places = earned_postings(event)
    keeps: dict[int, int] = {}
    types: dict[int, str] = {}
    for award in event.trace["awards"]:
        posting = places[award["type"]][award.get("lot", 0)]
        part = min(award["points"], kept.get((award["type"], award["rule"]), 0))
        keeps[posting], types[posting] = keeps.get(posting, 0) + part, award["type"]
    stretch = recorder.ruleset_at(at)
    for posting, keep in keeps.items():
        book = recorder.book(sheet, types[posting])
        lot = next((each for each in book.lots.values() if each.posting == posting and each.pending), None)
        if lot is not None and lot.remaining > keep:
            cause = Cause(
                next(recorder.operations), at, recorder.now, stretch.revision_id, reason="friend_returned"
            )
            recorder.ledger(stretch.ruleset).forfeit(book, [lot], cause, lot.remaining - keep)
            sheet.touched = True
