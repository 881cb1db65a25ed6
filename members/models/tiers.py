"""Tiers of memberships: what was decided, the stretches that follow from it, and what the decisions count."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from loyalty.core.models.history import AppendOnly
from members.choices import GrantMode, TierSource
from members.models.people import Member, Membership

__all__ = ["QualificationCounter", "TierDecision", "TierGrant", "TierPeriod"]


def _member_key() -> models.ForeignKey[Member, Member]:
    return models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("member")
    )


def _membership_key(name: str) -> models.ForeignKey[Membership, Membership]:
    return models.ForeignKey(
        Membership,
        on_delete=models.PROTECT,
        related_name=name,
        db_constraint=False,
        db_index=False,
        verbose_name=_("membership"),
    )


class TierDecision(AppendOnly):
    """A tier was reached, kept, lost or given: the record of which tier periods are the projection."""

    member = _member_key()
    membership = _membership_key("tier_decisions")
    ladder = models.CharField(_("ladder"), max_length=50)
    from_tier = models.CharField(pgettext_lazy("tier", "from"), max_length=50, blank=True)
    to_tier = models.CharField(pgettext_lazy("tier", "to"), max_length=50)
    reason = models.CharField(_("reason"), max_length=30)
    source = models.CharField(_("source"), max_length=12, choices=TierSource, default=TierSource.EARNED)
    value = models.BigIntegerField(_("metric"), default=0)
    ends_on = models.DateField(_("last day"), null=True)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))
    operation = models.BigIntegerField(_("operation"))
    revision = models.ForeignKey(
        "programs.Revision", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("tier decision")
        verbose_name_plural = _("tier decisions")
        indexes = [models.Index(fields=["membership", "ladder"], name="tier_decision_of_membership")]

    def __str__(self) -> str:
        return f"{self.ladder}: {self.from_tier} → {self.to_tier}"


class TierPeriod(models.Model):
    """From when to when a membership has (or had) a tier. The open period of a ladder is its state: since when it
    qualifies, until which day it lasts, what comes next. Only the open period changes."""

    member = _member_key()
    membership = _membership_key("tier_periods")
    ladder = models.CharField(_("ladder"), max_length=50)
    tier = models.CharField(_("tier"), max_length=50)
    valid = DateTimeRangeField(_("valid"))
    source = models.CharField(_("source"), max_length=12, choices=TierSource, default=TierSource.EARNED)
    state = models.JSONField(_("state"), default=dict, help_text=_("What the next decision starts from."))
    due_at = models.DateTimeField(_("next decision"), null=True)
    revision = models.ForeignKey(
        "programs.Revision", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("tier period")
        verbose_name_plural = _("tier periods")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership", "ladder"],
                condition=Q(valid__endswith__isnull=True),
                name="tier_period_open_once",
            ),
            ExclusionConstraint(
                name="tier_periods_never_overlap",
                expressions=[
                    (F("membership"), RangeOperators.EQUAL),
                    (F("ladder"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="tier_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ladder}: {self.tier}"


class TierGrant(AppendOnly):
    """A tier given by a person: at least it, exactly it, or a lift; with a reason, until a day. Once it may be ended
    before its time, again by somebody and with a reason."""

    set_once: ClassVar[tuple[str, ...]] = ("revoked_at", "revoked_by", "revoked_because")

    member = _member_key()
    membership = _membership_key("tier_grants")
    ladder = models.CharField(_("ladder"), max_length=50)
    tier = models.CharField(_("tier"), max_length=50)
    mode = models.CharField(_("how"), max_length=8, choices=GrantMode)
    starts_at = models.DateTimeField(pgettext_lazy("time", "from"))
    until = models.DateField(_("last day"), null=True)
    reason = models.CharField(_("reason"), max_length=200)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField(_("recorded"))
    revision = models.ForeignKey(
        "programs.Revision", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    revoked_at = models.DateTimeField(_("ended early"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    revoked_because = models.CharField(_("why it was ended"), max_length=200, null=True)

    class Meta:
        verbose_name = _("tier given by hand")
        verbose_name_plural = _("tiers given by hand")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tier_grant_end_has_a_reason",
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True, revoked_because__isnull=True)
                | Q(revoked_at__isnull=False, revoked_because__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["membership"], name="tier_grant_of_membership")]

    def __str__(self) -> str:
        return f"{self.ladder}: {self.tier}"


class QualificationCounter(models.Model):
    """What a metric counted for a membership on one local day, net of returns."""

    member = _member_key()
    membership = _membership_key("+")
    metric = models.CharField(_("metric"), max_length=110)
    day = models.DateField(_("day"))
    value = models.BigIntegerField(_("value"), default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership", "metric", "day"], name="qualification_counter_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.day}: {self.value}"
