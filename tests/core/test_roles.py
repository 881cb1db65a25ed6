"""The roles of the product: shipped by every migrate, and never against what the operator did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from loyalty.core.models import AuditEntry, Role, User
from loyalty.core.roles import description_of, name_of, ship, shipped_roles
from loyalty.roles import ROLES

pytestmark = pytest.mark.django_db
MARKETING = ROLES[0]


def rights(group: Group) -> set[str]:
    pairs = group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


def permission(name: str) -> Permission:
    app, _dot, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def test_seven_roles_are_there_after_migrate() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {
        "Marketing", "Approver", "Call centre", "Finance", "Auditor", "Partner manager", "Administrator",
    }  # fmt: skip
    assert Role.objects.filter(group=None).count() == 0
    for role in shipped_roles():
        assert rights(Group.objects.get(name=role.group)), role.key


def test_every_right_that_is_written_down_exists() -> None:
    known = {f"{app}.{codename}" for app, codename in
             Permission.objects.values_list("content_type__app_label", "codename")}  # fmt: skip
    written = {right.lstrip("-") for role in ROLES for right in role.rights if "*" not in right}
    assert written - known == set()


def test_shipping_again_changes_nothing() -> None:
    before = AuditEntry.objects.count()
    assert ship() == []
    assert AuditEntry.objects.count() == before


def test_what_the_operator_changed_stays() -> None:
    marketing = Group.objects.get(name="Marketing")
    marketing.permissions.remove(permission("programs.publish_programme"))
    marketing.permissions.add(permission("core.view_job"), permission("auth.view_group"))
    finance = Group.objects.get(name="Finance")
    Group.objects.filter(pk=finance.pk).update(name="Accounts")
    Group.objects.get(name="Auditor").delete()
    before = rights(marketing)
    assert ship() == []
    assert rights(marketing) == before
    assert "programs.publish_programme" not in before
    assert "auth.view_group" in before
    assert not Group.objects.filter(name__in=("Finance", "Auditor")).exists()
    assert name_of(Group.objects.get(pk=finance.pk)) == "Accounts"


def test_an_upgrade_adds_what_is_new_and_takes_what_is_given_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    marketing = Group.objects.get(name="Marketing")
    marketing.permissions.remove(permission("members.view_lot"))
    new = (*MARKETING.rights, "auth.view_group", "-members.view_hold")
    monkeypatch.setattr("loyalty.roles.ROLES", (replace(MARKETING, rights=new), *ROLES[1:]))
    before = rights(marketing)
    assert ship() == ["Marketing"]
    after = rights(marketing)
    assert (after - before, before - after) == ({"auth.view_group"}, {"members.view_hold"})
    assert "members.view_lot" not in after
    entry = AuditEntry.objects.filter(subject_type="auth.group_permissions").latest("id")
    assert (entry.source, entry.reason) == ("manage.py migrate", "Roles of the product")


def test_no_role_deletes_and_none_but_the_auditor_and_administrator_see_the_record() -> None:
    for role in shipped_roles():
        has = rights(Group.objects.get(name=role.group))
        deleting = {right for right in has if ".delete_" in right}
        # Who writes a programme takes parts out of its working copy; their rows stay.
        parts = (
            {right for right in deleting if right.startswith("programs.")}
            if role.key == "marketing"
            else set()
        )
        assert deleting == parts, role.key
        assert ("core.view_auditentry" in has) == (role.key in ("auditor", "administrator")), role.key


def test_roles_have_names_and_descriptions_for_people() -> None:
    own = Group.objects.create(name="Night shift")
    assert (name_of(own), description_of(own)) == ("Night shift", "")
    for role in shipped_roles():
        group = Group.objects.get(name=role.group)
        assert name_of(group) == role.group
        assert len(description_of(group)) > 30
    with override("ru"):
        assert name_of(Group.objects.get(name="Marketing"))


def administrator() -> User:
    user = User.objects.create_staff("office@example.com")
    user.groups.add(Group.objects.get(name="Administrator"))
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def form_of(user: User, **change: Any) -> dict[str, Any]:
    return {"email": user.email, "name": "x", "language": "en", "is_active": "on", "is_staff": "on", **change}


def test_the_administrator_gives_roles_to_others_but_not_to_themselves() -> None:
    office, anna = administrator(), User.objects.create_staff("anna@example.com")
    marketing, approver = (Group.objects.get(name=name) for name in ("Marketing", "Approver"))
    client = client_of(office)
    address = reverse("admin:core_user_change", args=[anna.pk])
    assert client.post(address, form_of(anna, groups=[marketing.pk], is_superuser="on")).status_code == 302
    anna.refresh_from_db()
    assert (list(anna.groups.all()), anna.is_superuser) == ([marketing], False)
    client.post(reverse("admin:core_user_change", args=[office.pk]), form_of(office, groups=[approver.pk]))
    office.refresh_from_db()
    assert [group.name for group in office.groups.all()] == ["Administrator"]


def test_the_administrator_does_not_touch_those_who_may_do_everything_nor_the_roles_themselves() -> None:
    client = client_of(administrator())
    boss = User.objects.create_superuser("boss@example.com")
    marketing = Group.objects.get(name="Marketing")
    for address in (
        reverse("admin:core_user_change", args=[boss.pk]),
        reverse("admin:auth_user_password_change", args=[boss.pk]),
        reverse("admin:auth_group_change", args=[marketing.pk]),
    ):
        assert client.post(address, {}).status_code == 403
    assert User.objects.get(pk=boss.pk).is_superuser


def test_the_list_of_roles_says_what_each_is_for() -> None:
    page = client_of(administrator()).get(reverse("admin:auth_group_changelist")).content.decode()
    assert "Decides what others ask for" in page
    assert "Call centre" in page
