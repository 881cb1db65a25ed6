"""The two forms of a worked example: the usual steps as rows, and everything as YAML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from loyalty.core.problems import FieldError, Problem, sentence_of
from loyalty.core.translated import text
from members.admin.examples.rows import OF_PURCHASE, by_type, example_as_yaml, example_of
from members.selectors.examples import KINDS
from members.services.examples import free_key
from programs.admin.forms.fields import Choice, Code, Day, Moment, Number, Words
from programs.admin.forms.rows import Rows, RowsWidget
from programs.engine.document import Core
from programs.models import Programme, WorkedExample

USUAL = ("purchase", "return", "redeem", "advance")
MINE = _("Somebody else changed this example after you opened it. Save again to put yours in its place.")


class StepsWidget(RowsWidget):
    """Each step as a card: what happens, and what must be true then."""

    template_name = "admin/widgets/steps.html"

    def _cells(self, name: str, index: int | str, row: Mapping[str, Any], identity: str) -> Any:
        cells = super()._cells(name, index, row, identity)
        named = dict(zip(self.columns, cells, strict=True))
        for key, cell in named.items():
            cell["id"] = f"{identity}-{index}-{key}"
        awarded = [cell for key, cell in named.items() if key.startswith("awarded__")]
        where = [named[key] for key in OF_PURCHASE]
        return {
            "cells": named,
            "awarded": awarded,
            "where": where,
            "elsewhere": any(row.get(key) for key in OF_PURCHASE),
            "kind": row.get("kind", ""),
        }


def steps_field(core: Core) -> Rows:
    """The steps of an example of this programme."""
    several = len(core.point_types) > 1
    kinds = [(kind, KINDS[kind]) for kind in USUAL]
    lines = {
        "sku": Code(label=_("Article")),
        "category": Code(label=_("Category")),
        "qty": Number(label=_("Quantity")),
        "amount": Number(label=_("Amount")),
        "discount": Number(label=_("Discount")),
    }
    expected: dict[str, forms.Field] = {"member": Code(label=_("Member"))}
    for name, label in (("balance", _("Balance")), ("pending", _("Waiting"))):
        for item in core.point_types:
            shown = f"{label}, {text(dict(item.name))}" if several else label
            expected[by_type(name, item.key)] = Number(label=shown)
    if core.ladders:
        tiers = [(tier.key, text(dict(tier.name))) for tier in core.ladders[0].tiers]
        expected["tier"] = Choice(tiers, empty="—", label=_("Tier"))
    columns: dict[str, forms.Field] = {
        "kind": Choice(kinds, empty=_("choose …"), label=_("What happens")),
        "at": Moment(label=_("When")),
        "member": Code(label=_("Member")),
        "ref": Code(label=_("Receipt")),
        "points": Number(label=_("Points")),
        "lines": Rows(lines, label=_("Lines")),
        "partner": Code(label=_("Partner")),
        "store": Code(label=_("Store")),
        "channel": Code(label=_("Channel")),
        "payment": Code(label=_("Way of paying")),
        "refused": Code(label=_("Refused with")),
        "expected": Rows(expected, label=_("Members then have")),
    }
    for item in core.point_types:
        shown = text(dict(item.name)) if several else _("Points given")
        columns[by_type("awarded", item.key)] = Number(label=shown)
    return Rows(columns, label=_("Steps"), widget=StepsWidget(columns))


class ExampleForm(forms.Form):
    """What both forms have: they give the text of an example, and tell what is wrong with it."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, programme: Programme, example: WorkedExample | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.programme, self.example = programme, example
        self.stored = "" if example is None else hashlib.sha256(example.source.encode()).hexdigest()
        self.initial["seen"] = self.stored

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("seen", "") != self.stored:
            # Saving again, after reading this, is meant.
            data: Any = self.data.copy()  # type: ignore[attr-defined]  # what a request sends can be copied
            data[self.add_prefix("seen")] = self.stored
            self.data = data
            raise ValidationError(MINE, code="changed_meanwhile")
        return values

    def source(self) -> str:
        raise NotImplementedError

    def place(self, error: FieldError) -> tuple[str | None, str]:
        """The field of an error and how it is told there."""
        raise NotImplementedError

    def refuse(self, problem: Problem) -> None:
        if not problem.errors:
            self.add_error(None, sentence_of(problem))
        for error in problem.errors:
            field, message = self.place(error)
            self.add_error(field, message)


def _message(error: FieldError) -> str:
    if not error.expected:
        return str(error.message)
    return gettext("%(message)s Expected: %(expected)s.") % {
        "message": error.message,
        "expected": error.expected,
    }


class YamlForm(ExampleForm):
    """The whole example as text."""

    text = forms.CharField(
        label=_("As YAML"),
        strip=False,
        widget=UnfoldAdminTextareaWidget({"rows": 24, "spellcheck": "false", "data-code": ""}),
    )

    def source(self) -> str:
        return str(self.cleaned_data["text"])

    def place(self, error: FieldError) -> tuple[str | None, str]:
        where = {"line": error.line, "column": error.column, "message": _message(error)}
        if error.line is None:
            return "text", _message(error)
        return "text", gettext("Line %(line)s, column %(column)s: %(message)s") % where


class RowsForm(ExampleForm):
    """The usual steps as rows."""

    title = Words(
        label=_("What it shows"),
        help_text=_("One sentence, such as: What comes back takes its points along."),
    )
    members = Rows(
        {
            "ref": Code(label=_("Name")),
            "enrolled_at": Moment(label=_("Joined")),
            "birth_date": Day(label=_("Birth date")),
        },
        label=_("Members"),
        help_text=_(
            "Only who has to be there before the first step: whoever is named in a step joins with it."
        ),
    )

    def __init__(self, *args: Any, core: Core, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.core = core
        self.fields["steps"] = steps_field(core)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for place, row in enumerate(values.get("steps", []), 1):
            if not row.get("kind"):
                self.add_error("steps", gettext("Step %(number)d: choose what happens.") % {"number": place})
        if "steps" in values and not values["steps"]:
            self.add_error("steps", gettext("Say at least one thing that happens."))
        return values

    def source(self) -> str:
        key = self.example.key if self.example else free_key(self.programme, self._wanted_key())
        return example_as_yaml(example_of(key, self.cleaned_data, self.core))

    def _wanted_key(self) -> str:
        words = self.cleaned_data["title"].values()
        made = next((slug for each in words if (slug := slugify(str(each)))), "")[:40].strip("-_")
        return made if made[:1].isalpha() else f"example-{made}".rstrip("-")

    def place(self, error: FieldError) -> tuple[str | None, str]:
        section, *rest = error.pointer.lstrip("/").split("/")
        if section not in ("steps", "members"):
            return ("title" if section == "title" else None), _message(error)
        names = [part for part in rest if not part.isdigit()]
        row = int(rest[0]) + 1 if rest and rest[0].isdigit() else 1
        said = {"number": row, "field": self._label(section, names), "message": _message(error)}
        whole = gettext("Step %(number)d, %(field)s: %(message)s")
        return section, (
            whole if section == "steps" else gettext("Row %(number)d, %(field)s: %(message)s")
        ) % said

    def _label(self, section: str, names: Sequence[str]) -> str:
        """What the innermost field of a place is called on the page."""
        field: Any = self.fields[section]
        labels: dict[str, Any] = {"purchase": _("Receipt"), "steps": field.label}
        for key, column in field.columns.items():
            labels[key.partition("__")[0]] = column.label
            for inner, cell in getattr(column, "columns", {}).items():
                labels.setdefault(inner.partition("__")[0], cell.label)
        return next((str(labels[name]) for name in reversed(names) if name in labels), "".join(names[-1:]))
