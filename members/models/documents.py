"""What happened, as it was sent: purchases and returns, with what they were worth and why."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.models.history import AppendOnly
from members.choices import DocumentKind
from members.models.people import Member, Membership

__all__ = ["DocumentKey", "Purchase", "Return"]


class DocumentKey(AppendOnly):
    """The business key of a document: it posts once, for ever. `digest` tells the same content from another."""

    programme = models.ForeignKey("programs.Programme", on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey("programs.Partner", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(_("source"), max_length=50, default="main")
    kind = models.CharField(_("kind"), max_length=12, choices=DocumentKind)
    number = models.CharField(_("number"), max_length=100)
    digest = models.BinaryField(_("content digest"), max_length=32)
    member_id = models.BigIntegerField(_("member"))
    document_id = models.BigIntegerField(_("document"))

    class Meta:
        verbose_name = _("document key")
        verbose_name_plural = _("document keys")
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "partner", "source", "kind", "number"], name="document_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Document(AppendOnly):
    """The columns that every document has. The member stands beside the id in every key between such rows."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("member")
    )
    # The composite key (member, membership) of the migration is the real one.
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    number = models.CharField(_("receipt"), max_length=100)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))
    operation = models.BigIntegerField(_("operation"))

    class Meta:
        abstract = True


class Purchase(Document):
    """A receipt in one programme.

    `amount` is the sum of the lines in minor units of `currency`. `lines` is a list of
    {sku, qty (thousandths), amount, category?, department?, brand?, labels?, kind?, discount?, tax?, attrs?};
    `tenders` of {kind, amount, type?, points?}; `header` {channel?, payment?, till?, cashier?}; `facts` what the
    rules knew of the member; `trace` {awards: [{no, rule, type, points, split, base, cut?, uncut?}],
    skips: [[rule, code, about?]]}.
    """

    partner = models.ForeignKey(
        "programs.Partner",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("partner"),
    )
    store = models.ForeignKey(
        "programs.Store",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("store"),
    )
    revision = models.ForeignKey(
        "programs.Revision",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("revision"),
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    lines = models.JSONField(_("lines"))
    tenders = models.JSONField(_("paid otherwise"), default=list)
    header = models.JSONField(_("header"), default=dict)
    facts = models.JSONField(_("what was known of the member"), default=dict)
    trace = models.JSONField(_("calculation"))

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "id"], name="purchase_of_member")]
        indexes = [
            # The member's history, and the purchases before a late one.
            models.Index(fields=["membership", "occurred_at"], name="purchase_history"),
            models.Index(fields=["number"], name="purchase_number"),
        ]

    def __str__(self) -> str:
        return gettext("Receipt %(number)s") % {"number": self.number}


class Return(Document):
    """Goods of a purchase that came back. `lines` is a list of {line (position), share, amount, also?} where `share`
    ("1/2") is the part of the line that comes back now and `also`, on the first line, are further numbers by which an
    import knows its rows again; `trace` a list of {no, rule, type, points}."""

    purchase = models.ForeignKey(
        Purchase,
        on_delete=models.PROTECT,
        related_name="returns",
        db_constraint=False,
        verbose_name=_("purchase"),
    )
    amount = models.BigIntegerField(_("amount"))
    lines = models.JSONField(_("lines"))
    trace = models.JSONField(_("calculation"))

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints: ClassVar = [models.UniqueConstraint(fields=["member", "id"], name="return_of_member")]

    def __str__(self) -> str:
        return gettext("Return %(number)s") % {"number": self.number}
