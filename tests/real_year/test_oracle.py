"""The independent calculations checked by hand, before anything is compared with them."""

from __future__ import annotations

import csv
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.real_year import oracle, prepare
from tests.real_year.reckoning import Operation, Reckoning, reckon, split, within_cap
from tests.real_year.synthetic import calculate, generate

JANUARY = "2025-01-10T10:00:00+00:00"


def buy(receipt: str, *lines: tuple[str, str, str], at: str = JANUARY, member: str = "anna") -> Operation:
    """A purchase of lines (category, quantity, amount)."""
    rows = [
        {"line": number, "sku": f"K{number}", "category": category, "quantity": quantity, "amount": amount}
        for number, (category, quantity, amount) in enumerate(lines, start=1)
    ]
    return {"kind": "purchase", "receipt": receipt, "member": member, "occurred_at": at, "lines": rows}


def bring(receipt: str, *lines: tuple[int, str, str], member: str = "anna") -> Operation:
    """A return of lines (number, "quantity" or "amount", how much)."""
    rows = [{"line": number, measure: value} for number, measure, value in lines]
    return {"kind": "return", "receipt": receipt, "member": member, "occurred_at": JANUARY, "lines": rows}


def redeem(points: int, member: str = "anna") -> Operation:
    return {"kind": "redeem", "member": member, "occurred_at": JANUARY, "points": points}


def adjust(reference: str, points: int, at: str = JANUARY) -> Operation:
    return {"kind": "adjust", "reference": reference, "member": "anna", "occurred_at": at, "points": points}


def lots(result: Reckoning, member: str = "anna") -> dict[str, int]:
    return result.accounts[member].remaining_by_source()


# -------------------------------------------------------------------------------------------- the real year


@pytest.mark.parametrize(
    ("cents", "points", "cashback"),
    [
        (-500, 0, 0),
        (0, 0, 0),
        (33, 0, 0),
        (34, 0, 1),
        (99, 0, 1),
        (100, 1, 2),
        (199, 1, 3),
        (10033, 100, 150),
    ],
)
def test_points_are_whole_dollars_and_cashback_is_half_up(cents: int, points: int, cashback: int) -> None:
    amount = pd.Series([cents])
    assert list(oracle.points_for(amount)) == [points]
    assert list(oracle.cashback_for(amount)) == [cashback]


def test_exactly_half_a_cent_is_rounded_up() -> None:
    # 1.5 % of 1.00 is 1.5 cents, of 3.00 is 4.5 cents
    assert list(oracle.cashback_for(pd.Series([100, 300, 299]))) == [2, 5, 4]


@pytest.mark.real_year
def test_the_whole_year() -> None:
    table = oracle.baskets()
    points, cashback = oracle.points_programme(table=table), oracle.cashback_programme(table=table)
    assert (points.purchases, len(points.members), int(table["lines"].sum())) == (155_848, 2_469, 1_469_307)
    assert points.amount == points.eligible == cashback.amount == 459_603_958
    assert cashback.eligible == 426_644_513
    assert (points.issued, cashback.issued) == (4_519_934, 6_399_689)
    assert sum(member.issued for member in cashback.members.values()) == cashback.issued


@pytest.mark.real_year
def test_the_import_file_holds_what_the_calculation_reads(tmp_path: Path) -> None:
    path = tmp_path / "year.csv"
    summary = prepare.write_purchases(path, limit_households=12)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == prepare.COLUMNS
    table = oracle.baskets(limit_households=12)
    baskets: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = baskets.setdefault(row["receipt"], {"amount": 0, "eligible": 0, "lines": 0})
        cents = int(Fraction(row["amount"]) * 100)
        entry["amount"] += cents
        entry["eligible"] += 0 if row["department"] == "FUEL" else cents
        entry["lines"] += 1
        entry["at"] = datetime.fromisoformat(row["occurred_at"])
    assert (summary["rows"], summary["receipts"], summary["members"]) == (len(rows), len(table), 12)
    for basket in table.itertuples():
        entry = baskets[str(basket.basket)]
        assert entry == {
            "amount": basket.amount,
            "eligible": basket.eligible,
            "lines": basket.lines,
            "at": basket.occurred_at,
        }


def test_fuel_is_written_in_gallons_and_unknown_products_are_empty() -> None:
    lines = pd.DataFrame(
        {
            "basket_id": [1, 1, 1, 1],
            "household_id": [7] * 4,
            "store_id": [3] * 4,
            "product_id": [10, 11, 12, 13],
            "quantity": [8725, 1, 144, 0],
            "sales_value": [20.06, 15.0, 24.000000000000004, 0.0],
            "retail_disc": [0.01, 0.0, 0.1, 0.0],
            "coupon_disc": [0.0, 0.0, 0.0, 2.0],
            "coupon_match_disc": [0.0, 0.0, 0.2, 0.0],
            "transaction_timestamp": pd.to_datetime(["2017-01-01 11:53:26"] * 4),
            "department": ["FUEL", "FUEL", "PRODUCE", None],
            "brand": ["Private", "Private", "National", None],
            "product_category": ["COUPON/MISC ITEMS", "FUEL", "CORN", None],
            "product_type": ["GASOLINE-REG UNLEADED", "GASOLINE-REG UNLEADED", "CORN WHITE", None],
        }
    )
    rows = prepare.import_rows(lines)
    assert list(rows["quantity"]) == ["8.725", "1", "144", "0"]
    assert list(rows["amount"]) == ["20.06", "15.00", "24.00", "0.00"]
    assert list(rows["discount"]) == ["0.01", "0.00", "0.30", "0.00"]
    assert rows["occurred_at"].iloc[0] == "2017-01-01T11:53:26+00:00"
    assert rows["department"].isna().tolist() == [False, False, False, True]


# --------------------------------------------------------------------------------------- the synthetic rules


def test_split_gives_what_is_left_to_the_largest_remainder_and_ties_to_the_last() -> None:
    assert split(10, [Fraction(1), Fraction(1), Fraction(1)]) == [3, 3, 4]
    assert split(11, [Fraction(1), Fraction(1), Fraction(1)]) == [3, 4, 4]
    assert split(7, [Fraction(5), Fraction(0), Fraction(5)]) == [3, 0, 4]
    assert split(1, [Fraction(2), Fraction(1)]) == [1, 0]
    assert split(0, [Fraction(2)]) == [0]


def test_awards_of_one_basket() -> None:
    outcome = reckon(
        [buy("r1", ("dairy", "1", "25.50"), ("coffee", "3", "9.60"), ("coffee", "2", "4.90"))]
    ).outcomes[0]
    assert outcome["awards"] == {"base": 40, "coffee": 10, "bonus": 50}
    # exact shares of the base: 25.5, 9.6, 4.9; of the bonus: 31.875, 12, 6.125
    assert outcome["splits"] == {"base": [25, 10, 5], "coffee": [0, 6, 4], "bonus": [32, 12, 6]}


@pytest.mark.parametrize(
    ("amount", "awards"), [("0.99", {}), ("39.99", {"base": 39}), ("40.00", {"base": 40, "bonus": 50})]
)
def test_minimums_are_reached_at_equality(amount: str, awards: dict[str, int]) -> None:
    result = reckon([buy("r1", ("dairy", "1", amount))])
    assert result.outcomes[0]["awards"] == awards
    assert len(lots(result)) == bool(awards)


def test_cap_truncates_by_local_month_and_is_net_of_returns() -> None:
    assert [within_cap(20, given) for given in (0, 10, 15, 30)] == [20, 20, 15, 0]
    result = reckon(
        [
            buy("r1", ("coffee", "12", "0.10")),
            buy("r2", ("coffee", "5", "0.10")),
            buy("r3", ("coffee", "5", "0.10"), at="2025-01-31T22:30:00+00:00"),  # February in Tallinn
            bring("r1", (1, "quantity", "5")),
            buy("r4", ("coffee", "9", "0.10"), at="2025-01-31T21:59:59+00:00"),
        ]
    )
    assert [outcome.get("awarded", 0) for outcome in result.outcomes] == [24, 6, 10, 0, 10]
    assert result.accounts["anna"].coffee_given == {(2025, 1): 30, (2025, 2): 10}


def test_partial_returns_by_quantity_and_amount_sum_to_the_whole() -> None:
    # base 10 and no bonus over 7.00 and 3.50: exact 6.67 and 3.33, so 7 and 3
    result = reckon(
        [
            buy("r1", ("dairy", "4", "7.00"), ("dairy", "1", "3.50")),
            bring("r1", (1, "quantity", "1")),  # 7/4 = 1.75 -> 1
            bring("r1", (1, "amount", "1.75"), (2, "amount", "0.50")),  # 3.5 + 3/7 = 3.93 -> 3, now 2
            bring("r1", (1, "quantity", "2")),  # 7 + 3/7 -> 7, now 4
            bring("r1", (2, "amount", "3.00")),  # 10, now 3
        ]
    )
    assert [outcome["taken"] for outcome in result.outcomes[1:]] == [1, 2, 4, 3]
    assert result.totals.outstanding == 0
    with pytest.raises(ValueError, match="more than all of line 1"):
        result.apply(bring("r1", (1, "quantity", "1")))


def test_points_come_back_from_own_lot_then_the_oldest_then_become_debt() -> None:
    result = reckon(
        [
            buy("r1", ("dairy", "1", "10.00"), at="2025-01-05T10:00:00+00:00"),
            buy("r2", ("dairy", "1", "20.00"), at="2025-01-06T10:00:00+00:00"),
            buy("late", ("dairy", "1", "5.00"), at="2025-01-04T10:00:00+00:00"),
            redeem(12),  # 5 of the late one, earned first, and 7 of r1
            bring("r2", (1, "amount", "10.00")),  # 10 of r2 itself
            redeem(14),
            redeem(13),
            bring("r2", (1, "amount", "10.00")),
            buy("r3", ("dairy", "1", "4.00")),
            adjust("a1", 30),
        ]
    )
    refused = result.outcomes[5]
    assert refused["refused"] == "insufficient_points"
    assert (refused["available"], refused["debt"]) == (13, 0)
    assert result.outcomes[4] | {"from_own_lot": 10, "from_other_lots": 0, "to_debt": 0} == result.outcomes[4]
    assert result.outcomes[7] | {"from_own_lot": 0, "from_other_lots": 0, "to_debt": 10} == result.outcomes[7]
    assert (
        result.outcomes[8] | {"awarded": 4, "debt_paid": 4, "available": 0, "debt": 6} == result.outcomes[8]
    )
    assert lots(result) == {"late": 0, "r1": 0, "r2": 0, "r3": 0, "a1": 24}
    assert (result.accounts["anna"].balance, result.totals.outstanding) == (24, 24)
    totals = result.totals
    assert (totals.issued, totals.reversed, totals.redeemed, totals.adjusted) == (39, 20, 25, 30)


def test_a_return_after_spending_takes_other_lots_before_debt() -> None:
    result = reckon(
        [
            buy("r1", ("dairy", "1", "10.00"), at="2025-01-05T10:00:00+00:00"),
            redeem(8),
            adjust("a1", 5),
            bring("r1", (1, "quantity", "1")),
        ]
    )
    assert result.outcomes[3] | {"from_own_lot": 2, "from_other_lots": 5, "to_debt": 3} == result.outcomes[3]
    assert result.accounts["anna"].balance == -3


def test_minus_adjustment_spends_the_oldest_or_is_refused() -> None:
    result = reckon([adjust("a1", 10), adjust("a2", 10, at="2025-01-09T10:00:00+00:00"), adjust("a3", -12)])
    assert lots(result) == {"a2": 0, "a1": 8}
    assert result.apply(adjust("a4", -9))["refused"] == "insufficient_points"
    assert result.totals.adjusted == 8


# ----------------------------------------------------------------------------------------- the synthetic year


def test_the_synthetic_year_is_repeatable_and_has_every_awkward_case() -> None:
    operations = generate(seed=7, members=20, receipts=800)
    assert operations == generate(seed=7, members=20, receipts=800)
    outcomes = calculate(operations).outcomes
    recorded = [operation["recorded_at"] for operation in operations]
    assert recorded == sorted(set(recorded))
    assert all(operation["occurred_at"] <= operation["recorded_at"] for operation in operations)
    assert {operation["kind"] for operation in operations} == {"purchase", "return", "redeem", "adjust"}
    assert sum(operation["occurred_at"] < operation["recorded_at"] for operation in operations) > 20
    for case in ("refused", "to_debt", "from_other_lots", "debt_paid"):
        assert sum(bool(outcome.get(case)) for outcome in outcomes) > 10, case


def test_the_synthetic_year_adds_up() -> None:
    result = calculate(generate(seed=8, members=20, receipts=800))
    accounts = result.accounts.values()
    assert result.totals.outstanding == sum(account.balance for account in accounts)
    assert all(account.totals.outstanding == account.balance for account in accounts)
    assert all(not account.debt or not account.available for account in accounts)
    assert all(0 <= given <= 30 for account in accounts for given in account.coffee_given.values())
    whole = [
        purchase for purchase in result.purchases.values() if all(share == 1 for share in purchase.returned)
    ]
    assert len(whole) > 20
    assert all(award.taken == award.points for purchase in whole for award in purchase.awards)
