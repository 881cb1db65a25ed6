"""Evaluation written to be read: with fractions, rule by rule and line by line, without a thought of speed.

It knows everything but schedules, caps and limits, which have tables of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from zoneinfo import ZoneInfo

from loyalty.core.exact import round_ratio, split
from programs.engine.bases import BaseCalculator
from programs.engine.compiling import compile_check, compile_match
from programs.engine.document import Core
from programs.engine.drafts import Award, Evaluation, Skip
from programs.engine.facts import Basket, Facts, MemberFacts
from programs.engine.rules import Combine, EffectKind, Rule, RuleGroup, Stacking

Factors = list[Fraction]
Applied = list[tuple[RuleGroup, Rule, list[int]]]


@dataclass
class Given:
    """What a rule gives: by line what it looks at, by line what a split goes by, and the points."""

    rule: Rule
    looks: dict[int, int]
    base: int
    share: dict[int, Fraction]
    value: Fraction = Fraction(0)
    parts: dict[int, Fraction] | None = None

    def split(self, lines: int) -> tuple[int, ...]:
        parts = dict.fromkeys(range(lines), 0)
        if self.parts is not None:
            parts |= {at: int(part) for at, part in self.parts.items()}
        else:
            shares = list(self.share.values())
            weights = whole(shares) if sum(shares) > 0 else [1] * len(shares)
            parts |= dict(zip(self.share, split(int(self.value), weights), strict=True))
        return tuple(parts.values())


def whole(values: list[Fraction]) -> list[int]:
    """In the same proportion, without fractions."""
    common = lcm(*(value.denominator for value in values))
    return [int(value * common) for value in values]


def rounded(value: Fraction, rule: Rule, core: Core) -> Fraction:
    mode = rule.rounding or core.policies.rounding
    return Fraction(round_ratio(value.numerator, value.denominator, mode))


class Reference:
    """One purchase under one programme."""

    def __init__(self, basket: Basket, member: MemberFacts, core: Core) -> None:
        self.core = core
        self.facts = Facts(basket, member, ZoneInfo(core.zone))
        self.bases = BaseCalculator(core.policies)(self.facts)
        self.level = core.policies.rounding_level.value
        self.steps: list[tuple[Rule, list[int], Factors]] = []
        self.low: Factors = []
        self.skips: list[Skip] = []

    def evaluate(self) -> Evaluation:
        awards: list[Award] = []
        for item in self.core.point_types:
            for given in self.point_type(item.key):
                parts = given.split(len(self.facts.lines))
                awards.append(
                    Award(len(awards) + 1, given.rule.key, item.key, int(given.value), parts, given.base)
                )
        return Evaluation(tuple(awards), tuple(self.skips))

    def skip(self, rule: Rule, code: str, about: str = "") -> None:
        self.skips.append(Skip(rule.key, code, about))

    def point_type(self, key: str) -> list[Given]:
        self.steps, self.low = [], [Fraction(1)] * len(self.facts.lines)
        multipliers, exclusive, others = [], [], []
        for group in self.core.groups:
            mine = [
                rule
                for rule in self.core.rules
                if rule.group == group.key and rule.point_type == key and rule.enabled
            ]
            if mine and mine[0].effect.kind is EffectKind.MULTIPLIER:
                multipliers.append((group, mine))
            elif group.mode is Stacking.EXCLUSIVE:
                exclusive.append((group, mine))
            else:
                others.append((group, mine))
        alone = self.alone([rule for _group, rules in exclusive for rule in rules])
        if alone is not None:
            rest = [
                rule for part in (exclusive, multipliers, others) for _group, rules in part for rule in rules
            ]
            known = {alone.rule.key} | {skip.rule for skip in self.skips}
            for rule in rest:
                if rule.key not in known:
                    self.skip(rule, "excluded", alone.rule.key)
            return [alone]
        lowering = self.gather(multipliers)
        given = self.groups(others)
        for rule in lowering:
            self.skip(rule, "lowered")
        given += self.additions(given)
        if self.level == "basket":
            self.round_together(given)
        for each in given:
            if each.value <= 0:
                self.skip(each.rule, "rounded_to_zero")
        return [each for each in given if each.value > 0]

    def alone(self, rules: list[Rule]) -> Given | None:
        for rule in rules:
            given = self.attempt(rule)
            if given is not None:
                if self.level == "basket":
                    self.round_together([given])
                if given.value > 0:
                    return given
                self.skip(rule, "rounded_to_zero")
        return None

    def groups(self, groups: list[tuple[RuleGroup, list[Rule]]]) -> list[Given]:
        everything: list[Given] = []
        stopped = ""
        for group, rules in groups:
            given: list[Given] = []
            for rule in rules:
                if stopped:
                    self.skip(rule, "stopped", stopped)
                elif given and group.mode is Stacking.FIRST_MATCH:
                    self.skip(rule, "after_first", given[0].rule.key)
                elif (attempt := self.attempt(rule)) is not None:
                    given.append(attempt)
            if given and group.mode is Stacking.BEST_OF:
                best = max(given, key=lambda each: each.value)
                for each in given:
                    if each is not best:
                        self.skip(each.rule, "beaten", best.rule.key)
                given = [best]
            if given and group.mode is Stacking.STOP_AFTER:
                stopped = given[0].rule.key
            everything += given
        return everything

    def lines_of(self, rule: Rule) -> list[int]:
        """The lines that a rule looks at; none, with the reason noted, when it does not fire."""
        check = None if rule.when is None else compile_check(rule.when)
        failed = None if check is None else check(self.facts)
        if failed is not None:
            self.skip(rule, "when", failed)
            return []
        match = None if rule.lines is None else compile_match(rule.lines)
        found = [at for at in self.bases.earning if match is None or match(self.facts.lines[at])]
        if not found:
            self.skip(rule, "no_lines")
        return found

    def attempt(self, rule: Rule) -> Given | None:
        positions = self.lines_of(rule)
        if not positions:
            return None
        flat = rule.effect.kind is EffectKind.FIXED
        final = self.steps[-1][2] if self.steps else self.low
        if not flat:
            positions = [at for at in positions if final[at]]
            if not positions:
                self.skip(rule, "taken_out")
                return None
        looks = {at: self.looked_at(rule, at) for at in positions}
        base = sum(looks.values())
        if not flat and (base <= 0 or not self.unit(rule, base)):
            self.skip(rule, "nothing_to_earn" if base <= 0 else "below_step")
            return None
        low = [Fraction(1)] * len(self.low) if flat else self.low
        given = Given(rule, looks, base, {at: looks[at] * low[at] for at in looks})
        if flat:
            given.value = Fraction(rule.effect.points)
        else:
            given.value = self.worth(given, low)
            if self.level == "line":
                given.parts = self.by_line(given, low)
        if given.value <= 0 and (flat or self.worth(given, final) <= 0 or not self.steps):
            self.skip(rule, "rounded_to_zero")
            return None
        return given

    def looked_at(self, rule: Rule, at: int) -> int:
        line = self.facts.lines[at]
        if rule.effect.kind is EffectKind.PER_UNIT:
            return 0 if line.kind == "discount" else line.quantity
        return self.bases.whole[at] if rule.lines is None else self.bases.lines[at]

    def unit(self, rule: Rule, base: int) -> Fraction:
        """What an amount or a quantity is worth, toward zero: full steps and whole units count."""
        effect = rule.effect
        if effect.kind is EffectKind.PERCENT:
            point_type = self.core.point_type(rule.point_type)
            assert point_type is not None
            money = Fraction(base, 10**self.core.money_digits)
            return money * 10**point_type.decimals * effect.percent / 10**4 / 100
        step = effect.step if effect.kind is EffectKind.PER_STEP else 1000
        return Fraction(int(Fraction(base, step)) * effect.points)

    def worth(self, given: Given, factors: Factors) -> Fraction:
        if self.level == "line":
            return sum(self.by_line(given, factors).values(), Fraction(0))
        counted = sum((given.looks[at] * factors[at] for at in given.looks), Fraction(0))
        value = self.unit(given.rule, given.base) * counted / given.base
        return value if self.level == "basket" else rounded(value, given.rule, self.core)

    def by_line(self, given: Given, factors: Factors) -> dict[int, Fraction]:
        rule = given.rule
        return {
            at: rounded(self.unit(rule, given.looks[at]) * factors[at], rule, self.core) for at in given.looks
        }

    # --- multipliers ------------------------------------------------------------------------------
    def gather(self, groups: list[tuple[RuleGroup, list[Rule]]]) -> list[Rule]:
        """Reckon the factors after each multiplier; those below one are given back."""
        applied: Applied = []
        beaten = []
        for group, rules in groups:
            fired = [(rule, found) for rule in rules if (found := self.lines_of(rule))]
            for rule, found in fired:
                mine = [
                    at for at in found if self.owner(group, fired, at) is rule or group.mode is Stacking.STACK
                ]
                if mine:
                    applied.append((group, rule, mine))
                else:
                    beaten.append(rule)
        for rule in beaten:
            self.skip(rule, "beaten")
        applied.sort(key=lambda each: each[1].effect.factor >= 1000)
        for count, (_group, rule, lines) in enumerate(applied, 1):
            factors = [self.factor(applied[:count], at) for at in range(len(self.facts.lines))]
            if rule.effect.factor < 1000:
                self.low = factors
            else:
                self.steps.append((rule, lines, factors))
        return [rule for _group, rule, _lines in applied if rule.effect.factor < 1000]

    def owner(self, group: RuleGroup, fired: list[tuple[Rule, list[int]]], at: int) -> Rule | None:
        matching = [rule for rule, found in fired if at in found]
        if group.mode is Stacking.BEST_OF:
            return max(matching, key=lambda rule: rule.effect.factor, default=None)
        return matching[0] if matching else None

    def factor(self, applied: Applied, at: int) -> Fraction:
        stages: dict[str, Fraction] = {}
        for group, rule, lines in applied:
            if at in lines:
                factor = Fraction(rule.effect.factor, 1000)
                if not factor:
                    return factor
                stage = f"group {group.key}" if group.combine is Combine.ADD else f"rule {rule.key}"
                stages[stage] = stages.get(stage, Fraction(1)) + factor - 1
        product = Fraction(1)
        for total in stages.values():
            product *= max(total, 0)
        return product

    def additions(self, given: list[Given]) -> list[Given]:
        """What each multiplier above one adds to what the others gave."""
        raised = [each for each in given if each.rule.effect.kind is not EffectKind.FIXED]
        before, additions = self.low, []
        for rule, lines, factors in self.steps:
            parts = dict.fromkeys(range(len(before)), Fraction(0))
            for each in raised:
                extra = self.worth(each, factors) - self.worth(each, before)
                gains = {at: each.looks[at] * (factors[at] - before[at]) for at in each.looks}
                if extra:
                    weights = whole(list(gains.values()))
                    if self.level == "basket":
                        shares = [extra * gain / sum(weights) for gain in weights]
                    else:
                        if not sum(weights):
                            weights = [abs(weight) for weight in weights]
                        shares = [Fraction(part) for part in split(int(extra), weights)]
                    for at, part in zip(gains, shares, strict=True):
                        parts[at] += part
            base = sum(each.base for each in raised)
            # Shares of a thousand millionth decide nothing.
            share = {at: Fraction(int(parts[at] * 10**9)) for at in lines}
            addition = Given(rule, {}, base, share, sum(parts.values(), Fraction(0)))
            addition.parts = None if self.level == "basket" else parts
            additions.append(addition)
            before = factors
        return additions

    def round_together(self, given: list[Given]) -> None:
        total = sum((each.value for each in given), Fraction(0))
        points = max(round_ratio(total.numerator, total.denominator, self.core.policies.rounding), 0)
        weights = whole([each.value for each in given])
        parts = split(points, weights) if points else [0] * len(given)
        for each, part in zip(given, parts, strict=True):
            each.value = Fraction(part)
