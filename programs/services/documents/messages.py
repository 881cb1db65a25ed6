"""What is wrong with a document, in words: one sentence for each code, and what was expected instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Text = str | Promise

MESSAGES: dict[str, Text] = {
    # what the engine finds in a document
    "bad_characters": _("There are characters that cannot be kept."),
    "bad_condition": _("This is not a condition."),
    "bad_currency": _("“%(value)s” is not a currency."),
    "bad_key": _("“%(value)s” cannot be a code."),
    "bad_plural": _("These are not the plural forms of a language: %(value)s."),
    "bad_range": _("The end does not come after the beginning."),
    "bad_zone": _("“%(value)s” is not a known time zone."),
    "duplicate": _("“%(value)s” is there twice."),
    "empty_group": _("A group of conditions needs at least one condition."),
    "ladder_contradiction": _("“%(field)s” does not go together with “%(other)s: %(value)s”."),
    "makes_points": _("Converting round in a circle would make points out of nothing: %(value)s."),
    "missing": _("Something is missing here: %(field)s."),
    "mixed_group": _("The group “%(value)s” holds both multipliers and rules that give points."),
    "multiplier_group_mode": _("A group of multipliers cannot be “%(mode)s”: “%(value)s”."),
    "must_wait": _("What a friend's purchase brings has to wait until the goods cannot come back any more."),
    "no_base_tier": _("There is no tier for members who have nothing yet."),
    "no_ladder": _("“%(value)s” cannot be asked: the programme has no ladder of tiers."),
    "not_a_number": _("“%(value)s” is not a number."),
    "not_for_multipliers": _("A multiplier cannot have this setting."),
    "nothing_to_reckon": _("“%(value)s” has nothing that this effect could reckon with."),
    "one_length": _("Say once how long."),
    "out_of_range": _("The number is too small or too large."),
    "overlap": _("These hours overlap with others."),
    "too_complex": _("The condition is too large."),
    "too_long": _("The text is too long."),
    "too_many": _("There are too many entries."),
    "too_many_decimals": _("“%(value)s” has too many decimal places."),
    "unknown_choice": _("“%(value)s” is not one of the possible values."),
    "unknown_event": _("There is no event “%(value)s”."),
    "unknown_fact": _("Nothing is known about “%(value)s”."),
    "unknown_field": _("There is no field “%(value)s” that could be used here."),
    "unknown_group": _("There is no group “%(value)s”."),
    "unknown_key": _("The setting “%(field)s” is not known here."),
    "unknown_list": _("There is no product list “%(value)s”."),
    "unknown_ladder": _("There is no ladder of tiers “%(value)s”."),
    "unknown_point_type": _("There is no point type “%(value)s”."),
    "unknown_tier": _("The ladder has no tier “%(value)s”."),
    "wrong_operator": _("This cannot be compared with “%(value)s”."),
    "wrong_scope": _("“%(value)s” cannot be asked here."),
    "wrong_trigger": _("“%(value)s” cannot be asked of what this rule waits for."),
    "wrong_sku": _("“%(value)s” cannot be the number of an article."),
    "wrong_type": _("The value has the wrong form."),
    # what the file itself can have
    "alias": _("Anchors and aliases (& and *) are not possible in a programme file."),
    "bad_mapping_key": _("A name was expected before the colon."),
    "bad_yaml": _("The file cannot be read: %(value)s."),
    "duplicate_key": _("“%(value)s” is written twice in the same place."),
    "file_too_large": _("The file is too large."),
    "not_utf8": _("The file is not text in UTF-8."),
    "several_documents": _("There is more than one document in the file."),
    "tag": _("Tags such as %(value)s are not possible in a programme file."),
    "too_deep": _("The file is nested too deeply."),
    "unquoted_decimal": _("%(value)s is a number with a decimal point outside quotes."),
    # what the programme as it is does not allow
    "currency_fixed": _("The currency of a published programme does not change."),
    "decimals_fixed": _("The decimal places of a published point type do not change."),
    "field_type_fixed": _("A field of a published event keeps its type: take another code for a new one."),
}

EXPECTED_TYPES: dict[str, Text] = {
    "boolean": _("true or false"),
    "date": _("a date such as 2026-12-31"),
    "day of the year": _("a day of the year such as 12-31"),
    "integer": _("a whole number"),
    "list": _("a list of values"),
    "list of languages": _("a list of languages such as [en, ru]"),
    "list of texts": _("a list of texts"),
    "local moment": _("a date and time without an offset, such as 2026-12-31T09:00"),
    "mapping": _("settings with names, such as “key: value”"),
    "mapping of texts": _("names that are text"),
    "moment": _("a date and time such as 2026-12-31T09:00"),
    "number": _("a whole number, or a decimal number in quotes"),
    "pair": _("two values: from and to"),
    "text": _("text"),
    "texts": _("text"),
    "time": _("a time such as 09:30"),
    "weekday": _("a day of the week: mon, tue, wed, thu, fri, sat or sun"),
    "words": _("text, or text by language such as {en: …, ru: …}"),
}

_FIXED: dict[str, Text] = {
    "bad_currency": _("three capital letters such as EUR"),
    "bad_key": _("small letters, digits, - and _, beginning with a letter, at most 50"),
    "bad_zone": _("a name such as Europe/Tallinn"),
    "must_wait": _("pending, such as “{kind: days, days: 14}”, of the rule or of its points"),
    "no_base_tier": _("one tier with the threshold 0 that is not by invitation"),
    "not_a_number": _("a number such as 12 or “12.50”"),
    "not_utf8": _("a file saved as UTF-8"),
    "nothing_to_reckon": _("the effect “fixed”, or an event that names its amount or quantity"),
    "unknown_event": _("an event of this programme"),
    "unknown_field": _("a field that the event declares, of the type that is needed"),
    "unknown_ladder": _("a ladder of this programme"),
    "unknown_list": _("a product list of this programme"),
    "unknown_point_type": _("a point type of this programme"),
    "bad_condition": _("exactly one of all, any, not, fact, lines"),
    "wrong_trigger": _("lines and baskets of purchases, fields of the event that the rule waits for"),
}


def sentence_of(code: str, params: Mapping[str, Any], *, field: str = "") -> tuple[str, Text]:
    """The sentence for a fault, and what was expected (or nothing)."""
    values = {"value": "", "mode": "", "other": "", "field": field, **params}
    message = str(MESSAGES.get(code) or gettext("Something is wrong here.")) % values
    return message, _expected(code, params)


def _expected(code: str, params: Mapping[str, Any]) -> Text:
    if (known := params.get("expected")) is not None:
        if isinstance(known, str):
            return EXPECTED_TYPES.get(known, known)
        return _FIXED.get(code) or _one_of(known)
    if options := (params.get("options") or params.get("known")):
        return _one_of(options)
    if code in _FIXED:
        return _FIXED[code]
    if code == "unquoted_decimal":
        return format_lazy(_("write it in quotes: “{value}”"), value=params.get("value", ""))
    return _limit(code, params)


def _limit(code: str, params: Mapping[str, Any]) -> Text:
    if code == "out_of_range":
        return _range(params.get("low"), params.get("high"))
    if code == "too_complex":
        return format_lazy(
            _("at most {nodes} conditions, {depth} deep"), nodes=params["nodes"], depth=params["depth"]
        )
    if code == "too_many_decimals":
        return format_lazy(_("at most {digits} decimal places"), digits=params["digits"])
    if (most := params.get("most", params.get("longest"))) is not None:
        return format_lazy(_("at most {most}"), most=most)
    return ""


def _range(low: Any, high: Any) -> Text:
    if low is None:
        return format_lazy(_("at most {high}"), high=high)
    if high is None:
        return format_lazy(_("at least {low} of the smallest unit"), low=low)
    return format_lazy(_("from {low} to {high}"), low=low, high=high)


def _one_of(options: Any) -> Text:
    return format_lazy(_("one of {options}"), options=", ".join(str(option) for option in options))
