"""A tree as its template shows it: each node with its fields, its buttons and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.formats import get_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from loyalty.core.exact import format_decimal
from programs.admin.conditions import offers
from programs.admin.conditions.fields import parts, written
from programs.admin.conditions.judging import Placed, in_words, node_in_words
from programs.admin.conditions.nodes import (
    LISTS,
    WITHOUT_VALUE,
    Draft,
    Kind,
    Node,
    Path,
    at,
    written_path,
)
from programs.admin.conditions.operations import step
from programs.engine.conditions import Measure
from programs.engine.document import Core
from programs.engine.vocabulary import FactType, Operator, Scope
from programs.models import Programme
from programs.selectors.sentences import measure_words
from programs.selectors.suggestions import suggestions

Row = dict[str, Any]

MOST_CHIPS = 100
_PATTERNS = {FactType.DATE: r"\d{4}-\d\d-\d\d", FactType.TIME: r"\d\d:\d\d"}


def separator() -> str:
    """The decimal sign that people of this language write."""
    return str(get_format("DECIMAL_SEPARATOR"))


@dataclass
class Builder:
    """One builder on one page: what its template asks for."""

    name: str
    draft: Draft
    scope: Scope
    programme: Programme
    core: Core
    placed: Placed

    @cached_property
    def sentence(self) -> str:
        return in_words(self.draft.root, self.scope, self.core)

    @property
    def focus(self) -> str:
        """The identity of the field to go on with."""
        return f"{self.name}-{self.draft.focus}" if self.draft.focus else ""

    @property
    def notice(self) -> str:
        return self.draft.notice

    @property
    def fault(self) -> str:
        """What is wrong with the whole where there is no row to say it at."""
        return "" if self.draft.root else " ".join(self.placed.get("0", {}).values())

    @property
    def for_lines(self) -> bool:
        return self.scope is Scope.LINE

    @cached_property
    def row(self) -> Row | None:
        return self._row(self.draft.root, ()) if self.draft.root else None

    @cached_property
    def datalists(self) -> list[tuple[str, list[Any]]]:
        """The first suggestions for each fact that is asked for; more come while somebody types."""
        _rows = self.row
        return [
            (self._list_of(name), suggestions.offered(name, self.programme)) for name in sorted(self._asked)
        ]

    def __post_init__(self) -> None:
        self._asked: set[str] = set()
        self._facts: dict[Scope, offers.Options] = {}
        self._drawn: dict[tuple[Scope, str], SafeString] = {}

    # --- rows -------------------------------------------------------------------------------------------------
    def _row(self, node: Node, path: Path, scope: Scope | None = None) -> Row:
        root = self.draft.root
        assert root is not None
        scope = scope or self.scope
        place = written_path(path)
        below = Scope.LINE if node.kind is Kind.LINES else scope
        parent = at(root, path[:-1]) if path else None
        in_group = parent is not None and parent.is_group
        said = node_in_words(node, scope, self.core) if node.kind in (Kind.FACT, Kind.LINES) else ""
        row: Row = {
            "kind": node.kind.value,
            "path": place,
            "id": f"{self.name}-{place}",
            "scope": scope.value,
            "said": Truncator(said).chars(80),
            "faults": self.placed.get(place, {}),
            "into": written_path(path[:-1]) if in_group else place,
            "at": path[-1] if in_group else "",
            "movable": in_group,
            "up": in_group and step(root, path, -1) is not None,
            "down": in_group and step(root, path, 1) is not None,
            "may_ask_lines": below is Scope.PURCHASE,
            "children": [
                self._row(child, (*path, index), below) for index, child in enumerate(node.children)
            ],
            # A condition that stands alone can be joined by another: then both stand in a group.
            "widens": not node.is_group and not in_group and (not path or node.kind is Kind.FACT),
            "within": bool(path),
        }
        if node.kind in (Kind.FACT, Kind.LINES):
            row |= self._comparison(node, scope)
        return row

    def _comparison(self, node: Node, scope: Scope) -> Row:
        said = {part: values[0] for part, values in parts(node, separator()).items()}
        return {
            "part": said,
            "facts": self._fact_options(scope, said["fact"]) if node.kind is Kind.FACT else "",
            "measures": [(each.value, measure_words(each), each.value == node.of) for each in Measure],
            "operators": [
                (value, words, value == node.operator) for value, words in offers.operators(node, self.core)
            ],
            "input": self._input(node, said) if node.operator and node.type else None,
        }

    def _fact_options(self, scope: Scope, chosen: str) -> SafeString:
        """The options of a select of facts; each choice is drawn once for the whole page."""
        if (scope, chosen) not in self._drawn:
            groups = self._facts.setdefault(scope, offers.facts(scope, self.core))
            known = {value for _title, options in groups for value, _label in options}
            stray = [] if not chosen or chosen in known else [(chosen, chosen)]
            drawn = [
                format_html(
                    '<optgroup label="{}">{}</optgroup>',
                    title,
                    format_html_join(
                        "",
                        '<option value="{}"{}>{}</option>',
                        (
                            (value, SafeString(" selected" if value == chosen else ""), label)
                            for value, label in options
                        ),
                    ),
                )
                for title, options in groups
            ]
            drawn += [format_html('<option value="{}" selected>{}</option>', *each) for each in stray]
            self._drawn[scope, chosen] = SafeString("".join(drawn))
        return self._drawn[scope, chosen]

    # --- inputs for values ------------------------------------------------------------------------------------
    def _input(self, node: Node, said: dict[str, str]) -> Row | None:
        """Which fields a value is entered in, by the type of the fact and the operator."""
        if node.operator in WITHOUT_VALUE:
            return None
        choices = offers.values(node.fact, self.core) if node.kind is Kind.FACT else None
        if choices is not None and node.operator in LISTS:
            return {"form": "checks", "options": _chosen(choices, node.values)}
        if choices is not None and node.operator != Operator.STARTS_WITH:
            return {"form": "select", "options": _chosen(choices, node.values[:1])}
        suggested = node.fact if suggestions.known_for(node.fact) else ""
        if suggested:
            self._asked.add(suggested)
        common = {"fact": suggested, "list": self._list_of(suggested) if suggested else ""}
        if node.operator in LISTS:
            shown = [value for value in node.values if value is not None]
            more = max(0, len(shown) - MOST_CHIPS)
            return {"form": "list", "chips": shown[:MOST_CHIPS], "more": more, **common}
        pair = node.operator == Operator.BETWEEN
        return {"form": "pair" if pair else "single", **self._entry(node, said), **common}

    def _entry(self, node: Node, said: dict[str, str]) -> Row:
        kind = node.type
        pattern = _PATTERNS.get(kind) if kind else None
        fields = [said.get("value", ""), said.get("to", "")]
        # A field for dates would swallow what is no date.
        proper = pattern is not None and all(not each or re.fullmatch(pattern, each) for each in fields)
        digits = self.core.money_digits
        return {
            "type": kind.value if kind and proper else "text",
            "mode": {
                FactType.MONEY: "decimal",
                FactType.QUANTITY: "decimal",
                FactType.INTEGER: "numeric",
            }.get(kind or FactType.TEXT, ""),
            "unit": self.core.currency if kind is FactType.MONEY else "",
            "hint": written(format_decimal(0, digits), kind, separator()) if kind is FactType.MONEY else "",
        }

    def _list_of(self, name: str) -> str:
        return f"{self.name}-list-{name}"


def _chosen(choices: list[offers.Option], chosen: tuple[str | None, ...]) -> list[tuple[str, str, bool]]:
    """Options with what is chosen; what is chosen and no option any more stays to be seen."""
    known = {value for value, _label in choices}
    strays = [(value, value) for value in chosen if value is not None and value not in known]
    return [(written(value, FactType.TEXT), label, value in chosen) for value, label in (*choices, *strays)]
