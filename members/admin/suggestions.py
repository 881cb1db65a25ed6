"""Whoever builds a condition is offered what was really bought."""

from __future__ import annotations

from members.selectors.purchased import FACTS, seen_lately
from programs.selectors.suggestions import suggestions

for _fact in FACTS:
    suggestions.contribute(_fact, seen_lately(_fact))
