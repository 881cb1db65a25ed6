"""What a purchase earns: awards with their split by line, and for every rule that gave nothing the reason.

The algorithm, for each point type:
1. Exclusive groups are tried; if one awards something, it stands alone and is not multiplied.
2. Multipliers that fire give each line a factor (see `boosts`). Stopping groups do not stop them.
3. The other groups are tried in order. A rule's value is exact, multiplied by the factors below one, rounded
   once (or line by line, or with the basket) and cut by its caps; the group's mode decides which rules stay.
4. Each multiplier above one gets as an award of its own what it adds: the rounded value with it less that
   without.
5. The limits of the point type cut the total, taking from the awards evaluated last.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

from loyalty.core.exact import round_ratio, split
from programs.engine.bases import Bases
from programs.engine.boosts import Boosts, Fired, boost_drafts, gather_boosts
from programs.engine.drafts import Award, Draft, Evaluation, Skip, worth, worth_by_line
from programs.engine.facts import Basket, Facts, LineKind, MemberFacts
from programs.engine.filters import Picked
from programs.engine.limits import apply_caps, apply_exact_caps, apply_limits, blocked
from programs.engine.policies import RoundingLevel
from programs.engine.rules import Stacking
from programs.engine.ruleset import CompiledGroup, CompiledRule, Plan, Ruleset

_DISCOUNT: str = LineKind.DISCOUNT.value
# Looking a member of an enumeration up costs as much as a multiplication.
_BY_RULE, _BY_LINE, _BY_BASKET = RoundingLevel.RULE, RoundingLevel.LINE, RoundingLevel.BASKET
_STACK, _FIRST_MATCH = Stacking.STACK, Stacking.FIRST_MATCH
_BEST_OF, _STOP_AFTER = Stacking.BEST_OF, Stacking.STOP_AFTER

# The same reasons come back purchase after purchase.
_reason = lru_cache(10_000)(Skip)


def evaluate(basket: Basket, member: MemberFacts, ruleset: Ruleset) -> Evaluation:
    """What this purchase earns under this ruleset. Pure: the same arguments give the same answer for ever."""
    facts = Facts(basket, member, ruleset.zone)
    bases = ruleset.bases(facts)
    picked = ruleset.filters.pick(facts.lines, bases.earning)
    awards: list[Award] = []
    skips: list[Skip] = []
    lines = len(basket.lines)
    for plan in ruleset.plans.get(basket.trigger, ()):
        for draft in _PlanRun(plan, facts, bases, picked, ruleset, skips).run():
            awards.append(draft.award(len(awards) + 1, plan.point_type.key, lines))
    return Evaluation(tuple(awards), tuple(skips))


class _PlanRun:
    """One point type of one purchase."""

    __slots__ = ("bases", "boosts", "facts", "level", "picked", "plan", "ruleset", "skips", "units")

    def __init__(
        self, plan: Plan, facts: Facts, bases: Bases, picked: Picked, ruleset: Ruleset, skips: list[Skip]
    ) -> None:
        self.plan = plan
        self.facts = facts
        self.bases = bases
        self.picked = picked
        self.ruleset = ruleset
        self.skips = skips
        self.level = ruleset.policies.rounding_level
        self.boosts: Boosts | None = None
        self.units: list[int] | None = None

    def run(self) -> list[Draft]:
        drafts = self._exclusive() if self.plan.exclusive else []
        if not drafts:
            if self.plan.multipliers:
                self._gather()
            drafts = self._groups()
            if self.boosts is not None:
                drafts = self._boosted(drafts, self.boosts)
        if self.level is _BY_BASKET:
            self._round_basket(drafts)
        kept = []
        for draft in drafts:
            if draft.value > 0:
                kept.append(draft)
            else:
                self._skip(draft.rule, draft.cut or "rounded_to_zero")
        if self.plan.unlimited:
            return kept
        for draft, code in apply_limits(kept, self.plan.point_type, self.facts):
            self._skip(draft.rule, code)
        return [draft for draft in kept if draft.points]

    # --- trying rules -----------------------------------------------------------------------------
    def _skip(self, rule: CompiledRule, code: str, about: str = "") -> None:
        self.skips.append(_reason(rule.key, code, about))

    def _fires(self, rule: CompiledRule) -> Sequence[int] | None:
        """The positions of the lines that a rule looks at, or None with the reason noted."""
        if rule.check is not None and (failed := rule.check(self.facts)) is not None:
            self._skip(rule, "when", failed)
            return None
        if rule.schedule is not None and (closed := rule.schedule(self.facts)) is not None:
            self._skip(rule, closed)
            return None
        if not rule.uncapped and (reason := blocked(rule, self.facts)):
            self._skip(rule, reason)
            return None
        positions = self.bases.earning if rule.match is None else self.picked[rule.match]
        if not positions:
            self._skip(rule, "no_lines")
            return None
        return positions

    def _gather(self) -> None:
        fired: list[tuple[CompiledGroup, Fired]] = []
        for group in self.plan.multipliers:
            rules: Fired = []
            for rule in group.rules:
                positions = self._fires(rule)
                if positions is not None:
                    rules.append((rule, positions))
            if rules:
                fired.append((group, rules))
        if not fired:
            return
        self.boosts = boosts = gather_boosts(fired, len(self.facts.lines))
        for group, rules in fired:
            if group.mode is not _STACK:
                used = [*boosts.lowering, *[step.rule for step in boosts.steps]]
                for rule, _positions in rules:
                    if rule not in used:
                        self._skip(rule, "beaten")

    def _exclusive(self) -> list[Draft]:
        for number, group in enumerate(self.plan.exclusive):
            for index, rule in enumerate(group.rules):
                draft = self._try(rule)
                if draft is not None and self.level is _BY_BASKET:
                    draft = self._rounded_alone(draft)
                if draft is not None:
                    others = [*group.rules[index + 1 :]]
                    others += [rule for later in self.plan.exclusive[number + 1 :] for rule in later.rules]
                    others += [rule for other in self.plan.multipliers for rule in other.rules]
                    others += [rule for other in self.plan.groups for rule in other.rules]
                    for other in others:
                        self._skip(other, "excluded", rule.key)
                    return [draft]
        return []

    def _rounded_alone(self, draft: Draft) -> Draft | None:
        """A rule stands alone only if it still awards something once it is rounded."""
        self._round_basket([draft])
        if draft.points > 0:
            return draft
        self._skip(draft.rule, draft.cut or "rounded_to_zero")
        return None

    def _groups(self) -> list[Draft]:
        drafts: list[Draft] = []
        stopped = ""
        for group in self.plan.groups:
            if stopped:
                for rule in group.rules:
                    self._skip(rule, "stopped", stopped)
                continue
            given = self._group(group)
            drafts += given
            if given and group.mode is _STOP_AFTER:
                stopped = given[0].rule.key
        return drafts

    def _group(self, group: CompiledGroup) -> list[Draft]:
        given: list[Draft] = []
        for rule in group.rules:
            if given and group.mode is _FIRST_MATCH:
                self._skip(rule, "after_first", given[0].rule.key)
                continue
            draft = self._try(rule)
            if draft is not None:
                given.append(draft)
        if len(given) > 1 and group.mode is _BEST_OF:
            best = max(given, key=lambda draft: draft.value)  # of equals max takes the first
            for draft in given:
                if draft is not best:
                    self._skip(draft.rule, "beaten", best.rule.key)
            return [best]
        return given

    def _try(self, rule: CompiledRule) -> Draft | None:
        """The award of one rule by itself, or None with the reason noted."""
        positions = self._fires(rule)
        if positions is None:
            return None
        boosts = None if rule.flat else self.boosts
        if boosts is not None and boosts.out:
            positions = [at for at in positions if at not in boosts.out]
            if not positions:
                self._skip(rule, "taken_out")
                return None
        weights = self._weights(rule, positions)
        base = sum(weights)
        # Nothing for nothing, and for less than a full step.
        unit = rule.points if rule.flat else base // rule.step * rule.points
        if unit <= 0:
            self._skip(rule, "nothing_to_earn" if base <= 0 else "below_step")
            return None
        draft = Draft(rule, positions, weights, base, unit)
        if self.level is _BY_RULE and (boosts is None or boosts.low is None):
            draft.value = (
                unit if rule.denominator == 1 else round_ratio(unit, rule.denominator, rule.rounding)
            )
        else:
            self._value(draft, boosts)
        if not rule.uncapped:
            (apply_exact_caps if self.level is _BY_BASKET else apply_caps)(draft, self.facts)
        if draft.value <= 0 and not self._raised_later(draft, boosts):
            self._skip(rule, draft.cut or "rounded_to_zero")
            return None
        return draft

    def _weights(self, rule: CompiledRule, positions: Sequence[int]) -> Sequence[int]:
        """What each of the lines counts for a rule: money, or units, which are reckoned once."""
        if rule.by_unit:
            if self.units is None:
                # A discount is no unit.
                self.units = [0 if line.kind == _DISCOUNT else line.quantity for line in self.facts.lines]
            values: Sequence[int] = self.units
        else:
            values = self.bases.whole if rule.match is None else self.bases.lines
        return values if len(positions) == len(values) else list(map(values.__getitem__, positions))

    def _value(self, draft: Draft, boosts: Boosts | None) -> None:
        """The value before multipliers above one, at any level of rounding."""
        low, scale, total = None, 1, draft.base
        if boosts is not None and boosts.low is not None:
            low, scale = boosts.low, boosts.scale
            draft.weights_of_split = draft.weighted(low)
            total = sum(draft.weights_of_split)
        if self.level is _BY_LINE and not draft.rule.flat:
            draft.parts = worth_by_line(draft, low, scale)
            draft.value = sum(draft.parts)
        else:
            draft.value = worth(draft, total, scale, self.level)

    def _raised_later(self, draft: Draft, boosts: Boosts | None) -> bool:
        """Whether a fraction of a point becomes a point by its multipliers: a rule is rounded after them."""
        if draft.cut or boosts is None or not boosts.steps:
            return False
        factors = boosts.steps[-1].factors
        if self.level is _BY_LINE:
            return sum(worth_by_line(draft, factors, boosts.scale)) > 0
        return worth(draft, sum(draft.weighted(factors)), boosts.scale, self.level) > 0

    # --- after the groups -------------------------------------------------------------------------
    def _boosted(self, drafts: list[Draft], boosts: Boosts) -> list[Draft]:
        for rule in boosts.lowering:
            self._skip(rule, "lowered")
        additions = boost_drafts(boosts, drafts, self.level, len(self.facts.lines))
        if self.level is not _BY_BASKET:
            for addition in additions:
                if not addition.rule.uncapped and addition.value > 0:
                    apply_caps(addition, self.facts)
        return [*drafts, *additions]

    def _round_basket(self, drafts: list[Draft]) -> None:
        """Round the sum of everything once and give each rule its part by largest remainder."""
        values = [Fraction(draft.value) for draft in drafts]
        total = sum(values, Fraction(0))
        if total <= 0:
            for draft in drafts:
                draft.value = 0
            return
        whole = round_ratio(total.numerator, total.denominator, self.ruleset.policies.rounding)
        common = lcm(*(value.denominator for value in values))
        parts = split(whole, [int(value * common) for value in values])
        for draft, points in zip(drafts, parts, strict=True):
            draft.value = points
            if points and not draft.rule.uncapped:
                apply_caps(draft, self.facts)
