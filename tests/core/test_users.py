"""Kinds of users, and the door of the back office."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError

from loyalty.core.choices import UserKind
from loyalty.core.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def test_one_address_may_belong_to_a_staff_user_and_a_member() -> None:
    User.objects.create_staff("anna@example.com", PASSWORD)
    User.objects.create_user("anna@example.com", PASSWORD, kind=UserKind.MEMBER)
    with pytest.raises(IntegrityError, match="user_email_unique_per_kind"):
        User.objects.create_staff("ANNA@example.com", PASSWORD)


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_only_staff_may_enter_the_back_office(right: str) -> None:
    with pytest.raises(IntegrityError, match="user_only_staff"):
        User.objects.bulk_create([User(email="anna@example.com", kind=UserKind.MEMBER, **{right: True})])


def test_the_kind_of_a_user_never_changes() -> None:
    User.objects.create_user("anna@example.com", kind=UserKind.MEMBER)
    with pytest.raises(DatabaseError, match="never changes"):
        User.objects.update(kind=UserKind.STAFF)


@pytest.mark.parametrize(
    ("kind", "enters"), [(UserKind.STAFF, True), (UserKind.PARTNER, False), (UserKind.MEMBER, False)]
)
def test_the_back_office_opens_to_staff_only(kind: UserKind, enters: bool) -> None:
    User.objects.create_user("anna@example.com", PASSWORD, kind=kind)
    assert (authenticate(username="Anna@Example.com", password=PASSWORD) is not None) is enters


def test_an_inactive_user_does_not_enter() -> None:
    User.objects.create_staff("anna@example.com", PASSWORD, is_active=False)
    assert authenticate(username="anna@example.com", password=PASSWORD) is None
    assert authenticate(username="nobody@example.com", password=PASSWORD) is None


def test_the_first_administrator_is_made_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--no-input", email="boss@example.com", name="Boss", verbosity=0)
    boss = User.objects.get(email="boss@example.com")
    assert (boss.kind, boss.is_staff, boss.is_superuser) == (UserKind.STAFF, True, True)
