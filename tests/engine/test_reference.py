"""Whatever the programme and the purchase, the evaluation says what a plain reading of the rules says."""

from typing import Any

from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, Line
from tests.engine.building import NOBODY, NOON, Document, only, ruleset
from tests.engine.reference import Reference

LINES = st.sampled_from(
    [
        None,
        only("food"),
        {"all": [only("food")]},
        {"not": only("food")},
        {"fact": "line.category", "is": "one_of", "value": ["food", "toys"]},
        {"fact": "line.brand", "is": "equals", "value": ""},
        {"fact": "line.kind", "is": "one_of", "value": ["delivery", "discount"]},
        {"any": [only("toys"), {"fact": "line.label", "is": "one_of", "value": ["bio"]}]},
    ]
)
WHEN = st.sampled_from([None, None, {"fact": "basket.total", "is": "at_least", "value": "20.00"}])
FACTORS = st.sampled_from(["0", "0.5", "0.333", "1", "1.25", "2", "3"]).map(
    lambda factor: {"kind": "multiplier", "factor": factor}
)
EFFECTS = st.sampled_from(
    [
        {"kind": "per_step", "points": "1", "step": "1.00"},
        {"kind": "per_step", "points": "7", "step": "0.30"},
        {"kind": "percent", "percent": "12.25"},
        {"kind": "percent", "percent": "0.5"},
        {"kind": "per_unit", "points": "2"},
        {"kind": "fixed", "points": "9"},
    ]
)
MODES = ["stack", "stack", "best_of", "first_match"]
ROUNDING = ["floor", "half_up", "half_even", "half_down", "ceiling"]


@st.composite
def programmes(draw: st.DrawFn) -> Any:
    """Up to four groups of up to four rules, for one or two point types."""
    groups, rules = [], []
    for number in range(draw(st.integers(1, 4))):
        multiplies = draw(st.booleans())
        modes = MODES if multiplies else [*MODES, "exclusive", "stop_after"]
        combine = draw(st.sampled_from(["multiply", "add"]))
        groups.append({"key": f"g{number}", "mode": draw(st.sampled_from(modes)), "combine": combine})
        for place in range(draw(st.integers(1, 4))):
            rule: Document = {"key": f"r{number}-{place}", "group": f"g{number}"}
            rule["effect"] = draw(FACTORS if multiplies else EFFECTS)
            rule["point_type"] = draw(st.sampled_from(["points", "points", "stars"]))
            for name, choices in (("lines", LINES), ("when", WHEN)):
                if (chosen := draw(choices)) is not None:
                    rule[name] = chosen
            rules.append(rule)
    policies = {
        "rounding": draw(st.sampled_from(ROUNDING)),
        "rounding_level": draw(st.sampled_from(["rule", "line", "basket"])),
        "order_discount": draw(st.sampled_from(["spread", "left_out"])),
    }
    stars = {"key": "stars", "name": "Stars", "decimals": 2}
    return ruleset(*rules, groups=groups, policies=policies, point_types=[stars])


PURCHASES = st.lists(
    st.builds(
        Line,
        sku=st.just("a"),
        quantity=st.sampled_from([0, 350, 1000, 2500]),
        amount=st.integers(-300, 2_500),
        category=st.sampled_from(["food", "toys", ""]),
        brand=st.sampled_from(["acme", ""]),
        labels=st.sampled_from([frozenset(), frozenset({"bio"}), frozenset({"bio", "new"})]),
        kind=st.sampled_from(["product", "product", "product", "delivery", "fee", "discount"]),
    ),
    max_size=6,
).map(lambda lines: Basket(NOON, tuple(lines)))


@settings(max_examples=400)
@generated(programmes(), PURCHASES)
def test_the_evaluation_is_that_of_a_plain_reading(compiled: Any, bought: Basket) -> None:
    assert evaluate(bought, NOBODY, compiled) == Reference(bought, NOBODY, compiled.core).evaluate()
