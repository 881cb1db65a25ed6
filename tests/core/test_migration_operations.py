"""`ForbidChange` on a table of its own: what it refuses, what it lets through, how it goes away again."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, models
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

from loyalty.core.database import as_owner
from loyalty.core.migration_operations import ForbidChange

FACT = CreateModel(
    "Fact",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("what", models.TextField()),
        ("closed_at", models.DateTimeField(null=True)),
    ],
)
REFUSED = psycopg.errors.RestrictViolation


def apply(operation: Any, before: ProjectState, *, backwards: bool = False) -> ProjectState:
    after = before.clone()
    operation.state_forwards("core", after)
    with as_owner(), connection.schema_editor() as editor:
        if backwards:
            operation.database_backwards("core", editor, after, before)
        else:
            operation.database_forwards("core", editor, before, after)
    return after


@pytest.fixture
def fact_state(committed_database: Any) -> ProjectState:
    return apply(FACT, ProjectState())


@pytest.fixture
def owner(committed_database: Any, fact_state: ProjectState) -> Iterator[Any]:
    apply(ForbidChange("fact", allow=["closed_at"]), fact_state)
    with psycopg.connect(committed_database.owner_url, autocommit=True) as session:
        session.execute("INSERT INTO core_fact (what) VALUES ('sold'), ('returned')")
        yield session


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_fact SET what = 'other'",
        "UPDATE core_fact SET what = 'other', closed_at = now()",
        "DELETE FROM core_fact",
        "TRUNCATE core_fact",
        "INSERT INTO core_fact (id, what) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET what = 'other'",
        "MERGE INTO core_fact USING (VALUES (1)) v(id) ON core_fact.id = v.id WHEN MATCHED THEN DELETE",
    ],
)
def test_the_owner_cannot_change_a_fact(owner: Any, statement: str) -> None:
    with pytest.raises(REFUSED, match="core_fact is append-only"):
        owner.execute(statement)
    assert owner.execute("SELECT what, closed_at FROM core_fact ORDER BY id").fetchall() == [
        ("sold", None),
        ("returned", None),
    ]


def test_a_set_once_column_is_filled_in_once(owner: Any) -> None:
    owner.execute("UPDATE core_fact SET closed_at = '2026-01-01' WHERE id = 1")
    for again in ("'2026-02-01'", "NULL"):
        with pytest.raises(REFUSED):
            owner.execute(f"UPDATE core_fact SET closed_at = {again} WHERE id = 1")


def test_a_session_that_plays_replica_is_refused_too(committed_database: Any, owner: Any) -> None:
    with psycopg.connect(committed_database.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(REFUSED):
            superuser.execute("DELETE FROM core_fact")


def test_it_can_be_taken_back(committed_database: Any, fact_state: ProjectState, owner: Any) -> None:
    owner.close()
    apply(ForbidChange("fact", allow=["closed_at"]), fact_state, backwards=True)
    with psycopg.connect(committed_database.owner_url, autocommit=True) as session:
        session.execute("DELETE FROM core_fact WHERE id = 1")
        session.execute("TRUNCATE core_fact")


def test_it_is_written_into_a_migration_as_it_was_made() -> None:
    name, arguments, keywords = ForbidChange("Fact", allow=["closed_at"]).deconstruct()
    assert (name, arguments, keywords) == (
        "ForbidChange",
        [],
        {"model_name": "Fact", "allow": ("closed_at",)},
    )
