"""What the real year must come to with tiers, expiry and redemptions, calculated from the written rules alone.

Nothing here knows the product; baskets come from `oracle.baskets`, everything is whole cents and whole points.

Readings of the rules:

* One point for each whole dollar of the basket. A tier multiplier is put on those whole dollars and the product
  is rounded down once for the basket: 3.99 at x1.5 is 3 dollars, 4.5, 4 points.
* The tier is decided by what was spent from 1 January to 31 December, in New York: 500.00 makes silver, 1500.00
  gold, reached at equality. It starts at once, but the basket that lifts earns at the rate before it.
* A tier holds to the end of the following year and then falls to what that year's spending earns.
* Points can be used on the local day of the basket and 90 days more; they go at the following local midnight,
  before whatever else happens at that instant.
* Where at least 500 points are left just before a basket, 500 are spent, once, before the basket earns: those
  that go soonest first, then those of the older basket.
* Baskets of a member follow each other by time, then by number. A basket that earns nothing still counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd

from tests.real_year import oracle

ZONE = ZoneInfo("America/New_York")
TIERS = (("base", 0, 2), ("silver", 50_000, 3), ("gold", 150_000, 4))  # spent in cents, halves of a point
USABLE_DAYS = 90
REDEEMED_AT_ONCE = 500
END_OF_YEAR = datetime(2018, 1, 1, tzinfo=ZONE)
END_OF_NEXT_YEAR = datetime(2019, 1, 1, tzinfo=ZONE)


@dataclass(frozen=True)
class Terms:
    """Which of the rules are switched on."""

    multipliers: bool = False
    expiry: bool = False
    redeeming: bool = False


@dataclass
class MemberYear:
    """One member's points and tier; a lot is [gone at, points left], oldest first."""

    issued: int = 0
    expired: int = 0
    redeemed: int = 0
    redemptions: int = 0
    spent_by_year: dict[int, int] = field(default_factory=dict)
    lots: list[tuple[datetime | None, list[int]]] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(left[0] for _, left in self.lots)

    def level(self, year: int) -> int:
        """The tier earned in a year, as its place in TIERS."""
        spent = self.spent_by_year.get(year, 0)
        return max(at for at, (_, threshold, _) in enumerate(TIERS) if spent >= threshold)

    def tier_at(self, instant: datetime) -> str:
        """The best of what this year and the year before have earned so far."""
        year = instant.astimezone(ZONE).year
        return TIERS[max(self.level(year), self.level(year - 1))][0]

    def figures(self, instant: datetime) -> tuple[int, int, int, int, str]:
        """Issued, expired, redeemed, balance and tier."""
        return self.issued, self.expired, self.redeemed, self.balance, self.tier_at(instant)

    def expire(self, until: datetime) -> None:
        for gone_at, left in self.lots:
            if gone_at is not None and gone_at <= until:
                self.expired += left[0]
                left[0] = 0
        self.lots = [lot for lot in self.lots if lot[1][0]]

    def redeem(self, points: int) -> None:
        self.redeemed += points
        self.redemptions += 1
        # Every lot lasts equally long, so the oldest is the one that goes first.
        for _, left in self.lots:
            part = min(points, left[0])
            left[0] -= part
            points -= part

    def basket(self, occurred_at: datetime, amount: int, terms: Terms) -> None:
        day = local_day(occurred_at)
        self.expire(occurred_at)
        if terms.redeeming and self.balance >= REDEEMED_AT_ONCE:
            self.redeem(REDEEMED_AT_ONCE)
        halves = TIERS[max(self.level(day.year), self.level(day.year - 1))][2] if terms.multipliers else 2
        points = max(amount, 0) // 100 * halves // 2
        if points:
            self.issued += points
            self.lots.append((gone_at(day) if terms.expiry else None, [points]))
        self.spent_by_year[day.year] = self.spent_by_year.get(day.year, 0) + amount


def local_day(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


@cache
def gone_at(day: date) -> datetime:
    """The midnight after the last day on which points of `day` can be used."""
    return datetime.combine(day + timedelta(days=USABLE_DAYS + 1), time(), ZONE).astimezone(UTC)


def calculate(table: pd.DataFrame, terms: Terms, until: datetime = END_OF_YEAR) -> dict[str, MemberYear]:
    """Every member by household number (text) after the year and everything that went up to `until`."""
    members: dict[str, MemberYear] = {}
    ordered = table.sort_values(["occurred_at", "basket"])
    for member, occurred_at, amount in zip(
        ordered["member"].astype(str),
        ordered["occurred_at"].dt.to_pydatetime(),
        ordered["amount"],
        strict=True,
    ):
        members.setdefault(member, MemberYear()).basket(occurred_at, int(amount), terms)
    for each in members.values():
        each.expire(until)
    return members


def main() -> None:
    """Print the totals of every set of terms."""
    table = oracle.baskets()
    for terms in (
        Terms(),
        Terms(multipliers=True),
        Terms(expiry=True),
        Terms(expiry=True, redeeming=True),
        Terms(multipliers=True, expiry=True, redeeming=True),
    ):
        years = calculate(table, terms).values()
        tiers = pd.Series([each.tier_at(END_OF_YEAR - timedelta(seconds=1)) for each in years]).value_counts()
        print(
            terms,
            *(
                f"{name}={sum(getattr(each, name) for each in years)}"
                for name in ("issued", "expired", "redeemed", "redemptions", "balance")
            ),
            dict(tiers),
        )


if __name__ == "__main__":
    main()
