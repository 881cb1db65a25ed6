"""Multipliers: the factor of each line after each of them, in whole numbers.

Group modes work line by line: of a best_of group a line takes the highest factor, of a first_match group the
first rule that matches it. Within a group factors multiply or add (x2 and x3: x6 or x4); groups multiply with
each other. A factor of zero takes the line out whatever else applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import sub
from typing import NamedTuple

from loyalty.core.exact import split
from programs.engine.drafts import Draft, worth, worth_by_line
from programs.engine.policies import RoundingLevel
from programs.engine.rules import FACTOR_DIGITS, Stacking
from programs.engine.ruleset import CompiledGroup, CompiledRule

ONE: int = 10**FACTOR_DIGITS
_WEIGHT_DIGITS = 10**9
# Looking a member of an enumeration up costs as much as a multiplication.
_BY_LINE = RoundingLevel.LINE
_STACK, _BEST_OF = Stacking.STACK, Stacking.BEST_OF
_NONE: frozenset[int] = frozenset()

Fired = list[tuple[CompiledRule, Sequence[int]]]


class Step(NamedTuple):
    """A multiplier that applies, the lines it touches, and the factor of every line after it."""

    rule: CompiledRule
    lines: frozenset[int]
    factors: list[int]


class Boosts(NamedTuple):
    """Factors in units of 1 / scale. `low` after the multipliers below one (None when there is none); `steps`
    the others in order, each on top of the one before; `out` the lines that count nothing in the end."""

    scale: int
    low: list[int] | None
    lowering: tuple[CompiledRule, ...]
    steps: tuple[Step, ...]
    out: frozenset[int]


def gather_boosts(fired: Sequence[tuple[CompiledGroup, Fired]], lines: int) -> Boosts:
    """Put the multipliers that fired together; at least one did."""
    applied = [chosen for group, rules in fired for chosen in _choose(group, rules)]
    if len(applied) > 1:
        # Below one first; otherwise in the order of evaluation.
        applied.sort(key=lambda chosen: chosen[0].factor >= ONE)
    numbers: dict[tuple[str, str], int] = {}
    for rule, _touched in applied:
        numbers.setdefault(rule.stage, len(numbers))
    values = [[ONE] * len(numbers) for _line in range(lines)]
    scale: int = ONE ** len(numbers)
    factors = [scale] * lines
    gone: set[int] = set()
    low: list[int] | None = None
    lowering: list[CompiledRule] = []
    steps: list[Step] = []
    for rule, touched in applied:
        number, more = numbers[rule.stage], rule.factor - ONE
        if not rule.factor:
            gone |= touched
        factors = factors.copy()
        for line in touched:
            values[line][number] += more
            factors[line] = 0 if line in gone else _product(values[line])
        if more < 0:
            low = factors
            lowering.append(rule)
        else:
            steps.append(Step(rule, touched, factors))
    out = frozenset([line for line, factor in enumerate(factors) if not factor]) if 0 in factors else _NONE
    return Boosts(scale, low, tuple(lowering), tuple(steps), out)


def _product(values: Sequence[int]) -> int:
    """Factors of a line multiplied; what adds up to less than nothing is nothing."""
    product = 1
    for value in values:
        if value <= 0:
            return 0
        product *= value
    return product


def _choose(group: CompiledGroup, rules: Fired) -> list[tuple[CompiledRule, frozenset[int]]]:
    """Which lines each multiplier of a group touches under the group's mode."""
    if group.mode is _STACK:
        return [(rule, frozenset(positions)) for rule, positions in rules]
    owner: dict[int, CompiledRule] = {}
    for rule, positions in rules:
        for position in positions:
            holder = owner.get(position)
            if holder is None or (group.mode is _BEST_OF and rule.factor > holder.factor):
                owner[position] = rule
    chosen = []
    for rule, positions in rules:
        touched = frozenset(position for position in positions if owner[position] is rule)
        if touched:
            chosen.append((rule, touched))
    return chosen


def boost_drafts(boosts: Boosts, drafts: Sequence[Draft], level: RoundingLevel, lines: int) -> list[Draft]:
    """One draft per multiplier above one: what it adds to the awards that stand. A base award that a cap made
    smaller is raised in the same proportion."""
    raised = [draft for draft in drafts if not draft.rule.flat]
    low, scale = boosts.low, boosts.scale
    before = low or [scale] * lines
    totals = [draft.base * scale if low is None else sum(draft.weighted(low)) for draft in raised]
    values = [draft.uncut or draft.value for draft in raised]
    base = sum([draft.base for draft in raised])
    additions = []
    for step in boosts.steps:
        gained = list(map(sub, step.factors, before))
        parts: list[int | Fraction] = [0] * lines
        for index, draft in enumerate(raised):
            if step.lines.isdisjoint(draft.positions):
                continue
            gains = draft.weighted(gained)
            gain = sum(gains)
            totals[index] += gain
            if level is _BY_LINE:
                value: int | Fraction = sum(worth_by_line(draft, step.factors, scale))
            else:
                value = worth(draft, totals[index], scale, level)
            extra, values[index] = value - values[index], value
            if draft.uncut:
                extra = _in_proportion(extra, draft)
            if extra:
                _spread(parts, draft.positions, gains, gain, extra)
        before = step.factors
        additions.append(_addition(step, parts, base))
    return additions


def _addition(step: Step, parts: list[int | Fraction], base: int) -> Draft:
    positions = sorted(step.lines)
    chosen = [parts[at] for at in positions]
    value = sum(chosen)
    whole = isinstance(value, int)
    weights = [int(part) if whole else int(part * _WEIGHT_DIGITS) for part in chosen]
    addition = Draft(step.rule, positions, weights, base, 0)
    addition.value = value
    addition.parts = weights if whole else None
    return addition


def _in_proportion(extra: int | Fraction, draft: Draft) -> int | Fraction:
    """Of an award that a cap made smaller the same part of what it would gain."""
    if isinstance(extra, int) and isinstance(draft.uncut, int):
        return extra * draft.points // draft.uncut
    return Fraction(extra) * Fraction(draft.value) / Fraction(draft.uncut)


def _spread(
    parts: list[int | Fraction],
    positions: Sequence[int],
    gains: Sequence[int],
    total: int,
    extra: int | Fraction,
) -> None:
    """Give each line its part of what a multiplier added to one award; exact where rounding comes later."""
    if isinstance(extra, int):
        # Rounded line by line, goods and their discount may cancel out and still be worth something.
        shares: Sequence[int | Fraction] = split(extra, gains if total else [abs(gain) for gain in gains])
    else:
        shares = [extra * gain / total for gain in gains]
    for at, share in zip(positions, shares):  # noqa: B905 - the check costs as much as the loop
        parts[at] += share
