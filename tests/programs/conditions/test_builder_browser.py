"""Conditions are built in a browser: with the mouse, with keys alone, by dragging, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from loyalty.core.models import User
from programs.models import Programme
from programs.services.programmes import load
from tests.programs.conditions import host

pytestmark = pytest.mark.browser
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR, languages: [en, et]}
point_types: [{key: points, name: Points}]
ladders:
  - {key: status, name: Status, metric: {of: spend}, window: {kind: calendar_year}, falls: to_earned,
     tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "100.00"}]}
events:
  - {key: stay, name: Stay, fields: [{key: nights, type: number}, {key: paid, type: boolean}]}
"""
NESTED = {
    "all": [
        {"fact": "basket.total", "is": "at_least", "value": "20.00"},
        {
            "any": [
                {"fact": "purchase.weekday", "is": "one_of", "value": ["sat", "sun"]},
                {"not": {"fact": "purchase.store", "is": "one_of", "value": ["S1", "S2"]}},
            ]
        },
        {
            "lines": {"fact": "line.category", "is": "one_of", "value": ["coffee", "tea"]},
            "of": "count",
            "is": "at_least",
            "value": 2,
        },
    ]
}
SENTENCE = (
    "when basket total is at least €20.00 and (day of the week is one of Saturday, Sunday or not (store is one of"
    " S1, S2)) and number of lines where category is one of coffee, tea is at least 2"
)


@pytest.fixture
def programme(live_site: str, settings: Any) -> Iterator[Programme]:
    settings.ROOT_URLCONF = "tests.programs.conditions.host"
    host.SAVED.clear()
    host.INITIAL.clear()
    yield load(CLUB, now=datetime(2026, 1, 1, tzinfo=UTC)).programme
    host.INITIAL.clear()


def opened(live_site: str, page: Any, programme: Programme) -> Any:
    """The page with the builders, for somebody who is logged in; what the browser complains of is kept."""
    User.objects.create_superuser("anna@example.com", "correct horse battery", name="Anna")
    page.complaints = []
    page.on(
        "console",
        lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{live_site}/admin/")
    page.fill("input[name=username]", "anna@example.com")
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")
    page.goto(f"{live_site}/admin/try/{programme.pk}/")
    return page


def field(page: Any, name: str) -> Any:
    return page.locator(f"[id='when-{name}']")


def says(page: Any, words: str) -> None:
    expect(page.locator("#when-sentence")).to_have_text(words)


def saved(page: Any) -> dict[str, Any]:
    page.fill("#id_title", "A title")
    page.click("#save")
    page.wait_for_load_state()
    assert len(host.SAVED) == 1, page.locator("form").inner_text()
    return host.SAVED[0]


def test_a_nested_condition_is_built_with_the_mouse(live_site: str, page: Any, programme: Programme) -> None:
    opened(live_site, page, programme)
    says(page, "always")
    field(page, "0-add").click()
    field(page, "0.0-fact").select_option("basket.total")
    says(page, "when basket total is at least …")
    field(page, "0.0-value").fill("20")
    says(page, "when basket total is at least €20.00")
    field(page, "0-group").click()
    field(page, "0.1.0-fact").select_option("purchase.weekday")
    page.get_by_label("Saturday").check()
    page.get_by_label("Sunday").check()
    field(page, "0.1-add").click()
    field(page, "0.1.1-fact").select_option("purchase.store")
    field(page, "0.1.1-pick").fill("S1, S2")
    field(page, "0.1.1-put").click()
    expect(page.locator(".conditions-chip")).to_have_count(2)
    field(page, "0.1.1-not").click()
    field(page, "0-lines").click()
    field(page, "0.2.0-fact").select_option("line.category")
    field(page, "0.2.0-pick").fill("tea")
    field(page, "0.2.0-pick").press("Enter")
    expect(field(page, "0.2.0-pick")).to_have_value("")
    field(page, "0.2.0-pick").fill("coffee")
    field(page, "0.2.0-pick").press("Enter")
    field(page, "0.2-value").fill("2")
    says(page, SENTENCE)
    assert saved(page)["when"] == NESTED
    assert page.complaints == []
