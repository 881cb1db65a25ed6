"""Multipliers: what they touch, how they join, what they add, what a factor of zero takes out."""

from typing import Any

import pytest

from programs.engine.evaluate import evaluate
from tests.engine.building import (
    MULTIPLIERS,
    NOBODY,
    Document,
    basket,
    earned,
    fixed,
    line,
    only,
    per_step,
    per_unit,
    percent,
    ruleset,
    skipped,
    times,
)

FOOD_30_REST_10 = (line("30.00", category="food"), line("10.00"))


def groups(**more: str) -> list[Document]:
    return [{"key": "base"}, {"key": "multipliers", **more}]


@pytest.mark.parametrize(
    ("combine", "boosts", "points"),
    [
        ("multiply", [times("x2", "2")], {"base": 40, "x2": 40}),
        ("multiply", [times("x2", "2"), times("x3", "3")], {"base": 40, "x2": 40, "x3": 160}),
        ("add", [times("x2", "2"), times("x3", "3")], {"base": 40, "x2": 40, "x3": 80}),
        ("multiply", [times("x2", "2", lines=only("food"))], {"base": 40, "x2": 30}),
        (
            "multiply",
            [times("x2", "2", lines=only("food")), times("x3", "3")],
            {"base": 40, "x2": 30, "x3": 140},
        ),
        ("multiply", [times("half", "0.5")], {"base": 20}),
        ("multiply", [times("x3", "3"), times("half", "0.5")], {"base": 20, "x3": 40}),
        ("add", [times("x3", "3"), times("half", "0.5")], {"base": 20, "x3": 80}),
        ("multiply", [times("none", "0")], {}),
        ("multiply", [times("x2", "2"), times("none", "0", lines=only("food"))], {"base": 10, "x2": 10}),
        ("add", [times("x2", "2"), times("none", "0", lines=only("food"))], {"base": 10, "x2": 10}),
        ("multiply", [times("x1.25", "1.25")], {"base": 40, "x1.25": 10}),
    ],
)
def test_how_multipliers_join(combine: str, boosts: list[Document], points: dict[str, int]) -> None:
    rules = [{**rule, "key": rule["key"].replace(".", "-")} for rule in boosts]
    compiled = ruleset(per_step(), *rules, groups=groups(combine=combine))
    expected = {key.replace(".", "-"): value for key, value in points.items()}
    assert earned(compiled, basket(*FOOD_30_REST_10)) == expected


def test_groups_of_multipliers_multiply_with_each_other() -> None:
    compiled = ruleset(
        per_step(),
        times("a2", "2", "one"),
        times("a3", "3", "one"),
        times("b2", "2", "two"),
        groups=[{"key": "base"}, {"key": "one", "combine": "add"}, {"key": "two"}],
    )
    assert sum(earned(compiled, basket("10.00")).values()) == 80  # (1 + 1 + 2) x 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
@pytest.mark.parametrize("turned", [False, True])
def test_a_flat_bonus_is_never_multiplied_whatever_the_order(order: list[int], turned: bool) -> None:
    rules = [per_step(), fixed(), times("x2", "2")]
    compiled = ruleset(
        *[rules[at] for at in order], groups=list(reversed(MULTIPLIERS)) if turned else MULTIPLIERS
    )
    assert earned(compiled, basket("10.00")) == {"base": 10, "bonus": 100, "x2": 10}


@pytest.mark.parametrize(
    ("mode", "points"),
    [
        # on food both match, on the rest only x2
        ("stack", {"base": 40, "x2": 40, "x3": 120}),
        ("best_of", {"base": 40, "x2": 10, "x3": 60}),
        ("first_match", {"base": 40, "x2": 40}),
    ],
)
def test_modes_of_multipliers_work_line_by_line(mode: str, points: dict[str, int]) -> None:
    compiled = ruleset(
        per_step(), times("x2", "2"), times("x3", "3", lines=only("food")), groups=groups(mode=mode)
    )
    assert earned(compiled, basket(*FOOD_30_REST_10)) == points
    if mode == "first_match":
        assert skipped(evaluate(basket(*FOOD_30_REST_10), NOBODY, compiled)) == {"x3": "beaten"}


@pytest.mark.parametrize(
    ("rule", "bought", "points"),
    [
        # Without the line that is taken out 12.00 make one full step; with it they would be a share of one.
        (per_step(step="10.00"), [line("5.00", category="out"), line("12.00")], 1),
        (per_step(step="10.00"), [line("10.00", category="out"), line("5.00")], 0),
        (percent(), [line("100.00", category="out"), line("50.00")], 5),
        (per_unit(), [line(quantity="1.5", category="out"), line(quantity="1.5")], 1),
        (fixed("base"), [line("5.00", category="out")], 100),
        (per_step(), [line("5.00", category="out")], 0),
    ],
)
@pytest.mark.parametrize("level", ["rule", "basket", "line"])
def test_zero_takes_a_line_out(rule: Document, bought: list[Any], points: int, level: str) -> None:
    compiled = ruleset(
        rule, times("none", "0", lines=only("out")), groups=MULTIPLIERS, policies={"rounding_level": level}
    )
    result = evaluate(basket(*bought), NOBODY, compiled)
    assert earned(compiled, basket(*bought)) == ({"base": points} if points else {})
    if points and rule["effect"]["kind"] != "fixed":
        assert [award.split for award in result.awards] == [(0, points)]
    assert skipped(result)["none"] == "lowered"


def test_a_line_taken_out_is_the_reason() -> None:
    compiled = ruleset(per_step(), times("none", "0"), groups=MULTIPLIERS)
    assert skipped(evaluate(basket("5.00"), NOBODY, compiled)) == {"base": "taken_out", "none": "lowered"}


def test_a_rule_is_rounded_once_after_its_multiplication() -> None:
    """1.9 ten times is 19, not ten times 1."""
    compiled = ruleset(
        percent(rounding="half_up", share="100"), times("half", "0.333"), times("x3", "3"), groups=MULTIPLIERS
    )
    assert sum(earned(compiled, basket("2.00")).values()) == 2  # 2 x 0.999
    tenfold = ruleset(percent(rounding="floor"), times("x10", "10"), groups=MULTIPLIERS)
    assert earned(tenfold, basket("9.00")) == {"x10": 9}  # 0.9 x 10, not 0 x 10
    assert evaluate(basket("19.00"), NOBODY, tenfold).total("points") == 19  # 1.9 x 10, not 1 x 10


@pytest.mark.parametrize(
    ("level", "parts"),
    [("rule", (12, 12)), ("line", (12, 12)), ("basket", (12, 13))],
)
def test_a_multiplier_rounds_where_the_policy_says(level: str, parts: tuple[int, int]) -> None:
    compiled = ruleset(
        per_step(points="5", step="1.00"),
        times("x2", "2.5"),
        groups=MULTIPLIERS,
        policies={"rounding_level": level},
    )
    bought = basket("1.00", "1.00")
    total = evaluate(bought, NOBODY, compiled).total("points")
    assert total == {"rule": 25, "line": 24, "basket": 25}[level]
    assert sum(parts) == total or level == "rule"


def test_the_part_of_a_multiplier_belongs_to_the_lines_it_touched() -> None:
    compiled = ruleset(per_step(), times("x2", "2", lines=only("food")), groups=MULTIPLIERS)
    awards = evaluate(basket(*FOOD_30_REST_10), NOBODY, compiled).awards
    assert [award.split for award in awards] == [(30, 10), (30, 0)]
    assert awards[1].base == 4000


def test_a_capped_award_is_raised_in_proportion() -> None:
    compiled = ruleset(per_step(caps={"per_purchase": "20"}), times("x2", "2"), groups=MULTIPLIERS)
    for bought in ("20.00", "40.00"):
        assert earned(compiled, basket(bought)) == {"base": 20, "x2": 20}


@pytest.mark.parametrize("level", ["rule", "basket"])
def test_a_capped_award_is_raised_in_proportion_at_every_level(level: str) -> None:
    compiled = ruleset(
        per_step(caps={"per_purchase": "20"}),
        times("x2", "2"),
        groups=MULTIPLIERS,
        policies={"rounding_level": level},
    )
    assert earned(compiled, basket("40.00")) == {"base": 20, "x2": 20}


@pytest.mark.parametrize(
    ("caps", "points", "reason"),
    [
        ({"per_purchase": "7"}, {"base": 10, "x2": 7}, None),
        ({"per_purchase": "10"}, {"base": 10, "x2": 10}, None),
        ({"per_purchase": "10", "on_excess": "reject"}, {"base": 10, "x2": 10}, None),
        ({"per_purchase": "9", "on_excess": "reject"}, {"base": 10}, "cap:purchase"),
    ],
)
@pytest.mark.parametrize("level", ["rule", "line", "basket"])
def test_a_multiplier_has_caps_of_its_own(
    caps: Document, points: dict[str, int], reason: str | None, level: str
) -> None:
    compiled = ruleset(
        per_step(), times("x2", "2", caps=caps), groups=MULTIPLIERS, policies={"rounding_level": level}
    )
    assert earned(compiled, basket("10.00")) == points
    assert skipped(evaluate(basket("10.00"), NOBODY, compiled)).get("x2") == reason


def test_a_multiplier_that_adds_nothing_says_so() -> None:
    compiled = ruleset(fixed(), times("x2", "2"), groups=MULTIPLIERS)
    assert skipped(evaluate(basket("10.00"), NOBODY, compiled)) == {"x2": "rounded_to_zero"}
    unmet = ruleset(per_step(), times("x2", "2", lines=only("food")), groups=MULTIPLIERS)
    assert skipped(evaluate(basket("10.00"), NOBODY, unmet)) == {"x2": "no_lines"}


def test_a_stopping_group_does_not_stop_multipliers() -> None:
    compiled = ruleset(
        per_step(), times("x2", "2"), groups=[{"key": "base", "mode": "stop_after"}, {"key": "multipliers"}]
    )
    assert earned(compiled, basket("10.00")) == {"base": 10, "x2": 10}
