"""Worked examples of a programme: what happens, and what must be true then."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from loyalty.core.translated import TranslatedField
from programs.choices import ExampleState
from programs.models.programmes import Programme


@audited(only=("key", "title", "source", "position"))
class WorkedExample(models.Model):
    """A scenario about the working copy of a programme, and what came of it when it was last run.

    `source` is the text of the scenario without its programme; code and title are read from it.
    """

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="examples", verbose_name=_("programme")
    )
    key = models.CharField(_("code"), max_length=50)
    title = TranslatedField(_("title"), help_text=_("What it shows, in a sentence."))
    source = models.TextField(_("as YAML"))
    position = models.PositiveIntegerField(_("place"), default=0)
    state = models.CharField(_("state"), max_length=5, choices=ExampleState, default=ExampleState.NEVER)
    report = models.JSONField(
        _("result"), default=dict, help_text=_("What each step did, and what was expected.")
    )
    run_at = models.DateTimeField(_("last run"), null=True, blank=True)
    logic_sha256 = models.CharField(
        _("fingerprint"),
        max_length=64,
        blank=True,
        help_text=_("Of the working copy as it was then, without its texts."),
    )

    class Meta:
        verbose_name = _("worked example")
        verbose_name_plural = _("worked examples")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="example_key_unique_per_programme"),
            models.CheckConstraint(
                condition=models.Q(state__in=ExampleState.values), name="example_state_is_known"
            ),
        )

    def __str__(self) -> str:
        return str(self.title) or self.key
