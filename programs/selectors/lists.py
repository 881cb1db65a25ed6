"""Product lists of a working copy: their articles in words, who uses them, and which articles nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from loyalty.core.translated import format_quantity
from programs.engine.lists import ProductList
from programs.engine.vocabulary import LIST
from programs.models import Product, Programme

__all__ = ["SHOWN_SKUS", "first_skus", "list_users", "skus_in_words", "unknown_skus"]

SHOWN_SKUS = 12


def first_skus(skus: Iterable[str]) -> str:
    """The first articles of many, and how many more there are."""
    every = list(skus)
    said = every[:SHOWN_SKUS]
    if len(every) > SHOWN_SKUS:
        said.append(gettext("%(count)d more") % {"count": len(every) - SHOWN_SKUS})
    return ", ".join(said)


def skus_in_words(listed: ProductList, other: ProductList | None) -> str:
    """How many articles a list has, and of them those that its other version does not have."""
    count = len(listed.skus)
    said = ngettext("%(shown)s article", "%(shown)s articles", count) % {"shown": format_quantity(count)}
    only = listed.skus if other is None else sorted(set(listed.skus) - set(other.skus))
    if not only:
        return said
    if other is None:
        return f"{said}: {first_skus(only)}"
    return gettext("%(articles)s, only here: %(skus)s") % {"articles": said, "skus": first_skus(only)}


def unknown_skus(skus: Iterable[str]) -> list[str]:
    """Articles that no partner has among its products, in order; empty while there are no products to compare with."""
    asked = set(skus)
    if not asked or not Product.objects.exists():
        return []
    known = Product.objects.filter(sku__in=asked).values_list("sku", flat=True)
    return sorted(asked.difference(known))


def list_users(programme: Programme) -> dict[str, list[str]]:
    """By the code of a list the names of the rules that ask for it."""
    users: dict[str, list[str]] = {}
    for rule in programme.rules.filter(retired_at=None).order_by("position", "id"):
        for key in sorted({*_asked(rule.settings.get("when")), *_asked(rule.settings.get("lines"))}):
            users.setdefault(key, []).append(str(rule))
    return users


def _asked(node: Any) -> set[str]:
    """The lists that a condition asks for, from its document form."""
    if isinstance(node, Mapping):
        if node.get("fact") == LIST:
            return {str(key) for key in node.get("value") or ()}
        return {key for child in node.values() for key in _asked(child)}
    if isinstance(node, list):
        return {key for child in node for key in _asked(child)}
    return set()
