"""What became of a file that was taken in, on its page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loyalty.core.models import ImportBatch
from loyalty.core.registry import Panel, Table, panels
from members.selectors.imports import counts_in_words, verdict

ALWAYS = ("rows", "posted")


def counts_table(batch: ImportBatch, request: HttpRequest) -> Table:
    """The counts with what they count, and the verdict. What there is none of is left out."""
    counts = counts_in_words(batch)
    rows = [(count.shown, count.words) for count in counts if count.number or count.name in ALWAYS]
    return Table((_("How many"), _("What")), rows, verdict(batch))


panels.contribute(
    "core.ImportBatch", Panel(_("What became of it"), "core.view_importbatch", content=counts_table)
)
