"""Who works at the demo company: a person for each role of the product, and one who may do everything."""

from __future__ import annotations

from django.contrib.auth.models import Group

from loyalty.core.choices import UserKind
from loyalty.core.models import User
from loyalty.core.roles import shipped_roles

SUPERUSER, MARKETING, CALL_CENTRE = "admin", "marketing", "call_centre"
# Known to everybody: the demo company is for looking at, on one's own machine.
# Role, who it is, e-mail and password.
_PEOPLE = (
    (SUPERUSER, "Administrator", "admin@marta.example", "marta-admin"),
    (MARKETING, "Marketing", "marketing@marta.example", "marta-marketing"),
    ("approver", "Approver", "approver@marta.example", "marta-approver"),
    (CALL_CENTRE, "Call centre", "calls@marta.example", "marta-calls"),
    ("finance", "Finance", "finance@marta.example", "marta-finance"),
    ("auditor", "Auditor", "auditor@marta.example", "marta-auditor"),
    ("partner_manager", "Partners", "partners@marta.example", "marta-partners"),
    ("administrator", "Office", "office@marta.example", "marta-office"),
)
LOGINS = tuple((who, email, password) for _role, who, email, password in _PEOPLE)


def staff_exists() -> bool:
    """Whether the people of the demo company may log in: they are added last."""
    emails = [email for _who, email, _password in LOGINS]
    return User.objects.filter(kind=UserKind.STAFF, email__in=emails).exists()


def add_staff() -> dict[str, User]:
    """Make the logins with their roles; gives the user of each role."""
    groups = {role.key: role.group for role in shipped_roles()}
    users = {}
    for role, who, email, password in _PEOPLE:
        if role in groups:
            users[role] = User.objects.create_staff(email, password, name=who)
            users[role].groups.add(Group.objects.get(name=groups[role]))
        else:
            users[role] = User.objects.create_superuser(email, password, name=who)
    return users
