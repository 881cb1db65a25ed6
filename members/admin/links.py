"""Cells that lead to the page of what they name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from members.models import Purchase, Return
from members.models.ledger import Posting

__all__ = ["EMPTY", "cause", "link", "moment"]

EMPTY = "—"


def link(target: models.Model | None, words: Any = "") -> SafeString | str:
    """The words (by default the name of the thing), leading to its page."""
    if target is None:
        return EMPTY
    address = reverse(f"admin:{target._meta.app_label}_{target._meta.model_name}_change", args=[target.pk])
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, words or target
    )


def moment(instant: datetime | None, zone: str = "") -> str:
    """A time on the clocks of a programme, else on the reader's."""
    if instant is None:
        return EMPTY
    return date_format(localtime(instant, ZoneInfo(zone) if zone else None), "DATETIME_FORMAT")


def cause(posting: Posting) -> SafeString | str:
    """Why points moved: the document, else the reason or reference that was given."""
    returned: Return | None = posting.returned
    purchase: Purchase | None = posting.purchase
    if returned is not None:
        return link(returned, _("Return %(number)s") % {"number": returned.number})
    if purchase is not None:
        return link(purchase, _("Receipt %(number)s") % {"number": purchase.number})
    return posting.reason or posting.reference or EMPTY
