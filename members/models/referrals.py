"""Who brought whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.documents import Purchase
from members.models.people import Membership

__all__ = ["Referral"]


class Referral(models.Model):
    """A member who joined through another one. `purchase` is the one that brought what the rules give for it, or
    nothing as long as there was none."""

    friend = models.OneToOneField(
        Membership, on_delete=models.PROTECT, related_name="referral", verbose_name=_("friend")
    )
    referrer = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="referrals", verbose_name=_("brought by")
    )
    referred_at = models.DateTimeField(_("joined"))
    purchase = models.ForeignKey(
        Purchase,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("purchase that counted"),
    )

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(friend=F("referrer")), name="referral_of_another"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
