"""A tree becomes flat fields and comes back; operations change what they say and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programs.admin.conditions.fields import from_fields, read_list, to_fields, written_list
from programs.admin.conditions.nodes import (
    Draft,
    Node,
    at,
    from_document,
    read_path,
    to_document,
    walk,
    written_path,
)
from programs.admin.conditions.operations import operate
from programs.engine.conditions import Condition, dump_condition, read_condition
from programs.engine.reader import Reader
from programs.engine.vocabulary import Scope
from tests.programs.conditions.trees import TEXTS, trees

# The first examples are slow to make on a busy machine.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(document: Any, scope: Scope = Scope.PURCHASE) -> Condition:
    reader = Reader(document)
    condition = read_condition(reader, scope, 2)
    assert reader.faults == []
    return condition


def sent(root: Node | None, separator: str = ".") -> Node | None:
    """The tree after a way through the fields of a form, where line breaks are sent as browsers send them."""
    fields = {
        name: [value.replace("\r\n", "\n").replace("\n", "\r\n") for value in values]
        for name, values in to_fields(root, "when", separator).items()
    }
    return from_fields(fields, "when", separator).root


@patient
@given(trees(), st.sampled_from(".,"))
def test_every_condition_comes_back_from_its_fields(document: dict[str, Any], separator: str) -> None:
    condition = read(document)
    back = sent(from_document(document), separator)
    assert back is not None
    assert read(to_document(back)) == condition
    # As a revision writes it, even the document is the same.
    canonical = dump_condition(condition, 2)
    assert to_document(from_document(canonical)) == canonical
    again = sent(from_document(canonical), separator)
    assert again is not None
    assert to_document(again) == canonical


@patient
@given(trees(Scope.LINE))
def test_every_condition_of_lines_comes_back(document: dict[str, Any]) -> None:
    back = sent(from_document(document))
    assert back is not None
    assert read(to_document(back), Scope.LINE) == read(document, Scope.LINE)


@patient
@given(st.lists(TEXTS, unique=True))
def test_a_list_of_any_texts_is_read_as_it_was_written(values: list[str]) -> None:
    assert read_list(written_list(values)) == values


@pytest.mark.parametrize(
    ("pasted", "values"),
    [
        ("a\nb\r\nc", ["a", "b", "c"]),
        ("a, b,c,,\n", ["a", "b", "c"]),
        ("a\tb\ta", ["a", "b"]),
        ('"a, b", c', ["a, b", "c"]),
        ('5" nails\nscrews', ['5" nails', "screws"]),
        ('"open', ['"open']),
        ('"a" b', ['"a" b']),
        ("", []),
    ],
)
def test_what_people_paste_becomes_values(pasted: str, values: list[str]) -> None:
    assert read_list(pasted) == values


# --- operations ---------------------------------------------------------------------------------------------
def everything(root: Node | None) -> Counter[Any]:
    """The comparisons of a tree with all their values, wherever they stand; empty ones do not count."""
    nodes = [node for _path, node in walk(root)] if root else []
    return Counter(
        (node.kind, node.fact, node.of, node.operator, node.values)
        for node in nodes
        if node.operator or node.fact
    )


def paths(root: Node | None) -> list[str]:
    return [written_path(path) for path, _node in walk(root)] if root else []


@patient
@given(trees(), st.data())
def test_operations_lose_nothing_but_what_is_removed(document: dict[str, Any], data: Any) -> None:
    draft = Draft(from_document(document))
    for _step in range(6):
        places = paths(draft.root) or ["0"]
        path, other = data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))
        verb = data.draw(
            st.sampled_from(["add", "group", "lines", "not", "switch", "remove", "up", "down", "move"])
        )
        operation = f"{verb}:{path}" + (f":{other}:{data.draw(st.integers(0, 5))}" if verb == "move" else "")
        before, after = draft, operate(draft, Scope.PURCHASE, operation)
        there, gone = everything(after.root), Counter[Any]()
        if verb == "remove":
            gone = everything(at(before.root, read_path(path) or ()))
        assert there - everything(before.root) <= Counter({new: 1 for new in there if new[4] == ("1",)})
        assert everything(before.root) - there == gone & everything(before.root) - there
        if verb != "remove":
            assert everything(before.root) - there == Counter()
        assert sent(after.root) == after.root
        draft = after


@patient
@given(trees(), st.data())
def test_up_and_down_take_each_other_back(document: dict[str, Any], data: Any) -> None:
    draft = Draft(from_document(document))
    path = data.draw(st.sampled_from(paths(draft.root)))
    down = operate(draft, Scope.PURCHASE, f"down:{path}")
    if down.root != draft.root:
        moved = down.focus.removesuffix("-down")
        assert operate(down, Scope.PURCHASE, f"up:{moved}").root == draft.root


LEAF = {"fact": "basket.total", "is": "at_least", "value": "1"}


@pytest.mark.parametrize(("way", "back"), [("up", "down"), ("down", "up")])
def test_a_step_out_of_what_must_not_hold_is_taken_back_by_a_step_into_it(way: str, back: str) -> None:
    draft = Draft(from_document(tree({"not": {"any": [LEAF]}}, LEAF)))
    out = operate(draft, Scope.PURCHASE, f"{way}:0.0.0.0")
    assert out.root is not None
    assert out.root != draft.root
    assert operate(out, Scope.PURCHASE, f"{back}:{out.focus.removesuffix(f'-{way}')}").root == draft.root


def tree(*children: Any, kind: str = "all") -> dict[str, Any]:
    return {kind: list(children)}


def leaf(number: int) -> dict[str, Any]:
    return {"fact": "basket.lines", "is": "equals", "value": number}


A, B, C = leaf(1), leaf(2), leaf(3)
OF_LINE = {"fact": "line.sku", "is": "equals", "value": "tea"}
LINES = {"lines": OF_LINE, "of": "count", "is": "at_least", "value": 2}


@pytest.mark.parametrize(
    ("before", "operation", "after", "focus"),
    [
        (tree(A), "add:0", tree(A, {"fact": None}), "0.1-fact"),
        (A, "add:0", tree(A, {"fact": None}), "0.1-fact"),
        (tree(A), "group:0", tree(A, tree({"fact": None}, kind="any")), "0.1.0-fact"),
        (tree(A), "switch:0", tree(A, kind="any"), ""),
        (tree(A, B), "not:0.1", tree(A, {"not": B}), "0.1-not"),
        (tree(A, {"not": B}), "not:0.1", tree(A, B), "0.1-not"),
        (tree(A, B), "remove:0.0", tree(B), "0.0-fact"),
        (tree(A, B), "remove:0.1", tree(A), "0.0-fact"),
        (tree(A, {"not": B}), "remove:0.1.0", tree(A), "0.0-fact"),
        (tree(A, LINES), "remove:0.1.0", tree(A, {**LINES, "lines": {"fact": None}}), "0.1.0-fact"),
        (tree(A, B, C), "up:0.2", tree(A, C, B), "0.1-up"),
        (tree(A, tree(B, kind="any")), "down:0.0", tree(tree(A, B, kind="any")), "0.0.0-down"),
        (tree(tree(B, kind="any"), A), "up:0.1", tree(tree(B, A, kind="any")), "0.0.1-up"),
        (tree(tree(A, B, kind="any")), "up:0.0.0", tree(A, tree(B, kind="any")), "0.0-up"),
        (tree(tree(A, B, kind="any")), "down:0.0.1", tree(tree(A, kind="any"), B), "0.1-down"),
        (tree({"not": tree(A, B)}), "up:0.0.0.0", tree(A, {"not": tree(B)}), "0.0-up"),
        (tree(A, tree(B, kind="any"), C), "move:0.2:0.1:0", tree(A, tree(C, B, kind="any")), "0.1.0-up"),
        (tree(A, B, C), "move:0.0:0:3", tree(B, C, A), "0.2-up"),
        (tree(A, B, C), "move:0.2:0:0", tree(C, A, B), "0.0-up"),
        (tree(A, {"not": B}), "move:0.0:0.1.0:0", tree({"not": tree(B, A)}), "0.0.0.1-up"),
        (tree(A, A), "move:0.0:0:2", tree(A, A), "0.1-up"),
    ],
)
def test_what_operations_do(before: Any, operation: str, after: Any, focus: str) -> None:
    done = operate(Draft(from_document(before)), Scope.PURCHASE, operation)
    assert done.root is not None
    assert (to_document(done.root), done.focus) == (after, focus)


@pytest.mark.parametrize(
    ("before", "operation", "scope"),
    [
        (tree(A, LINES), "move:0.0:0.1.0:0", Scope.PURCHASE),  # a basket is not asked of a line
        (tree(A, LINES), "move:0.1.0:0:0", Scope.PURCHASE),
        (tree(A, LINES), "lines:0.1.0", Scope.PURCHASE),
        (tree(OF_LINE), "lines:0", Scope.LINE),
        (tree(A, tree(B)), "move:0.1:0.1:0", Scope.PURCHASE),  # into itself
        (tree(A, tree(B)), "move:0:0.1:0", Scope.PURCHASE),
        (tree(A), "up:0.0", Scope.PURCHASE),
        (tree(A, LINES), "up:0.1.0", Scope.PURCHASE),
        (tree(A), "remove:0.7", Scope.PURCHASE),
        (tree(A), "remove:", Scope.PURCHASE),
        (tree(A), "remove:x", Scope.PURCHASE),
        (tree(A), "explode:0", Scope.PURCHASE),
        (tree(A), "move:0.0:0", Scope.PURCHASE),
        (tree(A), "move:0.0:0:-1", Scope.PURCHASE),
        (tree(A), "drop:0.0:0", Scope.PURCHASE),
    ],
)
def test_what_operations_refuse_changes_nothing(before: Any, operation: str, scope: Scope) -> None:
    draft = Draft(from_document(before))
    assert operate(draft, scope, operation).root == draft.root


def test_removing_the_last_condition_leaves_none() -> None:
    for before in (A, tree(A), {"not": A}):
        place = "0" if before is A else "0.0"
        assert operate(Draft(from_document(before)), Scope.PURCHASE, f"remove:{place}").root is None


def test_the_first_condition_begins_a_group() -> None:
    done = operate(Draft(), Scope.PURCHASE, "add:0")
    assert done.root is not None
    assert (to_document(done.root), done.focus) == (tree({"fact": None}), "0.0-fact")


# --- another fact, another operator -------------------------------------------------------------------------
def rewritten(document: Any, **parts: str) -> Node:
    """The node after somebody chose something else in its fields."""
    fields = to_fields(from_document(document), "when")
    fields |= {f"when-0-{'is' if part == 'operator' else part}": [value] for part, value in parts.items()}
    root = from_fields(fields, "when").root
    assert root is not None
    return root


ONE_OF = {"fact": "line.category", "is": "one_of", "value": ["coffee", "a,b", "tea"]}


@pytest.mark.parametrize(
    ("document", "parts", "operator", "values"),
    [
        (ONE_OF, {"fact": "line.sku"}, "one_of", ("coffee", "a,b", "tea")),
        (ONE_OF, {"operator": "equals"}, "equals", ("coffee", "a,b", "tea")),
        (ONE_OF, {"operator": "is_set"}, "is_set", ("coffee", "a,b", "tea")),
        (ONE_OF, {"fact": "line.amount"}, "at_least", ()),
        ({**LEAF, "value": "1.50"}, {"fact": "basket.discount"}, "at_least", ("1.50",)),
        ({**LEAF, "value": "1.50"}, {"fact": "basket.quantity"}, "at_least", ("1.50",)),
        ({**LEAF, "value": "1.50"}, {"fact": "basket.lines"}, "at_least", ()),
        ({**LEAF, "value": "15"}, {"fact": "basket.lines"}, "at_least", ("15",)),
        (LEAF, {"fact": "purchase.weekday"}, "one_of", ()),
        (LEAF, {"operator": "between"}, "between", ("1",)),
        (LINES, {"of": "amount"}, "at_least", ("2",)),
        (A, {"operator": "is_set"}, "is_set", ("1",)),
    ],
)
def test_values_stay_where_their_type_allows(document: Any, parts: Any, operator: str, values: Any) -> None:
    node = rewritten(document, **parts)
    assert (node.operator, node.values) == (operator, values)


def test_values_wait_for_an_operator_that_needs_them() -> None:
    waiting = rewritten(ONE_OF, operator="equals")
    assert to_document(waiting) == {"fact": "line.category", "is": "equals", "value": "coffee"}
    fields = to_fields(waiting, "when") | {"when-0-is": ["none_of"]}
    again = from_fields(fields, "when").root
    assert again is not None
    assert to_document(again) == {**ONE_OF, "is": "none_of"}
