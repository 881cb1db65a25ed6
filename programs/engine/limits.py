"""Caps of rules and limits of point types: what is left of them, and what happens when they are reached."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from loyalty.core.exact import period_key
from programs.engine.drafts import Draft
from programs.engine.facts import Facts, Usage
from programs.engine.needs import limit_key
from programs.engine.point_types import BelowLowest, PointType
from programs.engine.rules import OnExcess, PeriodCap
from programs.engine.ruleset import CompiledRule

_UNUSED = Usage()


def blocked(rule: CompiledRule, facts: Facts) -> str:
    """Why a rule may not award again yet: "frequency" or "cooldown"; empty when it may."""
    caps = rule.caps
    for cap in caps.times:
        if facts.member.usage.get((rule.key, period_key(facts.day, cap.period)), _UNUSED).times >= cap.most:
            return "frequency"
    if caps.cooldown_hours:
        last = facts.member.last_award.get(rule.key)
        if last is not None and abs(facts.basket.occurred_at - last) < timedelta(hours=caps.cooldown_hours):
            return "cooldown"
    return ""


def apply_caps(draft: Draft, facts: Facts) -> None:
    """Cut a draft to the caps of its rule; rejecting caps cut it to nothing. The cap that bit is named."""
    caps = draft.rule.caps
    if caps.per_line is not None:
        kept = [min(part, caps.per_line) for part in draft.shares()]
        if sum(kept) < draft.points:
            if caps.on_excess is OnExcess.REJECT:
                draft.cut_to(0, "cap:line")
                return
            draft.cut, draft.uncut = "cap:line", draft.points
            draft.parts, draft.value = kept, sum(kept)
    for name, left in _room(draft.rule, facts):
        if draft.points > left:
            draft.cut_to(0 if caps.on_excess is OnExcess.REJECT else max(left, 0), name)


def apply_exact_caps(draft: Draft, facts: Facts) -> None:
    """The same for a value that is rounded later, with the whole purchase; the cap per line has to wait."""
    for name, left in _room(draft.rule, facts):
        if draft.value > left:
            draft.cut, draft.uncut = name, draft.uncut or draft.value
            draft.value = Fraction(0 if draft.rule.caps.on_excess is OnExcess.REJECT else max(left, 0))


def _room(rule: CompiledRule, facts: Facts) -> Iterable[tuple[str, int]]:
    caps = rule.caps
    if caps.per_purchase is not None:
        yield "cap:purchase", caps.per_purchase
    for cap in caps.per_member:
        yield f"cap:{cap.period.value}", _left(rule.key, cap, facts)
    if caps.budget is not None:
        used = facts.member.budgets.get((rule.key, period_key(facts.day, caps.budget.period)), 0)
        yield "cap:budget", caps.budget.most - used


def _left(name: str, cap: PeriodCap, facts: Facts) -> int:
    return cap.most - facts.member.usage.get((name, period_key(facts.day, cap.period)), _UNUSED).points


def apply_limits(drafts: list[Draft], point_type: PointType, facts: Facts) -> Iterable[tuple[Draft, str]]:
    """Hold the sum of all awards of a point type to its limits, taking from the awards evaluated last. Yields
    the drafts that lost everything, with the limit's name."""
    limits = point_type.limits
    total = sum(draft.points for draft in drafts)
    if not total:
        return
    if total < limits.lowest_award:
        if limits.below_lowest is BelowLowest.NOTHING:
            for draft in drafts:
                draft.cut_to(0, "below_lowest")
                yield draft, "below_lowest"
            return
        drafts[0].value = drafts[0].points + limits.lowest_award - total
        drafts[0].cut, drafts[0].parts, total = "raised", None, limits.lowest_award
    for name, room in _limits(point_type, facts):
        excess = total - max(room, 0)
        for draft in reversed(drafts):
            if excess <= 0:
                break
            taken = min(draft.points, excess)
            if taken:
                draft.cut_to(draft.points - taken, name)
                excess -= taken
                total -= taken
                if not draft.points:
                    yield draft, name


def _limits(point_type: PointType, facts: Facts) -> Iterable[tuple[str, int]]:
    limits, name = point_type.limits, limit_key(point_type.key)
    if limits.per_purchase is not None:
        yield "limit:purchase", limits.per_purchase
    for cap in limits.per_member:
        yield f"limit:{cap.period.value}", _left(name, cap, facts)
    if limits.highest_balance is not None:
        yield "limit:balance", limits.highest_balance - facts.member.balances.get(point_type.key, 0)
    if limits.budget is not None:
        used = facts.member.budgets.get((name, period_key(facts.day, limits.budget.period)), 0)
        yield "limit:budget", limits.budget.most - used
