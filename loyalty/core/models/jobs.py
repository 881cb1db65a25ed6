"""Background work and imports: what was asked, how far it is, what went wrong."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from loyalty.core.choices import ImportState, JobState


class Job(models.Model):
    """One piece of background work. The row is the truth; a lost or doubled message changes nothing.

    While it runs, the job holds a lease (`lease_until`, renewed while the worker lives); only a job whose
    lease has run out may be taken over, and then continues from `position`.
    """

    kind = models.CharField(_("kind"), max_length=80)
    args = models.JSONField(_("settings"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.BigIntegerField(_("done"), default=0)
    total = models.BigIntegerField(_("of"), null=True, blank=True)
    rate = models.DecimalField(_("per second"), max_digits=12, decimal_places=1, null=True, blank=True)
    error_count = models.BigIntegerField(_("errors"), default=0)
    message = models.TextField(_("message"), blank=True, default="")
    result = models.JSONField(_("result"), null=True, blank=True)
    position = models.JSONField(_("position"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    worker = models.CharField(_("worker"), max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    created_at = models.DateTimeField(_("asked"), db_default=Now())
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_is_known"),
            models.CheckConstraint(
                condition=~models.Q(state=JobState.RUNNING) | models.Q(lease_until__isnull=False),
                name="job_running_holds_a_lease",
            ),
        )
        indexes = (
            models.Index(
                fields=["id"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="job_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ImportBatch(models.Model):
    """One file taken in: staged whole, then posted; can be continued after a crash."""

    kind = models.CharField(_("kind"), max_length=40)
    scope = models.CharField(_("programme"), max_length=80, blank=True, default="")
    file_name = models.CharField(_("file"), max_length=255)
    file_sha256 = models.CharField(_("fingerprint"), max_length=64)
    file_size = models.BigIntegerField(_("size"))
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState.choices, default=ImportState.STAGING
    )
    counts = models.JSONField(_("counts"), default=dict)
    position = models.JSONField(_("position"), null=True, blank=True)
    options = models.JSONField(_("options"), default=dict)
    report = models.JSONField(_("report"), null=True, blank=True)
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("job")
    )
    started_at = models.DateTimeField(_("started"), db_default=Now())
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=ImportState.values), name="importbatch_state_is_known"
            ),
        )
        # The same file again is found by its fingerprint.
        indexes = (models.Index(fields=["kind", "scope", "file_sha256"], name="importbatch_same_file"),)

    def __str__(self) -> str:
        return f"{self.file_name} ({self.pk})"


class ImportRowError(models.Model):
    """One line of a file that was not taken, and why."""

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="row_errors", verbose_name=_("import")
    )
    line = models.BigIntegerField(_("line"))
    code = models.CharField(_("code"), max_length=60)
    field = models.CharField(_("column"), max_length=80, blank=True, default="")
    message = models.TextField(_("what is wrong"))
    expected = models.TextField(_("what was expected"), blank=True, default="")
    raw = models.CharField(_("the line"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("rejected line")
        verbose_name_plural = _("rejected lines")
        indexes = (models.Index(fields=["batch", "line"], name="importrowerror_by_line"),)

    def __str__(self) -> str:
        return f"{self.line}: {self.message}"
