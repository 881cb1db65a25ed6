"""Finding members: at the till by whatever identifies them, in the back office by what staff remember."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from members.models import Identifier, Member, Membership, Person
from programs.models import Programme

__all__ = ["find_membership", "matching_members"]

# Fewer last digits than this say nothing.
SHORTEST_END = 4


def find_membership(programme: Programme, identifier: str) -> Membership | None:
    """The membership with this number, else of the member with this active identifier of any kind.

    None when there is none, and when different members have the identifier (one's card, another's phone).
    """
    in_programme = Membership.objects.filter(programme=programme).select_related("member")
    numbered = in_programme.filter(number=identifier).first()
    if numbered is not None:
        return numbered
    owners = Identifier.objects.filter(value=identifier, is_active=True).values("member_id")
    found = list(in_programme.filter(member_id__in=owners)[:2])
    return found[0] if len(found) == 1 else None


def matching_members(words: str) -> QuerySet[Member, Any]:
    """Ids of the members that staff may mean: by number, identifier, last digits of a card, or names.

    Of several words each must be the beginning of a name.
    """
    text = words.strip()
    named = Q()
    for word in text.split():
        named &= Q(first_name__istartswith=word) | Q(last_name__istartswith=word)
    identified = Q(value=text)
    if len(text) >= SHORTEST_END:
        identified |= Q(value__endswith=text)
    persons = Person.objects.filter(named).values("member_id")
    identifiers = Identifier.objects.filter(identified).values("member_id")
    numbers = Membership.objects.filter(Q(number=text) | Q(member__public_id=text)).values("member_id")
    return Member.objects.filter(Q(pk__in=persons.union(identifiers, numbers))).values("pk")
