"""Changes made by other programs than this one."""

from __future__ import annotations

from typing import Any

import psycopg

from loyalty.core import audit
from loyalty.core.models import AuditEntry, User


def test_outside_django_the_change_is_caught_too(committed_database: Any) -> None:
    with psycopg.connect(committed_database.url) as session:
        session.execute(
            "INSERT INTO core_user (email, kind, password, name, language, is_staff, is_superuser, is_active)"
            " VALUES ('a@example.com', 'member', '!', '', 'en', false, false, true)"
        )
    entry = AuditEntry.objects.get(subject_type="core.user")
    assert (entry.operation, entry.actor_id, entry.db_role) == ("insert", None, "loyalty_app")


def test_outside_a_transaction_the_actor_is_named_and_does_not_stick(committed_database: Any) -> None:
    with audit.context(actor=7):
        User.objects.create_staff("anna@example.com")
    User.objects.update(language="ru")
    actors = (
        AuditEntry.objects.filter(subject_type="core.user").order_by("id").values_list("actor_id", flat=True)
    )
    assert list(actors) == [7, None]
