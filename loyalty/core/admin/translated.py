"""Form field and widget of a translated text: one input per language, and per plural form for units."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from loyalty.core import translated

PLURAL_EXAMPLES = {
    "zero": _("for nought"),
    "one": _("for 1"),
    "two": _("for 2"),
    "few": _("for a few, such as 3"),
    "many": _("for many, such as 5"),
    "other": _("for all others, such as 1.5"),
}


class TranslatedWidget(forms.Widget):
    """Inputs labelled with their language."""

    template_name = "admin/widgets/translated.html"

    def __init__(
        self, *, plural: bool = False, long: bool = False, attrs: dict[str, Any] | None = None
    ) -> None:
        super().__init__(attrs)
        self.plural = plural
        self.long = long
        # The languages that are asked; one that has a text is always shown. None: every language.
        self.codes: Collection[str] | None = None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        current = value if isinstance(value, dict) else {}
        part = UnfoldAdminTextareaWidget(attrs={"rows": 4}) if self.long else UnfoldAdminTextInputWidget()
        identity = context["widget"]["attrs"].get("id", f"id_{name}")
        context["widget"]["languages"] = [
            {
                "code": code,
                "name": language,
                "inputs": [
                    {
                        "id": f"{identity}_{key}",
                        "hint": PLURAL_EXAMPLES[form] if form else "",
                        "html": part.render(
                            f"{name}_{key}", entry, {"id": f"{identity}_{key}", "lang": code}
                        ),
                    }
                    for key, form, entry in self._entries(code, current.get(code))
                ],
            }
            for code, language in settings.LANGUAGES
            if self.codes is None or code in self.codes or current.get(code)
        ]
        context["widget"]["long"] = self.long
        return context

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # The project's templates, which the renderer of forms does not look at.
        return mark_safe(render_to_string(self.template_name, self.get_context(name, value, attrs)))  # noqa: S308

    def _entries(self, code: str, entry: Any) -> list[tuple[str, str, str]]:
        if not self.plural:
            return [(code, "", entry or "")]
        stored = entry if isinstance(entry, dict) else {"other": entry or ""}
        return [(f"{code}_{form}", form, stored.get(form, "")) for form in translated.plural_names(code)]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for code, _language in settings.LANGUAGES:
            written = {
                form: str(data.get(f"{name}_{key}", "")).strip()
                for key, form, _entry in self._entries(code, None)
            }
            if not any(written.values()):
                continue
            value[code] = (
                {form: word for form, word in written.items() if word} if self.plural else written[""]
            )
        return value

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(str(key).startswith(f"{name}_") for key in data)

    def id_for_label(self, id_: str) -> str:
        first = settings.LANGUAGES[0][0]
        return f"{id_}_{first}_{translated.plural_names(first)[0]}" if self.plural else f"{id_}_{first}"


class TranslatedFormField(forms.Field):
    """Gives {language: text}; empty languages are left out."""

    def __init__(self, *, plural: bool = False, long: bool = False, **kwargs: Any) -> None:
        self.plural = plural
        kwargs.setdefault("widget", TranslatedWidget(plural=plural, long=long))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        if not value:
            if self.required:
                raise ValidationError(_("Write the text in at least one language."), code="required")
            return {}
        translated.check(value, plural_forms=self.plural)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or {}) != (data or {})
