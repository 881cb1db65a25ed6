"""Texts that staff write, in several languages: a value, a database field, plural units and quantities in
words.

A translated text is `{"en": "Coffee club", "ru": "Клуб кофе"}`; a unit also has plural forms per language:
`{"en": {"one": "point", "other": "points"}, "ru": {"one": "балл", "few": "балла", "many": "баллов", …}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError, numbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import Field
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import as_decimal, currency_digits

Forms = Mapping[str, str]
LAST_LANGUAGE = "en"


class TranslatedText(dict[str, Any]):
    """Text (or plural forms) by language. As a string: the text in the reader's language."""

    def text(self, language: str | None = None, *, default: str | None = None) -> str:
        return text(self, language, default=default)

    def __str__(self) -> str:
        return text(self)


def pick(value: Mapping[str, Any] | None, language: str | None = None, *, default: str | None = None) -> Any:
    """What stands for the asked language, else the programme's `default`, else English, else whatever is
    first."""
    if not value:
        return None
    asked = language or get_language() or ""
    for each in (asked, asked.split("-")[0], default, LAST_LANGUAGE):
        if each and value.get(each):
            return value[each]
    return next((entry for entry in value.values() if entry), None)


def text(value: Mapping[str, Any] | None, language: str | None = None, *, default: str | None = None) -> str:
    """The text in the asked language (by default the reader's) or the nearest there is; empty when there is
    none."""
    chosen = pick(value, language, default=default)
    if isinstance(chosen, Mapping):
        chosen = chosen.get("other") or next(iter(chosen.values()), "")
    return str(chosen or "")


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    return Locale.parse(language.replace("-", "_"))


def plural_names(language: str) -> tuple[str, ...]:
    """The plural forms a language has, in the usual order: ("one", "other"), ("one", "few", "many",
    "other")."""
    names = (*_locale(language).plural_form.tags, "other")
    return tuple(name for name in ("zero", "one", "two", "few", "many", "other") if name in names)


def plural(
    unit: Mapping[str, Any] | None, quantity: int | Decimal, language: str | None = None, *, default: str = ""
) -> str:
    """The form of the unit that goes with a quantity: 1 point, 2 points; 1 балл, 2 балла, 5 баллов.

    Where the unit has no text in the asked language, both the text and the rule are those of the next best
    one.
    """
    forms = pick(unit, language, default=default or None)
    if not isinstance(forms, Mapping):
        return str(forms or "")
    spoken = next((each for each, entry in (unit or {}).items() if entry is forms), LAST_LANGUAGE)
    form = _locale(spoken).plural_form(abs(quantity))
    return str(forms.get(form) or forms.get("other") or next(iter(forms.values()), ""))


def format_quantity(
    points: int,
    decimals: int = 0,
    unit: Mapping[str, Any] | None = None,
    language: str | None = None,
    *,
    default: str = "",
) -> str:
    """Points (whole number of the smallest unit, of which 10 ** decimals make one) in words: "1 234
    points"."""
    spoken = language or get_language() or LAST_LANGUAGE
    value = Decimal(points).scaleb(-decimals)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    figure = numbers.format_decimal(value, format=pattern, locale=_locale(spoken))
    # A hundredth more or less never changes the digits: the value is exact.
    word = plural(unit, value if decimals else points, spoken, default=default)
    return f"{figure}\N{NO-BREAK SPACE}{word}" if word else figure


def format_money(amount: int, currency: str, language: str | None = None) -> str:
    """Minor units as money: 4249 is €42.49, or 42,49 €."""
    spoken = language or get_language() or LAST_LANGUAGE
    value = as_decimal(amount, currency_digits(currency))
    shown: str = numbers.format_currency(value, currency, locale=_locale(spoken))
    return shown


def language_name(code: str, language: str | None = None) -> str:
    """What a language is called in the reader's: "et" is Estonian."""
    try:
        named = _locale(code).get_display_name(_locale(language or get_language() or LAST_LANGUAGE))
    except (UnknownLocaleError, ValueError):
        return code
    return str(named or code)


def known_languages() -> tuple[str, ...]:
    """Languages in which staff may write."""
    return tuple(code for code, _name in settings.LANGUAGES)


def check(value: Any, *, plural_forms: bool = False) -> None:
    """Raise ValidationError unless this is a translated text: known languages, at least one, nothing but
    text."""
    if not isinstance(value, Mapping):
        raise ValidationError(
            _("Give the text by language, for example: en: Coffee club."), code="not_translated"
        )
    for language, entry in value.items():
        if language not in known_languages():
            raise ValidationError(
                _("%(language)s is not one of the languages here: %(known)s."),
                code="unknown_language",
                params={"language": language, "known": ", ".join(known_languages())},
            )
        if plural_forms and isinstance(entry, Mapping):
            _check_forms(language, entry)
        elif not isinstance(entry, str):
            raise ValidationError(_("The text must be plain text."), code="not_text")
    if not any(value.values()):
        raise ValidationError(_("Write the text in at least one language."), code="required")


def _check_forms(language: str, forms: Mapping[str, Any]) -> None:
    allowed = plural_names(language)
    for name, word in forms.items():
        if name not in allowed:
            raise ValidationError(
                _("%(form)s is not a plural form of this language (%(language)s): %(known)s."),
                code="unknown_plural",
                params={"form": name, "language": language, "known": ", ".join(allowed)},
            )
        if not isinstance(word, str):
            raise ValidationError(_("The text must be plain text."), code="not_text")
    if "other" not in forms:
        raise ValidationError(
            _("The form “other” is missing (%(language)s)."),
            code="missing_plural",
            params={"language": language},
        )


class TranslatedField(models.JSONField):
    """A text in several languages; with `plural=True` a unit with plural forms. Never NULL: empty is {}."""

    description = "Text in several languages"

    def __init__(self, *args: Any, plural: bool = False, long: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        self.plural = plural
        self.long = long
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if self.plural:
            kwargs["plural"] = True
        if self.long:
            kwargs["long"] = True
        return name, path, list(args), kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        loaded = super().from_db_value(value, expression, connection)
        return TranslatedText(loaded) if isinstance(loaded, dict) else loaded

    def to_python(self, value: Any) -> Any:
        return TranslatedText(value) if isinstance(value, dict) else value

    def validate(self, value: Any, model_instance: Any) -> None:
        if not value and self.blank:
            return
        check(value, plural_forms=self.plural)

    def formfield(self, **kwargs: Any) -> Field:
        from loyalty.core.admin.translated import TranslatedFormField  # noqa: PLC0415 - forms need widgets, models do not

        # The form's own class wins over what the admin proposes for JSON.
        kwargs.pop("widget", None)
        return TranslatedFormField(
            plural=self.plural,
            long=self.long,
            required=not self.blank,
            label=kwargs.get("label", capfirst(str(self.verbose_name))),
            help_text=kwargs.get("help_text", self.help_text),
        )
