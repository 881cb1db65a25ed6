"""What was published: frozen documents, and from when each is in force."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.models import AppendOnly
from programs.choices import RevisionOrigin
from programs.models.programmes import Programme


class Revision(AppendOnly):
    """A programme's whole configuration, frozen. `canonical` is JSON with sorted keys and no blanks."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("programme")
    )
    number = models.PositiveIntegerField(_("number"), help_text=_("Counted from 1 in each programme."))
    canonical = models.TextField(_("document"))
    sha256 = models.CharField(_("fingerprint"), max_length=64, help_text=_("Changes with every letter."))
    logic_sha256 = models.CharField(
        _("fingerprint of the behaviour"),
        max_length=64,
        help_text=_("Stays the same when only names and texts change."),
    )
    sections = models.JSONField(_("sections"), default=dict, help_text=_("The fingerprint of each section."))
    schema_version = models.PositiveSmallIntegerField(_("version of the format"))
    engine_version = models.PositiveSmallIntegerField(_("version of the calculation"))
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made from"),
    )
    origin = models.CharField(_("reason"), max_length=10, choices=RevisionOrigin.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published by"),
    )
    recorded_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ("programme", "-number")
        constraints = (
            models.UniqueConstraint(
                fields=["programme", "number"], name="revision_number_unique_per_programme"
            ),
            models.UniqueConstraint(fields=["programme", "id"], name="revision_of_programme"),
            models.CheckConstraint(
                condition=models.Q(origin__in=RevisionOrigin.values), name="revision_origin_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$", logic_sha256__regex=r"^[0-9a-f]{64}$"),
                name="revision_fingerprints_are_hex",
            ),
        )

    def __str__(self) -> str:
        return f"{self.programme.key}:{self.number}"


class RevisionActivation(AppendOnly):
    """From when a revision is in force: until the next activation that was not withdrawn."""

    set_once: ClassVar[tuple[str, ...]] = ("withdrawn_at",)

    # The composite foreign key (programme, revision) is written in SQL.
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="activations", verbose_name=_("revision")
    )
    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="activations", verbose_name=_("programme")
    )
    effective_from = models.DateTimeField(_("in force from"))
    recorded_at = models.DateTimeField(_("decided"))
    withdrawn_at = models.DateTimeField(
        _("withdrawn"), null=True, blank=True, help_text=_("Possible only before it comes into force.")
    )

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering = ("programme", "-effective_from")
        constraints = (
            models.UniqueConstraint(
                fields=["programme", "effective_from"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="activation_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True)
                | models.Q(withdrawn_at__lt=models.F("effective_from")),
                name="activation_withdrawn_before_it_is_in_force",
            ),
        )

    def __str__(self) -> str:
        return f"{self.revision} {self.effective_from:%Y-%m-%d %H:%M}"
