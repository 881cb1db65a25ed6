"""Giving and ending tiers in the back office: what staff see, who may, and what a refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from loyalty.core import clock
from loyalty.core.models import User
from members.choices import GrantMode, MembershipStatus
from members.models import Membership, Person, TierGrant
from members.services.grants import give_tier
from members.services.purchases import record_purchase
from tests.members.club import NOON, basket, club, counted, member, operator
from tests.members.test_admin import change, client_of, listing, queries, shown
from tests.members.test_grants import LADDER

LATER = NOON + timedelta(hours=1)
ONE_LADDER = LADDER[: LADDER.index("  - key: visits")]


@pytest.fixture(autouse=True)
def later() -> Iterator[None]:
    with clock.at(LATER):
        yield


@pytest.fixture
def boss(db: None) -> Client:
    return client_of(User.objects.create_superuser("boss@example.com", name="Bea"))


def anna(ladders: str = LADDER) -> Membership:
    membership = member(club(ladders))
    Person.objects.filter(member=membership.member).update(first_name="Anna", last_name="Kask")
    return membership


def give_page(membership: Membership) -> str:
    return reverse("admin:members_membership_give_tier", args=[membership.pk])


def end_page(grant: int) -> str:
    return reverse("admin:members_tiergrant_end_now", args=[grant])


def sent(client: Client, address: str, **said: str) -> Any:
    return client.post(address, {"reason": "A lost parcel", "number": "n1", **said})


def gives(client: Client, membership: Membership, **said: str) -> Any:
    return sent(client, give_page(membership), **{"tier": "status:gold", "mode": "floor", **said})


def given(membership: Membership, reference: str = "g1", **more: Any) -> int:
    about: dict[str, Any] = {"tier": "gold", "mode": GrantMode.FLOOR, "reason": "A lost parcel", **more}
    return give_tier(
        membership=membership, partner=operator(), reference=reference, now=NOON, **about
    ).grant_id


# --- giving -----------------------------------------------------------------------------------------------------
def test_the_form_says_what_the_member_has_and_what_each_way_is_for(boss: Client) -> None:
    membership = anna()
    assert "Give a tier" in shown(boss, change(membership))
    text = shown(boss, give_page(membership))
    for words in (
        "Status: Green, without an end.",
        "Visits: Guest, without an end.",
        "Gold (€1,000.00)",
        "Circle (by invitation)",
        "Friend (10 days with a purchase)",
        "At least this tier",
        "For an apology",
        "Exactly this tier",
        "Lifted once, then as usual",
        "as long as if the tier had been reached today",
    ):
        assert words in text, (words, text[-1500:])


def test_a_tier_is_given_by_who_is_logged_in_and_the_page_tells_so(boss: Client) -> None:
    membership = anna()
    answer = gives(boss, membership, until="2026-06-30")
    assert answer.headers["Location"] == change(membership)
    row = TierGrant.objects.get()
    assert (row.tier, row.mode, row.until, row.reason) == (
        "gold",
        "floor",
        date(2026, 6, 30),
        "A lost parcel",
    )
    assert row.actor is not None
    assert row.actor.email == "boss@example.com"
    text = shown(boss, change(membership))
    for words in (
        "Done. Status: Gold until 30 Jun 2026.",
        "Staff gave Gold until 30 Jun 2026. Without that the tier would be Green.",
        "Tiers given by hand",
        "A lost parcel",
        "runs · End now",
    ):
        assert words in " ".join(text.split()), (words, text)


@pytest.mark.parametrize(
    ("how", "words", "unsaid"),
    [
        (
            {"mode": GrantMode.LIFT},
            ["€1,000.00 from 1 Jan 2027 on and Gold goes on after 31 Dec 2027."],
            ["Staff", "Without that"],
        ),
        (
            {"mode": GrantMode.FIXED, "tier": "silver"},
            ["Staff set exactly Silver, whatever is counted, until somebody ends it."],
            ["to Gold"],
        ),
        (
            {"until": date(2026, 6, 30)},
            [
                "Staff gave Gold until 30 Jun 2026.",
                "€500.00 from 1 Jan 2027 on and Silver goes on after 31 Dec 2027.",
            ],
            ["and Gold goes on"],
        ),
    ],
)
def test_the_page_tells_what_keeps_the_tier_and_what_is_only_given(
    boss: Client, how: dict[str, Any], words: list[str], unsaid: list[str]
) -> None:
    membership = anna(ONE_LADDER)
    record_purchase(membership=membership, basket=basket(600_00), receipt="r1", partner=operator(), now=NOON)
    given(membership, **how)
    card = shown(boss, change(membership)).partition("Last day")[2].partition("Tiers given by hand")[0]
    assert [each for each in words if each not in card] == [], card
    assert [each for each in unsaid if each in card] == [], card


def test_a_form_that_is_sent_twice_gives_one_tier(boss: Client) -> None:
    membership = anna()
    assert [gives(boss, membership).status_code for _ in range(2)] == [302, 302]
    assert counted("tiergrant") == [1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"until": "2026-03-01"}, "The last day must be today or later"),
        ({"until": "yesterday"}, "Enter a valid date."),
        ({"reason": ""}, "This field is required."),
        ({"tier": "status:platinum"}, "Select a valid choice."),
        ({"mode": "gift"}, "Select a valid choice."),
    ],
)
def test_what_is_refused_is_said_in_the_form_and_changes_nothing(
    boss: Client, said: dict[str, str], words: str
) -> None:
    membership = anna()
    answer = gives(boss, membership, **said)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert counted("tiergrant", "documentkey") == [0, 0]


def test_a_refusal_that_is_about_no_field_is_said_above(boss: Client) -> None:
    membership = anna()
    Membership.objects.update(status=MembershipStatus.LEFT)
    answer = gives(boss, membership)
    assert "The member has left the programme or is suspended." in answer.content.decode()
    assert counted("tiergrant") == [0]


def test_one_ladder_needs_no_heading(boss: Client) -> None:
    with_one = anna(ONE_LADDER)
    assert "<optgroup" not in boss.get(give_page(with_one)).content.decode()


def test_where_there_are_no_ladders_nothing_is_offered(boss: Client) -> None:
    without = anna("")
    assert "Give a tier" not in shown(boss, change(without))
    assert boss.get(give_page(without)).status_code == 403


# --- ending -----------------------------------------------------------------------------------------------------
def test_ending_says_what_comes_then_and_asks_why(boss: Client) -> None:
    membership = anna()
    record_purchase(membership=membership, basket=basket(600_00), receipt="r1", partner=operator(), now=NOON)
    grant = given(membership)
    text = shown(boss, end_page(grant))
    assert "Status: Gold. At least this tier. Given on 2 Mar 2026, 14:00 by —: A lost parcel" in text
    assert "Without it the tier will be Silver until 31 Dec 2027." in text
    assert sent(boss, end_page(grant), reason="").status_code == 200
    assert TierGrant.objects.get().revoked_at is None
    answer = sent(boss, end_page(grant), reason="It was found")
    assert answer.headers["Location"] == change(membership)
    row = TierGrant.objects.get()
    assert (row.revoked_at, row.revoked_because) == (LATER, "It was found")
    text = shown(boss, change(membership))
    assert "Done. Status: Silver until 31 Dec 2027." in text
    assert "by Bea: It was found" in text
    assert "End now" not in text


def test_what_is_over_is_not_offered_to_end(boss: Client) -> None:
    grant = given(anna(), until=date(2026, 3, 2))
    with clock.at(datetime(2026, 3, 3, tzinfo=UTC)):
        assert "over" in shown(boss, change(Membership.objects.get()))
        assert boss.get(end_page(grant)).status_code == 403


# --- who may ----------------------------------------------------------------------------------------------------
def staff(*rights: str) -> Client:
    user = User.objects.create_staff("mia@example.com", "correct horse battery")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return client_of(user)


LOOKING = ("view_membership", "view_tiergrant", "view_tierperiod")


@pytest.mark.django_db
def test_who_may_look_sees_what_was_given_and_can_neither_give_nor_end() -> None:
    membership = anna()
    grant = given(membership)
    client = staff(*LOOKING)
    text = shown(client, change(membership))
    assert "A lost parcel" in text
    assert "Give a tier" not in text
    assert "End now" not in text
    assert gives(client, membership).status_code == 403
    assert sent(client, end_page(grant)).status_code == 403
    assert TierGrant.objects.get().revoked_at is None


@pytest.mark.django_db
def test_giving_and_ending_are_rights_of_their_own() -> None:
    membership = anna()
    grant = given(membership)
    client = staff(*LOOKING, "add_tiergrant")
    assert gives(client, membership).status_code == 302
    assert sent(client, end_page(grant)).status_code == 403


@pytest.mark.django_db
def test_who_may_not_see_the_member_gives_nothing() -> None:
    membership = anna()
    assert gives(staff("add_tiergrant"), membership).status_code == 403
    assert counted("tiergrant") == [0]


# --- the list -----------------------------------------------------------------------------------------------------
def test_the_list_takes_the_same_queries_for_two_rows_and_for_twenty(boss: Client) -> None:
    membership = anna()
    pages = [listing("tiergrant"), change(membership)]
    for number in range(2):
        given(membership, f"g{number}")
    few = [queries(boss, page) for page in pages]
    for number in range(2, 20):
        given(membership, f"g{number}")
    assert [queries(boss, page) for page in pages] == few
    text = shown(boss, listing("tiergrant", q="A-1"))
    assert text.count("A lost parcel") == 20
    assert "A lost parcel" not in shown(boss, listing("tiergrant", q="A-2"))


def test_nobody_edits_or_deletes_what_was_given(boss: Client) -> None:
    grant = TierGrant.objects.get(pk=given(anna()))
    assert "Gold" in shown(boss, change(grant))
    assert boss.post(change(grant), {"tier": "silver"}).status_code == 403
    assert boss.post(reverse("admin:members_tiergrant_delete", args=[grant.pk])).status_code == 403
    assert boss.get(reverse("admin:members_tiergrant_add")).status_code == 403
    assert TierGrant.objects.get().tier == "gold"


# --- in the browser -------------------------------------------------------------------------------------------------
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.browser
def test_on_a_telephone_a_tier_is_given_and_ended(live_site: str, page: Any) -> None:
    User.objects.create_superuser("bea@example.com", "correct horse battery", name="Bea")
    membership = anna()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_site}/")
    page.fill("input[name=username]", "bea@example.com")
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")
    page.goto(f"{live_site}{change(membership)}")
    page.click("section >> text=Give a tier")
    assert page.evaluate(WIDER) == 0
    page.select_option("select[name=tier]", "status:gold")
    page.click("text=Exactly this tier")
    page.fill("input[name=reason]", "A colleague")
    page.click("text=Give the tier")
    page.wait_for_url(f"**{change(membership)}")
    assert page.evaluate(WIDER) == 0
    page.click("text=End now")
    assert page.evaluate(WIDER) == 0
    page.fill("input[name=reason]", "No colleague any more")
    page.click("text=End it now")
    page.wait_for_url(f"**{change(membership)}")
    row = TierGrant.objects.get()
    assert (row.tier, row.mode, row.reason, row.revoked_because) == (
        "gold", "fixed", "A colleague", "No colleague any more",
    )  # fmt: skip
    assert complaints == []
