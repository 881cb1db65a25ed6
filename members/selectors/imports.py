"""What became of a file that was taken in, in words: for the back office and for the command line."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.choices import ImportState
from loyalty.core.models import ImportBatch
from loyalty.core.translated import format_money, format_quantity
from programs.models import Programme

__all__ = ["Count", "counts_in_words", "verdict"]

# The counts of an import in the order in which they are told.
COUNTS: dict[str, str | Promise] = {
    "rows": gettext_lazy("lines in the file"),
    "bad": gettext_lazy("faults in lines; a receipt, return or product with one is left out whole"),
    "documents": gettext_lazy("receipts or returns that were looked at"),
    "posted": gettext_lazy("of them recorded now"),
    "already": gettext_lazy("of them recorded before, left as they are"),
    "conflicts": gettext_lazy("of them recorded before with other content, left as they were"),
    "refused": gettext_lazy("of them refused, for example because nobody has the number"),
    "enrolled": gettext_lazy("members who joined by this file"),
    "added": gettext_lazy("products that are new"),
    "changed": gettext_lazy("products that were changed"),
    "unchanged": gettext_lazy("products that were known just so"),
    "amount": gettext_lazy("value of what was recorded"),
}
NOT_TAKEN = ("bad", "conflicts", "refused")


@dataclass(frozen=True, slots=True)
class Count:
    """One count of an import: its stable name, the number, as it is read, and what it counts."""

    name: str
    number: int
    shown: str
    words: str


def counts_in_words(batch: ImportBatch) -> list[Count]:
    """The counts of an import in the order in which they are told; the amount also as money."""
    currency = Programme.objects.filter(key=batch.scope).values_list("currency", flat=True).first() or ""
    return [
        Count(name, int(batch.counts[name]), _shown(name, int(batch.counts[name]), currency), str(words))
        for name, words in COUNTS.items()
        if name in batch.counts
    ]


def _shown(name: str, number: int, currency: str) -> str:
    return format_money(number, currency) if name == "amount" and currency else format_quantity(number)


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
