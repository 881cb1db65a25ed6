"""What a document costs in waiting for the database: exact numbers, counted on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from members.models import Purchase
from members.selectors.verification import verify
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from tests.members.club import NOON, basket, club, member, operator
from tests.wire import Wire, watched


def cost(wire: Wire, do: Callable[[int], Any]) -> tuple[int, int]:
    """Round trips and commits of something, when everything that is learned once has been learned."""
    for turn in range(3):
        wire.reset()
        do(turn)
    return wire.trips, wire.commits


def test_a_document_waits_twice_and_commits_once(committed_database: Any) -> None:
    membership, partner = member(club()), operator()
    assert membership.programme.key == "club"  # read before anything is counted

    def buy(turn: int) -> None:
        record_purchase(
            membership=membership, basket=basket(1234), receipt=f"r{turn}", partner=partner,
            now=NOON + timedelta(hours=turn),
        )  # fmt: skip

    def spend(turn: int) -> None:
        redeem(
            membership=membership,
            points=2,
            partner=partner,
            reference=f"s{turn}",
            now=NOON + timedelta(days=1),
        )

    with watched() as wire:
        assert cost(wire, buy) == (2, 1)
        assert cost(wire, spend) == (2, 1)
        assert cost(wire, lambda _turn: buy(0)) == (
            3,
            1,
        )  # a repeat reads the first answer, and writes nothing
        assert Purchase.objects.count() == 3
    assert verify(None).ok
