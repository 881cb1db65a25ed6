"""What verifications of the ledger remember."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from loyalty.core.models.history import AppendOnly

__all__ = ["HistoryMark"]


class HistoryMark(AppendOnly):
    """How many rows a verification saw in a table that only grows, up to the highest id of that time.

    History only grows, so every mark holds for ever: a false one can raise an alarm but never silence one.
    """

    table_name = models.CharField(_("table"), max_length=63)
    highest = models.BigIntegerField(_("highest number"))
    rows = models.BigIntegerField(_("rows"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("mark of history")
        verbose_name_plural = _("marks of history")

    def __str__(self) -> str:
        return f"{self.table_name}: {self.rows}"
