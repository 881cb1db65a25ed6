"""Choices of members, documents and the ledger, with the words that staff read."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

__all__ = [
    "Decimals",
    "DocumentKind",
    "GrantMode",
    "HoldState",
    "IdentifierKind",
    "LotState",
    "MemberKind",
    "MemberStatus",
    "MembershipStatus",
    "Moments",
    "PostingKind",
    "Side",
    "TermsReason",
    "TierSource",
    "UploadKind",
]


DONATION = "donation"  # the reason of points that were spent on a charity


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
    DONATION = "donation", _("Donation")
    ROLL_BACK = "roll_back", _("Roll-back of a redemption")
    ADJUSTMENT = "adjustment", _("Adjustment")
    EVENT = "event", _("Event")
    HOLD = "hold", _("Hold")
    CAPTURE = "capture", _("Use of held points")
    RELEASE = "release", _("Release of held points")
    TRANSFER = "transfer", _("Transfer")
    CONVERSION = "conversion", _("Conversion")
    TIER = "tier", _("Tier given by hand")
    TIER_END = "tier_end", _("End of a tier given by hand")


class PostingKind(models.TextChoices):
    EARN = "earn", _("Earned")
    ACTIVATE = "activate", _("Became usable")
    SPEND = "spend", _("Spent")
    RESTORE = "restore", _("Spent points given back")
    REVERSE = "reverse", _("Taken back after a return")
    DEBT_REPAY = "debt_repay", _("Debt repaid")
    ADJUST = "adjust", _("Adjusted by staff")
    HOLD = "hold", _("Set aside")
    CAPTURE = "capture", _("Spent from a hold")
    RELEASE = "release", _("Given back from a hold")
    EXPIRE = "expire", _("Expired")
    FORFEIT = "forfeit", _("Lapsed")
    OPENING = "opening", _("Opening balance")
    TRANSFER_OUT = "transfer_out", _("Given to another member")
    TRANSFER_IN = "transfer_in", _("Received from another member")
    CONVERT_OUT = "convert_out", _("Converted to other points")
    CONVERT_IN = "convert_in", _("Converted from other points")


class Side(models.TextChoices):
    """Where points are: the member's four buckets and the programme's side."""

    AVAILABLE = "available", _("Available")
    PENDING = "pending", _("Pending")
    HELD = "held", _("Held")
    DEBT = "debt", _("Debt")
    ISSUANCE = "issuance", _("Issued by the programme")
    REDEMPTION = "redemption", _("Redeemed")
    ADJUSTMENT = "adjustment", _("Adjustments")
    EXPIRY = "expiry", _("Expired")
    FORFEITURE = "forfeiture", _("Lapsed")
    OPENING = "opening", _("Opening balances")
    CONVERSION = "conversion", _("Conversion")
    TRANSIT = "transit", _("On the way to another member")


class LotState(models.TextChoices):
    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Used up")


class HoldState(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class TermsReason(models.TextChoices):
    """Why the end of a lot was set later than when it was earned."""

    ACTIVATED = "activated", _("The points became usable")
    SWITCHED_ON = "switched_on", _("The programme began to let points expire")


class TierSource(models.TextChoices):
    EARNED = "earned", pgettext_lazy("tier", "Earned")
    MANUAL = "manual", _("Given by staff")
    IMPORT = "import", _("Imported")
    INVITATION = "invitation", _("By invitation")


class GrantMode(models.TextChoices):
    FLOOR = "floor", _("At least this tier")
    FIXED = "fixed", _("Exactly this tier")
    LIFT = "lift", _("Lifted once, then as usual")


class UploadKind(models.TextChoices):
    """What a file holds."""

    PURCHASES = "purchases", _("purchases")
    RETURNS = "returns", _("returns")
    PRODUCTS = "products", _("products")


class Decimals(models.TextChoices):
    """How a file writes numbers with decimal places."""

    POINT = "point", _("12.50")
    COMMA = "comma", _("12,50")


class Moments(models.TextChoices):
    """How a file writes times."""

    ISO = "iso", _("2026-01-31T18:45 or 2026-01-31 18:45")
    DMY = "dmy", _("31.01.2026 18:45")
