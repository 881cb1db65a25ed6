"""Choices of members, documents and the ledger, with the words that staff read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = [
    "DocumentKind",
    "IdentifierKind",
    "LotState",
    "MemberKind",
    "MemberStatus",
    "MembershipStatus",
    "PostingKind",
    "Side",
]


class MemberKind(models.TextChoices):
    PERSON = "person", _("Person")
    COMPANY = "company", _("Company")


class MemberStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    BLOCKED = "blocked", _("Blocked")
    MERGED = "merged", _("Merged into another member")
    ERASED = "erased", _("Erased")


class MembershipStatus(models.TextChoices):
    APPLIED = "applied", _("Applied")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    LEAVING = "leaving", _("Leaving")
    LEFT = "left", _("Left")


class IdentifierKind(models.TextChoices):
    CARD = "card", _("Card")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    QR = "qr", _("QR code")
    PARTNER_ID = "partner_id", _("Number at a partner")


class DocumentKind(models.TextChoices):
    PURCHASE = "purchase", _("Purchase")
    RETURN = "return", _("Return")
    SPEND = "spend", _("Redemption")
    ADJUSTMENT = "adjustment", _("Adjustment")


class PostingKind(models.TextChoices):
    EARN = "earn", _("Earned")
    SPEND = "spend", _("Spent")
    RESTORE = "restore", _("Spent points given back")
    REVERSE = "reverse", _("Taken back after a return")
    DEBT_REPAY = "debt_repay", _("Debt repaid")
    ADJUST = "adjust", _("Adjusted by staff")


class Side(models.TextChoices):
    """Where points are: the member's four buckets and the programme's side."""

    AVAILABLE = "available", _("Available")
    PENDING = "pending", _("Pending")
    HELD = "held", _("Held")
    DEBT = "debt", _("Debt")
    ISSUANCE = "issuance", _("Issued by the programme")
    REDEMPTION = "redemption", _("Redeemed")
    ADJUSTMENT = "adjustment", _("Adjustments")


class LotState(models.TextChoices):
    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Used up")
