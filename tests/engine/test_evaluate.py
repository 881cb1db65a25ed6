"""What a purchase earns, rule by rule: effects, rounding, groups, schedules, and every reason for nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, MemberFacts, Usage
from tests.engine.building import (
    MULTIPLIERS,
    NOBODY,
    NOON,
    Document,
    basket,
    earned,
    fixed,
    given,
    line,
    only,
    per_step,
    per_unit,
    percent,
    ruleset,
    skipped,
    times,
)


@pytest.mark.parametrize(
    ("rule", "bought", "points"),
    [
        (per_step(), ["9.99"], 9),
        (per_step(), ["10.00"], 10),
        (per_step(step="10.00"), ["9.99"], 0),
        (per_step(step="10.00"), ["10.00"], 1),
        (per_step(step="10.00"), ["6.00", "6.00"], 1),
        (per_step(step="10.00", points="5"), ["29.99"], 10),
        (percent(share="5"), ["19.99"], 0),
        (percent(share="5"), ["20.00"], 1),
        (percent(share="1.5"), ["100.00"], 1),
        (percent(share="150"), ["2.00"], 3),
        (per_unit(), [line(quantity="3")], 3),
        (per_unit(points="2"), [line(quantity="1.5"), line(quantity="1.5")], 6),
        (per_unit(), [line(quantity="0.999")], 0),
        (fixed("base"), ["0.01"], 100),
        (fixed("base"), ["0.00"], 100),
        (per_step(), ["0.00"], 0),
        (per_step(), ["-5.00"], 0),
        (per_step(), ["5.00", "-3.00"], 2),
    ],
)
def test_each_kind_of_effect(rule: Document, bought: list[Any], points: int) -> None:
    assert earned(ruleset(rule), basket(*bought)) == ({"base": points} if points else {})


@pytest.mark.parametrize(
    ("mode", "by_rule"),
    # 10 % of 4.50 is 0.45; of 5.50 is 0.55; of 15.00 is 1.50; of 25.00 is 2.50
    [
        ("floor", [0, 0, 1, 2]),
        ("half_up", [0, 1, 2, 3]),
        ("half_even", [0, 1, 2, 2]),
        ("half_down", [0, 1, 1, 2]),
        ("ceiling", [1, 1, 2, 3]),
    ],
)
def test_each_rounding_mode(mode: str, by_rule: list[int]) -> None:
    amounts = ["4.50", "5.50", "15.00", "25.00"]
    everywhere = ruleset(percent(), policies={"rounding": mode})
    of_the_rule = ruleset(percent(rounding=mode), policies={"rounding": "floor"})
    for rules in (everywhere, of_the_rule):
        assert [earned(rules, basket(amount)).get("base", 0) for amount in amounts] == by_rule


@pytest.mark.parametrize(
    ("level", "mode", "points", "parts"),
    [
        # 10 % and 5 % of 9.00, 9.00 and 8.00: 2.6 and 1.3; by line 0.9 0.9 0.8 and 0.45 0.45 0.4
        ("rule", "floor", {"ten": 2, "five": 1}, [(1, 1, 0), (0, 1, 0)]),
        ("rule", "half_up", {"ten": 3, "five": 1}, [(1, 1, 1), (0, 1, 0)]),
        ("line", "floor", {}, []),
        ("line", "half_up", {"ten": 3}, [(1, 1, 1)]),
        ("line", "ceiling", {"ten": 3, "five": 3}, [(1, 1, 1), (1, 1, 1)]),
        ("basket", "floor", {"ten": 2, "five": 1}, [(1, 1, 0), (0, 1, 0)]),
        ("basket", "half_up", {"ten": 3, "five": 1}, [(1, 1, 1), (0, 1, 0)]),
        ("basket", "ceiling", {"ten": 3, "five": 1}, [(1, 1, 1), (0, 1, 0)]),
    ],
)
def test_each_level_of_rounding(
    level: str, mode: str, points: dict[str, int], parts: list[tuple[int, ...]]
) -> None:
    rules = ruleset(
        percent("ten"), percent("five", "5"), policies={"rounding": mode, "rounding_level": level}
    )
    bought = basket("9.00", "9.00", "8.00")
    assert earned(rules, bought) == points
    assert [award.split for award in evaluate(bought, NOBODY, rules).awards] == parts


def test_a_basket_is_rounded_once_for_all_rules() -> None:
    three = [percent(key, "10") for key in ("one", "two", "three")]  # 0.4 each: 1.2
    bought = basket("4.00")
    assert sum(earned(ruleset(*three, policies={"rounding_level": "basket"}), bought).values()) == 1
    assert earned(ruleset(*three), bought) == {}


def test_full_steps_are_counted_by_line_at_the_level_of_lines() -> None:
    rules = ruleset(per_step(step="10.00"), policies={"rounding_level": "line"})
    assert earned(rules, basket("15.00", "15.00")) == {"base": 2}
    assert earned(ruleset(per_step(step="10.00")), basket("15.00", "15.00")) == {"base": 3}


def test_points_with_decimals() -> None:
    rules = ruleset(percent(share="1.5"), fixed(points="0.05"), decimals=2, policies={"rounding": "half_up"})
    assert earned(rules, basket("33.33")) == {"base": 50, "bonus": 5}


def test_a_currency_without_cents() -> None:
    rules = ruleset(per_step(step="100"), percent("one", "1"), currency="JPY")
    bought = Basket(NOON, (line()._replace(amount=1250),))
    assert earned(rules, bought) == {"base": 12, "one": 12}


# --- groups ---------------------------------------------------------------------------------------
A, B, C = fixed("a", "5", group="one"), fixed("b", "9", group="one"), fixed("c", "3", group="two")
NEVER: Document = {"fact": "basket.total", "is": "at_least", "value": "1000.00"}


@pytest.mark.parametrize(
    ("mode", "rules", "points", "reasons"),
    [
        ("stack", [A, B, C], {"a": 5, "b": 9, "c": 3}, {}),
        ("best_of", [A, B, C], {"b": 9, "c": 3}, {"a": "beaten"}),
        ("best_of", [A, fixed("b", "5", group="one"), C], {"a": 5, "c": 3}, {"b": "beaten"}),
        ("best_of", [A, fixed("b", "9", group="one", when=NEVER), C], {"a": 5, "c": 3}, {"b": "when"}),
        ("first_match", [A, B, C], {"a": 5, "c": 3}, {"b": "after_first"}),
        ("first_match", [{**A, "when": NEVER}, B, C], {"b": 9, "c": 3}, {"a": "when"}),
        (
            "first_match",
            [per_step("a", step="99.00", group="one"), B, C],
            {"b": 9, "c": 3},
            {"a": "below_step"},
        ),
        ("exclusive", [A, B, C], {"a": 5}, {"b": "excluded", "c": "excluded"}),
        ("exclusive", [{**A, "when": NEVER}, B, C], {"b": 9}, {"a": "when", "c": "excluded"}),
        # An exclusive rule counts only if it awarded something.
        (
            "exclusive",
            [{**A, "when": NEVER}, percent("b", "0.0001", group="one"), C],
            {"c": 3},
            {"a": "when", "b": "rounded_to_zero"},
        ),
        ("stop_after", [A, B, C], {"a": 5, "b": 9}, {"c": "stopped"}),
        ("stop_after", [{**A, "when": NEVER}, {**B, "when": NEVER}, C], {"c": 3}, {"a": "when", "b": "when"}),
        (
            "stop_after",
            [percent("a", "0.0001", group="one"), {**B, "when": NEVER}, C],
            {"c": 3},
            {"a": "rounded_to_zero", "b": "when"},
        ),
    ],
)
def test_each_mode_of_a_group(
    mode: str, rules: list[Document], points: dict[str, int], reasons: dict[str, str]
) -> None:
    compiled = ruleset(*rules, groups=[{"key": "one", "mode": mode}, {"key": "two"}])
    assert earned(compiled, basket("10.00")) == points
    assert skipped(evaluate(basket("10.00"), NOBODY, compiled)) == reasons


@pytest.mark.parametrize("level", ["rule", "line", "basket"])
@pytest.mark.parametrize("mode", ["exclusive", "stop_after", "first_match", "best_of"])
@pytest.mark.parametrize("excess", ["truncate", "reject"])
def test_a_rule_whose_cap_is_used_up_stops_nobody(level: str, mode: str, excess: str) -> None:
    """It awarded nothing, so the others go on."""
    caps = {"per_member": [{"per": "month", "points": "5"}], "on_excess": excess}
    compiled = ruleset(
        fixed("big", "50", group="one", caps=caps),
        fixed("small", "2", group="one" if mode in ("first_match", "best_of") else "two"),
        groups=[{"key": "one", "mode": mode}, {"key": "two"}],
        policies={"rounding_level": level},
    )
    used = MemberFacts(usage={("big", "2026-05"): Usage(5, 1)})
    assert earned(compiled, basket("10.00"), used) == {"small": 2}
    assert skipped(evaluate(basket("10.00"), used, compiled)) == {"big": "cap:month"}


@pytest.mark.parametrize("level", ["rule", "line", "basket"])
def test_an_exclusive_rule_that_rounds_to_nothing_excludes_nobody(level: str) -> None:
    compiled = ruleset(
        percent("tiny", "1", group="one"),
        fixed("c", "3", group="two"),
        groups=[{"key": "one", "mode": "exclusive"}, {"key": "two"}],
        policies={"rounding_level": level},
    )
    assert earned(compiled, basket("10.00")) == {"c": 3}


def test_an_exclusive_rule_is_not_multiplied() -> None:
    compiled = ruleset(
        fixed("alone", "7", group="alone"),
        per_step(),
        times("double", "2"),
        groups=[*MULTIPLIERS, {"key": "alone", "mode": "exclusive"}],
    )
    assert earned(compiled, basket("10.00")) == {"alone": 7}


def test_point_types_do_not_touch_each_other() -> None:
    compiled = ruleset(
        per_step(),
        fixed("star", "1", point_type="stars", group="alone"),
        groups=[{"key": "base"}, {"key": "alone", "mode": "exclusive"}],
        point_types=[{"key": "stars", "name": "Stars"}],
    )
    result = evaluate(basket("10.00"), NOBODY, compiled)
    assert given(result) == {"base": 10, "star": 1}
    assert (result.total("points"), result.total("stars"), result.total("none")) == (10, 1, 0)
    assert [award.number for award in result.awards] == [1, 2]


# --- time -----------------------------------------------------------------------------------------
def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "reason"),
    # Tallinn is UTC+2 in winter and UTC+3 in summer; on 29 March 2026 03:00 becomes 04:00 at 01:00 UTC,
    # on 25 October 04:00 becomes 03:00 at 01:00 UTC.
    [
        ({"since": "2026-05-01"}, "2026-04-30T20:59:59", "not_started"),
        ({"since": "2026-05-01"}, "2026-04-30T21:00", ""),
        ({"until": "2026-05-01"}, "2026-04-30T20:59:59", ""),
        ({"until": "2026-05-01"}, "2026-04-30T21:00", "ended"),
        ({"weekdays": ["wed"]}, "2026-05-12T20:59", "weekday"),
        ({"weekdays": ["wed"]}, "2026-05-12T21:00", ""),
        ({"weekdays": ["sat", "sun"]}, "2026-05-13T12:00", "weekday"),
        ({"hours": [{"start": "15:00", "end": "16:00"}]}, "2026-05-13T12:00", ""),
        ({"hours": [{"start": "15:00", "end": "16:00"}]}, "2026-05-13T12:59", ""),
        ({"hours": [{"start": "15:00", "end": "16:00"}]}, "2026-05-13T13:00", "hours"),
        ({"hours": [{"start": "15:00", "end": "16:00"}]}, "2026-01-14T13:00", ""),
        ({"hours": [{"start": "22:00"}, {"end": "06:00"}]}, "2026-01-14T20:00", ""),
        ({"hours": [{"start": "22:00"}, {"end": "06:00"}]}, "2026-01-14T04:00", "hours"),
        # A start in the skipped hour is the jump itself.
        ({"since": "2026-03-29T03:30"}, "2026-03-29T00:59:59", "not_started"),
        ({"since": "2026-03-29T03:30"}, "2026-03-29T01:30", ""),
        # In the repeated hour a rule starts once and ends once.
        ({"since": "2026-10-25T03:30"}, "2026-10-25T00:29", "not_started"),
        ({"since": "2026-10-25T03:30"}, "2026-10-25T00:30", ""),
        ({"since": "2026-10-25T03:30"}, "2026-10-25T01:15", ""),
        ({"until": "2026-10-25T03:30"}, "2026-10-25T00:29", ""),
        ({"until": "2026-10-25T03:30"}, "2026-10-25T01:15", "ended"),
    ],
)
def test_a_schedule_is_read_in_the_zone_of_the_programme(
    schedule: Document, moment: str, reason: str
) -> None:
    compiled = ruleset(fixed(schedule=schedule), zone="Europe/Tallinn")
    result = evaluate(basket("1.00", occurred_at=at(moment)), NOBODY, compiled)
    assert skipped(result) == ({"bonus": reason} if reason else {})
    assert given(result) == ({} if reason else {"bonus": 100})


def test_the_zone_in_which_a_time_was_sent_does_not_matter() -> None:
    compiled = ruleset(
        fixed(schedule={"since": "2026-10-25T03:30", "weekdays": ["sun"]}), zone="Europe/Tallinn"
    )
    moment = at("2026-10-25T01:15")
    for hours in range(-11, 12):
        sent = moment.astimezone(datetime.strptime(f"{hours:+03}00", "%z").tzinfo)
        assert earned(compiled, basket("1.00", occurred_at=sent)) == {"bonus": 100}
    local = moment.astimezone(compiled.zone)
    assert local.fold == 1
    assert earned(compiled, basket("1.00", occurred_at=local)) == {"bonus": 100}


# --- reasons --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "member", "code", "about"),
    [
        (fixed("r", when=NEVER), NOBODY, "when", ""),
        (fixed("r", when={"all": [{"not": NEVER}, {"any": [NEVER, NEVER]}]}), NOBODY, "when", "1"),
        (fixed("r", when={"all": [{"not": NEVER}, {"all": [{"not": NEVER}, NEVER]}]}), NOBODY, "when", "1.1"),
        (fixed("r", schedule={"since": "2027-01-01"}), NOBODY, "not_started", ""),
        (fixed("r", schedule={"until": "2026-01-01"}), NOBODY, "ended", ""),
        (fixed("r", schedule={"weekdays": ["mon"]}), NOBODY, "weekday", ""),
        (fixed("r", schedule={"hours": [{"end": "12:00"}]}), NOBODY, "hours", ""),
        (
            fixed("r", caps={"times": [{"per": "day", "times": 1}]}),
            MemberFacts(usage={("r", "2026-05-13"): Usage(0, 1)}),
            "frequency",
            "",
        ),
        (
            fixed("r", caps={"cooldown_hours": 24}),
            MemberFacts(last_award={"r": NOON - timedelta(hours=23, minutes=59)}),
            "cooldown",
            "",
        ),
        (fixed("r", lines=only("nothing")), NOBODY, "no_lines", ""),
        (per_step("r", step="11.00"), NOBODY, "below_step", ""),
        (percent("r", "0.0001"), NOBODY, "rounded_to_zero", ""),
        (
            fixed("r", caps={"per_purchase": "99", "on_excess": "reject"}),
            NOBODY,
            "cap:purchase",
            "",
        ),
    ],
)
def test_each_reason_for_nothing(rule: Document, member: MemberFacts, code: str, about: str) -> None:
    result = evaluate(basket("10.00"), member, ruleset(rule))
    assert result.awards == ()
    assert [tuple(skip) for skip in result.skips] == [("r", code, about)]


def test_nothing_is_earned_on_nothing() -> None:
    result = evaluate(basket("0.00"), NOBODY, ruleset(per_step("r")))
    assert [tuple(skip) for skip in result.skips] == [("r", "nothing_to_earn", "")]
    empty = evaluate(basket(), NOBODY, ruleset(fixed("r")))
    assert [tuple(skip) for skip in empty.skips] == [("r", "no_lines", "")]


def test_a_rule_that_is_switched_off_is_not_mentioned() -> None:
    result = evaluate(basket("10.00"), NOBODY, ruleset(per_step(), fixed(enabled=False)))
    assert given(result) == {"base": 10}
    assert result.skips == ()


# --- properties -----------------------------------------------------------------------------------
AMOUNTS = st.lists(st.integers(-2_000, 20_000), min_size=1, max_size=6)
RULES = [
    per_step("step", "2", "1.50"),
    percent("share", "7.5", rounding="half_up"),
    per_unit("unit"),
    fixed("flat", "30", when={"fact": "basket.total", "is": "at_least", "value": "50.00"}),
    percent("food", "12.25", lines=only("food"), rounding="ceiling"),
]


def purchase(amounts: list[int]) -> Basket:
    kinds = ("food", "", "toys")
    return Basket(
        NOON,
        tuple(
            line(sku=f"s{at}", category=kinds[at % 3])._replace(amount=amount)
            for at, amount in enumerate(amounts)
        ),
    )


@generated(AMOUNTS, st.permutations(RULES), st.sampled_from(["rule", "line", "basket"]))
def test_the_order_of_rules_that_stack_does_not_matter(
    amounts: list[int], order: list[Document], level: str
) -> None:
    policies = {"rounding_level": level}
    one = earned(ruleset(*RULES, policies=policies), purchase(amounts))
    other = earned(ruleset(*order, policies=policies), purchase(amounts))
    if level == "basket":  # equal remainders go to the last rule, so only the sum is free of the order
        assert sum(one.values()) == sum(other.values())
    else:
        assert one == other


@generated(
    AMOUNTS,
    st.sampled_from(["rule", "line", "basket"]),
    st.sampled_from(["multiply", "add"]),
    st.lists(st.sampled_from(["0", "0.5", "1", "1.25", "2", "3"]), max_size=3),
    st.integers(1, 40),
    st.integers(1, 60),
)
def test_splits_sum_and_every_rule_gives_points_or_one_reason(
    amounts: list[int], level: str, combine: str, factors: list[str], cap: int, limit: int
) -> None:
    """`earned` checks both for whatever comes out."""
    boosts = [times(f"x{at}", factor, lines=only("food")) for at, factor in enumerate(factors)]
    capped = [{**rule, "caps": {"per_purchase": str(cap), "per_line": "9"}} for rule in RULES]
    compiled = ruleset(
        *capped,
        *boosts,
        policies={"rounding_level": level},
        groups=[{"key": "base"}, {"key": "multipliers", "combine": combine}],
        limits={"per_purchase": str(limit), "lowest_award": {"points": "3", "below": "raise"}},
    )
    points = earned(compiled, purchase(amounts))
    assert sum(points.values()) <= limit
    result = evaluate(purchase(amounts), NOBODY, compiled)
    assert result == evaluate(purchase(amounts), NOBODY, compiled)
    assert all(
        award.points <= cap for award in result.awards if award.rule in ("unit", "flat") and not award.cut
    )
