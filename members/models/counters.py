"""Counters that rules look at. Projections: all of them can be counted again from purchases and returns."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Membership

__all__ = ["BudgetCounter", "MemberStats", "RuleUsage"]


class MemberStats(models.Model):
    """A membership's purchases so far: how many, the sum in minor units, the last one by time of purchase; up to
    which day its birthdays and anniversaries were looked at; and as of when its tiers stand, which is the time of the
    latest document or of what last fell due on them, or the time at which it was served as a single one."""

    membership = models.OneToOneField(
        Membership, on_delete=models.PROTECT, primary_key=True, related_name="stats"
    )
    purchases = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    last_purchase_at = models.DateTimeField(null=True)
    calendar_until = models.DateField(
        null=True, help_text=_("Birthdays and anniversaries are done up to this day.")
    )
    tiers_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.purchases}"


class RuleUsage(models.Model):
    """What a rule (or "*point type") has given a membership in a period, net of returns."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", db_index=False)
    rule = models.CharField(max_length=60)
    period = models.CharField(max_length=10)
    points = models.BigIntegerField(default=0)
    times = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "rule", "period"], name="rule_usage_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.period}: {self.points}"


class BudgetCounter(models.Model):
    """What a limited budget of a rule (or "*point type") has given all members together in a period."""

    programme = models.ForeignKey(
        "programs.Programme", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    rule = models.CharField(max_length=60)
    period = models.CharField(max_length=10)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "rule", "period"], name="budget_counter_once"),
            models.CheckConstraint(condition=Q(used__gte=0), name="budget_counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.period}: {self.used}"
