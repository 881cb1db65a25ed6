"""A field of several rows, such as the tiers of a ladder or the limits of a rule: a small table of other fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from programs.admin.forms.fields import Switch, Words

MOST_ROWS = 200
SPARE_ROWS = 1


class RowsWidget(forms.Widget):
    """Inputs named `<field>-<row>-<column>`. One empty row is always there, so that rows can be added without
    JavaScript; a row that is left empty does not count, and one that is emptied is removed."""

    template_name = "admin/widgets/rows.html"

    def __init__(
        self,
        columns: Mapping[str, forms.Field],
        *,
        stacked: bool = False,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(attrs)
        self.columns = columns
        self.stacked = stacked

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [row for row in value or [] if isinstance(row, Mapping)]
        identity = context["widget"]["attrs"].get("id", f"id_{name}")
        # Rows within rows each have a mark of their own for the number of a row that is added.
        mark = f"__row{name.count('-')}__"
        context["widget"] |= {
            "stacked": self.stacked,
            "mark": mark,
            "columns": [column.label for column in self.columns.values()],
            "rows": [
                self._cells(name, index, row, identity)
                for index, row in enumerate([*rows, *({} for _ in range(SPARE_ROWS))])
            ],
            "blank": self._cells(name, mark, {}, identity),
            "next": len(rows) + SPARE_ROWS,
        }
        return context

    def _cells(self, name: str, index: int | str, row: Mapping[str, Any], identity: str) -> list[Any]:
        cells = []
        for key, column in self.columns.items():
            value = row.get(key, column.usual if isinstance(column, Switch) and row else None)
            attrs = {"id": f"{identity}-{index}-{key}", "aria-label": str(column.label)}
            html = column.widget.render(f"{name}-{index}-{key}", column.prepare_value(value), attrs)
            cells.append({"label": column.label, "html": html, "help": column.help_text})
        return cells

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # The project's templates, which the renderer of forms does not look at.
        return mark_safe(render_to_string(self.template_name, self.get_context(name, value, attrs)))  # noqa: S308

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        prefix = f"{name}-"
        numbers = set()
        for key in data:
            number = str(key)[len(prefix) :].partition("-")[0] if str(key).startswith(prefix) else ""
            if number.isascii() and number.isdigit() and len(number) < 6:
                numbers.add(int(number))
        rows = []
        for place in sorted(numbers)[: MOST_ROWS + 1]:
            row = {
                key: column.widget.value_from_datadict(data, files, f"{name}-{place}-{key}")
                for key, column in self.columns.items()
            }
            if any(value not in (None, "", [], {}, False) for value in row.values()):
                rows.append(row)
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""


class Rows(forms.Field):
    """A list of mappings, each with the same fields. `stacked`: one below the other instead of a table."""

    def __init__(self, columns: Mapping[str, forms.Field], *, stacked: bool = False, **kwargs: Any) -> None:
        self.columns = columns
        super().__init__(**{"required": False, "widget": RowsWidget(columns, stacked=stacked), **kwargs})

    def clean(self, value: Any) -> list[dict[str, Any]]:
        if len(value) > MOST_ROWS:
            raise ValidationError(_("There are too many entries."), code="too_many")
        cleaned, errors = [], []
        for number, row in enumerate(value, start=1):
            entry: dict[str, Any] = {}
            for key, column in self.columns.items():
                try:
                    entry[key] = column.clean(row.get(key))
                except ValidationError as refused:
                    errors += [f"{number}, {column.label}: {message}" for message in refused.messages]
            cleaned.append({key: item for key, item in entry.items() if _said(self.columns[key], item)})
        if errors:
            raise ValidationError(errors)
        return cleaned

    def kept(self, stored: Any, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows, with texts as they are stored where the form shows just that."""
        before = {row.get("key"): row for row in stored or [] if isinstance(row, Mapping)}
        rows = []
        for number, row in enumerate(value):
            old = before.get(row.get("key")) if "key" in self.columns else _nth(stored, number)
            rows.append({key: self._kept(key, (old or {}).get(key), item) for key, item in row.items()})
        return rows

    def _kept(self, key: str, stored: Any, value: Any) -> Any:
        column = self.columns[key]
        return column.kept(stored, value) if isinstance(column, (Words, Rows)) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != (data or []))


def _nth(rows: Any, number: int) -> Any:
    return rows[number] if isinstance(rows, list) and number < len(rows) else None


def _said(column: forms.Field, value: Any) -> bool:
    """Whether a value has to be written: what is empty, or what a document means anyway, is left out."""
    if isinstance(column, Switch):
        return bool(value) is not column.usual
    return value not in (None, "", [], {})
