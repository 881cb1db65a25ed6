"""Random conditions as documents: every fact with every operator it allows, in groups of all kinds."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from programs.engine.conditions import MEASURES, Measure
from programs.engine.vocabulary import FACTS, OPERATORS, WEEKDAYS, FactType, Operator, Scope, fact

# What a text of a receipt may be, with everything that is hard to send in a form.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ["", " ", "a,b",
     '"', '"a"', "a\nb", "a\r\nb", "\ta", "коfe", "null", "[1]", "()", "a b", "\\", '\\"', "\u2028", "\ufeffx"]
)  # fmt: skip
WHOLE = st.integers(-(10**15) + 1, 10**15 - 1)


def decimals(digits: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda whole, rest, minus: f"{'-' * minus}{whole}.{rest:0{digits}}",
        st.integers(0, 10**9), st.integers(0, 10**digits - 1), st.booleans(),
    )  # fmt: skip


VALUES: dict[FactType, st.SearchStrategy[Any]] = {
    FactType.MONEY: decimals(2) | st.integers(0, 10**9),
    FactType.QUANTITY: decimals(3) | st.integers(0, 10**9),
    FactType.INTEGER: WHOLE,
    FactType.TEXT: TEXTS,
    FactType.TEXTS: TEXTS,
    FactType.LIST: st.sampled_from(["coffee-week", "sweets", "gone"]),
    FactType.WEEKDAY: st.sampled_from(WEEKDAYS),
    FactType.TIME: st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    FactType.DATE: st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(date.isoformat),
}
NAMES = {
    Scope.PURCHASE: [
        *(name for name, known in FACTS.items() if known.scope is Scope.PURCHASE),
        "member.tier", "member.tier.status", "member.attribute.my city", "purchase.attribute.colour",
        "event.number.nights", "event.text.paid", "event.date.from", "event.money.price",
    ],
    Scope.LINE: [*(name for name, known in FACTS.items() if known.scope is Scope.LINE), "line.attribute.x y"],
}  # fmt: skip


@st.composite
def compared(draw: Any, kind: FactType, operators: tuple[Operator, ...]) -> dict[str, Any]:
    operator = draw(st.sampled_from(operators))
    said: dict[str, Any] = {"is": operator.value}
    if operator in (Operator.ONE_OF, Operator.NONE_OF):
        said["value"] = draw(st.lists(VALUES[kind], min_size=1, max_size=5))
    elif operator is Operator.BETWEEN:
        pair = draw(st.tuples(VALUES[kind], VALUES[kind]))
        numbers = kind in (FactType.MONEY, FactType.QUANTITY, FactType.INTEGER)
        said["value"] = sorted(pair, key=float if numbers else None)
    elif operator not in (Operator.IS_SET, Operator.IS_NOT_SET):
        said["value"] = draw(VALUES[kind])
    return said


@st.composite
def leaves(draw: Any, scope: Scope) -> dict[str, Any]:
    name = draw(st.sampled_from(NAMES[scope]))
    known = fact(name)
    assert known is not None
    return {"fact": name, **draw(compared(known.type, OPERATORS[known.type]))}


@st.composite
def sums(draw: Any) -> dict[str, Any]:
    of = draw(st.sampled_from(list(Measure)))
    operators = OPERATORS[FactType.MONEY]
    return {"lines": draw(trees(Scope.LINE)), "of": of.value, **draw(compared(MEASURES[of], operators))}


def trees(scope: Scope = Scope.PURCHASE) -> st.SearchStrategy[dict[str, Any]]:
    base = leaves(scope) | sums() if scope is Scope.PURCHASE else leaves(scope)
    return st.recursive(
        base,
        lambda below: (
            st.builds(lambda node: {"not": node}, below)
            | st.builds(
                lambda kind, nodes: {kind: nodes},
                st.sampled_from(["all", "any"]),
                st.lists(below, min_size=1, max_size=4),
            )
        ),
        max_leaves=8,
    )
