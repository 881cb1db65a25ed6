"""Refusals of members' services, each with its stable code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict, NotFound, Problem

__all__ = [
    "DuplicateReceipt",
    "EmptyPurchase",
    "InsufficientPoints",
    "MembershipClosed",
    "NothingToReturn",
    "ReturnTooLarge",
    "UnknownMember",
    "UnknownPointType",
]


class InsufficientPoints(Problem):
    """More points were asked for than there are; `possible` says how many could be spent."""

    code = "insufficient_points"
    title = _("The member has fewer points than that.")


class DuplicateReceipt(Conflict):
    """A document with this number is already recorded, with other content."""

    code = "duplicate_receipt"
    title = _("A receipt with this number is already recorded with other content.")


class EmptyPurchase(Problem):
    code = "empty_purchase"
    title = _("A purchase needs at least one line.")


class ReturnTooLarge(Problem):
    """A line, quantity or amount that is more than what is left of the purchase."""

    code = "return_too_large"
    title = _("More is returned than is left of the purchase.")


class NothingToReturn(Problem):
    code = "nothing_to_return"
    title = _("Nothing of this purchase is left to return.")


class UnknownMember(NotFound):
    code = "unknown_member"
    title = _("No member of the programme has this number.")


class UnknownPointType(Problem):
    code = "unknown_point_type"
    title = _("The programme has no such points.")


class MembershipClosed(Problem):
    code = "membership_closed"
    title = _("The member has left the programme or is suspended.")
