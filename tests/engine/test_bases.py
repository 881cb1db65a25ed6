"""The earning base: one table, a line for each option of each policy."""

from typing import Any

import pytest

from programs.engine.bases import BaseCalculator
from programs.engine.document import read_core
from programs.engine.facts import NOTHING, Facts, Line, Tender
from programs.engine.ruleset import Ruleset
from tests.engine.building import (
    NOBODY,
    basket,
    document,
    earned,
    line,
    only,
    per_step,
    per_unit,
    percent,
    ruleset,
)

CUT = {"kind": "discount"}
POINTS_10 = Tender("points", 1000, "points", 1000)
CARD_10 = Tender("gift_card", 1000)


def bases(policies: dict[str, Any], lines: list[Line], tenders: tuple[Tender, ...] = ()) -> tuple[Any, Any]:
    rules = Ruleset(read_core(document(policies=policies)))
    found = BaseCalculator(rules.policies)(Facts(basket(*lines, tenders=tenders), NOBODY, rules.zone))
    assert all(found.whole[at] == found.lines[at] == 0 for at in range(len(lines)) if at not in found.earning)
    return list(found.whole), list(found.lines)


TWO = [line("30.00"), line("10.00")]
ORDER_CUT = [*TWO, line("-8.00", **CUT)]
OWN_CUT = [line("30.00", category="food"), line("10.00"), line("-8.00", category="food", **CUT)]
TAXED = [line("12.00", tax="2.00"), line("5.00")]
REDUCED = [line("9.00", discount="1.00"), line("5.00")]
KINDS = [line("1.00", kind=kind) for kind in ("product", "delivery", "fee", "deposit", "gift_card")]


@pytest.mark.parametrize(
    ("policies", "lines", "whole", "by_line"),
    [
        ({}, TWO, [3000, 1000], None),
        ({}, TAXED, [1200, 500], None),
        ({"tax": "included"}, TAXED, [1200, 500], None),
        ({"tax": "excluded"}, TAXED, [1000, 500], None),
        ({}, REDUCED, [900, 500], None),
        ({"discounts": "after"}, REDUCED, [900, 500], None),
        ({"discounts": "before"}, REDUCED, [1000, 500], None),
        ({}, ORDER_CUT, [2400, 800, 0], None),
        ({"order_discount": "spread"}, ORDER_CUT, [2400, 800, 0], None),
        ({"order_discount": "left_out"}, ORDER_CUT, [2400, 800, 0], [3000, 1000, 0]),
        ({"discounts": "before"}, ORDER_CUT, [3000, 1000, 0], None),
        ({}, OWN_CUT, [3000, 1000, -800], None),
        ({"discounts": "before"}, OWN_CUT, [3000, 1000, 0], None),
        ({}, KINDS, [100, 100, 0, 0, 0], None),
        ({"earning_kinds": ["product"]}, KINDS, [100, 0, 0, 0, 0], None),
        ({"earning_kinds": ["fee", "deposit", "gift_card"]}, KINDS, [0, 0, 100, 100, 100], None),
        ({"earning_kinds": ["delivery"]}, [line("5.00")], [0], None),
        # A discount for the order is never taken off money that is only passed on.
        ({}, [line("10.00"), line("10.00", kind="gift_card"), line("-1.00", **CUT)], [900, 0, 0], None),
        # It is taken off what does not earn too: half of it falls on the fee.
        ({}, [line("10.00"), line("10.00", kind="fee"), line("-1.00", **CUT)], [950, 0, 0], None),
        # Tax within the discount.
        ({"tax": "excluded"}, [line("12.00", tax="2.00"), line("-6.00", tax="-1.00", **CUT)], [500, 0], None),
        # The cents of a third: the last line takes the unit.
        ({}, [line("1.00"), line("1.00"), line("1.00"), line("-1.00", **CUT)], [67, 67, 66, 0], None),
        ({}, [line("0.00"), line("-1.00", **CUT)], [0, 0], None),
    ],
)
def test_what_a_line_counts_for(
    policies: dict[str, Any], lines: list[Line], whole: list[int], by_line: list[int] | None
) -> None:
    assert bases(policies, lines) == (whole, whole if by_line is None else by_line)


@pytest.mark.parametrize(
    ("policies", "lines", "tender", "whole"),
    [
        ({}, TWO, POINTS_10, [2250, 750]),
        ({"paid_with_points": "earns_nothing"}, TWO, POINTS_10, [2250, 750]),
        ({"paid_with_points": "earns"}, TWO, POINTS_10, [3000, 1000]),
        ({}, TWO, CARD_10, [3000, 1000]),
        ({"stored_value": "tender"}, TWO, CARD_10, [3000, 1000]),
        ({"stored_value": "lowers_base"}, TWO, CARD_10, [2250, 750]),
        ({}, TWO, Tender("money", 1000), [3000, 1000]),
        # The bill is 32.00 of which 10.00 are points: 22.00 earn.
        ({}, ORDER_CUT, POINTS_10, [1650, 550, 0]),
        # A discount line of a category is paid with points in the same share as the goods.
        ({}, [line("30.00"), line("-10.00", category="food", **CUT)], POINTS_10, [1500, -500]),
        # The share of the points that paid for a deposit does not lower the goods.
        ({}, [line("10.00"), line("10.00", kind="deposit")], POINTS_10, [500, 0]),
        ({}, [line("10.00")], POINTS_10, [0]),
        ({}, [line("5.00")], POINTS_10, [0]),
        ({"tax": "excluded"}, [line("20.00", tax="4.00")], POINTS_10, [800]),
    ],
)
def test_what_was_not_paid_with_money(
    policies: dict[str, Any], lines: list[Line], tender: Tender, whole: list[int]
) -> None:
    assert bases(policies, lines, (tender,))[0] == whole


def test_the_quick_way_and_the_general_way_agree() -> None:
    rules = ruleset()
    facts = Facts(basket("3.00", "4.00"), NOBODY, rules.zone)
    assert list(map(list, rules.bases(facts))) == list(map(list, rules.bases._general(facts)))


def test_a_rule_on_lines_leaves_the_order_discount_out_and_a_rule_on_the_whole_does_not() -> None:
    rules = ruleset(
        per_step("whole"),
        per_step("food", lines=only("food")),
        policies={"order_discount": "left_out"},
    )
    bought = basket(line("30.00", category="food"), line("10.00"), line("-8.00", **CUT))
    assert earned(rules, bought) == {"whole": 32, "food": 30}


def test_a_discount_of_a_category_counts_to_it() -> None:
    rules = ruleset(per_step("food", lines=only("food")), percent("rest", lines={"not": only("food")}))
    assert earned(rules, basket(*OWN_CUT)) == {"food": 22, "rest": 1}


def test_a_discount_line_is_no_unit() -> None:
    rules = ruleset(per_unit("food", lines=only("food")))
    assert earned(rules, basket(*OWN_CUT)) == {"food": 1}


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        # include list: unlisted and unlabelled lines are out
        ({"fact": "line.label", "is": "one_of", "value": ["bio"]}, 1),
        # exclude list: unlabelled lines are in
        ({"fact": "line.label", "is": "none_of", "value": ["bio"]}, 6),
        ({"fact": "line.sku", "is": "one_of", "value": ["s1", "s3"]}, 5),
        ({"fact": "line.brand", "is": "none_of", "value": ["acme"]}, 5),
    ],
)
def test_include_and_exclude_lists(lines: dict[str, Any], chosen: int) -> None:
    bought = basket(
        line("1.00", "s1", labels=frozenset({"bio", "new"})),
        line("2.00", "s2", labels=frozenset({"new"}), brand="acme"),
        line("4.00", "s3", attributes=NOTHING),
    )
    assert earned(ruleset(per_step(lines=lines)), bought) == {"base": chosen}
