"""What is known of the articles that partners sell."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

__all__ = ["Known", "known_products"]


class Known(NamedTuple):
    """What is known of an article."""

    category: str
    department: str
    brand: str
    labels: frozenset[str]


_KNOWN = """
    SELECT sku, category, department, brand, labels FROM programs_product
     WHERE partner_id = %s AND sku = ANY(%s)
"""


def known_products(partner: int, skus: Collection[str]) -> dict[str, Known]:
    """The products of a partner among these articles, in one query however many there are."""
    if not skus:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [partner, list(skus)])
        return {
            sku: Known(category, department, brand, frozenset(labels))
            for sku, category, department, brand, labels in cursor.fetchall()
        }
