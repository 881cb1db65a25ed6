"""How much of the budgets of rules is used. Programmes know no members, so the app that counts tells it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty.core.exact import local_day, period_key
from programs.engine.document import Core
from programs.models import Programme

# What the rules of a programme have given all members together, in the smallest unit: by rule and name of the period.
Counted = Callable[[Programme], Mapping[tuple[str, str], int]]


@dataclass(frozen=True, slots=True)
class Burn:
    """A budget and what is used of it in its present period, in the smallest unit."""

    used: int
    most: int

    @property
    def percent(self) -> int:
        """Full per cents; 100 only when nothing is left."""
        return min(100, self.used * 100 // self.most)


@dataclass(slots=True)
class _Source:
    counted: Counted | None = None


_source = _Source()


def contribute(counted: Counted) -> None:
    """Say who counts."""
    _source.counted = counted


def burn(programme: Programme, core: Core, instant: datetime) -> dict[str, Burn]:
    """The budgets of rules by the rule's code."""
    counted = {} if _source.counted is None else _source.counted(programme)
    day = local_day(instant, ZoneInfo(core.zone))
    return {
        rule.key: Burn(counted.get((rule.key, period_key(day, budget.period)), 0), budget.most)
        for rule in core.rules
        if (budget := rule.caps.budget) is not None
    }
