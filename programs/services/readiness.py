"""Whether a working copy may be put in force. Other apps say what is missing by contributing a check.

Whoever publishes for people (the back office, `manage.py programme load --publish`) asks here first; publishing
itself does not, because a roll-back and the small worlds of scenarios have nothing to be ready for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict, FieldError
from programs.models import Programme


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that has to be mended first, and the page of the programme's desk where it can be."""

    code: str
    message: str | Promise
    tab: str
    query: str = ""


Check = Callable[[Programme, datetime], Sequence[Blocker]]
_checks: list[Check] = []


class NotReady(Conflict):
    """Something has to be mended before the programme is published; `errors` says what."""

    code = "not_ready"
    title = _("The programme cannot be published yet.")


def contribute(check: Check) -> Check:
    """Add a check of every programme. It is given the programme and the present instant."""
    if check not in _checks:
        _checks.append(check)
    return check


def blockers(programme: Programme, *, now: datetime) -> list[Blocker]:
    """Everything that stands in the way of publishing the working copy."""
    return [blocker for check in _checks for blocker in check(programme, now)]


def require(programme: Programme, *, now: datetime) -> None:
    """Raises NotReady when something stands in the way."""
    found = blockers(programme, now=now)
    if found:
        raise NotReady(errors=[FieldError(code=each.code, message=each.message) for each in found])
