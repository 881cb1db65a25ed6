"""People who write rules are offered what was bought lately in their programme, and soon however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from members.selectors import purchased
from members.services.purchases import record_purchase
from programs.engine.facts import Line
from programs.models import Programme
from programs.selectors.suggestions import suggestions
from tests.members.club import NOON, basket, club, member, operator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def buy(programme: Programme, receipt: str, *lines: Line, **header: str) -> None:
    sold = basket()._replace(lines=lines, **header)
    record_purchase(membership=member(programme), basket=sold, receipt=receipt, partner=operator(), now=NOON)


def offered(programme: Programme, fact: str, typed: str = "") -> list[str]:
    return [each.value for each in suggestions.offered(fact, programme, typed)]


def test_what_was_bought_is_offered_the_most_frequent_first() -> None:
    programme = club()
    tea = Line("tea-1", 1000, 300, category="Tea", labels=frozenset({"bio"}))
    buy(programme, "r1", tea, Line("nails", 1000, 200, category="Tools", brand="Acme"), channel="web")
    buy(programme, "r2", tea, payment="card", till="T1")
    assert offered(programme, "line.category") == ["Tea", "Tools"]
    assert offered(programme, "line.sku") == ["tea-1", "nails"]
    assert offered(programme, "line.sku", "NAI") == ["nails"]
    assert offered(programme, "line.label") == ["bio"]
    assert offered(programme, "line.brand") == ["Acme"]
    assert (offered(programme, "purchase.channel"), offered(programme, "purchase.payment")) == (
        ["web"],
        ["card"],
    )
    assert offered(programme, "purchase.cashier") == []


def test_what_was_found_is_remembered_for_a_while(django_assert_num_queries: Any) -> None:
    programme = club()
    buy(programme, "r1", Line("tea", 1000, 300))
    with django_assert_num_queries(1):
        assert [offered(programme, "line.sku", typed) for typed in ("", "t", "x")] == [["tea"], ["tea"], []]


def test_only_the_latest_purchases_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = club()
    for number in range(4):
        buy(programme, f"r{number}", Line(f"sku{number}", 1000, 300))
    monkeypatch.setattr(purchased, "LATEST", 2)
    assert offered(programme, "line.sku") == ["sku2", "sku3"]
    assert offered(programme, "line.sku", "sku0") == []


def test_they_are_found_by_the_primary_key() -> None:
    programme = club()
    buy(programme, "r1", Line("tea", 1000, 300))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT revision_id, lines, header FROM members_purchase ORDER BY id DESC LIMIT 2000"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan Backward" in plan
    assert "Sort" not in plan
