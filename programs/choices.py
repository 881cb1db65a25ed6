"""The vocabulary of programmes and partners, with the tone of each badge beside it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from loyalty.core.choices import TONES


class ProgrammeStatus(models.TextChoices):
    """draft → in review → scheduled → live ⇄ suspended → closed."""

    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    SCHEDULED = "scheduled", _("scheduled")
    LIVE = "live", _("live")
    SUSPENDED = "suspended", _("suspended")
    CLOSED = "closed", _("closed")


class Audience(models.TextChoices):
    """Whom a programme is for."""

    PERSON = "person", _("people")
    COMPANY = "company", _("companies")
    EMPLOYEE = "employee", _("employees")


class Goal(models.TextChoices):
    """What a programme is for above all."""

    ATTRACT = "attract", _("attract new customers")
    KEEP = "keep", _("keep those who come and make them come more often")
    PREVENT = "prevent", _("prevent the loss of those who are leaving")


class PartnerStatus(models.TextChoices):
    """draft → active ⇄ suspended → ended."""

    DRAFT = "draft", _("draft")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    ENDED = "ended", _("ended")


class RevisionOrigin(models.TextChoices):
    """Why a revision was made."""

    EDIT = "edit", _("edit")
    CAMPAIGN = "campaign", _("campaign")
    ROLLBACK = "rollback", _("roll-back")
    TEXTS = "texts", _("texts only")


class ExampleState(models.TextChoices):
    """What came of the last run of a worked example."""

    NEVER = "never", _("not run yet")
    GREEN = "green", pgettext_lazy("an example", "holds")
    RED = "red", pgettext_lazy("an example", "does not hold")


TONES.update(
    {
        ProgrammeStatus.DRAFT: "info",
        ProgrammeStatus.IN_REVIEW: "warning",
        ProgrammeStatus.SCHEDULED: "info",
        ProgrammeStatus.LIVE: "success",
        ProgrammeStatus.SUSPENDED: "warning",
        ProgrammeStatus.CLOSED: "danger",
        PartnerStatus.ACTIVE: "success",
        PartnerStatus.ENDED: "danger",
        ExampleState.NEVER: "info",
        ExampleState.GREEN: "success",
        ExampleState.RED: "danger",
        RevisionOrigin.EDIT: "info",
        RevisionOrigin.CAMPAIGN: "info",
        RevisionOrigin.ROLLBACK: "warning",
        RevisionOrigin.TEXTS: "info",
    }
)
