"""Who works at the demo company."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from loyalty.core.choices import UserKind
from loyalty.core.models import User

ADMINISTRATOR, MARKETING, CALL_CENTRE = "Administrator", "Marketing", "Call centre"
# Known to everybody: the demo company is for looking at, on one's own machine.
LOGINS = (
    (ADMINISTRATOR, "admin@marta.example", "marta-admin"),
    (MARKETING, "marketing@marta.example", "marta-marketing"),
    (CALL_CENTRE, "calls@marta.example", "marta-calls"),
)
_LOOKING = Q(content_type__app_label__in=("programs", "members"), codename__startswith="view_")
_RIGHTS = {
    MARKETING: _LOOKING
    | Q(content_type__app_label="programs")
    | Q(content_type__app_label="core", codename__in=("view_importbatch", "view_job"))
    | Q(content_type__app_label="members", codename__in=("add_tiergrant", "change_tiergrant")),
    CALL_CENTRE: _LOOKING,
}


def staff_exists() -> bool:
    """Whether the people of the demo company may log in: they are added last."""
    emails = [email for _who, email, _password in LOGINS]
    return User.objects.filter(kind=UserKind.STAFF, email__in=emails).exists()


def add_staff() -> dict[str, User]:
    """Make the logins with their roles; gives the user of each."""
    users = {}
    for who, email, password in LOGINS:
        if who in _RIGHTS:
            users[who] = User.objects.create_staff(email, password, name=who)
            users[who].groups.add(_role(who))
        else:
            users[who] = User.objects.create_superuser(email, password, name=who)
    return users


def _role(name: str) -> Group:
    role, created = Group.objects.get_or_create(name=name)
    if created:
        role.permissions.set(Permission.objects.filter(_RIGHTS[name]))
    return role
