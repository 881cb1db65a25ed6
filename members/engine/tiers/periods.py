"""From decisions to stretches of time: which tier the member had when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from members.engine.tiers.states import Decision, Source


class Stretch(NamedTuple):
    """A tier from the instant `since`, up to but without `until`; None: it goes on."""

    tier: str
    source: Source
    since: datetime
    until: datetime | None


def periods(decisions: Iterable[Decision]) -> list[Stretch]:
    """The stretches of one ladder from its decisions in order. They follow each other without gap from joining on. A new
    one begins with another tier or source; one that lasted no time at all is left out."""
    found: list[Stretch] = []
    for decision in decisions:
        if found and found[-1].since == decision.occurred_at:
            found.pop()
        elif found:
            found[-1] = found[-1]._replace(until=decision.occurred_at)
        before = found[-1] if found else None
        if before is not None and (before.tier, before.source) == (decision.to_tier, decision.source):
            found[-1] = before._replace(until=None)
        else:
            found.append(Stretch(decision.to_tier, decision.source, decision.occurred_at, None))
    return found
