"""What is known of the articles that partners sell."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from loyalty.core.trips import Trip

__all__ = ["Known", "known_products", "plan_products"]


class Known(NamedTuple):
    """What is known of an article."""

    category: str
    department: str
    brand: str
    labels: frozenset[str]


_KNOWN = """
    SELECT sku, category, department, brand, labels FROM programs_product
     WHERE partner_id = %s AND sku = ANY(%s::text[])
"""


def known_products(partner: int, skus: Collection[str]) -> dict[str, Known]:
    """The products of a partner among these articles, in one query however many there are."""
    trip = Trip()
    products = plan_products(trip, partner, skus)
    trip.go()
    return products()


def plan_products(trip: Trip, partner: int, skus: Collection[str]) -> Callable[[], dict[str, Known]]:
    """Take along what looks for the products; after the trip the result gives them."""
    if not skus:
        return dict
    found = trip.ask(_KNOWN, [partner, list(skus)])
    return lambda: {
        sku: Known(category, department, brand, frozenset(labels))
        for sku, category, department, brand, labels in found.rows
    }
