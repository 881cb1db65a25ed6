"""Programmes and the parts of their working copy.

A part (point type, event type, ladder, group, rule) is an identity and a working copy in one row: the key
never changes and is what revisions, accounts and traces refer to; `settings` is its entry of the document
being worked on. Run time never reads `settings`: every figure comes from a revision.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from loyalty.core.translated import TranslatedField
from programs.choices import Audience, ProgrammeStatus
from programs.models.partners import Coalition


@audited()
class Programme(models.Model):
    """A loyalty programme as it is being worked on."""

    key = models.CharField(
        _("code"), max_length=50, unique=True, help_text=_("Used in files and commands. It never changes.")
    )
    name = TranslatedField(_("name"), help_text=_("The name that members see."))
    coalition = models.ForeignKey(
        Coalition, on_delete=models.PROTECT, related_name="programmes", verbose_name=_("coalition")
    )
    audience = models.CharField(
        _("for"),
        max_length=10,
        choices=Audience.choices,
        default=Audience.PERSON,
        help_text=_("Who may join."),
    )
    zone = models.CharField(
        _("time zone"),
        max_length=50,
        help_text=_("Days begin and end here: for expiry, for caps per day, for reports."),
    )
    currency = models.CharField(_("currency"), max_length=3)
    languages: ArrayField[Any, Any] = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("languages"),
        help_text=_("The first is the usual one."),
    )
    policies = models.JSONField(
        _("policies"),
        default=dict,
        help_text=_("How the programme treats taxes, discounts, returns and debts."),
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ProgrammeStatus.choices,
        default=ProgrammeStatus.DRAFT,
        help_text=_("Members can only join and earn while it is live."),
    )
    created_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        ordering = ("key",)
        permissions = (
            ("publish_programme", _("Can ask for publishing, or publish where nobody has to approve")),
            ("approve_publishing", _("Can approve publishing")),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=ProgrammeStatus.values), name="programme_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(audience__in=Audience.values), name="programme_audience_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="programme_currency_is_a_code"
            ),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


class Part(models.Model):
    """What every part of a programme has. One that left the document is retired, never deleted."""

    key = models.CharField(_("code"), max_length=50, help_text=_("It never changes and is never used again."))
    position = models.PositiveIntegerField(
        _("place"), default=0, help_text=_("Parts are tried in this order.")
    )
    settings = models.JSONField(_("settings"), default=dict)
    retired_at = models.DateTimeField(
        _("retired"),
        null=True,
        blank=True,
        help_text=_("Since when it is not part of the programme any more."),
    )

    class Meta:
        abstract = True


@audited()
class PointType(Part):
    """A kind of points (or cashback, or stamps) that a programme gives. The first is the main one."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="point_types", verbose_name=_("programme")
    )
    name = TranslatedField(_("name"))
    decimals = models.PositiveSmallIntegerField(
        _("decimal places"),
        default=0,
        help_text=_("0 for whole points, 2 for cashback in cents. Fixed once the programme was published."),
    )

    class Meta:
        verbose_name = _("point type")
        verbose_name_plural = _("point types")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="pointtype_key_unique_per_programme"),
            models.CheckConstraint(
                condition=models.Q(decimals__lte=4), name="pointtype_at_most_four_decimals"
            ),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


@audited()
class EventType(Part):
    """What may happen besides purchases, with the fields that are sent with it."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="event_types", verbose_name=_("programme")
    )
    name = TranslatedField(_("name"))

    class Meta:
        verbose_name = _("event type")
        verbose_name_plural = _("event types")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="eventtype_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


@audited()
class TierLadder(Part):
    """Tiers that members climb, and by what. The first ladder is the main one."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="ladders", verbose_name=_("programme")
    )
    name = TranslatedField(_("name"))

    class Meta:
        verbose_name = _("tier ladder")
        verbose_name_plural = _("tier ladders")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="tierladder_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


@audited()
class ProductList(Part):
    """Articles under one name, so that rules ask for the list."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="lists", verbose_name=_("programme")
    )
    name = TranslatedField(_("name"))

    class Meta:
        verbose_name = _("product list")
        verbose_name_plural = _("product lists")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="productlist_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


@audited()
class RuleGroup(Part):
    """Rules that are looked at together, and how they live together."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="rule_groups", verbose_name=_("programme")
    )

    class Meta:
        verbose_name = _("group of rules")
        verbose_name_plural = _("groups of rules")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="rulegroup_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return self.key


@audited()
class Rule(Part):
    """A rule that gives points for purchases or for what else happens."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="rules", verbose_name=_("programme")
    )
    title = TranslatedField(_("title"), help_text=_("Shown to members as the reason for their points."))

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="rule_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return str(self.title) or self.key


@audited()
class Section(Part):
    """What another app adds to the programme, such as its rewards: the whole section of the document as one part."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="sections", verbose_name=_("programme")
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ("programme", "position", "id")
        constraints = (
            models.UniqueConstraint(fields=["programme", "key"], name="section_key_unique_per_programme"),
        )

    def __str__(self) -> str:
        return self.key
