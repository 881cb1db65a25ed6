"""What the application's own database role cannot do to history: twelve attacks, each refused, nothing changed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import transaction

from tests.members.club import balances, counted
from tests.members.small_ledger import small_ledger

_POSTING = """
INSERT INTO members_posting (member_id, account_id, point_type_id, kind, from_side, to_side, amount,
    available_after, pending_after, held_after, debt_after, version, occurred_at, recorded_at, operation,
    reference, reason)
SELECT {member}, {account}, point_type_id, {kind}, {amount}, {after}, 0, 0, 0, {version}, now(), now(), 99, '', ''
FROM members_posting ORDER BY id LIMIT 1
"""


def posting(**values: str) -> str:
    """A statement that would be a right posting, but for the values named."""
    right = {
        "member": "member_id", "account": "account_id", "kind": "'earn', 'issuance', 'available'",
        "amount": "5", "after": "5", "version": "9999",
    }  # fmt: skip
    return _POSTING.format(**{**right, **values})


ATTACKS: dict[str, list[str]] = {
    "update": [
        "UPDATE members_posting SET amount = amount + 1",
        "UPDATE members_purchase SET amount = 0",
        "UPDATE members_allocation SET amount = 1",
        "UPDATE members_documentkey SET number = 'other'",
        "UPDATE members_return SET amount = 0",
    ],
    "delete": [
        *(f"DELETE FROM members_{name}"
          for name in ("allocation", "posting", "documentkey", "return", "purchase")),
        "DELETE FROM members_account",
        "DELETE FROM members_membership",
    ],
    "truncate": [
        *(f"TRUNCATE members_{name} CASCADE"
          for name in ("posting", "allocation", "purchase", "return", "documentkey", "account")),
    ],
    "merge": [
        "MERGE INTO members_posting p USING (SELECT 1) one ON true WHEN MATCHED THEN UPDATE SET amount = 1",
        "MERGE INTO members_posting p USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
    ],
    "on conflict do update": [
        ("INSERT INTO members_posting SELECT * FROM members_posting"
         " ON CONFLICT (id) DO UPDATE SET amount = members_posting.amount + 1"),
        ("INSERT INTO members_documentkey SELECT * FROM members_documentkey"
         " ON CONFLICT (id) DO UPDATE SET number = 'other'"),
    ],
    "triggers": [
        "ALTER TABLE members_posting DISABLE TRIGGER ALL",
        "DROP TRIGGER forbid_change ON members_posting",
        "CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER TABLE members_posting DROP CONSTRAINT posting_amount_positive",
    ],
    "replication role": ["SET session_replication_role = replica"],
    "another role": ["SET ROLE loyalty_owner", "SET SESSION AUTHORIZATION loyalty_owner"],
    "negative balance": [
        "UPDATE members_account SET available = -1",
        "UPDATE members_lot SET remaining = -1",
        posting(after="-5"),
        posting(amount="-5"),
        posting(amount="0"),
    ],
    "unbalanced": [
        posting(kind="'earn', 'available', 'available'"),
        posting(kind="'earn', 'redemption', 'available'"),
        posting(kind="'spend', 'issuance', 'available'"),
        posting(kind="'gift', 'issuance', 'available'"),
        "UPDATE members_lot SET remaining = amount + 1",
    ],
    "duplicate key": [
        posting(version="version"),
        ("INSERT INTO members_documentkey (programme_id, partner_id, source, kind, number, digest, member_id,"
         " document_id) SELECT programme_id, partner_id, source, kind, number, digest, member_id, 1"
         " FROM members_documentkey"),
    ],
    "orphan": [
        posting(account="999999"),
        posting(member="999999"),
        posting(member="(SELECT max(member_id) FROM members_membership)"),
        ("INSERT INTO members_allocation (member_id, posting_id, lot_id, amount)"
         " SELECT member_id, 999999, lot_id, 1 FROM members_allocation LIMIT 1"),
    ],
    "view": [
        ("CREATE TEMPORARY VIEW mine AS SELECT * FROM members_posting;"
         " UPDATE mine SET amount = amount + 1"),
    ],
}  # fmt: skip


@pytest.fixture
def history(committed_database: Any) -> Any:
    with transaction.atomic():
        small_ledger()
    # The rows came with numbers; new ones must not fail for theirs.
    with psycopg.connect(committed_database.superuser_url) as superuser:
        for name in ("posting", "allocation", "documentkey", "lot"):
            superuser.execute(f"SELECT setval('members_{name}_id_seq', 1000)")
    return committed_database


def test_every_attack_as_the_application_is_refused(history: Any) -> None:
    tables = ("posting", "allocation", "purchase", "return", "documentkey", "account", "lot", "membership")
    before = counted(*tables), balances()
    passed = []
    with psycopg.connect(history.url, autocommit=True) as attacker:
        role = attacker.execute("SELECT current_user").fetchone()
        assert role == ("loyalty_app",)
        for name, statements in ATTACKS.items():
            for statement in statements:
                try:
                    # Deferred keys speak at the end of the transaction.
                    with attacker.transaction():
                        attacker.execute(statement)
                except (psycopg.errors.SyntaxError, psycopg.errors.UndefinedColumn):
                    raise
                except psycopg.Error:
                    continue
                passed.append((name, statement))
    assert passed == []
    assert (counted(*tables), balances()) == before


def test_the_guard_itself_lets_a_right_posting_in(history: Any) -> None:
    """So that the attacks above fail for their own reason."""
    with psycopg.connect(history.url) as application:
        application.execute(posting())
        application.rollback()


def test_copy_of_a_false_row_is_refused(history: Any) -> None:
    with (
        psycopg.connect(history.url) as attacker,
        pytest.raises(psycopg.errors.IntegrityError),
        attacker.cursor().copy(
            "COPY members_allocation (member_id, posting_id, lot_id, amount) FROM STDIN"
        ) as copy,
    ):
        copy.write_row((1, 1, 1, -5))


@pytest.mark.parametrize(
    "statement", ["UPDATE members_posting SET amount = 1", "TRUNCATE members_posting CASCADE"]
)
def test_the_owner_cannot_edit_history_either(history: Any, statement: str) -> None:
    with psycopg.connect(history.owner_url) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)
