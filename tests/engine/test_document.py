"""Whole documents: written and read back the same, every fault named."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.conditions import MOST_VALUES
from programs.engine.document import dump_core, read_core, without_texts
from programs.engine.ruleset import Ruleset
from tests.engine.building import Document, document, faults, fixed, per_step, percent, times
from tests.engine.test_conditions import TREES

FULL = document(
    per_step(
        when={"all": [{"fact": "basket.total", "is": "at_least", "value": "20.00"}]},
        lines={"fact": "line.label", "is": "none_of", "value": ["sale", "gift"]},
        caps={
            "per_line": "10",
            "per_purchase": "50.00",
            "per_member": [{"per": "month", "points": "500"}, {"per": "day", "points": "100"}],
            "times": [{"per": "day", "times": 3}],
            "cooldown_hours": 2,
            "budget": {"per": "year", "points": "100000"},
            "on_excess": "reject",
        },
        schedule={
            "since": "2026-01-01",
            "until": "2026-12-31T18:30",
            "weekdays": ["sun", "mon"],
            "hours": [{"start": "20:00"}, {"end": "06:00"}],
        },
        rounding="half_even",
    ),
    percent("share", "1.5", enabled=False, point_type="stars"),
    times("double", "2.5"),
    groups=[{"key": "base", "mode": "best_of"}, {"key": "multipliers", "combine": "add"}],
    policies={"tax": "excluded", "earning_kinds": ["fee", "product"]},
    limits={
        "per_purchase": "100",
        "per_member": [{"per": "week", "points": "700"}],
        "highest_balance": "9999.99",
        "budget": {"points": "1000000"},
        "lowest_award": {"points": "0.50", "below": "raise"},
    },
    decimals=2,
    point_types=[
        {
            "key": "stars",
            "name": {"en": "Stars", "ru": "Звёзды"},
            "unit": {"en": {"one": "star", "other": "stars"}},
            "cost": "0.0125",
        }
    ],
)


def test_a_document_with_everything_comes_back_the_same() -> None:
    core = read_core(FULL)
    written = dump_core(core)
    assert read_core(written) == core
    assert dump_core(read_core(written)) == written
    rule = written["rules"][0]
    assert rule["schedule"]["hours"] == [{"start": "00:00", "end": "06:00"}, {"start": "20:00"}]
    assert rule["caps"]["per_purchase"] == "50.00"
    assert written["policies"]["rounding"] == "floor"  # defaults are spelled out


def test_words_do_not_decide_points() -> None:
    other = deepcopy(FULL)
    other["programme"]["name"] = {"en": "Other"}
    other["rules"][0]["title"] = "Other"
    other["point_types"][1]["unit"] = {}
    one, two = dump_core(read_core(FULL)), dump_core(read_core(other))
    assert one != two
    assert without_texts(one) == without_texts(two)
    other["rules"][0]["effect"]["points"] = "2"
    assert without_texts(one) != without_texts(dump_core(read_core(other)))


KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
PERIODS = st.sampled_from(["day", "week", "month", "year", "lifetime"])
POINTS = st.integers(1, 10**6).map(str)
CAPS = st.fixed_dictionaries(
    {},
    optional={
        "per_line": POINTS,
        "per_purchase": POINTS,
        "per_member": st.lists(
            st.fixed_dictionaries({"per": PERIODS, "points": POINTS}),
            max_size=3,
            unique_by=lambda cap: cap["per"],
        ),
        "times": st.lists(
            st.fixed_dictionaries({"per": PERIODS, "times": st.integers(1, 9)}),
            max_size=3,
            unique_by=lambda cap: cap["per"],
        ),
        "cooldown_hours": st.integers(0, 999),
        "budget": st.fixed_dictionaries({"points": POINTS}, optional={"per": PERIODS}),
        "on_excess": st.sampled_from(["truncate", "reject"]),
    },
)
SCHEDULES = st.fixed_dictionaries(
    {},
    optional={
        "since": st.sampled_from(["2026-01-01", "2026-03-29T03:30"]),
        "until": st.sampled_from(["2027-01-01", "2026-10-25T03:30:00"]),
        "weekdays": st.lists(st.sampled_from(["mon", "wed", "sun"]), max_size=3),
        "hours": st.sampled_from(
            [[], [{"start": "08:00"}], [{"end": "09:00"}, {"start": "21:15", "end": "22:00"}]]
        ),
    },
)
EFFECTS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("per_step"), "points": POINTS, "step": st.sampled_from(["0.01", "5", "9.99"])}
    ),
    st.fixed_dictionaries({"kind": st.just("percent"), "percent": st.sampled_from(["0.0001", "1.5", "100"])}),
    st.fixed_dictionaries({"kind": st.sampled_from(["per_unit", "fixed"]), "points": POINTS}),
)
RULES = st.fixed_dictionaries(
    {"key": KEYS, "effect": EFFECTS},
    optional={
        "when": TREES,
        "caps": CAPS,
        "schedule": SCHEDULES,
        "enabled": st.booleans(),
        "rounding": st.sampled_from(["floor", "half_up", "ceiling"]),
        "lines": st.just({"not": {"fact": "line.kind", "is": "one_of", "value": ["fee"]}}),
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@generated(st.lists(RULES, max_size=4, unique_by=lambda rule: rule["key"]), st.integers(0, 4))
def test_random_documents_come_back_the_same(rules: list[Document], decimals: int) -> None:
    core = read_core(document(*rules, decimals=decimals, zone="Europe/Tallinn"))
    written = dump_core(core)
    assert read_core(written) == core
    assert dump_core(read_core(written)) == written
    Ruleset(core)


# --- faults ---------------------------------------------------------------------------------------
def changed(path: str, value: Any) -> Document:
    """The full document with one place changed; `...` takes the place out."""
    data = deepcopy(FULL)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = data
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ("programme", ..., "missing", "programme"),
        ("programme", [], "wrong_type", "programme"),
        ("programme.key", ..., "missing", None),
        ("programme.key", "", "bad_key", None),
        ("programme.key", "A B", "bad_key", None),
        ("programme.name", {}, "missing", None),
        ("programme.zone", "Mars/Base", "bad_zone", None),
        ("programme.zone", "../../etc/passwd", "bad_zone", None),
        ("programme.zone", "America", "bad_zone", None),
        ("programme.zone", "", "missing", None),
        ("programme.currency", "euro", "bad_currency", None),
        ("programme.currency", "", "missing", None),
        ("programme.languages", ["english"], "wrong_type", None),
        ("programme.audience", "robots", "unknown_choice", None),
        ("programme.extra", 1, "unknown_key", None),
        ("extra", 1, "unknown_key", None),
        ("point_types", [], "missing", None),
        ("point_types", {}, "wrong_type", None),
        ("point_types.1.key", "points", "duplicate", None),
        ("point_types.0.decimals", 5, "out_of_range", None),
        ("point_types.1.unit.en", {"one": "star"}, "bad_plural", None),
        ("point_types.1.unit.en", {"other": "stars", "dozen": "x"}, "bad_plural", None),
        ("point_types.1.unit", {1: {"other": "x"}, "en": {"other": "x"}}, "wrong_type", None),
        ("point_types.0.limits.per_purchase", "0", "out_of_range", None),
        ("point_types.0.limits.per_purchase", "0.001", "too_many_decimals", None),
        ("groups.1.key", "base", "duplicate", None),
        ("groups.0.mode", "random", "unknown_choice", None),
        ("groups.1.mode", "exclusive", "multiplier_group_mode", "rules.2.group"),
        ("groups.1.mode", "stop_after", "multiplier_group_mode", "rules.2.group"),
        ("rules.1.key", "base", "duplicate", None),
        ("rules.1.group", "nowhere", "unknown_group", None),
        ("rules.2.group", "base", "mixed_group", None),
        ("rules.2.caps", {"per_line": "1"}, "not_for_multipliers", None),
        ("rules.2.rounding", "floor", "not_for_multipliers", None),
        ("rules.1.point_type", "coins", "unknown_point_type", None),
        ("rules.0.title", "", "missing", None),
        ("rules.0.trigger", "full-moon", "unknown_choice", None),
        ("rules.0.effect", ..., "missing", None),
        ("rules.0.effect.kind", "gift", "unknown_choice", None),
        ("rules.0.effect.points", "0", "out_of_range", None),
        ("rules.0.effect.points", "-1", "out_of_range", None),
        ("rules.0.effect.points", 0.5, "wrong_type", None),
        ("rules.0.effect.step", "0", "out_of_range", None),
        ("rules.0.effect.factor", "2", "unknown_key", None),
        ("rules.2.effect.factor", "-1", "out_of_range", None),
        ("rules.0.caps.per_member.2", {"per": "day", "points": "1"}, "duplicate", "rules.0.caps.per_member"),
        ("rules.0.caps.times.0.times", 0, "out_of_range", None),
        ("rules.0.caps.times.0.times", "1.5", "too_many_decimals", None),
        ("rules.0.schedule.until", "2025-01-01", "bad_range", None),
        ("rules.0.schedule.since", "2026-01-01T00:00+02:00", "wrong_type", None),
        ("rules.0.schedule.weekdays", ["someday"], "unknown_choice", None),
        (
            "rules.0.schedule.hours",
            [{"start": "10:00", "end": "10:00"}],
            "bad_range",
            "rules.0.schedule.hours.0.end",
        ),
        (
            "rules.0.schedule.hours",
            [{"start": "08:00", "end": "10:00"}, {"start": "09:59"}],
            "overlap",
            "rules.0.schedule.hours.1.start",
        ),
        ("rules.0.schedule.hours", [{"start": "10:00:30"}], "wrong_type", "rules.0.schedule.hours.0.start"),
        ("policies.tax", "none", "unknown_choice", None),
        ("policies.earning_kinds", ["discount"], "unknown_choice", None),
        ("policies.unknown", "x", "unknown_key", None),
        ("rules.0.when", {}, "bad_condition", None),
        ("rules.0.when", {"all": [], "any": []}, "bad_condition", None),
        ("rules.0.when.all", [], "empty_group", None),
        (
            "rules.0.when",
            {"fact": "basket.weight", "is": "equals", "value": 1},
            "unknown_fact",
            "rules.0.when.fact",
        ),
        (
            "rules.0.when",
            {"fact": "line.sku", "is": "equals", "value": "x"},
            "wrong_scope",
            "rules.0.when.fact",
        ),
        (
            "rules.0.lines",
            {"fact": "basket.total", "is": "equals", "value": 1},
            "wrong_scope",
            "rules.0.lines.fact",
        ),
        (
            "rules.0.lines",
            {"lines": {"fact": "line.sku", "is": "is_set"}},
            "wrong_scope",
            "rules.0.lines.lines",
        ),
    ],
)
def test_each_fault_has_its_code_and_place(path: str, value: Any, code: str, where: str | None) -> None:
    found = faults(changed(path, value))
    if where is None:  # at the place, or (what is missing in it, or wrong with one of its parts) next to it
        assert any(each == code and (at.startswith(path) or path.startswith(at)) for each, at in found), found
    else:
        assert (code, where) in found


WHEN = "rules.0.when"


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ({"fact": "basket.total", "is": "starts_with", "value": "1"}, "wrong_operator"),
        ({"fact": "basket.total", "is": "is_set"}, "wrong_operator"),
        ({"fact": "basket.total", "is": "at_least"}, "missing"),
        ({"fact": "basket.total", "is": "at_least", "value": "12.345"}, "too_many_decimals"),
        ({"fact": "basket.total", "is": "at_least", "value": 0.3}, "wrong_type"),
        ({"fact": "basket.total", "is": "between", "value": ["2"]}, "wrong_type"),
        ({"fact": "basket.total", "is": "between", "value": ["2", "1"]}, "bad_range"),
        ({"fact": "purchase.store", "is": "one_of", "value": []}, "wrong_type"),
        ({"fact": "purchase.store", "is": "one_of", "value": "S1"}, "wrong_type"),
        ({"fact": "purchase.store", "is": "one_of", "value": ["x"] * (MOST_VALUES + 1)}, "too_many"),
        ({"fact": "purchase.store", "is": "equals", "value": "x" * 201}, "wrong_type"),
        ({"fact": "purchase.store", "is": "equals", "value": "\x00"}, "wrong_type"),
        ({"fact": "purchase.store", "is": "is_set", "value": "x"}, "unknown_key"),
        ({"fact": "purchase.weekday", "is": "one_of", "value": ["Monday"]}, "wrong_type"),
        ({"fact": "purchase.time", "is": "at_least", "value": "10:00:30"}, "wrong_type"),
        ({"fact": "purchase.time", "is": "at_least", "value": "10:00+02:00"}, "wrong_type"),
        ({"fact": "purchase.date", "is": "at_least", "value": "2026-02-30"}, "wrong_type"),
        ({"fact": "member.age", "is": "at_least", "value": "1.5"}, "too_many_decimals"),
        ({"lines": {"fact": "line.sku", "is": "is_set"}, "is": "between"}, "missing"),
        ({"lines": {"fact": "line.sku", "is": "is_set"}, "is": "one_of"}, "wrong_operator"),
        (
            {"lines": {"fact": "line.sku", "is": "is_set"}, "is": "starts_with", "value": "1"},
            "wrong_operator",
        ),
        ({"lines": {"fact": "line.sku", "is": "is_set"}, "is": "is_set"}, "wrong_operator"),
        ({"lines": {"fact": "line.sku", "is": "is_set"}, "of": "money"}, "unknown_choice"),
        ({"lines": None}, "missing"),
        ({"not": None}, "missing"),
    ],
)
def test_each_fault_of_a_condition(node: Document, code: str) -> None:
    assert code in [each for each, _where in faults(changed(WHEN, node))]


def test_all_faults_are_told_at_once() -> None:
    data = document(fixed("A"), percent(share="0"), fixed(effect={"kind": "fixed"}), zone="Nowhere")
    assert faults(data) == [
        ("bad_key", "rules.0.key"),
        ("out_of_range", "rules.1.effect.percent"),
        ("missing", "rules.2.effect.points"),
        ("bad_zone", "programme.zone"),
    ]
