"""The field, its widget, and what a form with such fields needs to tell an operation from saving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from programs.admin.conditions.fields import from_fields
from programs.admin.conditions.judging import core_of, judge, placed
from programs.admin.conditions.nodes import Draft, from_document
from programs.admin.conditions.operations import operate
from programs.admin.conditions.rows import Builder, separator
from programs.engine.conditions import dump_condition
from programs.engine.document import Core
from programs.engine.reader import Fault, Path
from programs.engine.vocabulary import Scope
from programs.models import Programme

# The largest condition has fewer fields; a form may have some of its own.
MOST_FIELDS = 10_000


class ConditionWidget(forms.Widget):
    """Draws a builder and reads what it sent, with the operation that was asked for already done."""

    template_name = "admin/conditions/builder.html"
    use_fieldset = True

    class Media:
        css = {"all": ["loyalty/conditions.css"]}
        js = ["loyalty/conditions.js", "loyalty/conditions-drag.js"]

    def __init__(self, scope: Scope, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.scope = scope
        self.programme: Programme | None = None
        self.faults: list[Fault] = []

    def __deepcopy__(self, memo: Any) -> ConditionWidget:
        copied = super().__deepcopy__(memo)
        copied.faults = []
        return copied

    @cached_property
    def core(self) -> Core:
        return core_of(self._programme)

    @property
    def _programme(self) -> Programme:
        if self.programme is None:
            raise TypeError(
                "A builder of conditions belongs to a programme: call for_programme(form, programme)."
            )
        return self.programme

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Draft:
        if len(data) > MOST_FIELDS:
            return Draft(fault="too_complex")
        own = [key for key in data if key.startswith(f"{name}-")]
        mine = {key: data.getlist(key) if hasattr(data, "getlist") else [data[key]] for key in own}
        draft = from_fields(mine, name, separator())
        asked = operation_in(mine, name)
        return operate(draft, self.scope, asked) if asked else draft

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def builder(self, name: str, value: Any) -> Builder:
        """What is to be shown for a document, a draft or nothing."""
        draft = value if isinstance(value, Draft) else Draft(from_document(value) if value else None)
        faults = [] if draft.operation else self.faults
        return Builder(name, draft, self.scope, self._programme, self.core, placed(faults, draft.root))

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # The project's templates, which the renderer of forms does not look at.
        return mark_safe(render_to_string(self.template_name, {"builder": self.builder(name, value)}))  # noqa: S308

    def id_for_label(self, id_: str) -> str:
        return ""


def operation_in(fields: Any, name: str) -> str:
    """The operation that was asked of this builder; empty when there is none."""
    asked = fields.get(f"{name}-op") or ("",)
    return str(asked[-1])


class ConditionField(forms.Field):
    """Gives the document of a condition, or None where nothing is asked."""

    default_error_messages = {
        "faulty": _("The condition cannot be used yet. What is wrong is said beside it."),
        "required": _("Say at least one condition."),
    }
    widget: ConditionWidget

    def __init__(self, *, scope: Scope = Scope.PURCHASE, required: bool = False, **kwargs: Any) -> None:
        kwargs["widget"] = ConditionWidget(scope)
        super().__init__(required=required, **kwargs)
        self.scope = scope

    def clean(self, value: Any) -> dict[str, Any] | None:
        core = self.widget.core
        draft = value if isinstance(value, Draft) else Draft(from_document(value) if value else None)
        condition, faults = judge(draft, self.scope, core)
        self.widget.faults = list(faults)
        if faults:
            raise ValidationError(self.error_messages["faulty"], code="faulty")
        if condition is None:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        return dump_condition(condition, core.money_digits)

    def refuse(self, faults: Iterable[Fault], *, under: Path = ()) -> list[Fault]:
        """Show the faults that lie below this path of a document beside their rows; gives back all others."""
        others = []
        for fault in faults:
            if fault.path[: len(under)] == under:
                self.widget.faults.append(Fault(fault.code, fault.path[len(under) :], fault.params))
            else:
                others.append(fault)
        return others

    def has_changed(self, initial: Any, data: Any) -> bool:
        before = Draft(from_document(initial) if initial else None)
        return bool(before.root != (data.root if isinstance(data, Draft) else data))


class ConditionsInForm:
    """For forms with such fields: while somebody builds, nothing is checked and nothing is saved."""

    fields: dict[str, forms.Field]
    data: Any

    def is_operation(self) -> bool:
        """Whether a button of a builder was pressed instead of saving."""
        return any(
            f"{self.add_prefix(name)}-op" in self.data  # type: ignore[attr-defined]
            for name, field in self.fields.items()
            if isinstance(field, ConditionField)
        )

    def full_clean(self) -> None:
        if not self.is_operation():
            super().full_clean()  # type: ignore[misc]
            return
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}

    def is_valid(self) -> bool:
        return not self.is_operation() and super().is_valid()  # type: ignore[misc]


def for_programme(form: Any, programme: Programme, names: Sequence[str] | None = None) -> None:
    """Give the builders of a form (all, or those with these names) the programme whose words they speak."""
    for name, field in form.fields.items():
        if isinstance(field, ConditionField) and (names is None or name in names):
            field.widget.programme = programme
