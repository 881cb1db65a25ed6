"""What a tree means so far: as a sentence in which "…" stands for what is missing, and what the reader of programme
files finds wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from programs.admin.conditions.nodes import (
    WITHOUT_VALUE,
    Draft,
    Kind,
    Node,
    Path,
    at,
    to_document,
    written_path,
)
from programs.engine.conditions import (
    MOST_DEPTH,
    MOST_NODES,
    All,
    AnyOf,
    Condition,
    Leaf,
    LinesLeaf,
    Not,
    read_condition,
)
from programs.engine.document import Audience, Core
from programs.engine.policies import Policies
from programs.engine.reader import Fault, Reader
from programs.engine.references import check_condition
from programs.engine.vocabulary import Operator, Scope
from programs.models import Programme
from programs.selectors.parts import spoken_core
from programs.selectors.sentences import sentence
from programs.services.documents.messages import sentence_of

# What a form says instead of naming the settings of a file.
_MISSING: dict[str, str | Promise] = {
    "fact": _("Choose what to look at."),
    "is": _("Choose how to compare."),
    "value": _("Enter a value."),
}
# By the field that is wrong: its node and part, and what to say.
Placed = dict[str, dict[str, str]]


def core_of(programme: Programme) -> Core:
    """What sentences and checks need of a programme; of one that cannot be read yet, its money and nothing else."""
    return spoken_core(programme) or Core(
        key=programme.key,
        name=tuple(programme.name.items()),
        audience=Audience(programme.audience),
        zone=programme.zone,
        currency=programme.currency,
        languages=tuple(programme.languages),
        point_types=(),
        policies=Policies(),
        groups=(),
        rules=(),
    )


# --- the sentence -----------------------------------------------------------------------------------------------
def in_words(root: Node | None, scope: Scope, core: Core) -> str:
    """The whole condition as the end of a rule's sentence: "when basket total is at least …"."""
    if root is None:
        return gettext("always") if scope is Scope.PURCHASE else gettext("for all lines")
    said = node_in_words(root, scope, core)
    if scope is Scope.LINE:
        return gettext("for lines where %(where)s") % {"where": said}
    return gettext("when %(when)s") % {"when": said}


def node_in_words(node: Node, scope: Scope, core: Core) -> str:
    return sentence(_so_far(node, scope, core), None, core)


def _so_far(node: Node, scope: Scope, core: Core) -> Any:
    """As the engine would see it, with `...` for what is missing or cannot be read."""
    if node.is_group:
        children = tuple(_so_far(child, scope, core) for child in node.children) or (...,)
        return (All if node.kind is Kind.ALL else AnyOf)(children)
    if node.kind is Kind.NOT:
        return Not(_so_far(node.children[0], scope, core))
    where: Any = _so_far(node.children[0], Scope.LINE, core) if node.kind is Kind.LINES else None
    asked = to_document(node)
    if where is not None:
        asked["lines"] = {"fact": "line.sku", "is": Operator.IS_SET}
    reader = Reader(asked)
    read: Condition | EllipsisType = read_condition(reader, scope, core.money_digits)
    if isinstance(read, LinesLeaf):
        value = ... if reader.faulty("value") else read.value
        return LinesLeaf(where, read.of, read.operator, value)
    if not reader.faults:
        return read
    operator = Operator(node.operator) if node.operator in node.operators else None
    if operator is None or reader.faulty("fact"):
        return ...
    return Leaf(node.fact, operator, None if operator in WITHOUT_VALUE else ...)


# --- faults -----------------------------------------------------------------------------------------------------
def judge(draft: Draft, scope: Scope, core: Core) -> tuple[Condition | None, list[Fault]]:
    """The condition as the engine reads it, and every fault; None for no condition at all."""
    if draft.fault:
        limits = {"nodes": MOST_NODES, "depth": MOST_DEPTH}
        return None, [Fault(draft.fault, (), limits if draft.fault == "too_complex" else {})]
    if draft.root is None:
        return None, []
    reader = Reader(to_document(draft.root))
    condition = read_condition(reader, scope, core.money_digits)
    if not reader.faults and core.point_types:
        check_condition(Reader({}, (), reader.faults), core, condition)
    return condition, reader.faults


def placed(faults: Iterable[Fault], root: Node | None) -> Placed:
    """The first fault of each field in words, by its node and part."""
    said: Placed = {}
    for fault in faults:
        path, part = _place(fault, root)
        node = at(root, path)
        below = said.setdefault(written_path(path), {})
        if part not in below and not (node and node.kind is Kind.FACT and not node.fact and part != "fact"):
            below[part] = _words(fault, part)
    return said


def _place(fault: Fault, root: Node | None) -> tuple[Path, str]:
    path: Path = ()
    node, rest = root, list(fault.path)
    while node is not None and rest and rest[0] == node.kind.value and node.children:
        if not node.is_group:
            step, rest = 0, rest[1:]
        elif len(rest) > 1 and isinstance(rest[1], int):
            step, rest = rest[1], rest[2:]
        else:
            break
        path, node = (*path, step), node.children[step]
    part = str(rest[0]) if rest else ""
    return path, part if part in ("fact", "is", "value", "of") else ""


def _words(fault: Fault, part: str) -> str:
    if fault.code == "missing" and part in _MISSING:
        return str(_MISSING[part])
    message, expected = sentence_of(fault.code, fault.params, field=part)
    return f"{message} ({gettext('expected')}: {expected})" if expected else message
