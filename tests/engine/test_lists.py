"""Product lists: articles under one name, asked by rules and frozen with the document."""

import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.document import dump_core, read_core, without_texts
from programs.engine.evaluate import evaluate
from programs.engine.filters import Picked
from programs.engine.lists import MOST_LISTS, MOST_SKUS
from programs.engine.reversal import broken_bonuses
from programs.engine.vocabulary import FACTS, LIST
from tests.engine.building import (
    MULTIPLIERS,
    NOBODY,
    Document,
    basket,
    document,
    earned,
    faults,
    fixed,
    line,
    per_step,
    ruleset,
    times,
)

LISTS = [
    {"key": "coffee-week", "name": "Coffee week", "skus": ["C-1", "C-2"]},
    {"key": "sweets", "name": "Sweets", "skus": ["S-1", "C-2"]},
]


def listed(*keys: str, operator: str = "one_of") -> Document:
    return {"fact": "line.list", "is": operator, "value": list(keys)}


def points(lines: Document, *skus: str, lists: Any = None) -> int:
    """A point for every euro of the lines that match; each article costs ten times what the one before it does."""
    rules = ruleset(per_step(lines=lines), lists=LISTS if lists is None else lists)
    bought = basket(*(line(f"{10**place}.00", sku) for place, sku in enumerate(skus)))
    return earned(rules, bought).get("base", 0)


@pytest.mark.parametrize(
    ("lines", "given"),
    [
        (listed("coffee-week"), 11),
        (listed("sweets"), 110),
        (listed("coffee-week", "sweets"), 111),
        (listed("coffee-week", operator="none_of"), 11_100),
        (listed("coffee-week", "sweets", operator="none_of"), 11_000),
        ({"not": listed("coffee-week")}, 11_100),
        ({"all": [listed("coffee-week"), listed("sweets")]}, 10),
        ({"any": [listed("sweets"), {"fact": "line.sku", "is": "equals", "value": "B"}]}, 1_110),
    ],
)
def test_lines_are_in_a_list_or_not(lines: Document, given: int) -> None:
    assert points(lines, "C-1", "C-2", "S-1", "B", "") == given


def test_a_list_is_one_of_exact_articles() -> None:
    assert points(listed("coffee-week"), "c-1", "C-1 ", "C-11", "C", "") == 0


def test_a_multiplier_raises_the_lines_of_a_list() -> None:
    rules = ruleset(
        per_step(), times("double", "2", lines=listed("coffee-week")), groups=MULTIPLIERS, lists=LISTS
    )
    assert earned(rules, basket(line("10.00", "C-1"), line("5.00", "B"))) == {"base": 15, "double": 10}


@pytest.mark.parametrize(("skus", "given"), [(("C-1", "C-2"), 100), (("C-1", "S-1"), 0), (("B",), 0)])
def test_a_basket_is_asked_how_many_lines_of_a_list_it_has(skus: tuple[str, ...], given: int) -> None:
    rules = ruleset(fixed(when={"lines": listed("coffee-week"), "is": "at_least", "value": 2}), lists=LISTS)
    assert earned(rules, basket(*(line("1.00", sku) for sku in skus))).get("bonus", 0) == given


def test_a_bonus_for_a_list_goes_when_its_articles_come_back() -> None:
    rules = ruleset(
        fixed(when={"lines": listed("coffee-week")}),
        lists=LISTS,
        policies={"bonus_after_return": "taken_back"},
    )
    bought = basket(line("1.00", "C-1"), line("1.00", "B"))
    awards = evaluate(bought, NOBODY, rules).awards
    back = [Fraction(0), Fraction(1)]
    assert broken_bonuses(rules, awards, bought, back, NOBODY) == frozenset()
    assert broken_bonuses(rules, awards, bought, back[::-1], NOBODY) == {"bonus"}


def test_a_list_is_looked_up_and_not_tried_on_every_line() -> None:
    """All lists together cost a line one look into a table."""
    skus = [f"A-{number}" for number in range(MOST_SKUS)]
    rules = ruleset(
        *(per_step(f"r{place}", lines=listed("large")) for place in range(5)),
        lists=[{"key": "large", "name": "Large", "skus": skus}],
    )
    picked = rules.filters.pick([line("1.00", "A-7"), line("1.00", "B")], [0, 1])
    assert isinstance(picked, Picked)
    assert list(picked.values()) == [[0]]


def test_what_is_read_is_written_sorted_and_once() -> None:
    written = document(
        per_step(lines=listed("coffee-week")),
        lists=[{"key": "coffee-week", "name": "Coffee week", "skus": ["b", "a", "b"]}],
    )
    core = read_core(written)
    assert core.lists[0].skus == ("a", "b")
    assert dump_core(core)["lists"] == [
        {"key": "coffee-week", "name": {"*": "Coffee week"}, "skus": ["a", "b"]}
    ]
    assert dump_core(core)["rules"][0]["lines"] == listed("coffee-week")
    assert read_core(dump_core(core)) == core
    assert core.product_list("coffee-week") is core.lists[0]
    assert core.product_list("sweets") is None


def test_the_name_of_a_list_decides_nothing_and_its_articles_do() -> None:
    def logic(**changed: Any) -> Any:
        core = read_core(
            document(per_step(lines=listed("sweets")), lists=[LISTS[0], {**LISTS[1], **changed}])
        )
        return without_texts(dump_core(core))

    assert logic() == logic(name="Candy")
    assert logic() != logic(skus=["S-1"])


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        ("x", [("wrong_type", "lists")]),
        (
            [7],
            [
                ("wrong_type", "lists.0"),
                *(("missing", f"lists.0.{name}") for name in ("key", "name", "skus")),
            ],
        ),
        ([{"key": "a", "name": "A", "skus": []}], [("missing", "lists.0.skus")]),
        ([{"key": "a", "name": "A"}], [("missing", "lists.0.skus")]),
        ([{"key": "a", "skus": ["x"]}], [("missing", "lists.0.name")]),
        ([{"key": "A b", "name": "A", "skus": ["x"]}], [("bad_key", "lists.0.key")]),
        ([{"key": "a", "name": "A", "skus": ["x", ""]}], [("wrong_sku", "lists.0.skus")]),
        ([{"key": "a", "name": "A", "skus": ["x" * 201]}], [("wrong_sku", "lists.0.skus")]),
        ([{"key": "a", "name": "A", "skus": ["\x00"]}], [("bad_characters", "lists.0.skus")]),
        ([{"key": "a", "name": "A", "skus": ["\ud800"]}], [("bad_characters", "lists.0.skus")]),
        ([{"key": "a", "name": "A", "skus": [42]}], [("wrong_type", "lists.0.skus")]),
        ([{"key": "a", "name": "A", "skus": ["x"], "more": 1}], [("unknown_key", "lists.0.more")]),
        ([{"key": "a", "name": "A", "skus": ["x"]}] * 2, [("duplicate", "lists.1.key")]),
        ([{"key": "a", "name": "A", "skus": ["x"] * (MOST_SKUS + 1)}], [("too_many", "lists.0.skus")]),
        ([{}] * (MOST_LISTS + 1), [("too_many", "lists")]),
    ],
)
def test_lists_that_are_refused(lists: Any, found: list[tuple[str, str]]) -> None:
    assert faults(document(lists=lists)) == found


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"lines": listed("gone")}, "rules.0.lines.value"),
        ({"lines": {"not": {"any": [listed("sweets"), listed("gone")]}}}, "rules.0.lines.not.any.1.value"),
        ({"when": {"lines": listed("sweets", "gone")}}, "rules.0.when.lines.value"),
        ({"when": {"all": [{"lines": {"all": [listed("gone")]}}]}}, "rules.0.when.all.0.lines.all.0.value"),
    ],
)
def test_a_list_that_is_not_there_is_a_fault(rule: Document, place: str) -> None:
    assert faults(document(per_step(**rule), lists=LISTS)) == [("unknown_list", place)]


@pytest.mark.parametrize(
    "node",
    [
        {"fact": "line.list", "is": "equals", "value": "sweets"},
        {"fact": "line.list", "is": "is_set"},
        {"fact": "line.list", "is": "starts_with", "value": "s"},
    ],
)
def test_lists_are_asked_only_whether_an_article_is_in_one(node: Document) -> None:
    assert [code for code, _place in faults(document(per_step(lines=node), lists=LISTS))] == [
        "wrong_operator"
    ]


@pytest.mark.parametrize("value", [None, [], "sweets", [7], [["sweets"]], ["\x00"], [{}], "x" * 1_000_000])
def test_hostile_values_are_refused(value: Any) -> None:
    node = {"fact": "line.list", "is": "one_of", "value": value}
    assert faults(document(per_step(lines=node), lists=LISTS))


def test_a_purchase_as_a_whole_is_in_no_list() -> None:
    assert [code for code, _place in faults(document(per_step(when=listed("sweets")), lists=LISTS))] == [
        "wrong_scope"
    ]


def test_lists_are_not_asked_of_a_line_alone() -> None:
    with pytest.raises(LookupError, match=LIST):
        FACTS[LIST].get(line())


def test_the_largest_lists_are_read_and_compiled_quickly() -> None:
    lists = [
        {"key": f"l{number}", "name": "L", "skus": [f"{number}-{place:012}" for place in range(MOST_SKUS)]}
        for number in range(MOST_LISTS)
    ]
    written = document(per_step(lines=listed(*(each["key"] for each in lists))), lists=lists)
    began = time.process_time()
    assert faults(written) == []
    assert time.process_time() - began < 2


SKUS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=5)


@generated(
    st.tuples(SKUS, SKUS),
    st.sampled_from([("one", "two"), ("one",), ("two",)]),
    st.sampled_from(["one_of", "none_of"]),
    st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", ""]), min_size=1, max_size=6),
)
def test_a_list_means_its_articles_written_out(
    lists: tuple[list[str], list[str]], asked: tuple[str, ...], operator: str, bought: list[str]
) -> None:
    named = dict(zip(("one", "two"), lists, strict=True))
    written_out = sorted({sku for key in asked for sku in named[key]})
    held = [{"key": key, "name": key, "skus": skus} for key, skus in named.items()]
    in_words = points(listed(*asked, operator=operator), *bought, lists=held)
    assert in_words == points({"fact": "line.sku", "is": operator, "value": written_out}, *bought, lists=[])
