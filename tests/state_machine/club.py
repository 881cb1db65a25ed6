"""A small programme for the model's own tests. Local time is that of Tallinn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.state_machine.model import ProgrammeModel
from tests.state_machine.rows import Buckets, GivenAward, Refused
from tests.state_machine.terms import Expiry, Pending, PointType, Policies

TALLINN = ZoneInfo("Europe/Tallinn")
SINCE = "2026-01-01"
NOON = "2026-03-01T12:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TALLINN)


class Club(ProgrammeModel):
    """A programme of one point type, `points`, whose only member so far is anna."""

    def __init__(
        self,
        expiry: Expiry | None = None,
        pending: Pending | None = None,
        policies: Policies | None = None,
        **also: object,
    ) -> None:
        points = PointType("points", expiry or Expiry(), pending or Pending(), **also)
        miles = PointType("miles", Expiry("after", 10, "days"))
        super().__init__("Europe/Tallinn", [points, miles], at(SINCE), policies)

    def earn(
        self, ref: str, points: int, text: str, now: str = "", **own: Expiry | Pending
    ) -> dict[str, int]:
        award = GivenAward(ref, "points", points, **own)
        posted = self.purchase("anna", ref, [award], at(text), at(now or text))
        return {row.kind: row.points for row in posted}

    def use(self, ref: str, points: int, text: str) -> None:
        self.spend(ref, "anna", "points", points, at(text), at(text))

    @property
    def anna(self) -> Buckets:
        return self.buckets("anna", "points")

    @property
    def dates(self) -> list[tuple[int, str | None]]:
        return [
            (lot.remaining, lot.expires_on and lot.expires_on.isoformat())
            for lot in self.open_lots("anna", "points")
        ]

    def at_midnight_of(self, text: str) -> tuple[Buckets, Buckets]:
        """The buckets a second before a local day begins and at its first instant."""
        self.advance(at(text) - timedelta(seconds=1))
        before = self.anna
        self.advance(at(text))
        return before, self.anna


def refused(model: Club, code: str, act: Callable[[], object], possible: int | None = None) -> None:
    """The refusal has this code, and nothing has changed."""
    before = model.state()
    with pytest.raises(Refused) as refusal:
        act()
    assert (refusal.value.code, refusal.value.possible) == (code, possible)
    assert model.state() == before
