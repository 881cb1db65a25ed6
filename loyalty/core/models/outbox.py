"""What happened that others must hear of, and whether they have."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.choices import RunState
from loyalty.core.models.history import AppendOnly


class OutboxEvent(AppendOnly):
    """Something that happened, written in the transaction that made it happen.

    `payload` holds ids, codes and numbers, never personal data; `sequence` counts per subject where the
    publisher keeps such a count.
    """

    name = models.CharField(_("event"), max_length=80)
    subject = models.CharField(
        _("about"), max_length=100, help_text=_("What the event is about, for example membership:123.")
    )
    sequence = models.BigIntegerField(_("number within the subject"), null=True, blank=True)
    payload = models.JSONField(_("content"))
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = (
            models.UniqueConstraint(
                fields=["subject", "sequence"],
                condition=models.Q(sequence__isnull=False),
                name="outboxevent_sequence_per_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.subject} ({self.pk})"


class HandlerRun(models.Model):
    """One handler's work on one event: done at most once, retried until it succeeds or is given up."""

    event = models.ForeignKey(
        OutboxEvent, on_delete=models.PROTECT, related_name="runs", verbose_name=_("event")
    )
    handler = models.CharField(_("handler"), max_length=120)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    error = models.TextField(_("last error"), blank=True, default="")
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("event handling")
        verbose_name_plural = _("event handling")
        constraints = (
            models.UniqueConstraint(fields=["event", "handler"], name="handlerrun_once_per_event"),
            models.CheckConstraint(
                condition=models.Q(state__in=RunState.values), name="handlerrun_state_is_known"
            ),
        )
        indexes = (
            # What the relay takes next; done runs do not weigh on it.
            models.Index(
                fields=["due_at", "id"], condition=models.Q(state=RunState.PENDING), name="handlerrun_due"
            ),
            models.Index(fields=["-id"], condition=models.Q(state=RunState.FAILED), name="handlerrun_failed"),
        )

    def __str__(self) -> str:
        return f"{self.handler} ({self.event_id})"
