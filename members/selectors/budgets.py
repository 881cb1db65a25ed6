"""What rules with a budget have given all members together."""

from __future__ import annotations

from collections.abc import Mapping

from members.models import BudgetCounter
from programs.models import Programme


def counted(programme: Programme) -> Mapping[tuple[str, str], int]:
    """In the smallest unit, by rule and name of the period."""
    rows = BudgetCounter.objects.filter(programme=programme).values_list("rule", "period", "used")
    return {(rule, period): used for rule, period, used in rows}
