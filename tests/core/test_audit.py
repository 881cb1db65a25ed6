"""Every write to an audited table is recorded, however it is made and whoever tries to hide it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from loyalty.core import audit
from loyalty.core.models import AuditEntry, AuditPersonalValue, User

pytestmark = pytest.mark.django_db


def last_entry() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    return entry


@pytest.fixture
def anna() -> User:
    return User.objects.create_staff("anna@example.com", "correct horse", name="Anna")


def test_saving_records_only_what_changed(anna: User) -> None:
    anna.language = "et"
    with audit.context(actor=7, reason="She asked for it", source="test"):
        anna.save()
    entry = last_entry()
    assert (entry.operation, entry.subject_type, entry.subject_id) == ("update", "core.user", str(anna.pk))
    assert (entry.actor_id, entry.reason, entry.source) == (7, "She asked for it", "test")
    assert entry.changes == {"language": ["en", "et"]}


def test_bulk_create_is_caught_with_the_actor() -> None:
    with audit.context(actor=7):
        User.objects.bulk_create([User(email=f"{number}@example.com", kind="member") for number in range(3)])
    entries = AuditEntry.objects.filter(subject_type="core.user", operation="insert", actor_id=7)
    assert entries.count() == 3


def test_queryset_update_is_caught_with_the_actor(anna: User) -> None:
    with audit.context(actor=7, job=5):
        User.objects.filter(pk=anna.pk).update(language="ru")
    entry = last_entry()
    assert (entry.actor_id, entry.job_id, entry.changes) == (7, 5, {"language": ["en", "ru"]})


def test_raw_sql_is_caught_with_the_actor(anna: User) -> None:
    with audit.context(actor=7), connection.cursor() as cursor:
        cursor.execute("UPDATE core_user SET language = 'ru'")
        cursor.execute(
            "WITH gone AS (DELETE FROM core_user WHERE id = %s RETURNING 1) SELECT 1 FROM gone", [anna.pk]
        )
    entry = last_entry()
    assert (entry.operation, entry.actor_id) == ("delete", 7)
    assert entry.changes["language"] == ["ru", None]


def test_copy_is_caught_with_the_actor_once_bound() -> None:
    with audit.context(actor=7), connection.cursor() as cursor:
        audit.bind()
        with cursor.cursor.copy(
            "COPY core_user (email, kind, password, name, language, is_staff, is_superuser, is_active) "
            "FROM STDIN"
        ) as copy:
            copy.write_row(("copy@example.com", "member", "!", "", "en", False, False, True))
    assert (last_entry().operation, last_entry().actor_id) == ("insert", 7)


def test_a_write_without_context_is_recorded_without_actor(anna: User) -> None:
    with audit.context(actor=7):
        anna.language = "ru"
        anna.save()
    User.objects.filter(pk=anna.pk).update(language="et")
    assert last_entry().actor_id is None
    assert last_entry().db_role == "loyalty_app"


def test_an_inner_context_adds_to_the_outer_one(anna: User) -> None:
    with audit.context(actor=7):
        with audit.context(reason="inner"):
            User.objects.update(language="ru")
        assert (last_entry().actor_id, last_entry().reason) == (7, "inner")
        User.objects.update(language="et")
    assert (last_entry().actor_id, last_entry().reason) == (7, "")


def test_the_actor_survives_the_roll_back_of_a_savepoint(anna: User) -> None:
    def fail_after_writing() -> None:
        with transaction.atomic():
            User.objects.update(language="ru")
            raise ZeroDivisionError

    with audit.context(actor=7):
        with pytest.raises(ZeroDivisionError):
            fail_after_writing()
        User.objects.update(language="et")
    assert (last_entry().actor_id, last_entry().changes) == (7, {"language": ["en", "et"]})


def test_writing_the_same_again_is_no_change(anna: User) -> None:
    before = AuditEntry.objects.count()
    anna.save()
    User.objects.filter(pk=anna.pk).update(last_login="2026-01-01T00:00:00Z")
    assert AuditEntry.objects.count() == before


def test_a_password_is_said_to_have_changed_and_nothing_more(anna: User) -> None:
    anna.set_password("another horse")
    anna.save()
    assert last_entry().changes == {"password": "•"}
    assert "md5" not in str(AuditEntry.objects.values_list("changes", flat=True))


def test_personal_values_are_apart_and_can_be_erased(anna: User) -> None:
    anna.name = "Anna Tamm"
    anna.save()
    entry = last_entry()
    assert entry.changes == {"name": None}
    assert entry.personal.values == {"name": ["Anna", "Anna Tamm"]}
    assert audit.erase_personal("core.User", anna.pk) == 2
    assert not AuditPersonalValue.objects.filter(owner=f"core.user:{anna.pk}").exists()
    assert AuditEntry.objects.filter(subject_type="core.user", subject_id=str(anna.pk)).count() == 2


def test_roles_and_permissions_are_recorded(anna: User) -> None:
    group = Group.objects.create(name="Night shift")
    group.permissions.add(Permission.objects.get(codename="view_user"))
    anna.groups.add(group)
    kinds = set(AuditEntry.objects.values_list("subject_type", flat=True))
    assert {"auth.group", "auth.group_permissions", "core.user_groups"} <= kinds


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE core_auditentry SET reason = 'x'",
        "DELETE FROM core_auditentry",
        "TRUNCATE core_auditentry CASCADE",
        "ALTER TABLE core_user DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_core_user ON core_user",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION core_record_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_the_application_cannot_rewrite_or_silence_the_record(anna: User, attack: str) -> None:
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
    ):
        cursor.execute(attack)


def test_a_temporary_table_does_not_catch_the_record(anna: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE core_auditentry AS SELECT * FROM public.core_auditentry LIMIT 0"
        )
        cursor.execute("UPDATE core_user SET language = 'ru'")
        cursor.execute(
            "SELECT count(*) FROM public.core_auditentry WHERE changes ? 'language' AND operation = 'update'"
        )
        assert cursor.fetchone() == (1,)


def test_a_request_names_the_person_who_is_logged_in(anna: User) -> None:
    boss = User.objects.create_superuser("boss@example.com", "correct horse", name="Boss")
    client = Client()
    client.force_login(boss)
    answer = client.post(
        reverse("admin:core_user_change", args=[anna.pk]),
        {"email": anna.email, "name": "Anna", "language": "ru", "is_active": "on", "is_staff": "on"},
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    entry = last_entry()
    assert (entry.actor_id, entry.changes) == (boss.pk, {"language": ["en", "ru"]})
    assert entry.source == f"POST /admin/core/user/{anna.pk}/change/"
