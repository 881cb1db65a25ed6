"""Conditions: every operator on every type, every fact, and random trees against a plain interpreter."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from programs.engine.compiling import at, compile_check, compile_match, found
from programs.engine.conditions import Condition, dump_condition, read_condition
from programs.engine.facts import Basket, Facts, Line, MemberFacts, age_on
from programs.engine.reader import Reader
from programs.engine.vocabulary import FACTS, OPERATORS, Scope, fact
from tests.engine.building import basket, line

MEMBER = MemberFacts(
    joined_on=date(2026, 1, 1),
    age=age_on(date(1990, 5, 14), date(2026, 5, 13)),
    purchases=3,
    last_purchase_on=date(2026, 5, 10),
    attributes={"city": "Tartu"},
)
BOUGHT = basket(
    line(
        "20.00",
        "milk",
        "2",
        category="food",
        department="fresh",
        brand="Acme",
        labels=frozenset({"bio", "new"}),
    ),
    line("5.00", "pen", "0.5", tax="1.00", discount="2.50", attributes={"colour": "red"}),
    partner="north",
    store="S1",
    channel="web",
    payment="card",
    till="T7",
    cashier="Ann",
)
FACTS_SEEN = Facts(BOUGHT, MEMBER, ZoneInfo("Europe/Tallinn"))  # Wednesday 13 May, 15:00
UNKNOWN = Facts(BOUGHT, MemberFacts(), ZoneInfo("UTC"))


def read(node: Any, scope: Scope = Scope.PURCHASE) -> Condition:
    reader = Reader(node)
    condition = read_condition(reader, scope, 2)
    assert reader.faults == []
    return condition


def holds(node: Any, facts: Facts = FACTS_SEEN) -> bool:
    check = compile_check(read(node))
    return check is None or check(facts) is None


def leaf(name: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"fact": name, "is": operator, **({"value": value[0]} if value else {})}


NUMBERS = {
    "equals": (False, True, False),
    "not_equals": (True, False, True),
    "at_least": (True, True, False),
    "more_than": (True, False, False),
    "at_most": (False, True, True),
    "less_than": (False, False, True),
}
AROUND = {
    # fact: values below, at and above what it is
    "basket.total": ("24.99", "25.00", "25.01"),
    "basket.total_without_tax": ("23.99", "24.00", "24.01"),
    "basket.discount": ("2.49", "2.5", "2.51"),
    "basket.quantity": ("2.499", "2.5", "2.501"),
    "basket.lines": (1, 2, 3),
    "purchase.time": ("14:59", "15:00", "15:01"),
    "purchase.date": ("2026-05-12", "2026-05-13", "2026-05-14"),
    "purchase.month": (4, 5, 6),
    "purchase.day_of_month": (12, 13, 14),
    "member.purchases_before": (2, 3, 4),
    "member.days_since_last_purchase": (2, 3, 4),
    "member.days_since_joining": (131, 132, 133),
    "member.age": (34, 35, 36),
}


@pytest.mark.parametrize("name", list(AROUND))
@pytest.mark.parametrize("operator", list(NUMBERS))
def test_comparisons(name: str, operator: str) -> None:
    assert tuple(holds(leaf(name, operator, value)) for value in AROUND[name]) == NUMBERS[operator]


@pytest.mark.parametrize("name", list(AROUND))
def test_between_includes_both_ends(name: str) -> None:
    low, same, high = AROUND[name]
    pairs = [(low, high), (same, same), (low, same), (same, high), (low, low), (high, high)]
    assert [holds(leaf(name, "between", list(pair))) for pair in pairs] == [True] * 4 + [False] * 2


TEXTS = {
    "purchase.partner": "north",
    "purchase.store": "S1",
    "purchase.channel": "web",
    "purchase.payment": "card",
    "purchase.till": "T7",
    "purchase.cashier": "Ann",
    "member.attribute.city": "Tartu",
    "purchase.attribute.colour": "red",
}


@pytest.mark.parametrize("name", list(TEXTS))
def test_texts(name: str) -> None:
    value = TEXTS[name]
    assert holds(leaf(name, "equals", value))
    assert not holds(leaf(name, "equals", value.swapcase()))
    assert holds(leaf(name, "not_equals", "other"))
    assert holds(leaf(name, "one_of", ["other", value]))
    assert not holds(leaf(name, "none_of", ["other", value]))
    assert holds(leaf(name, "starts_with", value[:1]))
    assert not holds(leaf(name, "starts_with", "?"))
    assert holds(leaf(name, "is_set"))
    assert not holds(leaf(name, "is_not_set"))


@pytest.mark.parametrize(
    ("operator", "value", "result"),
    [
        ("equals", "", True),
        ("equals", "x", False),
        ("not_equals", "x", True),
        ("one_of", ["x"], False),
        ("none_of", ["x"], True),
        ("starts_with", "x", False),
    ],
)
def test_an_attribute_nobody_sent_is_an_empty_text(operator: str, value: Any, result: bool) -> None:
    for owner in ("member", "purchase"):
        assert holds(leaf(f"{owner}.attribute.none", operator, value)) is result
        assert holds(leaf(f"{owner}.attribute.none", "is_not_set"))
        assert not holds(leaf(f"{owner}.attribute.none", "is_set"))


@pytest.mark.parametrize(
    "name", ["member.age", "member.days_since_last_purchase", "member.days_since_joining"]
)
def test_an_unknown_number_is_only_unequal_and_not_set(name: str) -> None:
    true = {"not_equals", "is_not_set"}
    for operator in OPERATORS[FACTS[name].type]:
        values = {"between": ([0, 999],), "is_set": (), "is_not_set": ()}.get(operator.value, (0,))
        assert holds(leaf(name, operator.value, *values), UNKNOWN) is (operator.value in true), operator


def test_a_number_that_is_zero_is_set() -> None:
    first = Facts(BOUGHT, MemberFacts(purchases=0, joined_on=date(2026, 5, 13)), ZoneInfo("UTC"))
    assert holds(leaf("member.purchases_before", "is_set"), first)
    assert holds(leaf("member.days_since_joining", "equals", 0), first)


def test_weekdays() -> None:
    assert holds(leaf("purchase.weekday", "one_of", ["mon", "wed"]))
    assert not holds(leaf("purchase.weekday", "none_of", ["mon", "wed"]))
    assert holds(leaf("purchase.weekday", "none_of", ["sun"]))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1990, 5, 13), "2026-05-13", 36),
        (date(1990, 5, 14), "2026-05-13", 35),
        (date(2000, 2, 29), "2026-02-28", 25),
        (date(2000, 2, 29), "2026-03-01", 26),
    ],
)
def test_age_is_in_whole_years(born: date, day: str, age: int) -> None:
    assert age_on(born, date.fromisoformat(day)) == age
    facts = Facts(BOUGHT, MemberFacts(age=age), ZoneInfo("UTC"))
    assert holds(leaf("member.age", "equals", age), facts)


LINE_CASES = [
    (leaf("line.sku", "equals", "milk"), 1),
    (leaf("line.category", "is_set"), 1),
    (leaf("line.department", "is_not_set"), 1),
    (leaf("line.brand", "starts_with", "A"), 1),
    (leaf("line.label", "one_of", ["bio", "old"]), 1),
    (leaf("line.label", "none_of", ["old"]), 2),
    (leaf("line.label", "none_of", ["new"]), 1),
    (leaf("line.label", "is_set"), 1),
    (leaf("line.label", "is_not_set"), 1),
    (leaf("line.kind", "equals", "product"), 2),
    (leaf("line.amount", "more_than", "5.00"), 1),
    (leaf("line.discount", "at_least", "2.50"), 1),
    (leaf("line.quantity", "less_than", "1"), 1),
    (leaf("line.attribute.colour", "equals", "red"), 1),
    ({"any": [leaf("line.sku", "equals", "milk"), leaf("line.sku", "equals", "pen")]}, 2),
    ({"all": [leaf("line.sku", "equals", "milk"), leaf("line.sku", "equals", "pen")]}, 0),
    ({"all": [leaf("line.kind", "equals", "product"), {"not": leaf("line.sku", "equals", "pen")}]}, 1),
]


@pytest.mark.parametrize(("where", "count"), LINE_CASES)
def test_facts_of_lines(where: dict[str, Any], count: int) -> None:
    match = compile_match(read(where, Scope.LINE))
    assert sum(match(each) for each in BOUGHT.lines) == count
    assert holds({"lines": where, "of": "count", "is": "equals", "value": count})
    assert holds({"lines": where}) is (count > 0)


@pytest.mark.parametrize(
    ("measure", "value"), [("count", 1), ("quantity", "2"), ("amount", "20.00"), ("amount", 20)]
)
def test_sums_over_lines(measure: str, value: Any) -> None:
    node = {"lines": leaf("line.category", "equals", "food"), "of": measure, "value": value}
    assert holds({**node, "is": "at_least"})
    assert holds({**node, "is": "equals"})
    assert not holds({**node, "is": "more_than"})
    assert holds({**node, "is": "between", "value": [0, 100]})


def test_every_declared_fact_is_tested_here() -> None:
    """Product lists are tested in test_lists."""
    tested = {
        *AROUND,
        *TEXTS,
        "purchase.weekday",
        "line.list",
        *(str(where.get("fact")) for where, _count in LINE_CASES),
    }
    assert set(FACTS) <= tested
    assert fact("nothing.attribute.x") is fact("member.attribute.") is fact("x") is None


def test_what_was_seen_is_told_in_document_form() -> None:
    seen = {
        "basket.total": "25.00",
        "basket.quantity": "2.500",
        "purchase.weekday": "wed",
        "purchase.time": "15:00",
        "purchase.date": "2026-05-13",
        "member.age": 35,
    }
    for name, value in seen.items():
        values = {"purchase.weekday": ["one_of", ["sun"]]}.get(name, ["equals", value])
        assert found(read(leaf(name, *values)), FACTS_SEEN, 2) == value
    assert found(read({"not": leaf("member.age", "equals", 1)}), FACTS_SEEN, 2) is None
    labels = read(leaf("line.label", "is_set"), Scope.LINE)
    assert dump_condition(labels, 2) == leaf("line.label", "is_set")


# --- random trees ---------------------------------------------------------------------------------
LEAVES = st.one_of(
    st.builds(
        lambda operator, value: leaf("basket.total", operator, value),
        st.sampled_from(list(NUMBERS)),
        st.sampled_from(["24.99", "25.00", "25.01", "0"]),
    ),
    st.builds(
        lambda operator, value: leaf("member.age", operator, value),
        st.sampled_from(list(NUMBERS)),
        st.integers(30, 40),
    ),
    st.builds(
        lambda operator, values: leaf("purchase.store", operator, values),
        st.sampled_from(["one_of", "none_of"]),
        st.lists(st.sampled_from(["S1", "S2", ""]), min_size=1, max_size=3),
    ),
    st.sampled_from([leaf("member.attribute.city", "is_set"), leaf("member.age", "is_not_set")]),
    st.builds(
        lambda sku, least: {"lines": leaf("line.sku", "starts_with", sku), "is": "at_least", "value": least},
        st.sampled_from(["m", "p", "", "x"]),
        st.integers(0, 3),
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=4).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=20,
)


def plain(node: Mapping[str, Any], bought: Basket, age: int | None, city: str) -> bool:
    """What a document node means, written without looking at the engine."""
    if "all" in node:
        return all(plain(child, bought, age, city) for child in node["all"])
    if "any" in node:
        return any(plain(child, bought, age, city) for child in node["any"])
    if "not" in node:
        return not plain(node["not"], bought, age, city)
    if "lines" in node:
        start = node["lines"]["value"]
        return len([each for each in bought.lines if each.sku.startswith(start)]) >= int(node["value"])
    operator, value = node["is"], node.get("value")
    if node["fact"] == "purchase.store":
        return (bought.store in value) is (operator == "one_of")
    if operator == "is_set":
        return city != ""
    if operator == "is_not_set":
        return age is None
    if node["fact"] == "basket.total":
        seen: int | None = sum(each.amount for each in bought.lines)
        value = round(float(value) * 100)
    else:
        seen = age
    if operator in ("equals", "not_equals"):
        return (seen == value) is (operator == "equals")
    if seen is None:
        return False
    return {
        "at_least": seen >= value,
        "more_than": seen > value,
        "at_most": seen <= value,
        "less_than": seen < value,
    }[operator]


@generated(TREES, st.booleans())
def test_a_compiled_tree_means_what_it_says(node: dict[str, Any], known: bool) -> None:
    facts = FACTS_SEEN if known else UNKNOWN
    expected = plain(node, BOUGHT, 35 if known else None, "Tartu" if known else "")
    tree = read(node)
    check = compile_check(tree)
    failed = None if check is None else check(facts)
    assert (failed is None) is expected
    if failed is not None:
        at(tree, failed)  # the reason names a node that is there
        found(at(tree, failed), facts, 2)


@generated(TREES)
def test_a_tree_is_written_and_read_back(node: dict[str, Any]) -> None:
    tree = read(node)
    written = dump_condition(tree, 2)
    assert read(written) == tree
    assert dump_condition(read(written), 2) == written


def test_a_tree_over_lines() -> None:
    lines: list[Line] = [line("1.00", sku) for sku in ("m", "p", "mp")]
    node = {"all": [leaf("line.sku", "starts_with", "m"), {"not": leaf("line.sku", "equals", "m")}]}
    match = compile_match(read(node, Scope.LINE))
    assert [match(each) for each in lines] == [False, False, True]
