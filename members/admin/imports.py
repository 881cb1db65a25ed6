"""What became of a file that was taken in, on its page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loyalty.core.models import ImportBatch
from loyalty.core.registry import Panel, Table, panels
from members.selectors.imports import counts_in_words, verdict


def counts_table(batch: ImportBatch, request: HttpRequest) -> Table:
    """The counts with what they count, and the verdict."""
    rows = [(figure, words) for _name, figure, words in counts_in_words(batch)]
    return Table((_("How many"), _("What")), rows, verdict(batch))


panels.contribute(
    "core.ImportBatch", Panel(_("What became of it"), "core.view_importbatch", content=counts_table)
)
