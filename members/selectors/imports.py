"""What became of a file that was taken in, in words: for the back office and for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.choices import ImportState
from loyalty.core.models import ImportBatch
from loyalty.core.translated import format_money, format_quantity
from programs.models import Programme

__all__ = ["counts_in_words", "verdict"]

# The counts of an import in the order in which they are told.
COUNTS: dict[str, str | Promise] = {
    "rows": gettext_lazy("lines in the file"),
    "bad": gettext_lazy("faults in lines; a receipt or return with one is left out whole"),
    "documents": gettext_lazy("receipts or returns that were looked at"),
    "posted": gettext_lazy("of them recorded now"),
    "already": gettext_lazy("of them recorded before, left as they are"),
    "conflicts": gettext_lazy("of them recorded before with other content, left as they were"),
    "refused": gettext_lazy("of them refused, for example because nobody has the number"),
    "enrolled": gettext_lazy("members who joined by this file"),
    "amount": gettext_lazy("value of what was recorded"),
}
ALWAYS = ("rows", "posted")
NOT_TAKEN = ("bad", "conflicts", "refused")


def counts_in_words(batch: ImportBatch) -> list[tuple[str, str, str]]:
    """Of each count its name, its figure and what it counts; the amount as money. What there is none of is left
    out, except the lines and what was recorded."""
    currency = Programme.objects.filter(key=batch.scope).values_list("currency", flat=True).first()
    return [
        (name, _figure(name, batch.counts, currency or ""), str(words))
        for name, words in COUNTS.items()
        if batch.counts.get(name) or name in ALWAYS
    ]


def _figure(name: str, counts: Mapping[str, Any], currency: str) -> str:
    count = int(counts.get(name, 0))
    return format_money(count, currency) if name == "amount" and currency else format_quantity(count)


def verdict(batch: ImportBatch) -> str:
    """One sentence on the whole: whether anything was changed, and what to do about what was left out. Nothing
    while the import is under way."""
    left_out = any(batch.counts.get(name) for name in NOT_TAKEN)
    if (batch.report or {}).get("dry_run"):
        return _("This was a dry run: nothing was changed.")
    if batch.state == ImportState.FAILED:
        return _("Nothing of this file was recorded: it could not be read, or it was to be all or nothing.")
    if batch.state != ImportState.DONE:
        return ""
    if left_out:
        return _(
            "Not everything was taken. Mend the lines that are named and take the file in again: what is recorded"
            " already stays as it is."
        )
    return _("Everything was taken.")
