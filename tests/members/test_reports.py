"""Balances and totals of a small ledger, figure by figure."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from members.management.commands.report import guarded
from members.models import Membership
from members.selectors import reports
from members.selectors.reports import By
from members.services.advancing import advance
from members.services.purchases import record_purchase
from members.services.redemptions import redeem
from tests.members.club import basket, club, member, operator
from tests.members.small_ledger import SmallLedger, at, programme_of_points, small_ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db: None) -> SmallLedger:
    return small_ledger()


def output(*arguments: str) -> str:
    out = io.StringIO()
    call_command("report", *arguments, stdout=out)
    return out.getvalue()


def table(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output(*arguments))))


def balance_of(rows: Any, member: str, point_type: str = "points") -> Any:
    return next(row for row in rows if (row.member, row.point_type) == (member, point_type))


def test_balances_now(small: SmallLedger) -> None:
    rows = table("balances", "--programme", "club")
    assert rows == [
        {
            "member": "'=M-2", "point_type": "points", "tier": "", "balance": "33", "available": "33",
            "pending": "0", "held": "0", "debt": "0", "earned": "150", "redeemed": "75", "expired": "0",
            "reversed": "40", "adjusted": "-2",
        },
        {
            "member": "A-1", "point_type": "points", "tier": "", "balance": "47", "available": "47",
            "pending": "0", "held": "0", "debt": "0", "earned": "107", "redeemed": "20", "expired": "0",
            "reversed": "40", "adjusted": "0",
        },
        {
            "member": "A-1", "point_type": "cash", "tier": "", "balance": "1.50", "available": "1.50",
            "pending": "0.00", "held": "0.00", "debt": "0.00", "earned": "1.50", "redeemed": "0.00",
            "expired": "0.00", "reversed": "0.00", "adjusted": "0.00",
        },
    ]  # fmt: skip


def test_balances_as_json_are_the_same_and_not_escaped(small: SmallLedger) -> None:
    rows = json.loads(output("balances", "--programme", "club", "--format", "json"))
    assert [(row["member"], row["balance"]) for row in rows] == [
        ("=M-2", "33"),
        ("A-1", "47"),
        ("A-1", "1.50"),
    ]
    assert json.loads(output("balances", "--programme", "club", "--json")) == rows


def test_what_had_happened_by_a_time_is_known_today(small: SmallLedger) -> None:
    rows = list(reports.balances(small.programme, as_of=at("2026-02-01T11:59")))
    # r4 happened on 31 January, although it was recorded after the spending.
    assert balance_of(rows, "A-1").balance == 107
    mark = balance_of(rows, "=M-2")
    assert (mark.balance, mark.available, mark.debt, mark.reversed) == (-15, 0, 15, 40)


def test_what_was_known_at_a_time(small: SmallLedger) -> None:
    rows = list(reports.balances(small.programme, known_at=at("2026-02-01T12:00")))
    assert balance_of(rows, "A-1").balance == 70
    both = list(
        reports.balances(small.programme, known_at=at("2026-02-05T09:00"), as_of=at("2026-02-01T12:00"))
    )
    assert balance_of(both, "A-1").balance == 70
    later = list(reports.balances(small.programme, known_at=at("2026-12-31")))
    assert later == list(reports.balances(small.programme))
    assert later == list(reports.balances(small.programme, as_of=at("2026-12-31")))


def test_nobody_is_listed_before_joining(small: SmallLedger) -> None:
    assert list(reports.balances(small.programme, as_of=at("2025-12-31"))) == []
    assert list(reports.balances(small.programme, known_at=at("2025-12-31"))) == []
    # By the zone's clock the day ends two hours earlier than by UTC; the last of the year is the day before.
    assert table("balances", "--programme", "club", "--as-of", "2025-12-31") == []
    assert len(table("balances", "--programme", "club", "--as-of", "2026-01-10")) == 3


def test_totals(small: SmallLedger) -> None:
    assert table("totals", "--programme", "club") == [
        {
            "point_type": "points", "purchases": "5", "amount": "257.99", "currency": "EUR",
            "issued": "257", "reversed": "80", "redeemed": "95", "expired": "0", "outstanding": "80",
            "adjusted": "-2",
        },
        {
            "point_type": "cash", "purchases": "5", "amount": "257.99", "currency": "EUR",
            "issued": "1.50", "reversed": "0.00", "redeemed": "0.00", "expired": "0.00",
            "outstanding": "1.50", "adjusted": "0.00",
        },
    ]  # fmt: skip


def figures(small: SmallLedger, by: By, **period: Any) -> dict[str, tuple[int, ...]]:
    return {
        row.group: (row.purchases, row.issued, row.reversed, row.redeemed, row.adjusted, row.outstanding)
        for row in reports.totals(small.programme, by=by, **period)
        if row.point_type == "points"
    }


def test_totals_by_month_end_with_what_is_outstanding_then(small: SmallLedger) -> None:
    assert figures(small, By.MONTH) == {
        "2026-01": (2, 200, 40, 75, 0, 85),
        "2026-02": (1, 7, 40, 20, 0, 32),
        "2026-03": (2, 50, 0, 0, -2, 80),
    }
    assert figures(small, By.MONTH, start=at("2026-02-28T22:00")) == {"2026-03": (2, 50, 0, 0, -2, 80)}
    assert figures(small, By.QUARTER) == {"2026-Q1": (5, 257, 80, 95, -2, 80)}
    assert list(figures(small, By.DAY))[:4] == ["2026-01-10", "2026-01-11", "2026-01-12", "2026-01-13"]


def test_totals_by_store_rule_member_and_tier(small: SmallLedger) -> None:
    assert figures(small, By.STORE) == {"": (4, 157, 40, 95, -2, 20), "s1": (1, 100, 40, 0, 0, 60)}
    assert figures(small, By.RULE) == {
        "": (1, 0, 0, 95, -2, -97),
        "base": (4, 247, 80, 0, 0, 167),
        "cashback": (1, 0, 0, 0, 0, 0),
        "extra": (1, 10, 0, 0, 0, 10),
    }
    assert figures(small, By.MEMBER) == {
        "=M-2": (3, 150, 40, 75, -2, 33),
        "A-1": (2, 107, 40, 20, 0, 47),
    }
    assert figures(small, By.TIER) == {"": (5, 257, 80, 95, -2, 80)}


LADDER = """
ladders:
  - key: status
    name: Status
    tiers: [{key: green, name: Green}, {key: gold, name: Gold, threshold: "100.00"}]
"""


def shopper() -> Membership:
    """Joined in January 2025; 60 euros in February, 50 in March (which makes gold), 20 in April; spends 5 in May. Nobody
    has looked at the ends of 2025 and 2026 yet, the latter of which ends gold."""
    membership = member(club(LADDER))
    for number, (day, cents) in enumerate(
        {"2025-02-01": 6000, "2025-03-01": 5000, "2025-04-01": 2000}.items()
    ):
        record_purchase(
            membership=membership, basket=basket(cents, at=at(day)), receipt=f"r{number}", partner=operator(),
            now=at(f"{day}T12:00"),
        )  # fmt: skip
    redeem(membership=membership, points=5, partner=operator(), reference="s1", now=at("2025-05-01"))
    return membership


def tiers(*arguments: str) -> list[str]:
    return [row["tier"] for row in table("balances", "--programme", "club", *arguments)]


def test_balances_name_the_tier_of_that_time(db: None) -> None:
    membership = shopper()
    assert tiers() == ["gold"]
    assert tiers("--as-of", "2025-02-28") == ["green"]
    assert tiers("--as-of", "2025-03-01T02:00") == ["gold"]
    # The purchase of the night was recorded at noon.
    assert tiers("--known-at", "2025-03-01T13:00") == ["green"]
    assert tiers("--known-at", "2025-03-01T14:00") == ["gold"]
    assert tiers("--known-at", "2025-12-31", "--as-of", "2025-02-28") == ["green"]
    advance(membership.programme, at("2027-01-01"))
    assert tiers() == ["green"]
    assert tiers("--as-of", "2026-12-31") == ["gold"]


def test_totals_by_tier_stand_under_the_tier_before_the_purchase(db: None) -> None:
    programme = shopper().programme
    rows = reports.totals(programme, by=By.TIER, ladder="status")
    assert [
        (row.group, row.purchases, row.amount, row.issued, row.redeemed, row.outstanding) for row in rows
    ] == [("gold", 1, 2000, 20, 5, 15), ("green", 2, 11000, 110, 0, 110)]
    [whole] = reports.totals(programme)
    assert (whole.purchases, whole.issued, whole.outstanding) == (3, 130, 125)
    assert [row["tier"] for row in table("totals", "--programme", "club", "--by", "tier")] == [
        "gold",
        "green",
    ]


def test_days_of_a_period_are_the_programmes_and_both_count(small: SmallLedger) -> None:
    [row, _cash] = json.loads(
        output("totals", "--programme", "club", "--from", "2026-02-01", "--to", "2026-02-05", "--json")
    )
    assert row == {
        "point_type": "points", "purchases": 1, "amount": "7.00", "currency": "EUR", "issued": "7",
        "reversed": "40", "redeemed": "20", "expired": "0", "outstanding": "32", "adjusted": "0",
    }  # fmt: skip


def test_an_empty_programme_has_totals_of_nothing(db: None) -> None:
    programme = programme_of_points().programme
    assert [(row.point_type, row.purchases, row.outstanding) for row in reports.totals(programme)] == [
        ("points", 0, 0),
        ("cash", 0, 0),
    ]
    assert output("balances", "--programme", "club", "--json").strip() == "[]"


def test_the_number_of_queries_does_not_grow_with_members(
    small: SmallLedger, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        list(reports.balances(small.programme))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_text_never_becomes_a_formula(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"
    assert guarded(f"1{start}") == f"1{start}"


@pytest.mark.parametrize(
    "arguments", [["balances", "--programme", "nowhere"], ["totals", "--programme", "club", "--from", "May"]]
)
def test_a_refusal_is_a_sentence(small: SmallLedger, arguments: list[str]) -> None:
    told = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("report", *arguments, stdout=io.StringIO(), stderr=told)
    assert ended.value.code == 1
    assert "nowhere" in told.getvalue() or "May" in told.getvalue()
