"""The flat fields of a form: every part of a tree under a name such as "when-0.1-fact", and back.

Parts of a node: `kind`; of a comparison `fact` (and `attribute`, its name), `of`, `is`, `value`, `to` (the end of a
range), `pick` (one more value of a list), `rest` (values that wait for another operator) and `was`, the fact and
operator that the values were written for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from programs.admin.conditions.nodes import (
    EMPTY_LEAF,
    LISTS,
    WITHOUT_VALUE,
    Draft,
    Kind,
    Node,
    Path,
    adapted,
    written_path,
)
from programs.engine.conditions import MOST_DEPTH, MOST_NODES, MOST_VALUES
from programs.engine.vocabulary import FactType, Operator

Fields = Mapping[str, Sequence[str]]

# A value of a list: in quotes with a separator behind, or anything up to the next separator. Nothing is read twice,
# however the text was made.
_ENTRY = re.compile(
    r'[\s,]*+(?:("(?:[^"\\]|\\.)*+")(?=[ \r]*+(?:[,\n\t]|$))|([^\s,][^,\n\t]*+)|$)', re.DOTALL
)
# What needs no quotes: no quote in front, no space around, nothing that a field of a form would lose.
_PLAIN = re.compile(r"(?![\s\"])[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?<!\s)")
_HALF = re.compile("[\ud800-\udfff]")
_DECIMAL = (FactType.MONEY, FactType.QUANTITY)
ATTRIBUTE = ".attribute."


# --- single values and lists ------------------------------------------------------------------------------------
def written(value: str | None, kind: FactType | None, separator: str = ".") -> str:
    """A value as people write it. A text that would be read otherwise stands in quotes, as in JSON."""
    if value is None:
        return ""
    if kind in _DECIMAL:
        return value.replace(".", separator)
    if kind not in (FactType.TEXT, FactType.TEXTS, None) or _PLAIN.fullmatch(value):
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(text: str, kind: FactType | None, separator: str = ".") -> str | None:
    """What was written as a value; None when there is nothing."""
    text = text.strip()
    if kind in _DECIMAL:
        text = re.sub(r"\s", "", text)
        text = text if separator == "." else text.replace(separator, ".")
    elif kind in (FactType.TEXT, FactType.TEXTS, None) and text[:1] == '"':
        return _unquoted(text)
    return text or None


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    # Half a character could not even be shown again.
    return value if isinstance(value, str) and not _HALF.search(value) else text


def written_list(values: Iterable[str | None]) -> str:
    """One value a line."""
    return "\n".join(
        _quoted(value) if "," in value else written(value, FactType.TEXT)
        for value in values
        if value is not None
    )


def read_list(text: str) -> list[str]:
    """Values on lines of their own or between commas, as they come out of a table; each once. Of a list that is too
    long one more than the limit is read, so that it is refused."""
    found: dict[str, None] = {}
    for match in _ENTRY.finditer(text):
        quoted, plain = match.groups()
        value = _unquoted(quoted) if quoted else (plain or "").strip()
        if value or quoted:
            found[value] = None
        if len(found) > MOST_VALUES:
            break
    return list(found)


# --- trees ------------------------------------------------------------------------------------------------------
def to_fields(root: Node | None, name: str, separator: str = ".") -> dict[str, list[str]]:
    """What the builder of this tree would send."""
    fields: dict[str, list[str]] = {}

    def write(node: Node, path: Path) -> None:
        for part, values in parts(node, separator).items():
            fields[f"{name}-{written_path(path)}-{part}"] = values
        for index, child in enumerate(node.children):
            write(child, (*path, index))

    if root is not None:
        write(root, ())
    return fields


def parts(node: Node, separator: str = ".") -> dict[str, list[str]]:
    """The fields of one node by their parts."""
    said: dict[str, list[str]] = {"kind": [node.kind.value]}
    if node.kind not in (Kind.FACT, Kind.LINES):
        return said
    owner, dot, attribute = node.fact.partition(ATTRIBUTE)
    if node.kind is Kind.LINES:
        said["of"] = [node.of]
    elif dot:
        said |= {"fact": [owner + dot], "attribute": [attribute]}
    else:
        said["fact"] = [node.fact]
    said["is"] = [node.operator]
    said["was"] = [f"{node.fact or node.of} {node.operator}"]
    shown = 0
    if node.operator in LISTS:
        said["value"] = [written_list(node.values)]
        return said
    if node.operator not in WITHOUT_VALUE:
        names = ("value", "to") if node.operator == Operator.BETWEEN else ("value",)
        shown = len(names)
        for name, value in zip(names, (*node.values, None, None), strict=False):
            said[name] = [written(value, node.type, separator)]
    if node.values[shown:]:
        said["rest"] = [written_list(node.values[shown:])]
    return said


def from_fields(fields: Fields, name: str, separator: str = ".") -> Draft:
    """The tree that a form sent. One that is too large is not taken in, of one that is torn what can be."""
    left = iter(range(MOST_NODES))
    taken = 0

    def node_at(path: str, depth: int) -> Node | None:
        nonlocal taken
        kind = _first(fields, f"{name}-{path}-kind")
        if kind not in list(Kind) or depth > MOST_DEPTH or next(left, None) is None:
            return None
        taken += 1
        children: list[Node] = []
        if kind in (Kind.NOT, Kind.LINES):
            children = [node_at(f"{path}.0", depth + 1) or EMPTY_LEAF]
        elif kind != Kind.FACT:
            while (child := node_at(f"{path}.{len(children)}", depth + 1)) is not None:
                children.append(child)
        return _node(fields, f"{name}-{path}-", Kind(kind), tuple(children), separator)

    root = node_at("0", 1)
    sent = [key for key in fields if key.startswith(f"{name}-0") and key.endswith("-kind")]
    if len(sent) > MOST_NODES or any(key.count(".", len(name)) >= MOST_DEPTH for key in sent):
        return Draft(fault="too_complex")
    return Draft(root, fault="bad_condition" if taken != len(sent) else "")


def _first(fields: Fields, key: str) -> str:
    values = fields.get(key) or ("",)
    return values[0]


def _node(fields: Fields, prefix: str, kind: Kind, children: tuple[Node, ...], separator: str) -> Node:
    if kind not in (Kind.FACT, Kind.LINES):
        return Node(kind, children)
    said = {
        part: _first(fields, prefix + part) for part in ("fact", "attribute", "of", "is", "was", "to", "rest")
    }
    asked = said["fact"] + (said["attribute"].strip() if said["fact"].endswith(ATTRIBUTE) else "")
    now = Node(kind, children, asked if kind is Kind.FACT else "", said["is"], said["of"])
    about, _space, operator = said["was"].rpartition(" ")
    before = now
    if about and kind is Kind.FACT:
        before = replace(now, fact=about, operator=operator)
    elif about:
        before = replace(now, of=about, operator=operator)
    values: list[str | None]
    sent = list(fields.get(prefix + "value") or ())
    if before.operator in LISTS:
        sent += fields.get(prefix + "pick") or ()
        values = list(dict.fromkeys(value for text in sent for value in read_list(text)))
    elif before.operator in WITHOUT_VALUE:
        values = []
    else:
        texts = [*sent[:1], said["to"]] if before.operator == Operator.BETWEEN else sent[:1]
        values = [read(text, before.type, separator) for text in texts]
    values += read_list(said["rest"])
    while values and values[-1] is None:
        values.pop()
    return adapted(replace(before, values=tuple(values)), replace(now, values=tuple(values)))
