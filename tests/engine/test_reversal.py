"""Returns: parts of the whole in any order, exact in the end, never more than was given."""

from fractions import Fraction

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.drafts import Award
from programs.engine.evaluate import evaluate
from programs.engine.reversal import broken_bonuses, kept_basket, reversal
from tests.engine.building import NOBODY, basket, fixed, line, only, per_step, per_unit, ruleset

HALF, ALL, NONE = Fraction(1, 2), Fraction(1), Fraction(0)


def award(*split: int, number: int = 1, rule: str = "base") -> Award:
    return Award(number, rule, "points", sum(split), split, 0)


@pytest.mark.parametrize(
    ("parts", "returned", "before", "taken"),
    [
        ((10, 20), (ALL, NONE), 0, 10),
        ((10, 20), (ALL, ALL), 10, 20),
        ((10, 20), (ALL, ALL), 0, 30),
        ((5, 0), (HALF, NONE), 0, 2),
        ((5, 0), (ALL, NONE), 2, 3),
        ((5, 0), (NONE, ALL), 0, 0),
        ((1, 1), (HALF, HALF), 0, 1),
        ((7,), (Fraction(1, 3),), 0, 2),
        ((7,), (Fraction(2, 3),), 2, 2),
        ((7,), (Fraction(1),), 4, 3),
        ((7,), (Fraction(1, 3),), 2, 0),  # the same return told twice
        ((12, -2), (ALL, NONE), 0, 10),  # goods back before the discount on them: no more than was given
        ((12, -2), (ALL, ALL), 10, 0),
    ],
)
def test_a_return_takes_its_lines_share(
    parts: tuple[int, ...], returned: tuple[Fraction, ...], before: int, taken: int
) -> None:
    result = reversal([award(*parts)], {1: before}, returned)
    assert [item.points for item in result] == ([taken] if taken else [])


@generated(st.data())
def test_partial_returns_in_any_order_end_at_exactly_zero(data: st.DataObject) -> None:
    lines = data.draw(st.integers(1, 5))
    splits = data.draw(
        st.lists(
            st.lists(st.integers(-50, 1_000), min_size=lines, max_size=lines).filter(
                lambda parts: sum(parts) > 0
            ),
            min_size=1,
            max_size=4,
        )
    )
    awards = [award(*parts, number=number, rule=f"r{number}") for number, parts in enumerate(splits, 1)]
    share = st.fractions(0, 1, max_denominator=50)
    steps = data.draw(st.lists(st.tuples(st.integers(0, lines - 1), share), max_size=12))
    finish = data.draw(st.permutations(range(lines)))
    returned = [Fraction(0)] * lines
    taken = dict.fromkeys(range(1, len(awards) + 1), 0)
    for position, upto in [*steps, *((position, Fraction(1)) for position in finish)]:
        returned[position] = max(returned[position], upto)  # a return is never undone
        for item in reversal(awards, taken, returned):
            assert item.points > 0
            taken[item.award] += item.points
        for each in awards:
            assert 0 <= taken[each.number] <= each.points
    assert taken == {each.number: each.points for each in awards}


@generated(
    st.lists(st.tuples(st.integers(1, 30_000), st.integers(1, 5)), min_size=1, max_size=5), st.randoms()
)
def test_what_evaluation_gave_a_return_of_every_unit_takes_back(
    lines: list[tuple[int, int]], random: object
) -> None:
    compiled = ruleset(per_step("a", "3", "0.70"), per_unit("b"), fixed("c", lines=only("food")))
    bought = basket(
        *(
            line(sku=f"s{at}", quantity=str(units), category="food")._replace(amount=amount)
            for at, (amount, units) in enumerate(lines)
        )
    )
    awards = evaluate(bought, NOBODY, compiled).awards
    units = [at for at, (_amount, count) in enumerate(lines) for _unit in range(count)]
    random.shuffle(units)  # type: ignore[attr-defined]
    back = [0] * len(lines)
    taken: dict[int, int] = {}
    for at in units:
        back[at] += 1
        shares = [Fraction(count, lines[index][1]) for index, count in enumerate(back)]
        for item in reversal(awards, taken, shares):
            taken[item.award] = taken.get(item.award, 0) + item.points
    assert taken == {each.number: each.points for each in awards}


MINIMUM = {"fact": "basket.total", "is": "at_least", "value": "50.00"}


@pytest.mark.parametrize(
    ("policy", "returned", "taken"),
    [
        ("kept_in_proportion", (ALL, NONE), 40),
        ("taken_back", (ALL, NONE), 100),
        ("taken_back", (NONE, HALF), 100),
        ("taken_back", (Fraction(1, 4), NONE), 10),  # 50.00 are kept: the minimum is still met
        ("taken_back", (NONE, NONE), 0),
    ],
)
def test_a_bonus_whose_minimum_is_no_longer_met(
    policy: str, returned: tuple[Fraction, Fraction], taken: int
) -> None:
    compiled = ruleset(fixed(when=MINIMUM), policies={"bonus_after_return": policy})
    bought = basket("24.00", "36.00") if taken != 10 else basket("40.00", "20.00")
    awards = evaluate(bought, NOBODY, compiled).awards
    broken = broken_bonuses(compiled, awards, bought, returned, NOBODY)
    result = sum(item.points for item in reversal(awards, {}, returned, broken))
    assert result == (16 if taken == 10 else taken)


def test_only_flat_bonuses_with_a_condition_break() -> None:
    compiled = ruleset(per_step(when=MINIMUM), fixed("free"), policies={"bonus_after_return": "taken_back"})
    bought = basket("60.00")
    awards = evaluate(bought, NOBODY, compiled).awards
    assert broken_bonuses(compiled, awards, bought, [HALF], NOBODY) == frozenset()


def test_what_was_kept() -> None:
    bought = basket(
        line("10.00", quantity="2", tax="2.00", discount="1.00"), line("5.00"), line("-1.00", kind="discount")
    )
    kept = kept_basket(bought, [HALF, ALL, NONE])
    assert kept.lines == (
        line("5.00", quantity="1", tax="1.00", discount="0.50"),
        line("-1.00", kind="discount"),
    )
