"""Awards in the making and what comes of them: the values that evaluation passes around."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import NamedTuple

from loyalty.core.exact import round_ratio, split
from programs.engine.policies import RoundingLevel
from programs.engine.ruleset import CompiledRule

# Looking a member of an enumeration up costs as much as a multiplication.
_BY_BASKET = RoundingLevel.BASKET


class Award(NamedTuple):
    """Points of one rule. `split` gives each line its part. `base` is what the rule looked at:
    minor units, or thousandths of a unit for per_unit. `cut` names the cap that made it smaller, `uncut` the
    points before it."""

    number: int
    rule: str
    point_type: str
    points: int
    split: tuple[int, ...]
    base: int
    cut: str = ""
    uncut: int = 0


class Skip(NamedTuple):
    """Why a rule gave nothing: a stable code and what it refers to (path of a condition, key of another
    rule)."""

    rule: str
    code: str
    about: str = ""


class Evaluation(NamedTuple):
    """What a purchase earned and why the other rules gave nothing."""

    awards: tuple[Award, ...]
    skips: tuple[Skip, ...]

    def total(self, point_type: str) -> int:
        return sum(award.points for award in self.awards if award.point_type == point_type)


class Draft:
    """The award of one rule while modes, multipliers and caps are still being applied.

    `unit / rule.denominator` is the exact value before multipliers. `value` is the points so far: a whole
    number, or a Fraction until the basket is rounded.
    """

    __slots__ = (
        "base",
        "cut",
        "parts",
        "positions",
        "rule",
        "uncut",
        "uncut_parts",
        "unit",
        "value",
        "weights",
        "weights_of_split",
    )

    def __init__(
        self,
        rule: CompiledRule,
        positions: Sequence[int],
        weights: Sequence[int],
        base: int,
        unit: int,
    ) -> None:
        self.rule = rule
        self.positions = positions
        self.weights = weights
        # Differ from `weights` where a factor below one makes a line count less.
        self.weights_of_split = weights
        self.base = base
        self.unit = unit
        self.value: int | Fraction = 0
        self.parts: list[int] | None = None
        self.cut = ""
        self.uncut: int | Fraction = 0
        self.uncut_parts: list[int] | None = None

    @property
    def points(self) -> int:
        assert isinstance(self.value, int)
        return self.value

    def weighted(self, factors: Sequence[int]) -> list[int]:
        """What each matching line counts for when all lines have a factor."""
        return list(map(mul, self.weights, map(factors.__getitem__, self.positions)))

    def shares(self) -> list[int]:
        """Points by matching line, summing to the award."""
        parts = self.parts
        if parts is None:
            weights = self.weights_of_split
            parts = self.parts = split(self.points, weights if sum(weights) > 0 else [1] * len(weights))
        return parts

    def cut_to(self, points: int, name: str) -> None:
        """Make the award smaller; every line keeps its share of the award before any cut."""
        self.cut, self.uncut = name, self.uncut or self.points
        if points:
            if self.uncut_parts is None:
                self.uncut_parts = self.shares()
            self.parts = split(points, self.uncut_parts)
        self.value = points

    def award(self, number: int, point_type: str, lines: int) -> Award:
        """The finished award, its split spread over all lines of the purchase."""
        parts = self.shares()
        if len(parts) != lines:
            shares, parts = parts, [0] * lines
            for position, part in zip(self.positions, shares):  # noqa: B905 - the check costs as much as the loop
                parts[position] = part
        points, uncut = self.value, int(self.uncut)
        assert isinstance(points, int)
        return Award(number, self.rule.key, point_type, points, tuple(parts), self.base, self.cut, uncut)


def worth(draft: Draft, total: int, scale: int, level: RoundingLevel) -> int | Fraction:
    """What a rule is worth when its lines together count total / scale. At level `basket` the value stays
    exact."""
    rule = draft.rule
    numerator, denominator = draft.unit, rule.denominator
    once = draft.base * scale
    if total != once:
        numerator, denominator = numerator * total, denominator * once
    if level is _BY_BASKET:
        return Fraction(numerator, denominator)
    return numerator if denominator == 1 else round_ratio(numerator, denominator, rule.rounding)


def worth_by_line(draft: Draft, factors: Sequence[int] | None, scale: int) -> list[int]:
    """The same at level `line`, where line counts factors / scale times (None is once): each line on its own,
    as if it were a purchase; full steps and whole units are counted by line."""
    rule, parts = draft.rule, []
    for position, weight in zip(draft.positions, draft.weights, strict=True):
        value = round_ratio(weight, rule.step) * rule.points
        if factors is None:
            parts.append(round_ratio(value, rule.denominator, rule.rounding))
        else:
            parts.append(round_ratio(value * factors[position], rule.denominator * scale, rule.rounding))
    return parts
