"""What values of a fact people are offered while they type: codes of stores, categories that were sold, and so on.

Whoever knows such values contributes a provider, also from an upper app: members know what was bought. A provider
answers at once whatever has been recorded: it looks at a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db.models import Q

from programs.models import Partner, Programme, Store

MOST_SUGGESTIONS = 50


class Suggestion(NamedTuple):
    """A value as rules have it, and what people call it."""

    value: str
    label: str = ""


Provider = Callable[[Programme, str, int], Sequence[Suggestion]]


class Suggestions:
    """Providers by fact. A provider is given the programme, what was typed so far and how many values at most."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}

    def contribute(self, fact: str, provider: Provider) -> Provider:
        self._providers[fact] = provider
        return provider

    def known_for(self, fact: str) -> bool:
        return fact in self._providers

    def offered(
        self, fact: str, programme: Programme, typed: str = "", most: int = MOST_SUGGESTIONS
    ) -> list[Suggestion]:
        """The values that contain what was typed, the likeliest first."""
        provider = self._providers.get(fact)
        # No name holds such characters, and the database cannot be asked for them.
        if provider is None or "\x00" in typed or len(typed) > 200:
            return []
        return list(provider(programme, typed.strip(), most))[:most]


suggestions = Suggestions()


def _partners(programme: Programme, typed: str, most: int) -> list[Suggestion]:
    rows = Partner.objects.filter(Q(code__icontains=typed) | Q(name__icontains=typed))[:most]
    return [Suggestion(each.code, str(each.name)) for each in rows]


def _stores(programme: Programme, typed: str, most: int) -> list[Suggestion]:
    rows = Store.objects.filter(Q(code__icontains=typed) | Q(name__icontains=typed))[:most]
    return [Suggestion(each.code, str(each.name)) for each in rows]


suggestions.contribute("purchase.partner", _partners)
suggestions.contribute("purchase.store", _stores)
