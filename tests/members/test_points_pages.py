"""The pages of tiers, lots, holds, events and transfers: what they show, and how many queries they take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from loyalty.core import clock
from loyalty.core.models import User
from members.choices import PostingKind
from members.engine.tiers import Reason
from members.models import Event, Member, Membership, Person, Purchase, TierDecision, Transfer
from members.models.ledger import MOVES, Hold, Lot, Posting
from members.selectors import tiers
from members.selectors.statement_words import sentence
from members.services import adjustments, enrolment, purchases
from members.services.advancing import advance
from members.services.events import record_event
from members.services.holds import capture, hold
from members.services.transfers import transfer
from programs.engine.facts import Basket, Line
from programs.models import Partner, Programme
from programs.services.partners import ensure_partner
from programs.services.programmes import load
from tests.members.test_admin import change, client_of, listing, queries, shown

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAGES = ["lot", "hold", "event", "tierdecision", "transfer", "posting", "membership"]

CLUB = """
programme: {key: club, name: {en: Coffee club}, zone: Europe/Tallinn, currency: EUR}
point_types:
  - key: points
    name: {en: Points}
    unit: {en: {one: point, other: points}}
    transferable: true
    expiry: {kind: activity, months: 12}
    pending: {kind: days, days: 14}
events:
  - key: review
    name: {en: Review}
    fields: [{key: stars, type: number}, {key: value, type: money}, {key: public, type: boolean}, {key: day, type: date}]
  - {key: picked-up, name: {en: Picked up}}
ladders:
  - key: status
    name: {en: Status}
    tiers:
      - {key: green, name: {en: Green}}
      - key: gold
        name: {en: Gold}
        threshold: "100.00"
        benefits: [{kind: free_delivery}, {kind: multiplier, value: × 2}]
      - {key: platinum, name: {en: Platinum}, threshold: "300.00"}
groups: [{key: base}, {key: status}]
rules:
  - {key: base, title: {en: Base points}, effect: {kind: per_step, points: 1, step: "1.00"}}
  - key: twice
    title: {en: Gold twice}
    group: status
    effect: {kind: multiplier, factor: 2}
    when: {fact: member.tier, is: one_of, value: [gold, platinum]}
  - key: welcome
    title: {en: Welcome}
    trigger: registration
    effect: {kind: fixed, points: 100}
    pending: {kind: at_once}
  - {key: birthday, title: {en: Birthday bonus}, trigger: birthday, effect: {kind: fixed, points: 30}}
  - key: review
    title: {en: Thanks for the review}
    trigger: event
    event: review
    effect: {kind: fixed, points: 20}
    when: {fact: event.number.stars, is: at_least, value: 1}
    pending: {kind: event, event: picked-up, timeout_days: 30}
  - key: long-review
    title: {en: A long review}
    trigger: event
    event: review
    effect: {kind: fixed, points: 5}
    when: {all: [{fact: event.number.stars, is: at_least, value: 5}, {fact: member.tier, is: equals, value: gold}]}
"""


def make_club() -> Programme:
    ensure_partner("main", name="Main Shop", is_operator=True)
    return load(CLUB, now=START, publish=True, effective_from=START).programme


def live(programme: Programme, count: int, first: int = 0) -> list[Membership]:
    """Members with a welcome, purchases up to gold, a review, holds and a transfer to the next."""
    partner = Partner.objects.get(is_operator=True)
    found = []
    for number in range(first, first + count + 1):
        membership = enrolment.enrol(
            programme=programme, number=f"80010{number:04}", now=START, joined_at=START
        )
        Person.objects.filter(member=membership.member).update(birth_date=date(1990, 2, 10))
        found.append(membership)
    for membership in found[:count]:
        about = {"membership": membership, "partner": partner}
        name = membership.number
        for turn, cents in enumerate((6000, 5000, 1000)):
            at = START + (turn + 1) * DAY
            basket = Basket(at, (Line("MILK", 1000, cents),))
            purchases.record_purchase(basket=basket, receipt=f"{name}-{turn}", now=at, **about)
        fields = {"stars": "4", "value": "12.50", "public": True, "day": "2026-01-03"}
        record_event(kind="review", number=f"v{name}", now=START + 5 * DAY, fields=fields, **about)
        held = hold(points=20, reference=f"h{name}", now=START + 6 * DAY, expires_at=START + 8 * DAY, **about)
        capture(hold_id=held.hold_id, points=5, reference=f"c{name}", now=START + 7 * DAY, **about)
        hold(points=10, reference=f"i{name}", now=START + 9 * DAY, expires_at=START + 90 * DAY, **about)
        other = next(each for each in found if each != membership)
        transfer(
            giver=membership, receiver=other, points=7, partner=partner, reference=f"t{name}",
            now=START + 10 * DAY, reason="For the family",
        )  # fmt: skip
        adjustments.adjust(membership=membership, points=3, reason="A gift", now=START + 11 * DAY)
    advance(programme, START + 60 * DAY)
    return found[:count]


@pytest.fixture(autouse=True)
def spring() -> Iterator[None]:
    with clock.at(START + 61 * DAY):
        yield


@pytest.fixture
def boss(db: None) -> Client:
    return client_of(User.objects.create_superuser("boss@example.com", name="Bea"))


EXPECTED = {"lot": 5, "hold": 4, "event": 5, "tierdecision": 4, "transfer": 5, "posting": 5, "membership": 6}


def test_lists_take_the_same_queries_for_two_rows_and_for_twenty(boss: Client) -> None:
    club = make_club()
    live(club, 2)
    few = {page: queries(boss, listing(page)) for page in PAGES}
    live(club, 18, first=10)
    assert {page: queries(boss, listing(page)) for page in PAGES} == few
    assert few == EXPECTED


def test_the_page_of_a_member_takes_the_same_queries_however_much_there_is(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    few = queries(boss, change(membership))
    partner = Partner.objects.get(is_operator=True)
    for number in range(20):
        at = START + (61 + number) * DAY
        record_event(
            membership=membership,
            kind="review",
            number=f"w{number}",
            partner=partner,
            now=at,
            fields={"stars": "5"},
        )
        hold(membership=membership, points=1, partner=partner, reference=f"w{number}", now=at)
    assert queries(boss, change(membership)) == few
    assert few <= 32


def test_the_page_of_a_member_tells_tiers_lots_holds_events_and_transfers(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    text = shown(boss, change(membership))
    for words in (
        "Status Gold Since 3 Jan 2026, 02:00 Last day 31 Dec 2027 Benefits free delivery, more points × 2",
        "€180.00 to Platinum by 31 Dec 2026.",
        "€120.00 counted so far.",
        "Gold goes on after 31 Dec 2027",
        "Green → Gold reached by what was counted €110.00",
        "Status Green 1 Jan 2026, 02:00 3 Jan 2026, 02:00 Earned",
        "Earned with receipt 800100000-0; not usable yet",
        "Became usable",
        "Earned: Joining",
        "Set aside (h800100000)",
        "Spent of what was set aside (c800100000)",
        "No longer set aside: not used in time",
        "Lapsed: what they waited for did not come in time",
        "Given to another member: For the family",
        "Points set aside",
        "Transfers",
        "−7 points For the family",
        "Birthday",
    ):
        assert words in text, (words, text)


def test_lists_say_what_points_wait_for_and_how_long_they_last(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    text = shown(boss, listing("lot"))
    # Earned on 3 January; moved by the latest points earned, those of the birthday.
    assert "50 points 50 points now 10 Feb 2027 Active" in text, text
    # The birthday's own points count from when they can be used.
    assert "30 points 30 points now 24 Feb 2027 Active" in text
    partner, now = Partner.objects.get(is_operator=True), START + 61 * DAY
    record_event(
        membership=membership, kind="review", number="w", partner=partner, now=now, fields={"stars": "2"}
    )
    basket = Basket(now, (Line("MILK", 1000, 100),))
    purchases.record_purchase(membership=membership, basket=basket, receipt="w", partner=partner, now=now)
    text = shown(boss, listing("lot", state__exact="pending"))
    assert "2 points 2 points from 17 Mar 2026, 00:00 17 Mar 2027 Pending" in text, text
    assert (
        "20 points waits for: Picked up; lapses on 2 Apr 2026, 00:00 counted from when they can be used"
        in text
    )
    assert "20 points" in shown(boss, listing("hold"))
    text = shown(boss, listing("event"))
    for words in ("Joining", "Birthday", "Review", "100 points"):
        assert words in text
    assert "100 points" not in shown(boss, listing("event", kind="event:review"))
    assert "Green → Gold" in shown(boss, listing("tierdecision"))
    assert "For the family" in shown(boss, listing("transfer", q=membership.number))
    assert "For the family" not in shown(boss, listing("transfer", q="nobody"))
    for page in ("lot", "hold", "event", "tierdecision"):
        assert membership.number in shown(boss, listing(page, q=membership.number))
        assert membership.number not in shown(boss, listing(page, q="nobody"))


def test_an_event_is_explained_on_its_page(boss: Client) -> None:
    live(make_club(), 1)
    text = shown(boss, change(Event.objects.get(kind="event:review")))
    for words in (
        "Review Member",
        "This event earned 20 points.",
        "stars 4",
        "value €12.50",
        "public yes",
        "day 3 Jan 2026",
        "Thanks for the review: 20 points",
        "A long review: only if “stars” of the event is at least 5; it was 4",
        "Movements of points",
    ):
        assert words in text, (words, text)
    assert "This event earned 100 points." in shown(
        boss, change(Event.objects.get(kind="registration", membership__number="800100000"))
    )


def test_a_condition_on_the_tier_is_told_with_its_name(boss: Client) -> None:
    live(make_club(), 1)
    first = Purchase.objects.order_by("occurred_at").first()
    text = shown(boss, change(first))
    assert "Gold twice: only if tier is one of Gold, Platinum; it was Green" in text, text


def test_all_rows_have_pages(boss: Client) -> None:
    live(make_club(), 1)
    for model in (Lot, Hold, Event, TierDecision, Transfer, Posting, Member):
        for row in model._default_manager.all():
            assert boss.get(change(row)).status_code == 200, row


def test_only_those_with_the_right_may_look(db: None) -> None:
    make_club()
    stranger = client_of(User.objects.create_staff("anna@example.com", name="Anna"))
    for page in PAGES:
        assert stranger.get(listing(page)).status_code == 403


def test_a_decision_that_nobody_took_yet_is_told(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    assert "A decision has been due" not in shown(boss, change(membership))
    period = membership.tier_periods.get(valid__endswith__isnull=True)
    period.due_at = START - DAY
    period.save()
    assert "A decision has been due since 31 Dec 2025, 02:00" in shown(boss, change(membership))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_a_decision_has_words(reason: Reason) -> None:
    assert tiers.reason_in_words(reason) != reason.value


@pytest.mark.parametrize("move", MOVES, ids="-".join)
def test_every_movement_has_a_sentence(move: tuple[str, str, str]) -> None:
    kind, source, target = move
    posting = Posting(kind=kind, from_side=source, to_side=target, reason="why", reference="r")
    said = sentence(posting)
    assert said
    assert said not in PostingKind.values


@pytest.mark.parametrize("kind", [PostingKind.ADJUST, PostingKind.OPENING])
def test_a_movement_and_its_opposite_have_different_sentences(kind: PostingKind) -> None:
    one, other = {sentence(Posting(kind=k, from_side=a, to_side=b)) for k, a, b in MOVES if k == kind}
    assert one != other
