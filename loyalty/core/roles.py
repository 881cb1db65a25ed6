"""Roles that come with the product, and how they get into an installation without undoing what its operator did.

Which roles there are is said at the top (the setting ROLES). `ship()` runs at the end of every `migrate`: a new role
becomes a group; a right that the product gives a role for the first time is added to its group; one that the
product gives no more is taken out. Whatever the operator added, took away, renamed or deleted stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.module_loading import import_string

from loyalty.core import audit
from loyalty.core.models import Role
from loyalty.core.registry import Text

__all__ = ["Shipped", "description_of", "name_of", "ship", "shipped_roles"]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A role of the product. `rights` are patterns of "app.codename"; those with "-" in front are left out."""

    key: str
    # What the group is called in the database, until the operator renames it.
    group: str
    name: Text
    description: Text
    rights: Sequence[str]

    def has(self, right: str) -> bool:
        """Whether the role has this right."""
        left_out = [pattern[1:] for pattern in self.rights if pattern.startswith("-")]
        return _any(right, self.rights) and not _any(right, left_out)


def _any(right: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(right, pattern) for pattern in patterns)


def shipped_roles() -> Sequence[Shipped]:
    """The roles of the product."""
    roles: Sequence[Shipped] = import_string(settings.ROLES)
    return roles


def name_of(group: Group) -> str:
    """What the role is called, in the reader's language unless the operator renamed it."""
    shipped = _by_name(group.name)
    return group.name if shipped is None else str(shipped.name)


def description_of(group: Group) -> str:
    """What the role is for; nothing for one that the operator made."""
    shipped = _by_name(group.name)
    return "" if shipped is None else str(shipped.description)


def _by_name(name: str) -> Shipped | None:
    return next((each for each in shipped_roles() if each.group == name), None)


@transaction.atomic
def ship() -> list[str]:
    """Bring the roles of the product into the database; tells the groups that were changed."""
    known = {
        f"{app}.{codename}": key
        for key, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    with audit.context(source="manage.py migrate", reason="Roles of the product"):
        return [role.group for role in shipped_roles() if _ship(role, known)]


def _ship(shipped: Shipped, known: dict[str, int]) -> bool:
    role = Role.objects.select_related("group").filter(key=shipped.key).first()
    if role is None:
        # An operator's group of that name becomes the role, with what it has.
        group, _created = Group.objects.get_or_create(name=shipped.group)
        role = Role(key=shipped.key, group=group)
    if role.group is None:
        return False
    wanted = sorted(right for right in known if shipped.has(right))
    new, gone = set(wanted) - set(role.shipped), set(role.shipped) - set(wanted)
    if role.pk is not None and not new and not gone:
        return False
    role.group.permissions.add(*(known[right] for right in new))
    role.group.permissions.remove(*(known[right] for right in gone if right in known))
    role.shipped = wanted
    role.save()
    return True
