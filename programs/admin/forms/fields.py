"""Form fields whose values are written as a programme's document has them: decimal texts, ISO dates, plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from loyalty.core.admin.translated import TranslatedFormField

Text = str | Promise
Options = Iterable[tuple[str, Text]]


def text_input(kind: str = "text", **attrs: Any) -> UnfoldAdminTextInputWidget:
    """An input of the theme of another type (date, time, number)."""
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    widget.input_type = kind
    return widget


class Code(forms.CharField):
    """A short text that is not translated, such as a code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": text_input(), **kwargs})


class Number(forms.CharField):
    """An amount of points or money as it is typed; the reader of documents says whether it is one. `short` shows it
    without zeros at its end, which factors and percentages have in a document."""

    def __init__(self, *, short: bool = False, **kwargs: Any) -> None:
        self.short = short
        super().__init__(**{"required": False, "widget": text_input(inputmode="decimal"), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        if self.short and isinstance(value, str) and "." in value:
            return value.rstrip("0").rstrip(".")
        return value


class Whole(forms.CharField):
    """A whole number; what is not one is kept as text, which the reader of documents refuses."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": text_input(inputmode="numeric"), **kwargs})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text


class Choice(forms.ChoiceField):
    """One of the values; with `empty` as the words of none."""

    def __init__(self, options: Options = (), *, empty: Text | None = None, **kwargs: Any) -> None:
        choices = [*([] if empty is None else [("", empty)]), *options]
        super().__init__(
            **{"required": empty is None, "choices": choices, "widget": UnfoldAdminSelectWidget(), **kwargs}
        )


class Several(forms.MultipleChoiceField):
    """Any number of the values, each with a tick box."""

    def __init__(self, options: Options = (), **kwargs: Any) -> None:
        widget = UnfoldAdminCheckboxSelectMultipleWidget()
        super().__init__(**{"required": False, "choices": list(options), "widget": widget, **kwargs})


class Switch(forms.BooleanField):
    """Yes or no. `usual` is what a document means that does not say it."""

    def __init__(self, *, usual: bool, **kwargs: Any) -> None:
        self.usual = usual
        super().__init__(**{"required": False, "widget": UnfoldBooleanSwitchWidget(), **kwargs})


class Day(forms.CharField):
    """A date of the programme's calendar."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": text_input("date"), **kwargs})


class Moment(forms.CharField):
    """A date and time in the programme's zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": text_input("datetime-local"), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return value[:16] if isinstance(value, str) else value


class Time(forms.CharField):
    """A time of day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": text_input("time"), **kwargs})


class LengthWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    def __init__(self, units: Options) -> None:
        number = text_input(inputmode="numeric", size=6)
        super().__init__([number, UnfoldAdminSelectWidget(choices=list(units))])

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # One after the other: the theme would bind both inputs of a form with conditions to one variable.
        parts = value if isinstance(value, list) else self.decompress(value)
        identity = (attrs or {}).get("id", f"id_{name}")
        inputs = (
            (part.render(f"{name}_{place}", parts[place], {"id": f"{identity}_{place}", "data-length": ""}),)
            for place, part in enumerate(self.widgets)
        )
        return format_html('<div class="flex gap-2 max-w-2xl">{}</div>', format_html_join("", "{}", inputs))

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [None, None]


class Length(forms.MultiValueField):
    """A length of time: [number, unit]."""

    def __init__(self, units: Options, **kwargs: Any) -> None:
        offered = list(units)
        parts = (Whole(), Choice(offered))
        super().__init__(
            parts,
            **{"required": False, "require_all_fields": False, "widget": LengthWidget(offered), **kwargs},
        )

    def compress(self, data_list: list[Any]) -> list[Any] | None:
        return data_list if data_list and data_list[0] not in (None, "") else None


class Lines(forms.CharField):
    """Several short texts, one on each line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": UnfoldAdminTextareaWidget({"rows": 4}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return [line.strip() for line in text.splitlines() if line.strip()]


class Words(TranslatedFormField):
    """A text in the languages of the back office. A file may have one text for all of them ("*")."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict) and "*" in value:
            every = value["*"]
            return {"en": every, **{code: text for code, text in value.items() if code != "*"}}
        return value

    def kept(self, stored: Any, value: Any) -> Any:
        """What is stored, when the form shows just that."""
        return stored if value == self.prepare_value(stored) else value


def options_of(values: type[StrEnum], words: Mapping[Any, Text]) -> list[tuple[str, Text]]:
    """The values of a choice with their words, in the order in which they are declared."""
    return [(value.value, words[value]) for value in values]
