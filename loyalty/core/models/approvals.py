"""Requests that a second person decides."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from loyalty.core.choices import WAITING, ApprovalOutcome
from loyalty.core.models.history import AppendOnly

__all__ = ["Approval"]

# Decided by somebody who did not ask.
BY_ANOTHER = (ApprovalOutcome.APPROVED, ApprovalOutcome.RETURNED, ApprovalOutcome.REFUSED)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Requests by how far they are."""

    def waiting(self) -> ApprovalQuerySet:
        """Nobody has decided them yet."""
        return self.filter(outcome=None)

    def overdue(self, now: datetime) -> ApprovalQuerySet:
        """Waiting for longer than they may."""
        return self.waiting().filter(expires_at__lte=now)


# What never changes is kept once, in the row itself.
@audited(ignore=("arguments", "difference", "subject_state"))
class Approval(AppendOnly):
    """One thing that somebody may not do alone, what it would change, and what a second person said to it.

    What was asked is frozen: `operation` and `arguments` say what would be done, `difference` what it changes (for
    people), `subject_state` how the subject stood. Only the columns of the decision are filled in, once.
    """

    set_once: ClassVar[tuple[str, ...]] = ("outcome", "decided_by", "decided_at", "decision_reason", "result")

    operation = models.CharField(_("what"), max_length=80)
    arguments = models.JSONField(_("settings"), default=dict)
    subject_type = models.CharField(_("kind of thing"), max_length=100)
    subject_id = models.CharField(_("number"), max_length=64)
    subject_state = models.CharField(_("state of the thing"), max_length=200, blank=True)
    difference = models.JSONField(_("difference"), default=dict)
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    requested_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("decide until"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=ApprovalOutcome.choices, null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.TextField(_("comment"), null=True)
    result = models.JSONField(_("result"), null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome=None) | Q(outcome__in=ApprovalOutcome.values),
                name="approval_outcome_is_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome=None, decided_at=None, decided_by=None, decision_reason=None)
                | Q(outcome__isnull=False, decided_at__isnull=False, decision_reason__isnull=False),
                name="approval_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=False, outcome=ApprovalOutcome.APPROVED, result__isnull=False)
                | Q(result__isnull=True) & (Q(outcome=None) | ~Q(outcome=ApprovalOutcome.APPROVED)),
                name="approval_result_is_of_what_was_done",
            ),
            # Nobody decides what they asked for: not with a shell, not with all rights.
            models.CheckConstraint(
                condition=~Q(outcome__in=BY_ANOTHER)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="approval_decided_by_another",
                violation_error_message=_("Nobody decides what they asked for themselves."),
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ApprovalOutcome.WITHDRAWN)
                | (Q(decided_by__isnull=False) & Q(decided_by=F("requested_by"))),
                name="approval_withdrawn_by_its_author",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ApprovalOutcome.EXPIRED) | Q(decided_by=None),
                name="approval_expires_by_itself",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("requested_at")), name="approval_leaves_time_to_decide"
            ),
            models.UniqueConstraint(
                fields=["operation", "subject_type", "subject_id"],
                condition=Q(outcome=None),
                name="approval_one_waiting_per_subject",
            ),
        )
        indexes = (models.Index(fields=["requested_by", "-id"], name="approval_by_author"),)

    def __str__(self) -> str:
        return f"№ {self.pk}"

    @property
    def state(self) -> str:
        """The outcome, or that it waits."""
        return self.outcome or WAITING

    def get_state_display(self) -> str:
        return str(self.get_outcome_display() if self.outcome else _("waiting"))
