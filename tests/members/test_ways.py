"""Whichever way documents come, and whenever jobs run, the ledger is the same.

A file's documents are posted in the order of time for each member; that is a law of imports, and one after the other
they are fed in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings

from members.selectors.verification import verify
from programs.models import Programme
from tests.members.club import query
from tests.members.test_import_chunks import ledger
from tests.members.ways import World, build, imported, in_time, late, one_after_the_other, touched, worlds

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
    "events": "SELECT membership_id, kind, occurred_at, trace FROM members_event ORDER BY 1, 3, 2",
}
random = settings(
    deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck)
)


def left_by(way: Callable[[], None]) -> dict[str, Any]:
    """What a way leaves in a sound ledger; it is taken back."""
    with transaction.atomic():
        way()
        left = {name: query(statement) for name, statement in MORE.items()} | {"ledger": ledger()[1:]}
        assert [result.name for result in verify().results if not result.ok] == []
        transaction.set_rollback(True)
    return left


def compare(world: World, folder: Path) -> None:
    with transaction.atomic():
        programme: Programme = build(world)
        expected = left_by(lambda: one_after_the_other(world, programme, in_time))
        for night in (late, touched):
            left = left_by(lambda night=night: one_after_the_other(world, programme, night))  # type: ignore[misc]
            assert left == expected, night.__name__
        assert left_by(lambda: imported(world, programme, folder)) == expected
        transaction.set_rollback(True)


@settings(random, max_examples=5)
@given(worlds)
def test_one_after_the_other_by_files_in_time_and_late_all_end_the_same(
    tmp_path_factory: pytest.TempPathFactory, world: World
) -> None:
    compare(world, tmp_path_factory.mktemp("ways"))


@pytest.mark.nightly
@settings(random, max_examples=300)
@given(worlds)
def test_the_same_for_many_more(tmp_path_factory: pytest.TempPathFactory, world: World) -> None:
    compare(world, tmp_path_factory.mktemp("ways"))
