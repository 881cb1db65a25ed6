"""Paying a bill with points: what they are worth is settled here, never by whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from members.choices import DocumentKind
from members.engine.books import Cause
from members.models import DocumentKey, Membership
from members.models import Payment as PaymentRow
from members.selectors.accounts import payment_of
from members.services.keeping import digest_of, keep_key
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.problems import NotMoney, PaymentNotPossible
from members.services.recording import Recorder
from programs.engine.money import Payment, Rate
from programs.engine.policies import Overspending
from programs.engine.ruleset import Ruleset
from programs.models import Partner

__all__ = ["Bill", "pay"]


class Bill(NamedTuple):
    """What is to be paid in all, and how much of it with points: so many `points` (smallest unit), so much money
    (`amount`), or as much as possible when neither is said. Money in minor units."""

    total: int
    points: int | None = None
    amount: int | None = None


def pay(
    *,
    membership: Membership,
    bill: Bill,
    partner: Partner,
    reference: str,
    now: datetime,
    occurred_at: datetime | None = None,
    point_type: str | None = None,
) -> Payment:
    """Pay a part of a bill with points, once per reference: a redemption that stands for money. Returns both.

    Raises NotSpendable, NotMoney, DuplicateReceipt, and PaymentNotPossible with what is possible, unless the policy
    takes that; nothing is changed then.
    """
    if bill.total <= 0 or (bill.points or 1) <= 0 or (bill.amount or 1) <= 0:
        raise ValueError("amounts must be positive")
    moment = occurred_at or now
    digest = digest_of("pay", membership.number, point_type, *bill)
    said = Said(membership.programme, partner.pk, DocumentKind.SPEND, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Payment:
        [sheet] = sheets
        recorder.settle(sheet, moment)
        ruleset = recorder.ruleset_at(moment).ruleset
        key = point_type or ruleset.core.main.key
        recorder.check_spendable(key, ruleset)
        payment = _payment(ruleset, key, recorder.book(sheet, key).available, bill)
        cause = Cause(next(recorder.operations), moment, now, partner=partner.pk, reference=reference)
        recorder.spend(sheet, key, payment.points, cause)
        posting = recorder.book(sheet, key).postings[-1]
        recorder.rows.payments.append(
            (sheet.member, posting.id, bill.total, payment.amount, membership.programme.currency)
        )
        keep_key(
            recorder.rows, membership.programme, sheet, "spend", reference, digest, posting.id, partner.pk
        )
        return payment

    return post_once(said, now, [membership], do, _again)


def _again(key: DocumentKey) -> Payment:
    row: PaymentRow = payment_of(key.document_id)
    return Payment(row.posting.amount, row.amount)


def _payment(ruleset: Ruleset, point_type: str, balance: int, bill: Bill) -> Payment:
    """What is paid, as asked for or by policy what is possible of it."""
    rate = _rate(ruleset, point_type)
    if bill.points is not None:
        payment = rate.with_points(bill.points, balance, bill.total)
        as_asked = payment.points == bill.points
    elif bill.amount is not None:
        payment = rate.with_amount(bill.amount, balance, bill.total)
        as_asked = payment.amount == bill.amount
    else:
        payment, as_asked = rate.possible(balance, bill.total), True
    if not payment.points or not (as_asked or ruleset.policies.overspending is Overspending.CLAMP):
        raise PaymentNotPossible(possible=payment.points, amount=payment.amount)
    return payment


def _rate(ruleset: Ruleset, point_type: str) -> Rate:
    item = ruleset.core.point_type(point_type)
    if item is None or item.money is None:
        raise NotMoney
    return item.money
