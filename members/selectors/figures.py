"""The figures of a programme in a period, as a manager reads them: members, purchases, points, tiers, rules, stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import add_months, local_day, start_of_day
from loyalty.core.translated import text
from members.models import Membership, Purchase, TierPeriod
from members.selectors.reports import By, TotalsRow, totals
from programs.models import Programme, Store
from programs.selectors.rulesets import NoRevision, ruleset_at

MOST_ROWS = 10
DAILY_UP_TO = 62  # days; longer periods are told by month


class Span(StrEnum):
    """Periods that are offered, by the programme's calendar."""

    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_30 = "last_30"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"
    ALL = "all"


SPANS: Mapping[Span, str | Promise] = {
    Span.THIS_MONTH: _("this month"),
    Span.LAST_MONTH: _("last month"),
    Span.LAST_30: _("the last 30 days"),
    Span.THIS_YEAR: _("this year"),
    Span.LAST_YEAR: _("last year"),
    Span.ALL: _("all time"),
}


@dataclass(frozen=True, slots=True)
class TierCount:
    """How many memberships are in a tier now."""

    ladder: str
    tier: str
    members: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`start` and `end` are local days, the end not included; None: without one. `active` is how many memberships
    bought something, `repeating` how many did so more than once. Points are in the smallest unit of their type."""

    start: date | None
    end: date | None
    members: int
    joined: int
    active: int
    repeating: int
    points: list[TotalsRow]
    series: list[TotalsRow]
    rules: list[TotalsRow]
    stores: list[TotalsRow]
    tiers: list[TierCount]
    names: Mapping[str, str]

    @property
    def purchases(self) -> int:
        return self.points[0].purchases if self.points else 0

    @property
    def amount(self) -> int:
        """Minor units."""
        return self.points[0].amount if self.points else 0


def days_of(span: Span, today: date) -> tuple[date | None, date | None]:
    """The first day of a period and the day after its last; None for no bound."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    if span is Span.THIS_MONTH:
        return month, add_months(month, 1)
    if span is Span.LAST_MONTH:
        return add_months(month, -1), month
    if span is Span.LAST_30:
        return today - timedelta(days=29), today + timedelta(days=1)
    if span is Span.THIS_YEAR:
        return year, add_months(year, 12)
    return (add_months(year, -12), year) if span is Span.LAST_YEAR else (None, None)


def figures(programme: Programme, span: Span, now: datetime) -> Figures:
    """Everything that the page of figures tells."""
    zone = ZoneInfo(programme.zone)
    first, end_day = days_of(span, local_day(now, zone))
    start = None if first is None else start_of_day(first, zone)
    end = None if end_day is None else start_of_day(end_day, zone)
    daily = first is not None and end_day is not None and (end_day - first).days <= DAILY_UP_TO
    memberships = Membership.objects.filter(programme=programme)
    active, repeating = _buyers(programme, start, end)
    rules = totals(programme, by=By.RULE, start=start, end=end)
    stores = _most(totals(programme, by=By.STORE, start=start, end=end), lambda row: row.amount)
    return Figures(
        start=first,
        end=end_day,
        members=memberships.count(),
        joined=memberships.filter(**_within("joined_at", start, end)).count(),
        active=active,
        repeating=repeating,
        points=totals(programme, start=start, end=end),
        series=totals(programme, by=By.DAY if daily else By.MONTH, start=start, end=end),
        rules=_most([row for row in rules if row.group], lambda row: row.issued),
        stores=stores,
        tiers=_tiers(programme),
        names=_names(programme, [row.group for row in stores], now),
    )


def _most(rows: list[TotalsRow], size: Callable[[TotalsRow], int]) -> list[TotalsRow]:
    """The largest groups, those with nothing left out."""
    return sorted((row for row in rows if size(row)), key=size, reverse=True)[:MOST_ROWS]


def _within(field: str, start: datetime | None, end: datetime | None) -> dict[str, datetime]:
    bounds = {f"{field}__gte": start, f"{field}__lt": end}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _buyers(programme: Programme, start: datetime | None, end: datetime | None) -> tuple[int, int]:
    rows = Purchase.objects.filter(membership__programme=programme, **_within("occurred_at", start, end))
    counted = rows.values("membership").annotate(times=Count("id")).values_list("times", flat=True)
    active = repeating = 0
    for times in counted.order_by().iterator():
        active += 1
        repeating += times > 1
    return active, repeating


def _tiers(programme: Programme) -> list[TierCount]:
    rows = (
        TierPeriod.objects.filter(membership__programme=programme, valid__endswith__isnull=True)
        .values_list("ladder", "tier")
        .annotate(members=Count("id"))
    )
    return [TierCount(*row) for row in rows.order_by("ladder", "-members")]


def _names(programme: Programme, stores: list[str], now: datetime) -> dict[str, str]:
    """What the rules, tiers and stores of the figures are called."""
    named = {f"store:{store.code}": str(store) for store in Store.objects.filter(code__in=stores)}
    try:
        core = ruleset_at(programme.pk, now).ruleset.core
    except NoRevision:
        return named
    named |= {f"rule:{rule.key}": text(dict(rule.title)) for rule in core.rules}
    for ladder in core.ladders:
        named |= {f"tier:{ladder.key}:{tier.key}": text(dict(tier.name)) for tier in ladder.tiers}
        named[f"ladder:{ladder.key}"] = text(dict(ladder.name))
    return named
