"""Caps of rules and limits of point types: at, below and above, and what is taken from whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from programs.engine.evaluate import evaluate
from programs.engine.facts import MemberFacts, Usage
from tests.engine.building import (
    NOBODY,
    NOON,
    Document,
    basket,
    earned,
    fixed,
    line,
    per_step,
    ruleset,
    skipped,
)

PERIODS = {"day": "2026-05-13", "week": "2026-W20", "month": "2026-05", "year": "2026", "lifetime": "ever"}


@pytest.mark.parametrize("level", ["rule", "line", "basket"])
@pytest.mark.parametrize(
    ("excess", "amount", "points"),
    [
        ("truncate", "9.00", 9),
        ("truncate", "10.00", 10),
        ("truncate", "11.00", 10),
        ("reject", "9.00", 9),
        ("reject", "10.00", 10),
        ("reject", "11.00", 0),
    ],
)
@pytest.mark.parametrize("name", ["per_purchase", *PERIODS, "budget"])
def test_each_cap_at_its_edge(name: str, excess: str, amount: str, points: int, level: str) -> None:
    member = MemberFacts(
        usage={("base", key): Usage(90, 1) for key in PERIODS.values()}, budgets={("base", "ever"): 990}
    )
    caps: Document = {"on_excess": excess}
    if name == "per_purchase":
        caps["per_purchase"] = "10"
    elif name == "budget":
        caps["budget"] = {"points": "1000"}
    else:
        caps["per_member"] = [{"per": name, "points": "100"}]
    compiled = ruleset(per_step(caps=caps), policies={"rounding_level": level})
    result = evaluate(basket(amount), member, compiled)
    assert earned(compiled, basket(amount), member) == ({"base": points} if points else {})
    code = "cap:purchase" if name == "per_purchase" else f"cap:{name}"
    if not points:
        assert skipped(result) == {"base": code}
    elif amount == "11.00":
        assert (result.awards[0].cut, result.awards[0].uncut) == (code, 11)
    else:
        assert (result.awards[0].cut, result.awards[0].uncut) == ("", 0)


@pytest.mark.parametrize(
    ("excess", "parts"),
    [("truncate", (5, 5, 1)), ("reject", None)],
)
@pytest.mark.parametrize("level", ["rule", "line", "basket"])
def test_the_cap_of_a_line(excess: str, parts: tuple[int, ...] | None, level: str) -> None:
    compiled = ruleset(
        per_step(caps={"per_line": "5", "on_excess": excess}), policies={"rounding_level": level}
    )
    result = evaluate(basket("7.00", "5.00", "1.00"), NOBODY, compiled)
    assert [award.split for award in result.awards] == ([] if parts is None else [parts])
    assert skipped(result) == ({} if parts else {"base": "cap:line"})


def test_a_cap_that_others_overdrew_gives_nothing_and_takes_nothing() -> None:
    compiled = ruleset(per_step(caps={"per_member": [{"per": "month", "points": "100"}]}))
    over = MemberFacts(usage={("base", "2026-05"): Usage(150, 2)})
    assert earned(compiled, basket("10.00"), over) == {}


def test_returns_give_a_cap_its_room_back() -> None:
    compiled = ruleset(per_step(caps={"per_member": [{"per": "month", "points": "100"}]}))
    assert earned(compiled, basket("50.00"), MemberFacts(usage={("base", "2026-05"): Usage(60)})) == {
        "base": 40
    }
    assert earned(compiled, basket("50.00"), MemberFacts(usage={("base", "2026-05"): Usage(-5)})) == {
        "base": 50
    }
    assert earned(compiled, basket("50.00"), MemberFacts(usage={("base", "2026-04"): Usage(99)})) == {
        "base": 50
    }


def test_the_smallest_of_several_caps_decides() -> None:
    caps = {
        "per_purchase": "40",
        "per_member": [{"per": "day", "points": "30"}, {"per": "year", "points": "20"}],
    }
    assert earned(ruleset(per_step(caps=caps)), basket("50.00")) == {"base": 20}


@pytest.mark.parametrize("period", list(PERIODS))
@pytest.mark.parametrize(("used", "fires"), [(0, True), (1, True), (2, False), (3, False)])
def test_how_often(period: str, used: int, fires: bool) -> None:
    compiled = ruleset(fixed(caps={"times": [{"per": period, "times": 2}]}))
    member = MemberFacts(usage={("bonus", PERIODS[period]): Usage(0, used)})
    assert bool(earned(compiled, basket("1.00"), member)) is fires


@pytest.mark.parametrize(
    ("hours", "fires"), [(-25, True), (-24, True), (-23, False), (0, False), (23, False), (24, True)]
)
def test_the_shortest_time_between_two_awards(hours: int, fires: bool) -> None:
    """A late purchase is held against an award that came after it too."""
    compiled = ruleset(fixed(caps={"cooldown_hours": 24}))
    member = MemberFacts(last_award={"bonus": NOON + timedelta(hours=hours)})
    assert bool(earned(compiled, basket("1.00"), member)) is fires


def test_a_period_is_one_of_the_programmes_zone() -> None:
    compiled = ruleset(fixed(caps={"times": [{"per": "day", "times": 1}]}), zone="Europe/Tallinn")
    member = MemberFacts(usage={("bonus", "2026-05-13"): Usage(100, 1)})
    before = basket("1.00", occurred_at=datetime(2026, 5, 12, 20, 59, tzinfo=UTC))
    after = basket("1.00", occurred_at=datetime(2026, 5, 12, 21, 0, tzinfo=UTC))
    assert earned(compiled, before, member) == {"bonus": 100}
    assert earned(compiled, after, member) == {}


# --- limits of a point type -----------------------------------------------------------------------
TWO = (per_step("first"), fixed("last", "10"))
LIMITS: dict[str, tuple[Document, str]] = {
    "per_purchase": ({"per_purchase": "15"}, "limit:purchase"),
    **{
        period: ({"per_member": [{"per": period, "points": "100"}]}, f"limit:{period}")
        for period in ("day", "week", "month", "year", "lifetime")
    },
    "budget": ({"budget": {"points": "1000"}}, "limit:budget"),
    "highest_balance": ({"highest_balance": "500"}, "limit:balance"),
}
STATE: dict[str, Any] = {
    "usage": {("*points", key): Usage(85, 3) for key in PERIODS.values()},
    "budgets": {("*points", "ever"): 985},
    "balances": {"points": 485},
}


@pytest.mark.parametrize(
    ("amount", "points", "cut"),
    [
        ("5.00", {"first": 5, "last": 10}, {}),  # exactly at the limit
        ("6.00", {"first": 6, "last": 9}, {"last": 10}),
        ("15.00", {"first": 15}, {}),
        ("99.00", {"first": 15}, {"first": 99}),
    ],
)
@pytest.mark.parametrize("name", list(LIMITS))
def test_a_limit_takes_from_the_last(
    name: str, amount: str, points: dict[str, int], cut: dict[str, int]
) -> None:
    limits, code = LIMITS[name]
    compiled = ruleset(*TWO, limits=limits)
    result = evaluate(basket(amount), MemberFacts(**STATE), compiled)
    assert earned(compiled, basket(amount), MemberFacts(**STATE)) == points
    assert {award.rule: award.uncut for award in result.awards if award.cut} == cut
    assert {award.cut for award in result.awards if award.cut} <= {code}
    assert skipped(result) == ({} if "last" in points else {"last": code})


def test_a_full_balance_takes_nothing_away() -> None:
    compiled = ruleset(*TWO, limits={"highest_balance": "500"})
    assert earned(compiled, basket("5.00"), MemberFacts(balances={"points": 900})) == {}
    assert earned(compiled, basket("5.00"), MemberFacts(balances={"points": -100})) == {
        "first": 5,
        "last": 10,
    }


@pytest.mark.parametrize(
    ("below", "amount", "points"),
    [
        ("nothing", "9.00", 0),
        ("nothing", "10.00", 10),
        ("raise", "9.00", 10),
        ("raise", "1.00", 10),
        ("raise", "10.00", 10),
        ("raise", "0.99", 0),  # what earned nothing is not raised
    ],
)
def test_the_lowest_award(below: str, amount: str, points: int) -> None:
    compiled = ruleset(per_step(), limits={"lowest_award": {"points": "10", "below": below}})
    assert earned(compiled, basket(amount)) == ({"base": points} if points else {})
    if below == "nothing" and not points:
        assert skipped(evaluate(basket(amount), NOBODY, compiled)) == {"base": "below_lowest"}


def test_the_lowest_award_is_raised_within_the_limits() -> None:
    compiled = ruleset(
        per_step(), limits={"lowest_award": {"points": "10", "below": "raise"}, "highest_balance": "104"}
    )
    assert earned(compiled, basket("1.00"), MemberFacts(balances={"points": 100})) == {"base": 4}


def test_the_lines_keep_their_shares_when_an_award_is_cut() -> None:
    compiled = ruleset(per_step(caps={"per_purchase": "10"}), limits={"per_purchase": "5"})
    result = evaluate(basket(line("30.00"), line("10.00"), line("0.00")), NOBODY, compiled)
    assert result.awards[0].split == (4, 1, 0)
    assert (result.awards[0].cut, result.awards[0].uncut) == ("limit:purchase", 40)


def test_only_what_rules_look_at_is_needed() -> None:
    compiled = ruleset(
        per_step(caps={"per_member": [{"per": "month", "points": "1"}], "cooldown_hours": 1}),
        fixed(caps={"times": [{"per": "day", "times": 1}], "budget": {"per": "year", "points": "5"}}),
        limits={
            "highest_balance": "1",
            "budget": {"points": "9"},
            "per_member": [{"per": "week", "points": "1"}],
        },
    )
    assert compiled.needs.usage == {("base", "month"), ("bonus", "day"), ("*points", "week")}
    assert compiled.needs.budgets == {("bonus", "year"), ("*points", "lifetime")}
    assert compiled.needs.last_award == {"base"}
    assert compiled.needs.balances == {"points"}
