"""Whichever way documents come, and whenever jobs run, the ledger is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings

from members.selectors.verification import verify
from programs.models import Programme
from tests.members.club import query
from tests.members.test_import_chunks import ledger
from tests.members.ways import (
    Bought,
    Delivery,
    World,
    build,
    deliveries,
    imported,
    in_the_order_of_files,
    in_time,
    late,
    one_after_the_other,
    touched,
    worlds,
)

pytestmark = pytest.mark.django_db
# Everything but ids and times of recording, besides `ledger` (whose balances know one point type only).
MORE = {
    "accounts": "SELECT member_id, point_type_id, available, pending, held, debt, version, extended_to"
    " FROM members_account ORDER BY 1, 2",
    "terms": "SELECT member_id, amount, activates_at, expires_at, extendable, awaits FROM members_lot"
    " ORDER BY member_id, id",
    "decisions": "SELECT membership_id, ladder, from_tier, to_tier, reason, source, value, ends_on, occurred_at,"
    " revision_id FROM members_tierdecision ORDER BY membership_id, ladder, id",
    "periods": "SELECT membership_id, ladder, tier, source, valid, state, due_at, revision_id FROM members_tierperiod"
    " ORDER BY membership_id, ladder, lower(valid)",
    "counters": "SELECT membership_id, metric, day, value FROM members_qualificationcounter WHERE value <> 0"
    " ORDER BY 1, 2, 3",
    "standing": "SELECT membership_id, last_purchase_at, tiers_until FROM members_memberstats ORDER BY 1",
    "events": "SELECT membership_id, kind, occurred_at, trace, facts FROM members_event ORDER BY membership_id, id",
}
random = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def left_by(way: Callable[[], None]) -> dict[str, Any]:
    """What a way leaves in a sound ledger; it is taken back."""
    with transaction.atomic():
        way()
        left = {name: query(statement) for name, statement in MORE.items()} | {"ledger": ledger()[1:]}
        assert [result.id for result in verify().results if not result.ok] == []
        transaction.set_rollback(True)
    return left


def compare(world: World, folder: Path) -> None:
    with transaction.atomic():
        programme: Programme = build(world)

        def singly(files: list[Delivery], night: Callable[[Programme, datetime], None]) -> dict[str, Any]:
            return left_by(lambda: one_after_the_other(files, world.nights, programme, night))

        files = deliveries(world)
        expected = singly(files, in_time)
        assert singly(files, late) == expected
        assert singly(files, touched) == expected
        meant = left_by(lambda: in_the_order_of_files(files, programme, world.nights))
        assert left_by(lambda: imported(files, world.chunk, programme, folder, world.nights)) == meant
        transaction.set_rollback(True)


@settings(random, max_examples=5)
@given(worlds)
def test_jobs_in_time_or_late_end_the_same_and_a_file_ends_like_its_documents_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, world: World
) -> None:
    compare(world, tmp_path_factory.mktemp("ways"))


@pytest.mark.nightly
@settings(random, max_examples=300)
@given(worlds)
def test_the_same_for_many_more(tmp_path_factory: pytest.TempPathFactory, world: World) -> None:
    compare(world, tmp_path_factory.mktemp("ways"))


def test_receipts_older_than_those_of_an_earlier_file_do_not_raise_a_member_for_days_that_are_over(
    tmp_path: Path,
) -> None:
    """Days 1 and 100 are out of the window of two months when the second file comes, on day 210."""
    ladder = {
        "key": "status", "name": "Status", "window": {"kind": "rolling", "months": 2},
        "ends": "never", "falls": "at_once",
        "tiers": [{"key": "base", "name": "Base"}, {"key": "gold", "name": "Gold", "threshold": 150}],
    }  # fmt: skip
    document = {
        "programme": {"key": "club", "name": "Club", "zone": "Europe/Tallinn", "currency": "EUR"},
        "point_types": [{"key": "points", "name": "Points"}],
        "ladders": [ladder],
        "rules": [
            {"key": "base", "title": "Base", "effect": {"kind": "per_step", "points": 1, "step": "1.00"}},
            {
                "key": "risen",
                "title": "Risen",
                "trigger": "tier_reached",
                "effect": {"kind": "fixed", "points": 11},
            },
        ],
    }
    sold = [Bought(1, 100, (16000,), False), Bought(1, 1, (16000,), True), Bought(1, 100, (16000,), True)]
    world = World(document, False, sold, [], 210, [], 5)
    programme = build(world)
    imported(deliveries(world), world.chunk, programme, tmp_path)
    rises = "SELECT from_tier, to_tier FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id"
    assert query(f"{rises} WHERE m.number = 'M1' ORDER BY d.id") == [
        ("", "base"),
        ("base", "gold"),
        ("gold", "base"),
    ]
    assert query("SELECT available FROM members_account") == [(3 * 160 + 11,)]
