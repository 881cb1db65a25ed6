"""What a return takes back: each award in proportion to what its lines have come back, exact over all
returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from programs.engine.compiling import compile_check
from programs.engine.drafts import Award
from programs.engine.facts import Basket, Facts, Line, LineKind, MemberFacts
from programs.engine.policies import BonusAfterReturn
from programs.engine.rules import EffectKind
from programs.engine.ruleset import Ruleset


class Taken(NamedTuple):
    """Points of one award that a return takes now."""

    award: int
    rule: str
    point_type: str
    points: int


def reversal(
    awards: Sequence[Award],
    taken_before: Mapping[int, int],
    returned: Sequence[Fraction],
    broken: frozenset[str] = frozenset(),
) -> list[Taken]:
    """What to take now. `returned` is each line's returned share so far (0 to 1, this return included),
    `taken_before` the points of each award (by number) that earlier returns took, `broken` the rules whose
    bonus is taken back whole.

    Of an award the share of its lines is due, rounded down; when everything is back the whole award is. So
    any order of partial returns ends at exactly zero.
    """
    result = []
    for award in awards:
        if award.rule in broken and any(
            share for share, part in zip(returned, award.split, strict=True) if part
        ):
            due = award.points
        else:
            exact = sum(
                (part * share for part, share in zip(award.split, returned, strict=True)), Fraction(0)
            )
            # A discount line's part is negative: what came back without it may exceed the award.
            due = min(exact.numerator // exact.denominator, award.points)
        now = due - taken_before.get(award.number, 0)
        if now > 0:
            result.append(Taken(award.number, award.rule, award.point_type, now))
    return result


def kept_basket(basket: Basket, returned: Sequence[Fraction]) -> Basket:
    """The purchase without what came back (amounts rounded down to minor units)."""
    kept = []
    for line, share in zip(basket.lines, returned, strict=True):
        rest = 1 - share
        if rest or line.kind == LineKind.DISCOUNT.value:
            kept.append(_scaled(line, rest))
    return basket._replace(lines=tuple(kept))


def _scaled(line: Line, rest: Fraction) -> Line:
    if rest == 1:
        return line
    return line._replace(
        quantity=int(line.quantity * rest),
        amount=int(line.amount * rest),
        discount=int(line.discount * rest),
        tax=int(line.tax * rest),
    )


def broken_bonuses(
    ruleset: Ruleset,
    awards: Sequence[Award],
    basket: Basket,
    returned: Sequence[Fraction],
    member: MemberFacts,
) -> frozenset[str]:
    """Flat bonuses whose condition no longer holds for what was kept, under the policy that takes them
    back."""
    if ruleset.policies.bonus_after_return is not BonusAfterReturn.TAKEN_BACK:
        return frozenset()
    facts = Facts(kept_basket(basket, returned), member, ruleset.zone)
    broken = set()
    for award in awards:
        rule = ruleset.rules.get(award.rule)
        if rule is None or rule.effect.kind is not EffectKind.FIXED or rule.when is None:
            continue
        check = compile_check(rule.when)
        if check is not None and check(facts) is not None:
            broken.add(award.rule)
    return frozenset(broken)
