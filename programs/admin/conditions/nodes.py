"""A condition while people are building it: a tree of which any part may still be missing.

A `Node` is what the document has, with its values as texts and None where nothing was filled in. It comes from a
document and becomes one; `fields.py` turns it into the flat fields of a form and back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from programs.engine.conditions import MEASURES, MOST_DEPTH, MOST_NODES, Measure
from programs.engine.vocabulary import OPERATORS, FactType, Operator, Scope, fact

Path = tuple[int, ...]

_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
LISTS = frozenset({Operator.ONE_OF, Operator.NONE_OF})
WITHOUT_VALUE = frozenset({Operator.IS_SET, Operator.IS_NOT_SET})


class Kind(StrEnum):
    ALL = "all"
    ANY = "any"
    NOT = "not"
    FACT = "fact"
    LINES = "lines"


GROUPS = (Kind.ALL, Kind.ANY)


@dataclass(frozen=True, slots=True)
class Node:
    """`values` may hold more than the operator needs: what it does not need waits for another operator."""

    kind: Kind
    children: tuple[Node, ...] = ()
    fact: str = ""
    operator: str = ""
    of: str = ""
    values: tuple[str | None, ...] = ()

    @property
    def is_group(self) -> bool:
        return self.kind in GROUPS

    @property
    def type(self) -> FactType | None:
        """Of which type the values are; None as long as no known fact was chosen."""
        if self.kind is Kind.LINES:
            return MEASURES.get(Measure(self.of)) if self.of in list(Measure) else None
        known = fact(self.fact)
        return known.type if known else None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What may be asked of this fact, or of this sum over lines."""
        if self.type is None:
            return ()
        possible = OPERATORS[self.type]
        return tuple(each for each in possible if self.kind is Kind.FACT or each not in WITHOUT_VALUE)


@dataclass(frozen=True, slots=True)
class Draft:
    """The state of one builder. `focus` is the field to go on with ("0.1-fact"), `notice` why an operation was
    refused, `fault` (a code) why not everything which was sent could be taken in."""

    root: Node | None = None
    focus: str = ""
    notice: str = ""
    fault: str = ""
    # The operation that was asked for, if any; saving waits then.
    operation: str = ""


EMPTY_LEAF = Node(Kind.FACT)
ANY_LINES = Node(
    Kind.LINES, (EMPTY_LEAF,), of=Measure.COUNT.value, operator=Operator.AT_LEAST.value, values=("1",)
)
_FAMILIES: Mapping[FactType, str] = {
    FactType.MONEY: "number",
    FactType.QUANTITY: "number",
    FactType.INTEGER: "number",
    FactType.TEXT: "text",
    FactType.TEXTS: "text",
}


# --- places -----------------------------------------------------------------------------------------------------
def written_path(path: Path) -> str:
    """The root is "0", its second child "0.1"."""
    return ".".join(str(step) for step in (0, *path))


def read_path(text: str) -> Path | None:
    steps = text.split(".")
    if steps[0] != "0" or not all(step.isdecimal() and len(step) < 5 for step in steps):
        return None
    return tuple(int(step) for step in steps[1:])


def at(root: Node | None, path: Path) -> Node | None:
    node = root
    for step in path:
        if node is None or step >= len(node.children):
            return None
        node = node.children[step]
    return node


def scope_at(root: Node, path: Path, scope: Scope) -> Scope:
    """What may be asked at a place: below "lines where …" only of lines."""
    above = (at(root, path[:depth]) for depth in range(len(path)))
    return Scope.LINE if any(node and node.kind is Kind.LINES for node in above) else scope


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    yield path, node
    for index, child in enumerate(node.children):
        yield from walk(child, (*path, index))


def size(root: Node | None) -> tuple[int, int]:
    """How many nodes, and how deep."""
    places = [len(path) + 1 for path, _node in walk(root)] if root else []
    return len(places), max(places, default=0)


def fits(root: Node | None) -> bool:
    nodes, depth = size(root)
    return nodes <= MOST_NODES and depth <= MOST_DEPTH


# --- another fact or operator -----------------------------------------------------------------------------------
def adapted(before: Node, after: Node) -> Node:
    """`after` is `before` with another fact, measure or operator: its values stay where their type allows, and the
    operator where it can be asked."""
    old, new = before.type, after.type
    if new is None:
        return after
    # What is no operator at all is left to the reader.
    if after.operator not in after.operators and (not after.operator or after.operator in list(Operator)):
        usual = Operator.ONE_OF if Operator.ONE_OF in after.operators else Operator.AT_LEAST
        after = replace(after, operator=usual.value)
    if old is None or old is new:
        return after
    same = _FAMILIES.get(old, old.value) == _FAMILIES.get(new, new.value)
    kept = tuple(value for value in after.values if same and value is not None and _possible(value, after))
    return replace(after, values=kept)


def _possible(value: str, node: Node) -> bool:
    """Whether a number with its decimal places can be one of the new type; texts always can."""
    return node.type is not FactType.INTEGER or bool(_WHOLE.fullmatch(value))


# --- documents --------------------------------------------------------------------------------------------------
def to_document(node: Node) -> dict[str, Any]:
    """The node as it would stand in a file, with what is missing left out, so that the reader finds it missing."""
    if node.is_group:
        return {node.kind.value: [to_document(child) for child in node.children]}
    if node.kind is Kind.NOT:
        return {"not": to_document(node.children[0])}
    written: dict[str, Any]
    if node.kind is Kind.LINES:
        written = {"lines": to_document(node.children[0]), "of": node.of, "is": node.operator}
    else:
        written = {"fact": node.fact or None, "is": node.operator or None}
        if not node.fact:
            return {"fact": None}
    if node.operator not in WITHOUT_VALUE:
        written["value"] = _document_value(node)
    return written


def _document_value(node: Node) -> Any:
    values = [
        int(value) if value and node.type is FactType.INTEGER and _WHOLE.fullmatch(value) else value
        for value in node.values
    ]
    if node.operator in LISTS:
        return [value for value in values if value is not None] or None
    if node.operator == Operator.BETWEEN:
        pair = [*values, None, None][:2]
        return None if None in pair else pair
    return values[0] if values else None


def from_document(data: Any) -> Node:
    """Any document as a tree. What is no condition becomes an empty one, which cannot be saved unseen."""
    return _read(data, 1, iter(range(MOST_NODES)))


def _read(data: Any, depth: int, left: Iterator[int]) -> Node:
    if next(left, None) is None or depth > MOST_DEPTH or not isinstance(data, Mapping):
        return EMPTY_LEAF
    for kind in GROUPS:
        below = data.get(kind.value)
        if isinstance(below, list):
            return Node(kind, tuple(_read(child, depth + 1, left) for child in below[:MOST_NODES]))
    if "not" in data:
        return Node(Kind.NOT, (_read(data["not"], depth + 1, left),))
    operator = _text(data.get("is"))
    values = _values_of(data.get("value"))
    if operator in LISTS:
        values = tuple(dict.fromkeys(values))
    if "lines" in data:
        return Node(
            Kind.LINES,
            (_read(data["lines"], depth + 1, left),),
            of=_text(data.get("of", Measure.COUNT.value)),
            operator=operator or Operator.AT_LEAST.value,
            values=values if values or operator else ("1",),
        )
    return Node(Kind.FACT, fact=_text(data.get("fact")), operator=operator, values=values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _values_of(value: Any) -> tuple[str | None, ...]:
    each = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(one) for one in each if isinstance(one, (str, int)) and not isinstance(one, bool))
