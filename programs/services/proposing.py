"""Asking for publishing: a second person approves what was frozen, and exactly that is published."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import approvals
from loyalty.core.approvals import Described, Operation, SubjectChanged
from loyalty.core.models import Approval, User
from loyalty.core.problems import Conflict, NotAllowed
from loyalty.core.registry import Table
from programs.choices import ProgrammeStatus
from programs.engine.reader import InvalidDocument
from programs.models import Programme, Revision
from programs.selectors.canonical import Frozen, freeze
from programs.selectors.changes import rows_of
from programs.selectors.documents import working_core
from programs.selectors.revisions import revision_in_force
from programs.services import readiness
from programs.services.documents.reading import invalid_file
from programs.services.publishing import ProgrammeClosed, publish

__all__ = ["PUBLISHING", "EditedMeanwhile", "NothingToPublish", "publish_or_ask"]

ASK, DECIDE = "programs.publish_programme", "programs.approve_publishing"


class NothingToPublish(Conflict):
    code = "nothing_to_publish"
    title = gettext_lazy("What is being worked on is what is in force: there is nothing to publish.")


class EditedMeanwhile(Conflict):
    """Somebody else saved the working copy after the page was opened."""

    code = "edited_meanwhile"
    title = gettext_lazy("Somebody changed the programme meanwhile: look at what would be published now.")


@transaction.atomic
def publish_or_ask(
    programme: Programme,
    *,
    author: User,
    reason: str,
    now: datetime,
    effective_from: datetime | None = None,
    shown: str = "",
) -> Revision | Approval:
    """Publish the working copy, or ask for it where a second person has to approve. `shown` is the fingerprint of
    what the person saw, when a page showed it.

    Raises NotAllowed, NothingToPublish, NotReady, ProgrammeClosed, EditedMeanwhile, InvalidProgrammeFile, what
    publishing and asking raise.
    """
    if not author.has_perm(ASK):
        raise NotAllowed
    programme.refresh_from_db(from_queryset=Programme.objects.select_for_update())
    if programme.status == ProgrammeStatus.CLOSED:
        raise ProgrammeClosed
    frozen = _frozen(programme)
    if shown not in ("", frozen.sha256):
        raise EditedMeanwhile
    current = revision_in_force(programme, effective_from or now)
    if current is not None and current.sha256 == frozen.sha256:
        raise NothingToPublish
    readiness.require(programme, now=now)
    if not settings.SECOND_PAIR_OF_EYES:
        return publish(programme, now=now, effective_from=effective_from, author=author)
    approval = approvals.request(
        PUBLISHING.name,
        subject=programme,
        arguments={
            "programme": programme.pk,
            "sha256": frozen.sha256,
            "effective_from": effective_from and effective_from.isoformat(),
        },
        difference={"before": None if current is None else current.canonical, "after": frozen.canonical},
        reason=reason,
        requested_by=author,
        now=now,
    )
    if programme.status == ProgrammeStatus.DRAFT:
        programme.status = ProgrammeStatus.IN_REVIEW
        programme.save(update_fields=["status"])
    return approval


def _frozen(programme: Programme) -> Frozen:
    try:
        return freeze(working_core(programme))
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults) from None


def _starts(approval: Approval) -> datetime | None:
    text = approval.arguments["effective_from"]
    return datetime.fromisoformat(text) if text else None


def _carry_out(approval: Approval, by: User, now: datetime) -> dict[str, Any]:
    programme = Programme.objects.get(pk=approval.arguments["programme"])
    revision = publish(programme, now=now, effective_from=_starts(approval), author=approval.requested_by)
    # Publishing locks the programme; somebody may have changed it between the comparison and the lock.
    if revision.sha256 != approval.arguments["sha256"]:
        raise SubjectChanged
    return {"revision": revision.number}


def _state_of(arguments: dict[str, Any]) -> str:
    """The document and the last publication: what was shown is a difference between the two."""
    programme = Programme.objects.get(pk=arguments["programme"])
    try:
        document = freeze(working_core(programme)).sha256
    except InvalidDocument:
        document = "invalid"
    last = programme.activations.filter(withdrawn_at=None).order_by("-pk").first()
    return f"{document} {last.pk if last else 0}"


def _describe(approval: Approval) -> Described:
    programme = Programme.objects.get(pk=approval.arguments["programme"])
    starts = _starts(approval)
    when = _("at once")
    if starts is not None:
        when = _("from %(when)s") % {
            "when": date_format(localtime(starts, ZoneInfo(programme.zone)), "DATETIME_FORMAT")
        }
    title = _("Publish “%(programme)s”, in force %(when)s") % {"programme": programme, "when": when}
    rows = rows_of(approval.difference["before"], approval.difference["after"])
    return Described(title, Table((_("What"), _("Now"), _("After publishing")), rows))


def _closed(approval: Approval) -> None:
    """A programme that was never published is a draft again."""
    waiting = Programme.objects.filter(pk=approval.arguments["programme"], status=ProgrammeStatus.IN_REVIEW)
    waiting.update(status=ProgrammeStatus.DRAFT)


PUBLISHING = Operation(
    name="programs.publish",
    title=gettext_lazy("Publishing a programme"),
    permission_to_ask=ASK,
    permission_to_decide=DECIDE,
    carry_out=_carry_out,
    describe=_describe,
    state_of=_state_of,
    closed=_closed,
)
