"""A year of receipts of the demo company, as the file its tills would send."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from members.services.demo.assortment import ARTICLES, SHOPS, Article
from members.services.demo.people import Customer

DAYS = 365
COLUMNS = (
    "receipt occurred_at member store till sku category department brand quantity amount discount".split()
)

_ARTICLE_WEIGHTS = list(accumulate(article.weight for article in ARTICLES))
_SHOP_WEIGHTS = list(accumulate(shop.weight for shop in SHOPS))
_LINES = (1, 2, 3, 4, 5, 6, 7, 8)
_LINE_WEIGHTS = list(accumulate((9, 16, 19, 18, 14, 11, 8, 5)))
_HOURS = tuple(range(8, 22))
_HOUR_WEIGHTS = list(accumulate((3, 4, 5, 5, 6, 6, 5, 6, 8, 11, 12, 10, 7, 4)))


def write_receipts(path: Path, customers: list[Customer], start: date, seed: int) -> int:
    """Write the receipts of the year that begins with `start`; returns how many lines they have."""
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    lines = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for customer in customers:
            for row in _rows_of(customer, start, rng):
                writer.writerow(row)
                lines += 1
    return lines


def _rows_of(customer: Customer, start: date, rng: Random) -> Iterator[tuple[str, ...]]:
    end = start + timedelta(days=DAYS)
    days = (end - customer.joined).days
    home = rng.choices(SHOPS, cum_weights=_SHOP_WEIGHTS)[0]
    visits = sorted(rng.randrange(days) for _ in range(max(1, customer.habit * days // DAYS)))
    for number, day in enumerate(visits, start=1):
        shop = home if rng.random() < 0.85 else rng.choices(SHOPS, cum_weights=_SHOP_WEIGHTS)[0]
        hour = rng.choices(_HOURS, cum_weights=_HOUR_WEIGHTS)[0]
        when = f"{customer.joined + timedelta(days=day)}T{hour:02}:{rng.randrange(60):02}:{number % 60:02}"
        head = (f"{customer.card}-{number:03}", when, customer.card, shop.code, str(rng.randrange(1, 7)))
        count = rng.choices(_LINES, cum_weights=_LINE_WEIGHTS)[0]
        for article in rng.choices(ARTICLES, cum_weights=_ARTICLE_WEIGHTS, k=count):
            yield (*head, *_line(article, rng))


def _line(article: Article, rng: Random) -> tuple[str, ...]:
    price = article.cents * rng.randrange(92, 109) // 100
    thousandths = rng.randrange(180, 1600) if article.loose else 1000 * rng.choice((1, 1, 1, 1, 2, 2, 3))
    amount = max(1, (price * thousandths + 500) // 1000)
    discount = amount // 5 if rng.random() < 0.08 else 0
    return (
        article.sku,
        article.category,
        article.department,
        article.brand,
        f"{thousandths // 1000}.{thousandths % 1000:03}",
        _euros(amount - discount),
        _euros(discount) if discount else "",
    )


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
