"""Databases for tests: one migrated template, and cheap copies of it.

History refuses TRUNCATE, so Django's own way of cleaning up after a test that commits cannot be used; and
there is no side door in the product for tests. A test that commits gets a copy of the template of its own.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from loyalty.core import embedded
from loyalty.core.database import append_only_tables, switched

DATA = Path(settings.VAR_DIR) / embedded.TEST_FOLDER
TEMPLATE = "template_"
COPY = "copy_"
# Any number will do, as long as nobody else locks it.
TEMPLATE_LOCK = 20180601
TEMPLATES_KEPT = 4

_numbers = count(1)


@dataclass(frozen=True)
class CommittedDatabase:
    """A database of one test, with everything in it really committed."""

    name: str

    @property
    def url(self) -> str:
        """As the application connects."""
        return embedded.url(DATA, user=embedded.APP_ROLE, database=self.name)

    @property
    def owner_url(self) -> str:
        """As `migrate` connects."""
        return embedded.url(DATA, user=embedded.OWNER_ROLE, database=self.name)

    @property
    def superuser_url(self) -> str:
        """As nobody should connect: for planting faults that verification must find."""
        return embedded.url(DATA, user=embedded.SUPERUSER, database=self.name)

    def environment(self) -> dict[str, str]:
        """The environment in which a command run as another process uses this database."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "loyalty.settings.test",
            "DATABASE_URL": self.url,
            "DATABASE_OWNER_URL": self.owner_url,
        }


def connection_settings(name: str, user: str = embedded.APP_ROLE) -> dict[str, Any]:
    """What to put into a connection's settings to use this database of the embedded test server."""
    return {
        "NAME": name, "USER": user, "PASSWORD": "", "HOST": "", "PORT": "",
        "EMBEDDED_DATA": str(DATA), "OPTIONS": {},
    }  # fmt: skip


def ensure_template() -> str:
    """The name of the migrated template; it is made only when migrations or models changed."""
    embedded.ensure_running(DATA)
    name = TEMPLATE + _fingerprint()
    with _superuser() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            unfinished = f"making_{name}"
            _drop(server, unfinished)
            _create(server, unfinished)
            with switched(connection_settings(unfinished)):
                call_command("migrate", verbosity=0, interactive=False)
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(unfinished), sql.Identifier(name)
                )
            )
        _drop_left_over(server)
    return name


@contextmanager
def copy_of(template: str) -> Iterator[str]:
    """A copy of the template, dropped afterwards whoever still uses it. Gives its name."""
    name = f"{COPY}{os.getpid()}_{next(_numbers)}"
    with _superuser() as server:
        _create(server, name, template)
    try:
        yield name
    finally:
        with _superuser() as server:
            _drop(server, name)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Within the block the default connection, in every thread, uses this database."""
    with switched(connection_settings(name)):
        yield
        connections.close_all()


def _fingerprint() -> str:
    """Changes with everything that a freshly migrated database depends on."""
    digest = hashlib.sha256()
    for app in apps.get_app_configs():
        module = MigrationLoader.migrations_module(app.label)[0]
        folder = Path(app.path) / "migrations"
        if module is not None and folder.exists():
            for path in sorted(folder.glob("*.py")):
                digest.update(str(path.name).encode() + path.read_bytes())
    core = Path(apps.get_app_config("core").path)
    sources = ("database.py", "migration_operations.py", "management/commands/migrate.py", "embedded.py")
    for source in (*sources, "roles.py", "../roles.py"):
        digest.update((core / source).read_bytes())
    models = [(m._meta.label, m._meta.default_permissions, m._meta.permissions) for m in apps.get_models()]
    digest.update(repr((sorted(append_only_tables().items()), models)).encode())
    return digest.hexdigest()[:16]


def _superuser() -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(embedded.url(DATA, user=embedded.SUPERUSER, database="postgres"), autocommit=True)


def _create(server: psycopg.Connection[Any], name: str, template: str = "template1") -> None:
    server.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(embedded.OWNER_ROLE), sql.Identifier(template)
        )
    )


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_left_over(server: psycopg.Connection[Any]) -> None:
    """Copies of runs that were killed, and templates older than the last few."""
    names = [str(row[0]) for row in server.execute("SELECT datname FROM pg_database ORDER BY oid DESC")]
    for name in (name for name in names if name.startswith(COPY)):
        if not Path(f"/proc/{name.split('_')[1]}").exists():
            _drop(server, name)
    for name in [name for name in names if name.startswith(TEMPLATE) and len(name) == 25][TEMPLATES_KEPT:]:
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            continue
