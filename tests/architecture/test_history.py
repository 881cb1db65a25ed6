"""What happened cannot be edited: by trigger for everybody, by privilege for the application."""

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from loyalty.core.database import append_only_tables
from loyalty.core.models.history import AppendOnly

FORBIDDEN = ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def facts() -> list[type[AppendOnly]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_every_append_only_table_has_both_triggers_always_enabled() -> None:
    wanted = {
        (model._meta.db_table, name) for model in facts() for name in ("forbid_change", "forbid_truncate")
    }
    there = rows(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
        " WHERE tgname IN ('forbid_change', 'forbid_truncate') AND tgenabled = 'A'"
    )
    assert wanted - set(there) == set()


@pytest.mark.django_db
def test_set_once_columns_are_the_same_in_model_and_trigger() -> None:
    there = dict(
        rows(
            "SELECT tgrelid::regclass::text, encode(tgargs, 'escape')"
            " FROM pg_trigger WHERE tgname = 'forbid_change'"
        )
    )
    for table, columns in append_only_tables().items():
        if table in there:
            assert [c for c in there[table].split("\\000") if c] == list(columns), table


@pytest.mark.django_db
def test_the_application_may_not_change_history() -> None:
    allowed = [
        (table, privilege)
        for table in append_only_tables()
        for privilege in FORBIDDEN
        if rows("SELECT has_table_privilege(current_user, %s, %s)", table, privilege) == [(True,)]
    ]
    assert allowed == []


@pytest.mark.django_db
def test_the_application_may_empty_no_table_and_owns_nothing() -> None:
    tables = [name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert [
        t for t in tables if rows("SELECT has_table_privilege(%s, 'TRUNCATE')", f'public."{t}"') == [(True,)]
    ] == []
    assert (
        rows("SELECT relname FROM pg_class WHERE relowner = current_user::regrole AND relpersistence <> 't'")
        == []
    )
    assert rows(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ) == [(False, False, False, False)]
    assert rows("SELECT has_schema_privilege('public', 'CREATE')") == [(False,)]


def test_the_owner_is_refused_too(committed_database: Any) -> None:
    with psycopg.connect(committed_database.owner_url, autocommit=True) as owner:
        for model in facts():
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only: TRUNCATE is refused"):
                owner.execute(f'TRUNCATE "{model._meta.db_table}" CASCADE')
