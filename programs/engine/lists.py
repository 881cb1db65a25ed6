"""Product lists: articles under one name that rules ask for.

A list is part of the document, so a revision keeps the articles that it was published with. A condition names lists
("line.list is one of [coffee-week]"); before it is compiled it becomes one on the article itself, so that a list of
thousands costs a line no more than a list of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from programs.engine.conditions import All, AnyOf, Condition, Leaf, LinesLeaf, Not
from programs.engine.reader import Reader, printable
from programs.engine.rules import Rule
from programs.engine.vocabulary import LIST, SKU

MOST_LISTS = 20
MOST_SKUS = 5_000
LONGEST_SKU = 200

Skus = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ProductList:
    """The articles of a list, each once and in order, so that the same list is always written the same."""

    key: str
    name: tuple[tuple[str, str], ...]
    skus: tuple[str, ...] = ()


# --- reading and writing --------------------------------------------------------------------------
def read_list(reader: Reader) -> ProductList:
    listed = ProductList(
        key=reader.key(),
        name=tuple(sorted(reader.words("name", required=True).items())),
        skus=_read_skus(reader),
    )
    reader.finish()
    return listed


def _read_skus(reader: Reader) -> tuple[str, ...]:
    skus = reader.texts("skus", required=True, longest=MOST_SKUS)
    for sku in skus:
        if not sku or len(sku) > LONGEST_SKU:
            reader.fault("wrong_sku", "skus", value=sku[:60], longest=LONGEST_SKU)
            return ()
        if not printable(sku):
            reader.fault("bad_characters", "skus")
            return ()
    return tuple(sorted(set(skus)))


def dump_list(listed: ProductList) -> dict[str, Any]:
    return {"key": listed.key, "name": dict(listed.name), "skus": list(listed.skus)}


# --- conditions -----------------------------------------------------------------------------------
def with_skus(rule: Rule, lists: Iterable[ProductList]) -> Rule:
    """The rule as it is compiled: what it asks of lists is asked of articles. The trees keep their shape."""
    skus = {listed.key: listed.skus for listed in lists}
    when = None if rule.when is None else _on_skus(rule.when, skus)
    lines = None if rule.lines is None else _on_skus(rule.lines, skus)
    return rule if when is rule.when and lines is rule.lines else replace(rule, when=when, lines=lines)


def _on_skus(node: Condition, skus: Skus) -> Condition:
    """The tree with articles in the place of lists; the very same tree when it asks for none."""
    if isinstance(node, Leaf):
        if node.fact != LIST:
            return node
        asked = {sku for key in node.value for sku in skus[key]}
        return Leaf(SKU, node.operator, tuple(sorted(asked)))
    if isinstance(node, LinesLeaf):
        where = _on_skus(node.where, skus)
        return node if where is node.where else replace(node, where=where)
    if isinstance(node, Not):
        child = _on_skus(node.child, skus)
        return node if child is node.child else Not(child)
    children = tuple(_on_skus(child, skus) for child in node.children)
    unchanged = all(new is old for new, old in zip(children, node.children, strict=True))
    if unchanged:
        return node
    return All(children) if isinstance(node, All) else AnyOf(children)
