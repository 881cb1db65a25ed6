"""The back office pages of members and points: what they show, to whom, and how many queries they take."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loyalty.core.models import ImportBatch, Job, User
from members.models import Identifier, Member, Membership, Person, Purchase, Return
from members.models.ledger import Posting
from members.selectors.members import find_membership
from members.services import adjustments, enrolment, purchases, redemptions, returns
from members.services.returns import ReturnLine
from programs.engine.facts import Basket, Line, Tender
from programs.models import Partner, Programme, Store
from programs.services.partners import ensure_partner
from programs.services.programmes import load

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAGES = ["member", "membership", "purchase", "return", "posting"]

CLUB = """
programme: {key: club, name: {en: Coffee club}, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: {en: Points}, unit: {en: {one: point, other: points}}}
  - {key: cash, name: {en: Cashback}, unit: {en: {one: euro, other: euros}}, decimals: 2}
groups: [{key: base}, {key: boost}]
rules:
  - {key: base, title: {en: Base points}, effect: {kind: per_step, points: 1, step: "1.00"}}
  - {key: cash, title: {en: Cashback}, point_type: cash, effect: {kind: percent, percent: "1.5"}}
  - key: coffee
    title: {en: Coffee twice}
    group: boost
    effect: {kind: multiplier, factor: "2"}
    lines: {fact: line.category, is: equals, value: coffee}
  - key: big
    title: {en: Big basket}
    effect: {kind: fixed, points: 50}
    when: {fact: basket.total, is: at_least, value: "40.00"}
"""


def make_club() -> Programme:
    ensure_partner("main", name="Main Shop", is_operator=True)
    return load(CLUB, now=START, publish=True, effective_from=START).programme


def live(programme: Programme, count: int, first: int = 0) -> list[Membership]:
    """Members with a purchase, a return, a redemption and an adjustment each."""
    partner = Partner.objects.get(is_operator=True)
    store, _made = Store.objects.get_or_create(
        partner=partner, code="tartu", defaults={"name": {"en": "Tartu"}}
    )
    found = []
    for number in range(first, first + count):
        membership = enrolment.enrol(
            programme=programme, number=f"70010{number:04}", now=START, joined_at=START
        )
        Person.objects.filter(member=membership.member).update(first_name="Anna", last_name=f"Kask{number}")
        lines = (
            Line("COF-BEANS", 1000, 1250, category="coffee"),
            Line("MILK", 2000, 398, category="dairy"),
            Line("PAN", 1000, 2399 if number % 2 else 1999, category="kitchen"),
        )
        bought = purchases.record_purchase(
            membership=membership,
            basket=Basket(START + DAY, lines),
            receipt=f"r{number}",
            partner=partner,
            store=store,
            now=START + DAY,
        )
        redemptions.redeem(
            membership=membership, points=10, partner=partner, reference=f"s{number}", now=START + 2 * DAY
        )
        returns.record_return(
            purchase=Purchase.objects.get(pk=bought.document_id),
            number=f"b{number}",
            now=START + 3 * DAY,
            lines=[ReturnLine(1, quantity=1000)],
        )
        adjustments.adjust(membership=membership, points=5, reason="Sorry for the wait", now=START + 4 * DAY)
        found.append(membership)
    return found


@pytest.fixture
def boss(db: None) -> Client:
    return client_of(User.objects.create_superuser("boss@example.com", name="Bea"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    page = answer.content.decode().partition('id="main"')[2]
    text = re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", text)


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def change(obj: Any) -> str:
    return reverse(f"admin:members_{obj._meta.model_name}_change", args=[obj.pk])


def listing(page: str, **query: str) -> str:
    return reverse(f"admin:members_{page}_changelist", query=query or None)


EXPECTED_LIST_QUERIES = {"member": 6, "membership": 6, "purchase": 5, "return": 4, "posting": 5}


def test_lists_take_the_same_queries_for_two_rows_and_for_twenty(boss: Client) -> None:
    club = make_club()
    live(club, 2)
    few = {page: queries(boss, listing(page)) for page in PAGES}
    live(club, 18, first=2)
    assert {page: queries(boss, listing(page)) for page in PAGES} == few
    assert few == EXPECTED_LIST_QUERIES


def test_details_take_the_same_queries_however_much_there_is(boss: Client) -> None:
    club = make_club()
    [membership] = live(club, 1)
    purchase = Purchase.objects.get()
    addresses = [
        change(membership),
        change(membership.member),
        change(purchase),
        change(Posting.objects.last()),
    ]
    few = [queries(boss, address) for address in addresses]
    partner = Partner.objects.get(is_operator=True)
    for number in range(20):
        purchases.record_purchase(
            membership=membership,
            basket=Basket(START + 5 * DAY, (Line("MILK", 1000, 199),)),
            receipt=f"x{number}",
            partner=partner,
            now=START + 5 * DAY,
        )
        Identifier.objects.create(member=membership.member, kind="qr", value=f"q{number}")
    assert [queries(boss, address) for address in addresses] == few
    assert max(few) <= 31, few


def test_lists_show_what_matters(boss: Client) -> None:
    live(make_club(), 1)
    text = shown(boss, listing("membership"))
    for words in ("700100000", "Anna Kask0", "Coffee club", "Points: 41, Cashback: 0.51", "Active"):
        assert words in text, text
    text = shown(boss, listing("purchase"))
    for words in ("r0", "Tartu", "€36.47", "48 points, 0.54 euros"):
        assert words in text, text
    assert "€1.99" in shown(boss, listing("return"))
    text = shown(boss, listing("posting"))
    for words in ("Receipt r0", "Return b0", "Sorry for the wait", "+5", "−10", "Taken back after a return"):
        assert words in text, text
    assert "700100000" in shown(boss, listing("member"))


def test_a_membership_shows_its_points_and_why(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    text = shown(boss, change(membership))
    for words in (
        "Balance",
        "Points not used up",
        "Main Shop",
        "Movements of points",
        "Sorry for the wait",
        "r0",
    ):
        assert words in text


def test_a_purchase_is_explained_on_its_page(boss: Client) -> None:
    live(make_club(), 1)
    text = shown(boss, change(Purchase.objects.get()))
    for words in (
        "Base points: 36 points from €36.47 (1 point for every full €1.00)",
        "Cashback: 0.54 euros from €36.47 (1.5 %)",
        "Coffee twice: 12 points on top (× 2)",
        "Big basket: only if basket total is at least €40.00; this purchase had €36.47",
        "Return b0",
        "Movements of points",
    ):
        assert words in text, text


def test_points_that_paid_for_goods_and_came_back_are_told(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    bought = purchases.record_purchase(
        membership=membership,
        basket=Basket(
            START + 5 * DAY, (Line("MILK", 2000, 400),), tenders=(Tender("points", 200, "points", 20),)
        ),
        receipt="paid",
        partner=Partner.objects.get(is_operator=True),
        now=START + 5 * DAY,
    )
    purchase = Purchase.objects.get(pk=bought.document_id)
    returns.record_return(purchase=purchase, number="back", now=START + 6 * DAY)
    text = shown(boss, change(purchase))
    assert "Paid with points: €2.00 (20 points)" in text
    assert "given back: 20 points" in text


@pytest.mark.parametrize(
    "words",
    ["Anna Kask1", "kask1", "700100001", "0001", "anna"],
    ids=["both", "last", "card", "end", "first"],
)
def test_members_are_found_by_what_staff_remember(boss: Client, words: str) -> None:
    live(make_club(), 3)
    for page in ("member", "membership"):
        text = shown(boss, listing(page, q=words))
        assert "Kask1" in text
        assert ("Kask2" in text) is (words == "anna")
    assert "700100001" not in shown(boss, listing("member", q="Nobody"))


def test_documents_are_found_by_their_number_and_their_member(boss: Client) -> None:
    live(make_club(), 2)
    text = shown(boss, listing("purchase", q="r1"))
    assert "r1" in text
    assert "Kask0" not in text
    assert "r0" in shown(boss, listing("purchase", q="700100000"))
    posting = Posting.objects.order_by("id").first()
    assert posting is not None
    assert f"{posting.pk}" in shown(boss, listing("posting", q=f"#{posting.pk}"))


def test_find_membership_never_guesses(db: None) -> None:
    club = make_club()
    one, two = live(club, 2)
    assert find_membership(club, "700100001") == two
    Identifier.objects.create(member=one.member, kind="phone", value="555")
    assert find_membership(club, "555") == one
    Identifier.objects.create(member=two.member, kind="card", value="555")
    assert find_membership(club, "555") is None
    Identifier.objects.filter(member=two.member, value="555").update(is_active=False)
    assert find_membership(club, "555") == one
    assert find_membership(club, "nobody") is None


def test_nothing_is_edited_and_only_those_with_the_right_may_look(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    anna = User.objects.create_staff("anna@example.com", name="Anna")
    stranger = client_of(anna)
    for page in PAGES:
        assert stranger.get(listing(page)).status_code == 403
        assert boss.get(reverse(f"admin:members_{page}_add")).status_code == 403
    assert boss.post(change(membership), {"number": "x"}).status_code == 403
    anna.user_permissions.add(Permission.objects.get(codename="view_membership"))
    text = shown(client_of(User.objects.get(pk=anna.pk)), change(membership))
    assert "700100000" in text
    assert "Movements of points" not in text


def test_the_first_page_has_the_figures(boss: Client) -> None:
    live(make_club(), 3)
    Job.objects.create(kind="members.verify_ledger", state="done", result={"ok": True}, finished_at=START)
    text = shown(boss, "/admin/")
    for words in (
        "Members",
        "Points outstanding",
        "Cashback outstanding",
        "Ledger check",
        "everything adds up",
    ):
        assert words in text


def test_all_rows_have_pages(boss: Client) -> None:
    live(make_club(), 1)
    for model in (Member, Membership, Purchase, Return, Posting):
        for row in model._default_manager.all():
            assert boss.get(change(row)).status_code == 200


def test_a_return_names_what_came_back(boss: Client) -> None:
    [membership] = live(make_club(), 1)
    text = shown(boss, change(Return.objects.get()))
    assert re.search(r"What came back Line Article .* 2 MILK dairy €3.98 1 of 2 ", text), text
    assert "−0.03 euros 0.51 Return b0" in text
    bought = purchases.record_purchase(
        membership=membership, basket=Basket(START + 5 * DAY, (Line("PAN", 1000, 1000),)), receipt="part",
        partner=Partner.objects.get(is_operator=True), now=START + 5 * DAY,
    )  # fmt: skip
    returns.record_return(
        purchase=Purchase.objects.get(pk=bought.document_id), number="third", now=START + 6 * DAY,
        lines=[ReturnLine(0, amount=300)],
    )  # fmt: skip
    text = shown(boss, change(Return.objects.get(number="third")))
    assert "1 PAN — €10.00 0.3 of 1" in text, text


def test_a_movement_names_the_one_that_it_undoes(boss: Client) -> None:
    live(make_club(), 1)
    undone = Posting.objects.filter(kind="reverse", point_type__key="points").get()
    text = shown(boss, change(undone))
    assert "Undoes or continues Earned: +48 points" in text, text
    assert "Kind Taken back after a return" in text


def test_an_import_says_what_became_of_it(boss: Client) -> None:
    make_club()
    counts = {
        "rows": 1200,
        "documents": 40,
        "posted": 38,
        "bad": 2,
        "refused": 2,
        "amount": 123456,
        "already": 0,
    }
    batch = ImportBatch.objects.create(
        kind="purchases", scope="club", file_name="a.csv", file_sha256="0" * 64, file_size=5, state="done",
        counts=counts, report={"dry_run": False},
    )  # fmt: skip
    address = reverse("admin:core_importbatch_change", args=[batch.pk])
    text = shown(boss, address)
    for words in (
        "1,200 lines in the file",
        "38 of them recorded now",
        "2 of them refused",
        "€1,234.56 value of what was recorded",
        "Not everything was taken.",
    ):
        assert words in text, text
    assert "recorded before" not in text.partition("Not everything")[0]
    for state, report, words in (
        ("done", {"dry_run": True}, "This was a dry run: nothing was changed."),
        ("failed", None, "Nothing of this file was recorded"),
    ):
        ImportBatch.objects.filter(pk=batch.pk).update(state=state, report=report)
        assert words in shown(boss, address)
    ImportBatch.objects.filter(pk=batch.pk).update(state="done", report=None, counts={"rows": 3, "posted": 1})
    assert "Everything was taken." in shown(boss, address)


def test_a_verification_is_told_check_by_check(boss: Client) -> None:
    fault = {"what": "does not add up", "table": "members_account", "id": 7}
    checks = [
        {"id": "I1", "title": "History only grows", "ok": True, "checked": 1234, "bad": 0, "rows": []},
        {"id": "I2", "title": "It adds up", "ok": False, "checked": 5, "bad": 2, "rows": [fault]},
    ]
    job = Job.objects.create(
        kind="members.verify_ledger", state="done", result={"ok": False, "checks": checks}
    )
    text = shown(boss, reverse("admin:core_job_change", args=[job.pk]))
    assert "History only grows 1,234 holds" in text
    assert "It adds up 5 2 rows are wrong: does not add up: members_account 7" in text
    other = Job.objects.create(kind="x", state="done", result={"checks": []})
    assert "What must hold" not in shown(boss, reverse("admin:core_job_change", args=[other.pk]))
