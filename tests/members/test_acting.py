"""What staff do on the page of a member: with the right to it, by the service, and refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from loyalty.core import clock
from loyalty.core.models import User
from members.models import Membership, Person
from members.models.ledger import Posting
from members.selectors.accounts import balances
from members.services.openings import Opening, open_balance
from programs.models import Partner, PointType
from programs.services.partners import ensure_partner
from tests.members.club import NOON, club, member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Any:
    with clock.at(NOON):
        yield


def holder() -> Membership:
    anna = member(club())
    open_balance(membership=anna, openings=[Opening(100)], now=NOON)
    return anna


def staff(*rights: str) -> Client:
    user = User.objects.create_staff("ed@example.com", name="Ed")
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


def has(membership: Membership) -> int:
    return balances(membership)["points"].available


def address(name: str, about: Any) -> str:
    return reverse(f"admin:members_{about._meta.model_name}_{name}_page", args=[about.pk])


def points() -> dict[str, Any]:
    return {"point_type": PointType.objects.get().pk}


def test_points_are_donated_once_however_often_the_form_is_sent() -> None:
    anna, forest = holder(), ensure_partner("forest", name="Forest")
    client = staff("view_membership", "donate_points", "view_posting")
    url = address("donate", anna)
    assert "Donate points" in client.get(url).content.decode()
    said = {**points(), "points": "30", "charity": forest.pk, "number": "n1"}
    for _turn in range(2):
        assert client.post(url, said).status_code == 302
    assert has(anna) == 70
    page = client.get(reverse("admin:members_membership_change", args=[anna.pk])).content.decode()
    assert all(text in page for text in ("Donated to Forest", "Ed"))


@pytest.mark.parametrize("number", ["", "0", "-5", "1.5", "many", "1e2", "101"])
def test_a_donation_that_cannot_be_is_told_and_changes_nothing(number: str) -> None:
    anna, forest = holder(), ensure_partner("forest")
    client = staff("view_membership", "donate_points")
    said = {**points(), "points": number, "charity": forest.pk, "number": "n1"}
    answer = client.post(address("donate", anna), said)
    assert answer.status_code == 200
    told = answer.content.decode()
    assert "This is not a number of points." in told or "The member has fewer points than that." in told
    assert has(anna) == 100


def test_points_are_forfeited_with_a_reason_and_the_name_of_who_did_it() -> None:
    anna = holder()
    client = staff("view_membership", "forfeit_points")
    url = address("forfeit", anna)
    assert client.post(url, {**points(), "points": "40", "reason": ""}).status_code == 200
    assert has(anna) == 100
    assert client.post(url, {**points(), "points": "40", "reason": "Fraud"}).status_code == 302
    last = Posting.objects.latest("pk")
    assert (has(anna), last.reason, last.actor) == (60, "Fraud", User.objects.get())
    assert client.post(url, {**points(), "points": "", "reason": "Fraud"}).status_code == 302
    assert has(anna) == 0


def test_an_opening_balance_is_taken_back_once() -> None:
    anna = holder()
    client = staff("view_membership", "undo_opening")
    url = address("undo_opening", anna)
    assert client.post(url, {**points(), "reason": "Wrong list"}).status_code == 302
    assert has(anna) == 0
    told = client.post(url, {**points(), "reason": "Wrong list"}).content.decode()
    assert "Something has happened to these points already, or there are none." in told
    assert Posting.objects.count() == 2


def test_the_birth_date_is_set_and_a_day_to_come_refused() -> None:
    anna = holder()
    client = staff("view_member", "change_person")
    url = address("birth_date", anna.member)
    assert client.post(url, {"birth_date": "1990-05-10"}).status_code == 302
    assert "1990-05-10" in client.get(url).content.decode()
    told = client.post(url, {"birth_date": "2030-05-10"}).content.decode()
    assert "Nobody was born on a day that is still to come." in told
    assert str(Person.objects.get().birth_date) == "1990-05-10"


@pytest.mark.parametrize(
    ("name", "right"),
    [("donate", "donate_points"), ("forfeit", "forfeit_points"), ("undo_opening", "undo_opening")],
)
def test_nobody_acts_without_the_right_to_it(name: str, right: str) -> None:
    anna = holder()
    others = {"donate_points", "forfeit_points", "undo_opening", "change_person"} - {right}
    client = staff("view_membership", "view_member", *others)
    ensure_partner("forest")
    said = {**points(), "points": "1", "reason": "x", "charity": Partner.objects.last().pk, "number": "n"}  # type: ignore[union-attr]
    assert client.get(address(name, anna)).status_code == 403
    assert client.post(address(name, anna), said).status_code == 403
    assert has(anna) == 100
    page = client.get(reverse("admin:members_membership_change", args=[anna.pk])).content.decode()
    assert address(name, anna) not in page


def test_nobody_sets_a_birth_date_without_the_right_to_it() -> None:
    anna = holder()
    client = staff("view_member")
    assert client.post(address("birth_date", anna.member), {"birth_date": "1990-05-10"}).status_code == 403
    assert Person.objects.get().birth_date is None
