"""What upper apps contribute to pages of lower ones: panels under an object's page and cards on the first
page.

Lower apps never import upper ones; an upper app's `admin` package calls `panels.contribute(...)` when it is
loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise
# A table without a note: its columns and rows.
Columns = tuple[Sequence[Text], Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of a panel. Cells are shown as text unless they are marked safe."""

    columns: Sequence[Text]
    rows: Sequence[Sequence[Any]]
    note: Text = ""

    @property
    def labelled_rows(self) -> list[list[tuple[Text, Any]]]:
        """Each cell with the name of its column, which narrow screens show beside it."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Panel:
    """A block under an object's admin page: either `content` (a table) or `template` with `context`.

    `permission` ("members.view_posting") hides the panel from those who lack it. A content or context of None leaves it
    out.
    """

    title: Text
    permission: str
    content: Callable[[Any, HttpRequest], Table | Columns | None] | None = None
    template: str = ""
    context: Callable[[Any, HttpRequest], dict[str, Any] | None] | None = None
    order: int = 100


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """A panel made ready for a template."""

    title: Text
    table: Table | None = None
    template: str = ""
    context: dict[str, Any] = field(default_factory=dict)


class PanelRegistry:
    """Panels by the label of the model on whose page they stand ("members.membership")."""

    def __init__(self) -> None:
        self._panels: dict[str, list[Panel]] = {}

    def contribute(self, label: str, panel: Panel) -> Panel:
        panels = self._panels.setdefault(label.lower(), [])
        panels.append(panel)
        panels.sort(key=lambda each: each.order)
        return panel

    def any_for(self, label: str) -> bool:
        """True if anybody contributed a panel to this page."""
        return label.lower() in self._panels

    def shown(self, label: str, obj: Any, request: HttpRequest) -> list[ShownPanel]:
        """The panels this person may see for this object."""
        offered = (
            _show(panel, obj, request)
            for panel in self._panels.get(label.lower(), [])
            if request.user.has_perm(panel.permission)
        )
        return [panel for panel in offered if panel is not None]


def _show(panel: Panel, obj: Any, request: HttpRequest) -> ShownPanel | None:
    if panel.content is not None:
        content = panel.content(obj, request)
        if content is None:
            return None
        table = content if isinstance(content, Table) else Table(*content)
        return ShownPanel(panel.title, table=table)
    context = panel.context(obj, request) if panel.context else {}
    if context is None:
        return None
    return ShownPanel(panel.title, template=panel.template, context={"original": obj, **context})


@dataclass(frozen=True, slots=True)
class Card:
    """One figure on the first page, with a sentence of what it means and where it leads."""

    title: Text
    value: str
    note: Text = ""
    url: str = ""
    icon: str = ""


CardProvider = Callable[[HttpRequest], Sequence[Card]]


class CardRegistry:
    """Providers of cards for the first page; each names the permission its cards need, or looks for itself."""

    def __init__(self) -> None:
        self._providers: list[tuple[int, str, CardProvider]] = []

    def contribute(self, provider: CardProvider, *, permission: str = "", order: int = 100) -> CardProvider:
        self._providers.append((order, permission, provider))
        self._providers.sort(key=lambda each: each[0])
        return provider

    def shown(self, request: HttpRequest) -> list[Card]:
        """The cards this person may see, in order."""
        cards: list[Card] = []
        for _order, permission, provider in self._providers:
            if not permission or request.user.has_perm(permission):
                cards.extend(provider(request))
        return cards


panels = PanelRegistry()
dashboard_cards = CardRegistry()
