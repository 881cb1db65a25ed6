"""What a press of a button does to a tree: the same for clicks, keys, drags and forms without scripts.

An operation is a text: "add:0.1" (a condition into this group), "group:", "lines:", "not:" (put it around or take it
off), "switch:" (and ⇄ or), "remove:", "up:", "down:", "move:0.1:0.2:0" (what stands at 0.1 into the group 0.2, before
its first child), "drop:0.1:3" (the fourth value of a list), "refresh" (only show again). Values are never lost: what
an operation does not remove is there afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext

from programs.admin.conditions.nodes import (
    ANY_LINES,
    EMPTY_LEAF,
    LISTS,
    Draft,
    Kind,
    Node,
    Path,
    at,
    fits,
    read_path,
    scope_at,
    walk,
    written_path,
)
from programs.engine.vocabulary import Scope

# Stands where something was taken from until its parent closes the gap.
_GONE = Node(Kind.ALL, fact="\0")


def operate(draft: Draft, scope: Scope, operation: str) -> Draft:
    """The draft after the operation; unchanged, with a notice, where it cannot be done."""
    name, *arguments = operation.split(":")[:4]
    done = replace(draft, operation=operation[:100] or "refresh")
    path = read_path(arguments[0]) if arguments else None
    if path is None or (at(draft.root, path) is None and (name not in _ADDED or path)):
        return done
    if name in _ADDED:
        root, focus = _add(draft.root, path, name, scope)
    elif name == "move" and len(arguments) == 3:
        root, focus = _move_to(draft.root, path, read_path(arguments[1]), arguments[2], scope)
    elif name == "drop" and len(arguments) == 2:
        root, focus = _drop(draft.root, path, arguments[1])
    elif name in _PLAIN:
        assert draft.root is not None
        root, focus = _PLAIN[name](draft.root, path, scope)
    else:
        return done
    if root is not None and not fits(root):
        return replace(done, notice=gettext("The condition cannot become larger."))
    if root is draft.root and name == "move":
        return replace(done, notice=gettext("It cannot stand there."))
    return replace(done, root=root, focus=focus)


Result = tuple[Node | None, str]


def _field(path: Path, part: str) -> str:
    return f"{written_path(path)}-{part}"


def _first_field(root: Node | None, path: Path) -> str:
    """Where one goes on after something appeared at a place."""
    node = at(root, path)
    if node is None:
        return "0-add"
    return next(
        (
            _field((*path, *below), "attribute" if each.fact.endswith(".attribute.") else "fact")
            for below, each in walk(node)
            if each.kind is Kind.FACT
        ),
        _field(path, "add"),
    )


def _put(root: Node, path: Path, change: Callable[[Node], Node]) -> Node:
    if not path:
        return change(root)
    index, *rest = path
    children = list(root.children)
    children[index] = _put(children[index], tuple(rest), change)
    return replace(root, children=tuple(children))


def _closed(node: Node) -> Node | None:
    """The tree without the gap: "not" goes with what it stood before, "lines where" waits for another condition."""
    if node is _GONE:
        return None
    kept = tuple(left for child in node.children if (left := _closed(child)) is not None)
    if node.kind is Kind.NOT and not kept:
        return None
    if node.kind is Kind.LINES and not kept:
        kept = (EMPTY_LEAF,)
    return node if kept == node.children else replace(node, children=kept)


# --- adding ---------------------------------------------------------------------------------------------------
def _new(name: str, beside: Node | None) -> Node:
    if name == "lines":
        return ANY_LINES
    if name == "group":
        # A group inside a group is there to say the other word.
        other = Kind.ANY if beside is None or beside.kind is Kind.ALL else Kind.ALL
        return Node(other, (EMPTY_LEAF,))
    return EMPTY_LEAF


_ADDED = ("add", "group", "lines")


def _add(root: Node | None, path: Path, name: str, scope: Scope) -> Result:
    if name == "lines" and (scope is Scope.LINE or (root and scope_at(root, path, scope) is Scope.LINE)):
        return root, ""
    if root is None:
        root, path = Node(Kind.ALL), ()
    target = at(root, path)
    assert target is not None
    if not target.is_group:
        root = _put(root, path, lambda node: Node(Kind.ALL, (node,)))
        target = Node(Kind.ALL, (target,))
    new = _new(name, target)
    grown = _put(root, path, lambda node: replace(node, children=(*node.children, new)))
    return grown, _first_field(grown, (*path, len(target.children)))


# --- changing where it stands -----------------------------------------------------------------------------------
def _negate(root: Node, path: Path, scope: Scope) -> Result:
    node = at(root, path)
    assert node is not None
    if node.kind is Kind.NOT:
        [inner] = node.children
        return _put(root, path, lambda _node: inner), _field(path, "not")
    return _put(root, path, lambda each: Node(Kind.NOT, (each,))), _field(path, "not")


def _switch(root: Node, path: Path, scope: Scope) -> Result:
    other = {Kind.ALL: Kind.ANY, Kind.ANY: Kind.ALL}
    return _put(root, path, lambda node: replace(node, kind=other.get(node.kind, node.kind))), ""


def _remove(root: Node, path: Path, scope: Scope) -> Result:
    left = _closed(_put(root, path, lambda _node: _GONE))
    if left is None or not path or (left.is_group and not left.children):
        return None, "0-add"
    # On with what took its place, else with what stood before it, else with the group.
    around = (
        path,
        (*path[:-1], max(0, path[-1] - 1)),
        *(path[:depth] for depth in range(len(path) - 1, -1, -1)),
    )
    return left, _first_field(left, next(each for each in around if at(left, each) is not None))


def _drop(root: Node | None, path: Path, place: str) -> Result:
    node = at(root, path)
    assert root is not None
    assert node is not None
    if node.operator not in LISTS or not place.isdecimal() or len(place) > 5:
        return root, ""
    values = node.values[: int(place)] + node.values[int(place) + 1 :]
    return _put(root, path, lambda each: replace(each, values=values)), _field(path, "pick")


# --- moving ---------------------------------------------------------------------------------------------------
def _transfer(root: Node, source: Path, target: Path, index: int, part: str) -> Result:
    """Take what stands at `source` into the group at `target`, before its child `index` (counted before the move)."""
    found = at(root, source)
    assert found is not None
    moved = replace(found)  # a node of its own, so that it is found again among equal ones
    with_gap = _put(root, source, lambda _node: _GONE)

    def into(node: Node) -> Node:
        if not node.is_group:
            return Node(Kind.ALL, (node, moved))
        return replace(node, children=(*node.children[:index], moved, *node.children[index:]))

    result = _closed(_put(with_gap, target, into))
    assert result is not None
    place = next(path for path, node in walk(result) if node is moved)
    return result, _field(place, part)


def _move_to(root: Node | None, source: Path, target: Path | None, index: str, scope: Scope) -> Result:
    if root is None or target is None or not index.isdecimal() or len(index) > 5:
        return root, ""
    if not source or target[: len(source)] == source or at(root, target) is None:
        return root, ""
    inside = scope_at(root, (*target, 0), scope)
    if scope_at(root, source, scope) is not inside:
        return root, ""
    place = int(index)
    if target == source[:-1] and place in (source[-1], source[-1] + 1):
        return root, _field(source, "up")
    return _transfer(root, source, target, place, "up")


def step(root: Node, path: Path, way: int) -> tuple[Path, int] | None:
    """Where one step up (-1) or down (1) leads: past a neighbour, into a neighbouring group, or out of its own."""
    if not path or not (parent := at(root, path[:-1])) or not parent.is_group:
        return None
    group, index = path[:-1], path[-1]
    beside = index + way
    if 0 <= beside < len(parent.children):
        inside, neighbour = (*group, beside), parent.children[beside]
        # A "not" around a group is entered as it is left: with one step.
        while neighbour.kind is Kind.NOT:
            inside, neighbour = (*inside, 0), neighbour.children[0]
        if neighbour.is_group:
            return inside, len(neighbour.children) if way < 0 else 0
        return group, beside if way < 0 else beside + 1
    # Out of the group, and out of a "not" around it, but never out of "lines where".
    outer = group
    while outer:
        above = at(root, outer[:-1])
        if above is None or above.kind is Kind.LINES:
            return None
        if above.is_group:
            return outer[:-1], outer[-1] if way < 0 else outer[-1] + 1
        outer = outer[:-1]
    return None


def _stepped(way: int, part: str) -> Callable[[Node, Path, Scope], Result]:
    def move(root: Node, path: Path, scope: Scope) -> Result:
        place = step(root, path, way)
        return _transfer(root, path, *place, part) if place else (root, _field(path, part))

    return move


_PLAIN: dict[str, Callable[[Node, Path, Scope], Result]] = {
    "not": _negate,
    "switch": _switch,
    "remove": _remove,
    "up": _stepped(-1, "up"),
    "down": _stepped(1, "down"),
}
