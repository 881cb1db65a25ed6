"""Points that paid a part of a bill."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.core.models.history import AppendOnly
from members.models.ledger import Posting
from members.models.people import Member

__all__ = ["Payment"]


class Payment(AppendOnly):
    """The money that a redemption stood for: `amount` of `bill`, both in minor units of `currency`."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("member")
    )
    # The composite key (member, posting) of the migration is the real one.
    posting = models.OneToOneField(
        Posting, on_delete=models.PROTECT, related_name="payment", db_constraint=False
    )
    bill = models.BigIntegerField(_("bill"))
    amount = models.BigIntegerField(_("paid with points"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("payment with points")
        verbose_name_plural = _("payments with points")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(amount__lte=F("bill")), name="payment_within_bill"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount}/{self.bill} {self.currency}"
