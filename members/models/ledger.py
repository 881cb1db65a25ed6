"""The points ledger: accounts, postings, lots and allocations. Written by `members.services.ledger` only.

Not re-exported by `members.models`: whoever wants to read it goes through a selector. All quantities are whole
numbers in the smallest unit of the point type.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from loyalty.core.models.history import AppendOnly
from members.choices import HoldState, LotState, PostingKind, Side, TermsReason
from members.models.people import Member, Membership

__all__ = ["MOVES", "Account", "Allocation", "ExpiryNotice", "Hold", "Lot", "LotTerms", "Posting"]

# The only ways points may move: (kind, from, to).
MOVES: tuple[tuple[str, str, str], ...] = (
    (PostingKind.EARN, Side.ISSUANCE, Side.AVAILABLE),
    (PostingKind.EARN, Side.ISSUANCE, Side.PENDING),
    (PostingKind.ACTIVATE, Side.PENDING, Side.AVAILABLE),
    (PostingKind.SPEND, Side.AVAILABLE, Side.REDEMPTION),
    (PostingKind.RESTORE, Side.REDEMPTION, Side.AVAILABLE),
    (PostingKind.REVERSE, Side.PENDING, Side.ISSUANCE),
    (PostingKind.REVERSE, Side.AVAILABLE, Side.ISSUANCE),
    (PostingKind.REVERSE, Side.DEBT, Side.ISSUANCE),
    (PostingKind.DEBT_REPAY, Side.AVAILABLE, Side.DEBT),
    (PostingKind.ADJUST, Side.ADJUSTMENT, Side.AVAILABLE),
    (PostingKind.ADJUST, Side.AVAILABLE, Side.ADJUSTMENT),
    (PostingKind.HOLD, Side.AVAILABLE, Side.HELD),
    (PostingKind.CAPTURE, Side.HELD, Side.REDEMPTION),
    (PostingKind.RELEASE, Side.HELD, Side.AVAILABLE),
    (PostingKind.EXPIRE, Side.AVAILABLE, Side.EXPIRY),
    (PostingKind.FORFEIT, Side.PENDING, Side.FORFEITURE),
    (PostingKind.FORFEIT, Side.AVAILABLE, Side.FORFEITURE),
    (PostingKind.OPENING, Side.OPENING, Side.AVAILABLE),
    (PostingKind.OPENING, Side.AVAILABLE, Side.OPENING),
    (PostingKind.TRANSFER_OUT, Side.AVAILABLE, Side.TRANSIT),
    (PostingKind.TRANSFER_IN, Side.TRANSIT, Side.AVAILABLE),
    (PostingKind.CONVERT_OUT, Side.AVAILABLE, Side.CONVERSION),
    (PostingKind.CONVERT_IN, Side.CONVERSION, Side.AVAILABLE),
)


def _member_key() -> models.ForeignKey[Member, Member]:
    return models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("member")
    )


class Account(models.Model):
    """A membership's points of one type in four buckets, none ever negative. Shown balance: available - debt."""

    member = _member_key()
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="accounts", db_constraint=False, db_index=False
    )
    point_type = models.ForeignKey(
        "programs.PointType",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("points"),
    )
    available = models.BigIntegerField(_("available"), default=0)
    pending = models.BigIntegerField(_("pending"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    debt = models.BigIntegerField(_("debt"), default=0)
    version = models.BigIntegerField(_("version"), default=0)
    last_recorded_at = models.DateTimeField(_("last change"), null=True)
    extended_to = models.DateField(
        _("extended to"),
        null=True,
        help_text=_(
            "Points whose end moves with the member's activity or tier last at least until this day."
        ),
    )

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "point_type"], name="account_once"),
            models.UniqueConstraint(fields=["member", "id"], name="account_of_member"),
            models.CheckConstraint(
                condition=Q(available__gte=0, pending__gte=0, held__gte=0, debt__gte=0),
                name="account_never_negative",
            ),
            models.CheckConstraint(condition=Q(debt=0) | Q(available=0), name="account_debt_is_paid_first"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}/{self.point_type_id}"


class Posting(AppendOnly):
    """One movement of points from a side to another: balanced by construction, with the buckets after it."""

    member = _member_key()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_constraint=False, db_index=False
    )
    point_type = models.ForeignKey(
        "programs.PointType",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("points"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=PostingKind)
    from_side = models.CharField(pgettext_lazy("side", "from"), max_length=12, choices=Side)
    to_side = models.CharField(pgettext_lazy("side", "to"), max_length=12, choices=Side)
    amount = models.BigIntegerField(_("amount"))
    available_after = models.BigIntegerField(_("available after"))
    pending_after = models.BigIntegerField(_("pending after"))
    held_after = models.BigIntegerField(_("held after"))
    debt_after = models.BigIntegerField(_("debt after"))
    version = models.BigIntegerField(_("version"))
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))
    operation = models.BigIntegerField(_("operation"))
    revision = models.ForeignKey(
        "programs.Revision", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    partner = models.ForeignKey(
        "programs.Partner", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    purchase = models.ForeignKey(
        "members.Purchase",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    returned = models.ForeignKey(
        "members.Return",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        "members.Event",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    answers = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("movement of points")
        verbose_name_plural = _("movements of points")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "version"], name="posting_version_once"),
            models.UniqueConstraint(fields=["member", "id"], name="posting_of_member"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(
                condition=Q(
                    available_after__gte=0, pending_after__gte=0, held_after__gte=0, debt_after__gte=0
                ),
                name="posting_after_never_negative",
            ),
            models.CheckConstraint(
                condition=Q(*[Q(kind=kind, from_side=a, to_side=b) for kind, a, b in MOVES], _connector=Q.OR),
                name="posting_known_move",
            ),
        ]
        indexes = [
            models.Index(fields=["purchase"], name="posting_purchase", condition=Q(purchase__isnull=False)),
            models.Index(fields=["answers"], name="posting_answers", condition=Q(answers__isnull=False)),
            models.Index(fields=["event"], name="posting_event", condition=Q(event__isnull=False)),
            # What one person gave and took of late.
            models.Index(
                fields=["actor", "recorded_at"],
                name="posting_adjusted_by",
                condition=Q(kind=PostingKind.ADJUST, actor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return gettext("Movement %(number)s") % {"number": self.pk}


class Lot(models.Model):
    """Points earned together: who funded them, under which revision, and what is left of them."""

    member = _member_key()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="lots", db_constraint=False, db_index=False
    )
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    issuer = models.ForeignKey(
        "programs.Partner",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("funded by"),
    )
    revision = models.ForeignKey(
        "programs.Revision", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    earned_at = models.DateTimeField(pgettext_lazy("time", "earned"))
    activates_at = models.DateTimeField(_("usable from"), null=True)
    awaits = models.CharField(
        _("waits for"), max_length=60, blank=True, help_text=_("An event (“event:…”) or an approval.")
    )
    lapses_at = models.DateTimeField(_("waits until"), null=True)
    lapse = models.BooleanField(_("lapses then"), default=True)
    expires_on = models.DateField(_("last usable day"), null=True)
    expires_at = models.DateTimeField(_("gone from"), null=True)
    extendable = models.BooleanField(_("end moves with activity or tier"), default=False)
    notice_days = models.PositiveSmallIntegerField(_("days of notice before the end"), default=0)
    rule = models.TextField(_("rule of the end"), blank=True)
    parent = models.BigIntegerField(_("lot that it came from"), null=True)
    amount = models.BigIntegerField(_("amount"))
    remaining = models.BigIntegerField(_("remaining"))
    held = models.BigIntegerField(_("held"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=LotState, default=LotState.ACTIVE)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "id"], name="lot_of_member"),
            models.UniqueConstraint(fields=["posting"], name="lot_opened_once"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, held__gte=0) & Q(amount__gte=F("remaining") + F("held")),
                name="lot_within_amount",
            ),
        ]
        indexes = [
            # Spending order reads the open lots of one account.
            models.Index(fields=["account"], name="lot_open", condition=~Q(state="closed")),
            # What falls due, for the jobs.
            models.Index(fields=["expires_at"], name="lot_expires", condition=Q(state="active")),
            models.Index(fields=["activates_at"], name="lot_activates", condition=Q(state="pending")),
            models.Index(fields=["lapses_at"], name="lot_lapses", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return gettext("Lot %(number)s") % {"number": self.pk}


class Allocation(AppendOnly):
    """How much of a posting was drawn from, or given back to, a lot."""

    member = _member_key()
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, related_name="allocations", db_constraint=False, db_index=False
    )
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations", db_constraint=False)
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["posting", "lot"], name="allocation_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.posting_id} x {self.lot_id} x {self.amount}"


class LotTerms(AppendOnly):
    """An end that a lot got after it was earned, and why."""

    member = _member_key()
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="later_terms", db_constraint=False)
    expires_on = models.DateField(_("last usable day"), null=True)
    reason = models.CharField(_("reason"), max_length=20, choices=TermsReason)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("later end of a lot")
        verbose_name_plural = _("later ends of lots")

    def __str__(self) -> str:
        return f"{self.lot_id}: {self.expires_on}"


class Hold(models.Model):
    """Points set aside for something that is not sure yet; what is not used in time is given back."""

    member = _member_key()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField(_("amount"))
    captured = models.BigIntegerField(_("spent"), default=0)
    released = models.BigIntegerField(_("given back"), default=0)
    expires_at = models.DateTimeField(_("held until"))
    state = models.CharField(_("state"), max_length=8, choices=HoldState, default=HoldState.OPEN)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["posting"], name="hold_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, captured__gte=0, released__gte=0)
                & Q(amount__gte=F("captured") + F("released")),
                name="hold_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(state="open", amount__gt=F("captured") + F("released"))
                | Q(state="closed", amount=F("captured") + F("released")),
                name="hold_state_tells_the_rest",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], name="hold_open", condition=Q(state="open")),
            models.Index(fields=["expires_at"], name="hold_expires", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return gettext("Hold %(number)s") % {"number": self.pk}


class ExpiryNotice(AppendOnly):
    """A member was told that points end after a certain day. Where notice is promised nothing expires without one."""

    member = _member_key()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="notices", db_constraint=False, db_index=False
    )
    expires_on = models.DateField(_("last usable day"))
    points = models.BigIntegerField(_("points"), default=0)
    delivered_at = models.DateTimeField(_("told"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("notice of expiry")
        verbose_name_plural = _("notices of expiry")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "expires_on"], name="expiry_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.expires_on}"
