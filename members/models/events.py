"""What happens besides purchases: events, and points that go from one member to another."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.models.history import AppendOnly
from members.models.documents import Document
from members.models.people import Membership

__all__ = ["Event", "Transfer"]


class Event(Document):
    """An event in one programme: `kind` is a trigger such as "birthday" or an event of the programme ("event:review").

    `payload` holds its fields (money in minor units, numbers in thousandths); `facts` and `trace` are a purchase's.
    """

    partner = models.ForeignKey(
        "programs.Partner",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("partner"),
    )
    kind = models.CharField(_("kind"), max_length=60)
    revision = models.ForeignKey(
        "programs.Revision",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("revision"),
    )
    payload = models.JSONField(_("fields"), default=dict)
    facts = models.JSONField(_("what was known of the member"), default=dict)
    trace = models.JSONField(_("calculation"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "id"], name="event_of_member")]
        indexes = [models.Index(fields=["membership", "occurred_at"], name="event_history")]

    def __str__(self) -> str:
        return gettext("Event %(number)s") % {"number": self.number}


class Transfer(AppendOnly):
    """Points that one member gave to another; both sides were posted in the operation."""

    giver = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="given", verbose_name=_("given by")
    )
    receiver = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="received", verbose_name=_("given to")
    )
    point_type = models.ForeignKey(
        "programs.PointType",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("points"),
    )
    amount = models.BigIntegerField(_("amount"))
    number = models.CharField(_("number"), max_length=100)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    operation = models.BigIntegerField(_("operation"))
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="transfer_to_another"),
        ]

    def __str__(self) -> str:
        return gettext("Transfer %(number)s") % {"number": self.number}
