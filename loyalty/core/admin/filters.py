"""Filters of lists that the theme's own do not do right."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import make_aware
from unfold.contrib.filters.admin import RangeDateTimeFilter

__all__ = ["BetweenMoments"]


class BetweenMoments(RangeDateTimeFilter):
    """From one moment to another on the clocks of the office. A day without a time is the whole day. What is no date
    is refused by the list in the usual way."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {
            f"{self.field_path}__gte": self._moment("from", time.min),
            f"{self.field_path}__lte": self._moment("to", time.max),
        }
        return queryset.filter(**{name: bound for name, bound in bounds.items() if bound is not None})

    def _moment(self, end: str, usual: time) -> datetime | None:
        day = self.used_parameters.get(f"{self.field_path}_{end}_0")
        clock = self.used_parameters.get(f"{self.field_path}_{end}_1")
        if not day:
            return None
        try:
            return make_aware(
                datetime.combine(date.fromisoformat(day), time.fromisoformat(clock) if clock else usual)
            )
        except (ValueError, OverflowError) as wrong:
            raise IncorrectLookupParameters(wrong) from wrong
