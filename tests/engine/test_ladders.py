"""Ladders of tiers: settings there and back, defaults, and what cannot be."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.document import dump_core, read_core, without_texts
from programs.engine.ladders import (
    AfterReturn,
    BenefitKind,
    Ends,
    Falls,
    Ladder,
    Metric,
    MetricKind,
    Starts,
    WindowKind,
    dump_ladder,
    read_ladder,
)
from programs.engine.reader import Reader
from tests.engine.building import Document
from tests.engine.whole import WHOLE

DIGITS = {"points": 0, "stars": 2}
BASE = {"key": "member", "name": "Member"}
GOLD = {"key": "gold", "name": "Gold", "threshold": "500.00"}


def read(settings: Document) -> tuple[Ladder, list[tuple[str, str]]]:
    reader = Reader(settings)
    ladder = read_ladder(reader, DIGITS, 2)
    return ladder, [(fault.code, ".".join(map(str, fault.path))) for fault in reader.faults]


def ladder(**settings: Any) -> Ladder:
    found, faults = read({"key": "status", "name": "Status", "tiers": [BASE, GOLD], **settings})
    assert faults == []
    return found


# --- defaults -------------------------------------------------------------------------------------
def test_a_ladder_that_says_little_counts_spending_of_a_year_and_keeps_a_tier_for_the_next() -> None:
    plain = ladder()
    assert plain.metric == Metric(MetricKind.SPEND)
    assert (plain.window, plain.starts, plain.ends) == (
        WindowKind.CALENDAR_YEAR,
        Starts.AT_ONCE,
        Ends.END_OF_NEXT_PERIOD,
    )
    assert (plain.falls, plain.after_return, plain.grace_days) == (
        Falls.TO_EARNED,
        AfterReturn.REDECIDED,
        0,
    )
    assert [(tier.key, tier.threshold, tier.invitation) for tier in plain.tiers] == [
        ("member", 0, False),
        ("gold", 50_000, False),
    ]
    assert not plain.continuous


@pytest.mark.parametrize(
    ("settings", "ends"),
    [
        ({"window": {"kind": "rolling"}}, Ends.END_OF_NEXT_PERIOD),
        ({"window": {"kind": "lifetime"}}, Ends.NEVER),
        ({"window": {"kind": "lifetime"}, "ends": "end_of_period"}, Ends.END_OF_PERIOD),
        ({"falls": "at_once"}, Ends.NEVER),
        ({"falls": "after_days", "fall_days": 30}, Ends.NEVER),
        ({"falls": "never"}, Ends.END_OF_NEXT_PERIOD),
    ],
)
def test_the_usual_end_follows_from_the_window_and_the_fall(settings: Document, ends: Ends) -> None:
    assert ladder(**settings).ends is ends


def test_a_rolling_window_is_twelve_months_long_unless_it_says_otherwise() -> None:
    assert ladder(window={"kind": "rolling"}).window_months == 12
    assert ladder(window={"kind": "rolling", "months": 24}).window_months == 24


@pytest.mark.parametrize(
    ("metric", "threshold", "kept", "counter"),
    [
        ({"of": "spend"}, "500.50", 50_050, "spend"),
        ({"of": "points", "point_type": "points"}, "500", 500, "points:points"),
        ({"of": "points", "point_type": "stars"}, "500.25", 50_025, "points:stars"),
        ({"of": "purchases"}, 12, 12, "purchases"),
        ({"of": "visits"}, "12", 12, "purchases"),
        ({"of": "event", "event": "stay", "field": "nights"}, "7.5", 7_500, "event:stay:nights"),
    ],
)
def test_a_threshold_is_kept_in_the_smallest_unit_of_its_metric(
    metric: Document, threshold: Any, kept: int, counter: str
) -> None:
    found = ladder(metric=metric, tiers=[BASE, {**GOLD, "threshold": threshold}])
    assert found.tiers[1].threshold == kept
    assert found.metric.counter == counter
    written = dump_ladder(found, DIGITS, 2)
    assert read(written) == (found, [])


def test_tiers_stand_in_the_order_of_thresholds_and_an_invitation_above_its_equal() -> None:
    black = {"key": "black", "name": "Black", "threshold": "500", "invitation": True}
    silver = {"key": "silver", "name": "Silver", "threshold": "499.99"}
    found = ladder(tiers=[black, GOLD, silver, BASE])
    assert [tier.key for tier in found.tiers] == ["member", "silver", "gold", "black"]
    assert [found.position(key) for key in ("member", "black", "none")] == [0, 3, -1]


# --- there and back -------------------------------------------------------------------------------
METRICS = st.sampled_from(
    [
        {"of": "spend"},
        {"of": "points", "point_type": "stars"},
        {"of": "purchases"},
        {"of": "visits"},
        {"of": "event", "event": "stay", "field": "nights"},
    ]
)
WINDOWS = st.one_of(
    st.sampled_from([{"kind": kind.value} for kind in WindowKind]),
    st.fixed_dictionaries({"kind": st.just("rolling"), "months": st.integers(1, 240)}),
)
BENEFITS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(BenefitKind)),
        "name": st.sampled_from(["Lounge", {"en": "Gift", "ru": "Дар"}]),
    },
    optional={"value": st.sampled_from(["", "10 %"])},
)
TIERS = st.lists(
    st.fixed_dictionaries(
        {"key": st.from_regex(r"[a-z]{2,8}", fullmatch=True), "threshold": st.integers(1, 9_999)},
        optional={"invitation": st.booleans(), "benefits": st.lists(BENEFITS, max_size=3)},
    ),
    max_size=5,
    unique_by=(lambda tier: tier["key"], lambda tier: tier["threshold"]),
)
LASTING = st.fixed_dictionaries(
    {},
    optional={
        "starts": st.sampled_from(list(Starts)),
        "falls": st.sampled_from([Falls.TO_EARNED, Falls.ONE_LEVEL, Falls.NEVER]),
        "after_return": st.sampled_from(list(AfterReturn)),
    },
)
ENDS = st.one_of(
    st.just({}),
    st.just({"ends": "never"}),
    st.fixed_dictionaries(
        {"ends": st.sampled_from([Ends.END_OF_PERIOD, Ends.END_OF_NEXT_PERIOD, Ends.ANNIVERSARY])},
        optional={"grace_days": st.integers(0, 366)},
    ),
    st.fixed_dictionaries(
        {"ends": st.just("months_after"), "months": st.integers(1, 240)},
        optional={"grace_days": st.integers(0, 366)},
    ),
)
CONTINUOUS = st.one_of(
    st.just({"falls": "at_once"}),
    st.fixed_dictionaries({"falls": st.just("after_days"), "fall_days": st.integers(1, 366)}),
)
HOW = st.one_of(st.builds(lambda ends, lasting: {**ends, **lasting}, ENDS, LASTING), CONTINUOUS)


@generated(METRICS, WINDOWS, TIERS, HOW)
def test_a_ladder_comes_back_the_same(
    metric: Document, window: Document, tiers: list[Document], how: Document
) -> None:
    named = [{"name": tier["key"].title(), **tier} for tier in tiers]
    found = ladder(metric=metric, window=window, tiers=[{"key": "b", "name": "Base"}, *named], **how)
    written = dump_ladder(found, DIGITS, 2)
    again, faults = read(written)
    assert (again, faults) == (found, [])
    assert dump_ladder(again, DIGITS, 2) == written
    thresholds = [tier.threshold for tier in found.tiers]
    assert thresholds == sorted(thresholds)


def test_names_of_tiers_and_benefits_are_no_behaviour_and_thresholds_are() -> None:
    def logic(change: Any) -> Any:
        other = deepcopy(WHOLE)
        change(other["ladders"][0])
        return without_texts(dump_core(read_core(other)))

    same = without_texts(dump_core(read_core(WHOLE)))

    def renamed(status: Any) -> None:
        status["name"] = "Ranks"
        status["tiers"][1]["name"] = "Goldie"
        status["tiers"][1]["benefits"][1]["name"] = "Twice"

    assert logic(renamed) == same
    assert logic(lambda status: status["tiers"][1].update(threshold="499")) != same
    assert logic(lambda status: status["tiers"][1]["benefits"][1].update(value="× 3")) != same


# --- faults ---------------------------------------------------------------------------------------
NIGHTS = {"of": "event", "event": "stay", "field": "nights"}
SECOND = ("duplicate", "tiers.1.threshold")
BENEFIT = "tiers.0.benefits.0"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"key": "A"}, [("bad_key", "key")]),
        ({"name": None}, [("missing", "name")]),
        ({"colour": "red"}, [("unknown_key", "colour")]),
        ({"metric": {}}, [("missing", "metric.of")]),
        ({"metric": {"of": "money"}}, [("unknown_choice", "metric.of")]),
        ({"metric": {"of": "points"}, "tiers": [BASE]}, [("missing", "metric.point_type")]),
        (
            {"metric": {"of": "points", "point_type": "coins"}, "tiers": [BASE]},
            [("unknown_point_type", "metric.point_type")],
        ),
        ({"metric": {"of": "event"}}, [("missing", "metric.event"), ("missing", "metric.field")]),
        ({"metric": {"of": "spend", "event": "stay"}}, [("unknown_key", "metric.event")]),
        ({"metric": [NIGHTS]}, [("wrong_type", "metric"), ("missing", "metric.of")]),
        ({"window": {"kind": "decade"}}, [("unknown_choice", "window.kind")]),
        ({"window": {"kind": "lifetime", "months": 3}}, [("unknown_key", "window.months")]),
        ({"window": {"kind": "rolling", "months": 0}}, [("out_of_range", "window.months")]),
        ({"window": {"kind": "rolling", "months": 1 << 4_000}}, [("out_of_range", "window.months")]),
        ({"ends": "months_after"}, [("missing", "months")]),
        ({"ends": "anniversary", "months": 3}, [("unknown_key", "months")]),
        ({"falls": "after_days"}, [("missing", "fall_days")]),
        ({"falls": "to_earned", "fall_days": 3}, [("unknown_key", "fall_days")]),
        ({"grace_days": 400}, [("out_of_range", "grace_days")]),
        ({"ends": "never", "grace_days": 1}, [("ladder_contradiction", "grace_days")]),
        ({"falls": "at_once", "ends": "end_of_period"}, [("ladder_contradiction", "ends")]),
        ({"falls": "at_once", "starts": "next_period"}, [("ladder_contradiction", "starts")]),
        ({"falls": "at_once", "after_return": "kept"}, [("ladder_contradiction", "after_return")]),
        (
            {"falls": "after_days", "fall_days": 9, "grace_days": 9},
            [("ladder_contradiction", "grace_days")],
        ),
        ({"tiers": []}, [("missing", "tiers")]),
        ({"tiers": {}}, [("wrong_type", "tiers"), ("missing", "tiers")]),
        ({"tiers": [BASE] * 51}, [("too_many", "tiers"), ("missing", "tiers")]),
        ({"tiers": [GOLD]}, [("no_base_tier", "tiers")]),
        ({"tiers": [{**BASE, "threshold": 0, "invitation": True}]}, [("no_base_tier", "tiers")]),
        ({"tiers": [BASE, {**GOLD, "key": "member"}]}, [("duplicate", "tiers.1.key")]),
        ({"tiers": [BASE, GOLD, {**GOLD, "key": "red"}]}, [("duplicate", "tiers.2.threshold")]),
        ({"tiers": [BASE, {"key": "gold", "name": "Gold"}]}, [SECOND]),
        (
            {"tiers": [BASE, {"key": "black", "name": "Black", "invitation": True}]},
            [("missing", "tiers.1.threshold")],
        ),
        ({"tiers": [BASE, {**GOLD, "threshold": "-1"}]}, [("out_of_range", "tiers.1.threshold")]),
        ({"tiers": [BASE, {**GOLD, "threshold": "1.005"}]}, [("too_many_decimals", "tiers.1.threshold")]),
        ({"tiers": [{"name": "A"}, {"name": "B"}]}, [("missing", "tiers.0.key"), ("missing", "tiers.1.key"), SECOND]),
        ({"tiers": [{**BASE, "benefits": [{}]}]}, [("missing", f"{BENEFIT}.kind")]),
        ({"tiers": [{**BASE, "benefits": [{"kind": "other"}]}]}, [("missing", f"{BENEFIT}.name")]),
        ({"tiers": [{**BASE, "benefits": [{"kind": "discount", "value": 1}]}]}, [("wrong_type", f"{BENEFIT}.value")]),
    ],
)  # fmt: skip
def test_each_fault_of_a_ladder(settings: Document, found: list[tuple[str, str]]) -> None:
    whole = {"key": "status", "name": "Status", "tiers": [BASE, GOLD], **settings}
    assert read(whole)[1] == found


def test_a_duplicate_threshold_is_told_as_it_is_written() -> None:
    reader = Reader({"key": "s", "name": "S", "tiers": [BASE, GOLD, {**GOLD, "key": "red"}]})
    read_ladder(reader, DIGITS, 2)
    assert [fault.params for fault in reader.faults] == [{"value": "500.00"}]
