"""Who changed what: written by triggers, read by the back office. See docs/adr/0002-audit.md."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.choices import ChangeOperation
from loyalty.core.models.history import AppendOnly


class AuditEntry(AppendOnly):
    """One change of one row of configuration or people, by whom and why.

    `changes` is {column: [before, after]}; a personal value stands there as null (its values are in
    `AuditPersonalValue`, which can be erased) and a secret as "•". No foreign keys: the record of a change
    outlives what it speaks of and must never refuse a write.
    """

    recorded_at = models.DateTimeField(_("when"))
    operation = models.CharField(_("what happened"), max_length=6, choices=ChangeOperation.choices)
    subject_type = models.CharField(_("kind of thing"), max_length=100)
    subject_id = models.CharField(_("number"), max_length=64)
    actor_id = models.BigIntegerField(_("who"), null=True)
    reason = models.TextField(_("reason"), blank=True, default="")
    job_id = models.BigIntegerField(_("job"), null=True)
    source = models.CharField(_("where"), max_length=200, blank=True, default="")
    db_role = models.CharField(_("database role"), max_length=63)
    transaction_id = models.BigIntegerField(_("transaction"))
    changes = models.JSONField(_("changes"))

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = (
            # The history of one thing.
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_subject"),
            # Everything one person did.
            models.Index(fields=["actor_id", "-id"], name="audit_actor"),
        )

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}: {self.get_operation_display()}"


class AuditPersonalValue(models.Model):
    """The personal before and after of one change, apart from it, so that it can be erased.

    `owner` names the person ("members.member:17"); `values` is {column: [before, after]}.
    """

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.PROTECT, related_name="personal", verbose_name=_("change")
    )
    owner = models.CharField(_("person"), max_length=100, db_index=True)
    values = models.JSONField(_("values"))

    class Meta:
        verbose_name = _("personal part of a change")
        verbose_name_plural = _("personal parts of changes")

    def __str__(self) -> str:
        return f"{self.owner} ({self.entry_id})"
