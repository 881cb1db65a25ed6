"""Tiers given by hand are history: the law refuses to edit them, and the verification sees what was changed past it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from members.models import TierGrant
from members.selectors.verification import verify
from members.services.advancing import advance
from tests.members.faults import faults, plant, red
from tests.members.test_grants import anna, buys, day, end, give

HISTORY = ("members_tiergrant", "members_documentkey")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE members_tiergrant SET tier = 'silver'",
        "UPDATE members_tiergrant SET until = '2027-01-31'",
        "UPDATE members_tiergrant SET reason = 'none'",
        "UPDATE members_tiergrant SET revoked_at = now(), revoked_because = 'x', until = '2027-01-31'",
        "UPDATE members_tiergrant SET revoked_at = now()",
        "DELETE FROM members_tiergrant",
    ],
)
def test_a_tier_that_was_given_is_not_edited(change: str) -> None:
    give(anna(), "gold", until=date(2026, 12, 31))
    refused = "append-only|permission denied|tier_grant_end_has_a_reason"
    with pytest.raises(DatabaseError, match=refused), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.django_db
def test_how_it_was_ended_is_not_edited_either() -> None:
    membership = anna()
    end(membership, give(membership, "gold"))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        TierGrant.objects.update(revoked_because="another reason")
    assert TierGrant.objects.get().revoked_because == "Given by mistake"


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("DELETE FROM members_tiergrant", "runs, but was not given or is ended"),
        ("DELETE FROM members_tiergrant", "is the key of no such tier given by hand"),
        ("UPDATE members_tiergrant SET tier = 'silver'", "is not what was given"),
        ("UPDATE members_tiergrant SET until = '2027-06-30'", "is not what was given"),
        ("UPDATE members_tiergrant SET ladder = 'visits'", "runs, but was not given or is ended"),
        ("DELETE FROM members_documentkey", "has not one document key"),
        (
            "UPDATE members_tiergrant SET revoked_at = now(), revoked_because = 'x'",
            "was ended without a document",
        ),
        (
            "UPDATE members_tierperiod SET state = state - 'grants'",
            "was given without an end, but does not run",
        ),
    ],
)
def test_the_verification_sees_what_was_changed_past_the_law(
    committed_database: Any, fault: str, found: str
) -> None:
    give(anna(), "gold")
    assert verify().ok
    plant(committed_database, fault, tables=HISTORY)
    assert found in " ".join(faults())
    assert "I18" in red()


def test_a_floor_without_effect_that_disappears_is_missed_too(committed_database: Any) -> None:
    membership = anna()
    buys(membership, 1200_00)
    give(membership, "silver", until=date(2026, 3, 31))
    advance(membership.programme, day("2026-05-01"))
    assert verify().ok
    plant(committed_database, "DELETE FROM members_tiergrant", tables=HISTORY)
    assert red() == ["I18"]
