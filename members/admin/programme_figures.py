"""The figures of a programme on its desk: cards, a chart that is also a table, tiers, rules and stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import clock
from loyalty.core.admin.cells import EMPTY, moment
from loyalty.core.exact import as_decimal
from loyalty.core.registry import Card, ShownPanel, Table
from loyalty.core.translated import format_money, format_quantity
from members.selectors.figures import SPANS, Figures, Span, figures
from members.selectors.reports import TotalsRow
from programs.admin.desk.tabs import Tab, tab_url, tabs
from programs.models import Programme

KEPT_SECONDS = 300


def _page(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    asked = request.GET.get("span", "")
    span = Span(asked) if asked in tuple(Span) else Span.THIS_MONTH
    found, counted_at = _counted(programme, span)
    links = [
        (words, f"{tab_url(programme, 'figures')}?span={key}", key == span) for key, words in SPANS.items()
    ]
    return {
        "spans": links,
        "counted_at": moment(counted_at, programme.zone),
        "cards": _cards(programme, found),
        "chart": _chart(found),
        "legend": [(label, colour) for _name, label, colour in MOVES],
        "panels": _panels(programme, found),
    }


def _counted(programme: Programme, span: Span) -> tuple[Figures, Any]:
    """The figures, counted anew after some minutes: they read the whole ledger of the period."""
    key = f"figures:{programme.pk}:{span}"
    kept = cache.get(key)
    if kept is None:
        now = clock.now()
        kept = figures(programme, span, now), now
        cache.set(key, kept, KEPT_SECONDS)
    return kept


# --- cards ------------------------------------------------------------------------------------------------------
def _cards(programme: Programme, found: Figures) -> list[Card]:
    average = found.amount // found.purchases if found.purchases else None
    share = _("%(percent)s %% of all members") % {"percent": _percent(found.active, found.members)}
    return [
        Card(
            _("Members"),
            format_quantity(found.members),
            _("%(count)s joined in this period") % {"count": format_quantity(found.joined)},
            _list("membership", programme__id__exact=programme.pk),
            "group",
        ),
        Card(
            _("Members who bought"),
            format_quantity(found.active),
            share if found.members else "",
            icon="how_to_reg",
        ),
        Card(
            _("Came again"),
            format_quantity(found.repeating),
            _("bought more than once in this period"),
            icon="repeat",
        ),
        Card(
            _("Purchases"),
            format_quantity(found.purchases),
            format_money(found.amount, programme.currency),
            _purchases(found.start, found.end),
            "receipt_long",
        ),
        Card(
            _("Average receipt"),
            EMPTY if average is None else format_money(average, programme.currency),
            icon="shopping_basket",
        ),
    ]


def _percent(part: int, whole: int) -> str:
    return format_quantity(part * 1000 // whole, 1) if whole else "0"


# --- chart and tables ---------------------------------------------------------------------------------------------
MOVES = (
    ("issued", gettext_lazy("Issued"), "var(--color-primary-600)"),
    ("redeemed", gettext_lazy("Redeemed"), "#0ea5e9"),
    ("expired", gettext_lazy("Expired"), "#9ca3af"),
)


def _chart(found: Figures) -> str:
    """The main points by period, as the theme's chart wants them; empty without periods."""
    rows = [row for row in found.series if row.point_type == found.points[0].point_type]
    if not rows:
        return ""
    sets = [
        {
            "label": str(label),
            # A picture may round; the table beside it does not.
            "data": [str(as_decimal(getattr(row, name), row.decimals)) for row in rows],
            "backgroundColor": colour,
        }
        for name, label, colour in MOVES
    ]
    return json.dumps({"labels": [_period(row.group) for row in rows], "datasets": sets})


def _panels(programme: Programme, found: Figures) -> list[ShownPanel]:
    named = found.names
    types = {each.key: str(each) for each in programme.point_types.all()}
    panels = [
        ShownPanel(_("Points"), _points(found.points, types)),
        ShownPanel(_("By period"), _series(programme, found, types)),
    ]
    if found.tiers:
        rows = [
            (
                named.get(f"ladder:{row.ladder}", row.ladder),
                named.get(f"tier:{row.ladder}:{row.tier}", row.tier),
                _link(format_quantity(row.members), _list("membership", programme__id__exact=programme.pk)),
                f"{_percent(row.members, found.members)} %",
            )
            for row in found.tiers
        ]
        columns = (_("Ladder"), _("Tier"), _("Members now"), _("Share"))
        panels.append(ShownPanel(_("Tiers"), Table(columns, rows)))
    panels.append(ShownPanel(_("Rules that gave most"), _rules(programme, found, types)))
    panels.append(ShownPanel(_("Stores that sold most"), _stores(programme, found)))
    return panels


def _points(rows: Sequence[TotalsRow], types: dict[str, str]) -> Table:
    columns = (
        _("Points"),
        _("Issued"),
        _("Taken back"),
        _("Redeemed"),
        _("Expired"),
        _("Other"),
        _("Outstanding"),
    )
    cells = []
    for row in rows:
        numbers = (row.issued, row.reversed, row.redeemed, row.expired, row.adjusted, row.outstanding)
        cells.append(
            (types.get(row.point_type, row.point_type), *(format_quantity(n, row.decimals) for n in numbers))
        )
    note = _(
        "Outstanding is what members hold at the end of the period: issued less taken back, redeemed and expired, with"
        " everything before."
    )
    return Table(columns, cells, note)


def _series(programme: Programme, found: Figures, types: dict[str, str]) -> Table:
    columns = (
        _("Period"),
        _("Purchases"),
        _("Amount"),
        _("Points"),
        _("Issued"),
        _("Redeemed"),
        _("Expired"),
    )
    rows = []
    for row in found.series:
        numbers = (row.issued, row.redeemed, row.expired)
        rows.append(
            (
                _period(row.group),
                _link(format_quantity(row.purchases), _purchases(*_days_of(row.group))),
                format_money(row.amount, programme.currency),
                types.get(row.point_type, row.point_type),
                *(format_quantity(number, row.decimals) for number in numbers),
            )
        )
    return Table(columns, rows)


def _rules(programme: Programme, found: Figures, types: dict[str, str]) -> Table:
    keys = {rule.key: rule.pk for rule in programme.rules.all()}
    rows = [
        (
            _link(
                found.names.get(f"rule:{row.group}", row.group),
                reverse("admin:programs_rule_change", args=[keys[row.group]]) if row.group in keys else "",
            ),
            types.get(row.point_type, row.point_type),
            format_quantity(row.issued, row.decimals),
            format_quantity(row.purchases),
        )
        for row in found.rules
    ]
    return Table((_("Rule"), _("Points"), _("Issued"), _("Purchases")), rows)


def _stores(programme: Programme, found: Figures) -> Table:
    seen: set[str] = set()
    rows = []
    for row in found.stores:
        if row.group in seen:
            continue
        seen.add(row.group)
        rows.append(
            (
                found.names.get(f"store:{row.group}", row.group or _("without a store")),
                format_quantity(row.purchases),
                format_money(row.amount, programme.currency),
            )
        )
    return Table((_("Store"), _("Purchases"), _("Amount")), rows)


# --- ways to the rows -------------------------------------------------------------------------------------------
def _link(words: str, url: str) -> SafeString | str:
    if not url:
        return words
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, words)


def _list(model: str, **filters: Any) -> str:
    return f"{reverse(f'admin:members_{model}_changelist')}?{urlencode(filters)}"


def _purchases(start: date | None, end: date | None) -> str:
    """The purchases of a period; the end is not part of it."""
    filters: dict[str, str] = {}
    if start is not None:
        filters |= {"occurred_at_from_0": date_format(start, "Y-m-d"), "occurred_at_from_1": "00:00"}
    if end is not None:
        last = end - timedelta(days=1)
        filters |= {"occurred_at_to_0": date_format(last, "Y-m-d"), "occurred_at_to_1": "23:59:59"}
    return _list("purchase", **filters)


def _period(group: str) -> str:
    """ "2026-03" as March 2026, a day as 17 March 2026."""
    return date_format(
        _days_of(group)[0], "DATE_FORMAT" if len(group) > len("2026-03") else "YEAR_MONTH_FORMAT"
    )


def _days_of(group: str) -> tuple[date, date]:
    """The days of "2026-03" or "2026-03-17"."""
    if len(group) > len("2026-03"):
        day = date.fromisoformat(group)
        return day, day + timedelta(days=1)
    first = date.fromisoformat(f"{group}-01")
    return first, (first + timedelta(days=32)).replace(day=1)


tabs.contribute(
    Tab(
        "figures",
        gettext_lazy("Figures"),
        "members.view_membership",
        _page,
        "admin/members/figures.html",
        order=10,
    )
)
