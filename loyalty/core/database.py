"""The two roles of the database and what each may do.

The owner makes and changes tables, and only `migrate` acts as the owner. The application runs as a role
that owns nothing: it may read everything, write ordinary tables, only add rows to append-only ones, and
empty none.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from loyalty.core.embedded import OWNER_ROLE
from loyalty.core.models.history import AppendOnly
from loyalty.settings.database import server_database

__all__ = ["append_only_tables", "application_role", "apply_grants", "as_owner", "owner_settings", "switched"]

# What the application never writes: only `migrate` does.
READ_ONLY_TABLES = frozenset({"django_migrations"})

TABLES_OF_OWNER = """
    SELECT c.relname, coalesce(root.relname, c.relname)
      FROM pg_class c
      LEFT JOIN pg_class root ON root.oid = pg_partition_root(c.oid)
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
       AND c.relowner = current_user::regrole
     ORDER BY c.relname
"""


def append_only_tables() -> dict[str, tuple[str, ...]]:
    """Every append-only table with the columns that may be set once."""
    return {
        model._meta.db_table: tuple(_column(model, name) for name in model.set_once)
        for model in apps.get_models()
        if issubclass(model, AppendOnly)
    }


def application_role(alias: str = DEFAULT_DB_ALIAS) -> str:
    """The role the application runs as."""
    return str(connections[alias].settings_dict["USER"])


def owner_settings(alias: str = DEFAULT_DB_ALIAS) -> dict[str, Any]:
    """Connection settings of the owner of the tables; ImproperlyConfigured when nobody told who that is."""
    current = connections[alias].settings_dict
    if current.get("EMBEDDED_DATA"):
        return {"USER": OWNER_ROLE}
    if not settings.DATABASE_OWNER_URL:
        raise ImproperlyConfigured(
            "Set DATABASE_OWNER_URL: tables are made and changed by the role that owns them, "
            "not by the role in DATABASE_URL that runs the application."
        )
    owner = server_database(settings.DATABASE_OWNER_URL)
    return {
        key: owner[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS") if key in owner
    }


@contextmanager
def switched(changes: Mapping[str, Any], alias: str = DEFAULT_DB_ALIAS) -> Iterator[BaseDatabaseWrapper]:
    """Within the block the connection has these other settings; before and after it is closed."""
    connection = connections[alias]
    if connection.in_atomic_block:
        raise RuntimeError("A connection cannot change its settings inside a transaction.")
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(changes)
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)


@contextmanager
def as_owner(alias: str = DEFAULT_DB_ALIAS) -> Iterator[BaseDatabaseWrapper]:
    """Within the block the connection belongs to the owner of the tables."""
    with switched(owner_settings(alias), alias) as connection:
        yield connection


def apply_grants(connection: BaseDatabaseWrapper, *, role: str) -> None:
    """Give the application's role what it may do, and nothing else. Runs as the owner; repeatable."""
    append_only = append_only_tables()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(TABLES_OF_OWNER)
        tables: list[tuple[str, str]] = cursor.fetchall()
        for statement in _grants(tables, append_only, role):
            cursor.execute(statement.as_string())


def _grants(
    tables: Iterable[tuple[str, str]], append_only: Mapping[str, tuple[str, ...]], role: str
) -> Iterator[sql.Composed]:
    """The statements for tables given as (name, name of the partitioned table it belongs to)."""
    grantee = sql.Identifier(role)
    schema = sql.SQL("SCHEMA public")
    yield sql.SQL("GRANT USAGE ON {} TO {}").format(schema, grantee)
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN {} FROM {}").format(schema, grantee)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN {} TO {}").format(schema, grantee)
    yield sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN {} TO {}").format(schema, grantee)
    for table, root in tables:
        if root in READ_ONLY_TABLES:
            continue
        writes = "INSERT" if root in append_only else "INSERT, UPDATE, DELETE"
        yield sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(writes), sql.Identifier(table), grantee)
        if columns := append_only.get(root):
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            yield sql.SQL("GRANT UPDATE ({}) ON {} TO {}").format(names, sql.Identifier(table), grantee)


def _column(model: type[models.Model], field_name: str) -> str:
    field = model._meta.get_field(field_name)
    assert isinstance(field, models.Field)
    return str(field.column)
