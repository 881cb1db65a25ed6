"""What a receipt does not say of its articles, taken from the products of its partner.

This happens once, when a purchase is recorded: the completed lines are stored, so that whatever is done with the
purchase later means the same, whatever becomes of the products. What tells a repetition from another receipt is what
the till sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from programs.engine.facts import Basket, Line
from programs.selectors.products import Known

__all__ = ["filled"]


def filled(basket: Basket, products: Mapping[str, Known]) -> Basket:
    """The basket with what is known of its articles; the very same one where there is nothing to add. What the till
    says of an article stays."""
    if not products:
        return basket
    lines = tuple([_filled(line, products.get(line.sku)) for line in basket.lines])
    unchanged = all(new is old for new, old in zip(lines, basket.lines, strict=True))
    return basket if unchanged else basket._replace(lines=lines)


def _filled(line: Line, known: Known | None) -> Line:
    if known is None:
        return line
    complete = line._replace(
        category=line.category or known.category,
        department=line.department or known.department,
        brand=line.brand or known.brand,
        labels=line.labels or known.labels,
    )
    return line if complete == line else complete
