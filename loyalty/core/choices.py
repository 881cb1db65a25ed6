"""The vocabulary of the floor, with the tone of each badge beside it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UserKind(models.TextChoices):
    """Which door a login opens. It never changes once saved."""

    STAFF = "staff", _("staff")
    PARTNER = "partner", _("partner")
    MEMBER = "member", _("member")


class RunState(models.TextChoices):
    """One handler's work on one event."""

    PENDING = "pending", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("given up")


class JobState(models.TextChoices):
    """The life of a background job."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ImportState(models.TextChoices):
    """An import is staged whole, then posted."""

    STAGING = "staging", _("reading")
    POSTING = "posting", _("posting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class ChangeOperation(models.TextChoices):
    """What happened to a row; or that somebody was refused who tried."""

    INSERT = "insert", _("added")
    UPDATE = "update", _("changed")
    DELETE = "delete", _("deleted")
    REFUSE = "refuse", _("refused")


class ApprovalOutcome(models.TextChoices):
    """How a request for approval ended. One without an outcome still waits."""

    APPROVED = "approved", _("approved")
    RETURNED = "returned", _("sent back")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")


# What a request without an outcome is called.
WAITING = "waiting"

# Tones of the admin's labels, by value, so that lists, pages and the portal agree.
TONES: dict[str, str] = {
    RunState.PENDING: "info",
    RunState.DONE: "success",
    RunState.FAILED: "danger",
    JobState.QUEUED: "info",
    JobState.RUNNING: "warning",
    JobState.CANCELLED: "danger",
    ImportState.STAGING: "info",
    ImportState.POSTING: "warning",
    WAITING: "warning",
    ApprovalOutcome.APPROVED: "success",
    ApprovalOutcome.RETURNED: "info",
    ApprovalOutcome.REFUSED: "danger",
    ApprovalOutcome.WITHDRAWN: "info",
    ApprovalOutcome.EXPIRED: "danger",
    ChangeOperation.INSERT: "success",
    ChangeOperation.UPDATE: "info",
    ChangeOperation.DELETE: "danger",
    ChangeOperation.REFUSE: "warning",
}
