"""Cells of lists, pages and panels: a link to a thing, a moment, settings as they are written."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

__all__ = ["EMPTY", "as_json", "as_written", "link", "moment"]

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
    """A time on the clocks of a programme, else on the clock of the office."""
    if instant is None:
        return EMPTY
    return date_format(localtime(instant, ZoneInfo(zone) if zone else None), "DATETIME_FORMAT")


def as_written(text: str) -> SafeString:
    """Text of a file, line by line."""
    return format_html('<pre class="as-written text-xs">{}</pre>', text)


def as_json(value: Any) -> SafeString | str:
    """Plain data for those who look after the system."""
    if value in (None, "", {}, []):
        return EMPTY
    return as_written(json.dumps(value, ensure_ascii=False, indent=2))
