"""The two roles: what the application may and may not do, also right after another migration."""

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction

from loyalty.core import database
from loyalty.core.models import Role
from loyalty.roles import ROLES


def role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_tests_run_as_the_application() -> None:
    assert role() == "loyalty_app"


def test_the_connection_is_the_owners_only_within_the_block(committed_database: Any) -> None:
    with database.as_owner():
        assert role() == "loyalty_owner"
    assert role() == "loyalty_app"


def test_migrate_brings_the_roles_of_the_product(committed_database: Any) -> None:
    Role.objects.all().delete()
    Group.objects.all().delete()
    call_command("migrate", verbosity=0, interactive=False)
    assert Group.objects.count() == Role.objects.count() == len(ROLES)


def test_a_connection_does_not_change_hands_inside_a_transaction(committed_database: Any) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError), database.as_owner():
        pass


def test_without_the_owners_address_nothing_is_migrated(committed_database: Any, settings: Any) -> None:
    settings.DATABASE_OWNER_URL = ""
    with (
        database.switched({"EMBEDDED_DATA": ""}),
        pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL"),
    ):
        database.owner_settings()


def test_a_privilege_given_by_hand_is_taken_back_by_the_next_migration(committed_database: Any) -> None:
    with psycopg.connect(committed_database.owner_url, autocommit=True) as owner:
        owner.execute("GRANT TRUNCATE, DELETE ON django_migrations TO loyalty_app")
        call_command("migrate", verbosity=0)
        row = owner.execute(
            "SELECT has_table_privilege('loyalty_app', 'django_migrations', 'DELETE')"
        ).fetchone()
    assert row == (False,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "TRUNCATE django_session",
        "ALTER TABLE core_user DISABLE TRIGGER ALL",
        "DROP TABLE django_session",
        "SET session_replication_role = replica",
        "SET ROLE loyalty_owner",
        "DELETE FROM django_migrations",
    ],
)
def test_the_application_is_refused(committed_database: Any, statement: str) -> None:
    with (
        psycopg.connect(committed_database.url) as application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        application.execute(statement)
