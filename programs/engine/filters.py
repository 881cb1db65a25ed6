"""Line filters of a ruleset: which lines of a purchase each of them picks.

Equal filters are compiled once and looked at once per purchase. A filter on one text of a line ("category is
dairy") is looked up by the line's text instead of being tried on every line, so that a hundred rules on a
hundred shelves cost no more than the lines have shelves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from programs.engine.compiling import compile_match
from programs.engine.conditions import All, AnyOf, Condition, Leaf, Match
from programs.engine.facts import Line
from programs.engine.vocabulary import FactType, Operator, fact


class Picked(dict[Match, list[int]]):
    """The positions of the earning lines that each filter picks; what is not known yet is tried."""

    __slots__ = ("earning", "lines")

    def __init__(self, lines: Sequence[Line], earning: Sequence[int]) -> None:
        self.lines = lines
        self.earning = earning

    def __missing__(self, match: Match) -> list[int]:
        lines = self.lines
        found = self[match] = [at for at in self.earning if match(lines[at])]
        return found


class LineFilters:
    """The filters of one ruleset: collected while it is compiled, then asked for every purchase."""

    __slots__ = ("_compiled", "_looked_up", "_tables")

    def __init__(self) -> None:
        self._compiled: dict[Condition, Match] = {}
        self._looked_up: list[Match] = []
        self._tables: dict[str, tuple[Callable[[Line], str], dict[str, list[Match]]]] = {}

    def add(self, node: Condition) -> Match:
        """The filter compiled; the same for equal conditions."""
        match = self._compiled.get(node)
        if match is None:
            match = self._compiled[node] = compile_match(node)
            self._look_up(node, match)
        return match

    def _look_up(self, node: Condition, match: Match) -> None:
        while isinstance(node, (All, AnyOf)) and len(node.children) == 1:
            node = node.children[0]
        if not isinstance(node, Leaf) or node.operator not in (Operator.EQUALS, Operator.ONE_OF):
            return
        known = fact(node.fact)
        if known is None or known.type is not FactType.TEXT:
            return
        self._looked_up.append(match)
        _get, table = self._tables.setdefault(node.fact, (known.get, {}))
        for text in (node.value,) if node.operator is Operator.EQUALS else node.value:
            table.setdefault(text, []).append(match)

    def pick(self, lines: Sequence[Line], earning: Sequence[int]) -> Picked:
        """What the filters pick of a purchase."""
        picked = Picked(lines, earning)
        for match in self._looked_up:
            picked[match] = []
        goods = [lines[at] for at in earning]
        for get, table in self._tables.values():
            for at, matches in zip(earning, map(table.get, map(get, goods))):  # noqa: B905 - for every purchase
                if matches is not None:
                    for match in matches:
                        picked[match].append(at)
        return picked
