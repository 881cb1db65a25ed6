"""What staff do with a product list besides its form: put products into it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict
from programs.models import ProductList
from programs.services import editing

SECTION = "lists"


class ListRetired(Conflict):
    """The list left the working copy."""

    code = "list_retired"
    title = _("The list is not part of the programme any more.")


@transaction.atomic
def add_to_list(listed: ProductList, skus: Iterable[str], *, now: datetime) -> int:
    """Put articles into a list of the working copy; how many of them were not there yet.

    Raises ListRetired, InvalidProgrammeFile (too many), ProgrammeClosed; nothing is changed then.
    """
    row = ProductList.objects.select_for_update(of=("self",)).select_related("programme").get(pk=listed.pk)
    if row.retired_at is not None:
        raise ListRetired
    before = set(row.settings["skus"])
    after = before.union(skus)
    if after != before:
        entry = {**row.settings, "skus": sorted(after)}
        editing.edit(row.programme, editing.put(SECTION, entry), now=now)
    return len(after) - len(before)
