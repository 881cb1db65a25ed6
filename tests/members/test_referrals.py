"""Members who bring friends: once for each friend, never for oneself, and only for goods that stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from loyalty.core import clock, outbox
from loyalty.core.models import User
from members.choices import MembershipStatus
from members.models import Event, Identifier, Membership, Purchase, Referral
from members.selectors.accounts import balances
from members.selectors.explain.happening import event_in_words, explain_event
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.enrolment import enrol
from members.services.problems import AlreadyMember, MembershipClosed, SelfReferral, UnknownMember
from members.services.purchases import record_purchase
from members.services.referrals import conclude, review
from members.services.returns import ReturnLine, record_return
from programs.engine.document import read_core
from programs.engine.facts import Line
from programs.engine.reader import InvalidDocument
from programs.models import Programme
from programs.services.programmes import load
from tests.databases import CommittedDatabase
from tests.members.club import FIRST, NOON, basket, counted, operator
from tests.members.test_concurrency import at_once

DOCUMENT = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
policies: {discounts: after}
rules:
  - {key: brought, title: A friend, trigger: referral, effect: {kind: fixed, points: 100},
     pending: {kind: days, days: 14}, caps: {times: [{per: month, times: 1}]}}
  - {key: came, title: Welcome, trigger: referred, effect: {kind: per_step, points: 1, step: "1.00"},
     pending: {kind: days, days: 14}}
"""
WINDOW = timedelta(days=14)


def club(more: str = "", text: str = DOCUMENT) -> Programme:
    return load(text + more, now=FIRST, publish=True, effective_from=FIRST).programme


def joined(programme: Programme, number: str, **also: Any) -> Membership:
    return enrol(programme=programme, number=number, now=FIRST, **also)


def pair() -> tuple[Membership, Membership]:
    """Anna, and Mark whom she brought."""
    programme = club()
    anna = joined(programme, "A-1")
    return anna, joined(programme, "M-1", referrer=anna)


def buy(friend: Membership, receipt: str, *amounts: int, at: datetime = NOON, **also: Any) -> Purchase:
    sold = basket(*amounts, at=at)
    now = also.get("now", at)
    recorded = record_purchase(membership=friend, basket=sold, receipt=receipt, partner=operator(), now=now)
    told(now)
    return Purchase.objects.select_related("membership__programme").get(pk=recorded.document_id)


def bring(purchase: Purchase, number: str, *lines: ReturnLine, now: datetime) -> None:
    record_return(purchase=purchase, number=number, now=now, lines=list(lines) or None)
    told(now)


def told(now: datetime) -> None:
    with clock.at(now):
        while outbox.relay():
            pass


def waits(membership: Membership) -> int:
    found = balances(membership).get("points")
    return 0 if found is None else found.pending


def has(membership: Membership) -> int:
    found = balances(membership).get("points")
    return 0 if found is None else found.available


@pytest.mark.django_db
def test_both_get_theirs_when_the_goods_cannot_come_back_any_more() -> None:
    anna, mark = pair()
    buy(mark, "r1", 2550)
    assert (waits(anna), waits(mark)) == (100, 25)
    advance(anna.programme, NOON + WINDOW)
    assert (has(anna), has(mark)) == (100, 25)
    assert Referral.objects.get().purchase == Purchase.objects.get()
    assert verify().ok


@pytest.mark.django_db
def test_the_friends_points_are_reckoned_with_what_was_paid() -> None:
    anna, mark = pair()
    sold = basket(2000, at=NOON)
    discount = Line("voucher", 1000, -500, kind="discount")
    record_purchase(
        membership=mark,
        basket=sold._replace(lines=(*sold.lines, discount)),
        receipt="r1",
        partner=operator(),
        now=NOON,
    )
    told(NOON)
    assert (waits(anna), waits(mark)) == (100, 15)


@pytest.mark.django_db
def test_before_the_friends_discount_by_the_policy() -> None:
    programme = club(text=DOCUMENT.replace("discounts: after", "discounts: before"))
    mark = joined(programme, "M-1", referrer=joined(programme, "A-1"))
    sold = basket(2000, at=NOON)
    discount = Line("voucher", 1000, -500, kind="discount")
    record_purchase(
        membership=mark,
        basket=sold._replace(lines=(*sold.lines, discount)),
        receipt="r1",
        partner=operator(),
        now=NOON,
    )
    told(NOON)
    assert waits(mark) == 20


@pytest.mark.django_db
def test_a_purchase_for_which_nothing_counts_leaves_the_referral_open() -> None:
    anna, mark = pair()
    sold = basket(2000, at=NOON)
    card = tuple(line._replace(kind="gift_card") for line in sold.lines)
    record_purchase(
        membership=mark, basket=sold._replace(lines=card), receipt="r1", partner=operator(), now=NOON
    )
    told(NOON)
    assert (waits(anna), Referral.objects.get().purchase) == (0, None)
    buy(mark, "r2", 300)
    assert (waits(anna), waits(mark)) == (100, 3)


@pytest.mark.django_db
def test_nothing_happens_twice() -> None:
    anna, mark = pair()
    purchase = buy(mark, "r1", 2000)
    buy(mark, "r2", 9900)
    referral = Referral.objects.get().pk
    for other in Purchase.objects.all():
        conclude(referral=referral, purchase=other.pk, now=NOON)
    review(referral=referral, at=NOON, now=NOON)
    assert (waits(anna), waits(mark), counted("event")) == (100, 20, [2])
    bring(purchase, "b1", now=NOON)
    review(referral=referral, at=NOON, now=NOON)
    assert (waits(anna), waits(mark)) == (0, 0)
    assert verify().ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "lines", "left"),
    [
        (13, [ReturnLine(0)], (100, 5)),
        (13, [ReturnLine(0, amount=1999)], (100, 5)),
        (13, [], (0, 0)),
        (15, [], (100, 25)),
    ],
)
def test_what_comes_back_in_time_brings_nothing(
    days: int, lines: list[ReturnLine], left: tuple[int, int]
) -> None:
    anna, mark = pair()
    purchase = buy(mark, "r1", 2000, 500)
    bring(purchase, "b1", *lines, now=NOON + timedelta(days=days))
    advance(anna.programme, NOON + WINDOW + timedelta(days=5))
    assert (has(anna), has(mark)) == left
    assert (waits(anna), waits(mark)) == (0, 0)
    assert verify().ok


@pytest.mark.django_db
def test_a_message_that_is_late_changes_nothing() -> None:
    anna, mark = pair()
    purchase = buy(mark, "r1", 2000)
    record_return(purchase=purchase, number="b1", now=NOON + timedelta(days=13))
    told(NOON + timedelta(days=20))
    assert (has(anna), waits(anna), has(mark)) == (0, 0, 0)
    assert verify().ok


@pytest.mark.django_db
def test_goods_that_came_back_before_the_message_of_their_purchase_count_for_nothing() -> None:
    anna, mark = pair()
    recorded = record_purchase(
        membership=mark, basket=basket(2000, at=NOON), receipt="r1", partner=operator(), now=NOON
    )
    record_return(purchase=Purchase.objects.get(pk=recorded.document_id), number="b1", now=NOON)
    told(NOON)
    assert (waits(anna), Referral.objects.get().purchase) == (0, None)


@pytest.mark.django_db
def test_the_limit_of_the_referrer_is_no_reason_to_wait_for_another_month() -> None:
    anna, mark = pair()
    lena = joined(anna.programme, "L-1", referrer=anna)
    buy(mark, "r1", 2000)
    buy(lena, "r2", 3000)
    assert (waits(anna), waits(lena)) == (100, 30)
    buy(lena, "r3", 3000, at=NOON + timedelta(days=31))
    advance(anna.programme, NOON + timedelta(days=60))
    assert has(anna) == 100
    words = event_in_words(explain_event(Event.objects.get(number=f"referral:{lena.pk}:{anna.pk}")))
    assert ("Friend", "L-1") in words.head
    assert "as often as is possible" in str(words.skips)


@pytest.mark.django_db
def test_a_referrer_who_has_left_gets_nothing_and_the_friend_theirs() -> None:
    anna, mark = pair()
    Membership.objects.filter(pk=anna.pk).update(status=MembershipStatus.LEFT)
    buy(mark, "r1", 2000)
    assert (waits(anna), waits(mark)) == (0, 20)


@pytest.mark.django_db
def test_only_somebody_else_who_is_new_can_be_brought() -> None:
    programme = club()
    anna, lena = joined(programme, "A-1"), joined(programme, "L-1")
    Identifier.objects.create(member=anna.member, kind="phone", value="+3725550100", is_active=False)
    other = enrol(programme=load(DOCUMENT.replace("key: club", "key: other"), now=FIRST, publish=True,
                                 effective_from=FIRST).programme, number="O-1", now=FIRST)  # fmt: skip
    gone = joined(programme, "G-1")
    Membership.objects.filter(pk=gone.pk).update(status=MembershipStatus.LEFT)
    gone.refresh_from_db()
    before = counted("member", "membership", "identifier", "referral")
    for number, referrer, refusal in (
        ("A-1", anna, SelfReferral),
        ("+3725550100", anna, SelfReferral),
        ("L-1", anna, AlreadyMember),
        ("N-1", other, UnknownMember),
        ("N-1", gone, MembershipClosed),
    ):
        with pytest.raises(refusal):
            joined(programme, number, referrer=referrer)
        assert counted("member", "membership", "identifier", "referral") == before
    mark = joined(programme, "M-1", referrer=anna)
    assert joined(programme, "M-1", referrer=anna) == mark
    with pytest.raises(AlreadyMember):
        joined(programme, "M-1", referrer=lena)
    assert [(each.friend, each.referrer) for each in Referral.objects.all()] == [(mark, anna)]


def test_at_once_one_referrer_wins_and_one_purchase_counts(committed_database: CommittedDatabase) -> None:
    programme = club()
    referrers = [joined(programme, f"A-{number}") for number in range(8)]

    def join(referrer: Membership) -> Any:
        return lambda: joined(programme, "M-1", referrer=referrer).pk

    answers = at_once([join(each) for each in referrers])
    assert answers.count("already_member") == 7
    mark = Membership.objects.get(number="M-1")
    receipts = [
        record_purchase(
            membership=mark, basket=basket(2000, at=NOON), receipt=f"r{each}", partner=operator(), now=NOON
        )
        for each in range(8)
    ]
    referral = Referral.objects.get()

    def count(purchase: int) -> Any:
        return lambda: conclude(referral=referral.pk, purchase=purchase, now=NOON)

    assert at_once([count(each.document_id) for each in receipts * 2]) == [None] * 16
    assert (waits(referral.referrer), waits(mark), counted("event")) == (100, 20, [2])
    assert verify().ok


@pytest.mark.django_db
def test_the_pages_of_both_say_who_brought_whom(client: Client) -> None:
    anna, mark = pair()
    buy(mark, "r1", 2000)
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    page = client.get(f"/admin/members/membership/{anna.pk}/change/").content.decode()
    assert all(text in page for text in ("Friends", "M-1", "r1"))
    page = client.get(f"/admin/members/membership/{mark.pk}/change/").content.decode()
    assert all(text in page for text in ("brought by", "A-1"))


@pytest.mark.parametrize("trigger", ["referral", "referred"])
def test_a_rule_that_does_not_wait_is_refused(trigger: str) -> None:
    rule = {"key": "r", "title": "R", "trigger": trigger, "effect": {"kind": "fixed", "points": 1}}
    document = {
        "programme": {"key": "c", "name": "C", "zone": "UTC", "currency": "EUR"},
        "point_types": [{"key": "points", "name": "Points"}],
        "rules": [rule],
    }
    with pytest.raises(InvalidDocument) as invalid:
        read_core(document)
    assert [(fault.code, fault.path) for fault in invalid.value.faults] == [
        ("must_wait", ("rules", 0, "pending"))
    ]
    rule["pending"] = {"kind": "days", "days": 14}
    assert read_core(document).rules[0].trigger == trigger
