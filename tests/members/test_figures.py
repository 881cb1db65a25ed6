"""The figures on a programme's desk: what they count, for which days, and where each leads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from loyalty.core import clock
from loyalty.core.models import User
from members.selectors.figures import Span, days_of, figures
from programs.admin.desk.tabs import tab_url
from programs.models import Programme
from tests.members.small_ledger import SmallLedger, at, small_ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db: None) -> SmallLedger:
    cache.clear()
    return small_ledger()


@pytest.mark.parametrize(
    ("span", "today", "days"),
    [
        (Span.THIS_MONTH, date(2026, 2, 28), (date(2026, 2, 1), date(2026, 3, 1))),
        (Span.LAST_MONTH, date(2026, 1, 31), (date(2025, 12, 1), date(2026, 1, 1))),
        (Span.LAST_30, date(2026, 3, 1), (date(2026, 1, 31), date(2026, 3, 2))),
        (Span.THIS_YEAR, date(2028, 2, 29), (date(2028, 1, 1), date(2029, 1, 1))),
        (Span.LAST_YEAR, date(2028, 2, 29), (date(2027, 1, 1), date(2028, 1, 1))),
        (Span.ALL, date(2026, 1, 1), (None, None)),
    ],
)
def test_periods_are_those_of_the_calendar(span: Span, today: date, days: Any) -> None:
    assert days_of(span, today) == days


def test_the_figures_of_all_time_are_those_of_the_reports(small: SmallLedger) -> None:
    found = figures(Programme.objects.get(), Span.ALL, at("2026-03-31"))
    main = found.points[0]
    assert (found.members, found.active) == (2, 2)
    assert (
        main.outstanding == main.issued - main.reversed - main.redeemed - main.expired + main.adjusted == 80
    )
    assert sum(row.issued for row in found.series if row.point_type == main.point_type) == main.issued
    assert sum(row.amount for row in found.stores if row.point_type == main.point_type) == found.amount


def test_a_period_without_purchases_is_told_as_nothing(small: SmallLedger) -> None:
    found = figures(Programme.objects.get(), Span.LAST_YEAR, at("2026-03-31"))
    assert (found.purchases, found.amount, found.active, found.series) == (0, 0, 0, [])


def test_the_page_tells_them_and_leads_to_the_rows(small: SmallLedger) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    with clock.at(at("2026-03-31")):
        url = tab_url(Programme.objects.get(), "figures")
        for span in ("", "all", "last_year", "nonsense"):
            answer = client.get(url, {"span": span})
            assert answer.status_code == 200
        page = client.get(url, {"span": "all"}).content.decode()
    assert "occurred_at_from_0=2026-" in page
    start = page.index("occurred_at_from_0=")
    listed = page[page.rindex('"', 0, start) + 1 : page.index('"', start)].replace("&amp;", "&")
    assert client.get(listed).status_code == 200
