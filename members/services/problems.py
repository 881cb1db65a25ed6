"""Refusals of members' services, each with its stable code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict, NotFound, Problem

__all__ = [
    "AlreadyMember",
    "BirthDateAhead",
    "DuplicateReceipt",
    "EmptyPurchase",
    "EndOutOfRange",
    "GrantOver",
    "HoldClosed",
    "HoldEndsBefore",
    "HoldTooSmall",
    "InsufficientPoints",
    "InvalidEvent",
    "MembershipClosed",
    "NotConvertible",
    "NotMoney",
    "NotPending",
    "NotSpendable",
    "NotTransferable",
    "NothingToReturn",
    "OpeningNotFirst",
    "OpeningUsed",
    "PaymentNotPossible",
    "ReasonNeeded",
    "ReturnTooLarge",
    "SelfReferral",
    "UnknownEvent",
    "UnknownGrant",
    "UnknownHold",
    "UnknownLadder",
    "UnknownLot",
    "UnknownMember",
    "UnknownPointType",
    "UnknownPurchase",
    "UnknownRedemption",
    "UnknownTier",
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


class NotSpendable(Problem):
    """Points of this type only count; they pay for nothing."""

    code = "not_spendable"
    title = _("These points cannot be spent.")


class NotMoney(Problem):
    """The programme does not say what these points are worth."""

    code = "not_money"
    title = _("These points pay for no bills.")


class PaymentNotPossible(Problem):
    """Not as asked for: `possible` points could pay `amount` of this bill."""

    code = "payment_not_possible"
    title = _("The bill cannot be paid with points like that.")


class UnknownRedemption(NotFound):
    code = "unknown_redemption"
    title = _("The member has no redemption with this number.")


class NotTransferable(Problem):
    code = "not_transferable"
    title = _("These points cannot be given to another member.")


class NotConvertible(Problem):
    """The programme has no such conversion, or the number of points does not fit it; `step` and `smallest` say what
    would."""

    code = "not_convertible"
    title = _("These points cannot be converted like that.")


class UnknownHold(NotFound):
    code = "unknown_hold"
    title = _("There is no such hold.")


class HoldClosed(Conflict):
    """Everything that was held has been used or given back."""

    code = "hold_closed"
    title = _("Nothing is held any more.")


class HoldTooSmall(Problem):
    """More was asked for than is held; `possible` says how much is."""

    code = "hold_too_small"
    title = _("Less is held than that.")


class OpeningNotFirst(Conflict):
    """An opening balance is for accounts on which nothing has happened yet."""

    code = "opening_not_first"
    title = _("The member already has points that were posted here.")


class NotPending(Conflict):
    code = "not_pending"
    title = _("These points do not wait for approval.")


class AlreadyMember(Conflict):
    """Only who joins can be brought by somebody."""

    code = "already_member"
    title = _("This member had joined before.")


class SelfReferral(Problem):
    code = "self_referral"
    title = _("Nobody can bring themselves.")


class BirthDateAhead(Problem):
    code = "birth_date_ahead"
    title = _("Nobody was born on a day that is still to come.")


class UnknownLot(NotFound):
    code = "unknown_lot"
    title = _("The member has no such points, or nothing of them is left.")


class OpeningUsed(Conflict):
    """An opening balance can be taken back only while nothing else has happened on the account."""

    code = "opening_used"
    title = _("Something has happened to these points already, or there are none.")


class UnknownEvent(Problem):
    """The programme in force has no event of this name."""

    code = "unknown_event"
    title = _("The programme has no such event.")


class UnknownPurchase(NotFound):
    """An event names a receipt that this partner did not record for the member."""

    code = "unknown_purchase"
    title = _("The member has no purchase with this number.")


class HoldEndsBefore(Problem):
    code = "hold_ends_before"
    title = _("The hold would end before it begins.")


class InvalidEvent(Problem):
    """Fields of the event are missing, unknown, or have the wrong form; the errors say which."""

    code = "invalid_event"
    title = _("The event does not have the fields that the programme expects.")


class UnknownLadder(Problem):
    """The programme in force has no ladder of this name, or no ladder at all; `options` are those it has."""

    code = "unknown_ladder"
    title = _("The programme has no such ladder of tiers.")


class UnknownTier(Problem):
    """The ladder has no tier of this name; `options` are those it has."""

    code = "unknown_tier"
    title = _("The ladder has no such tier.")


class EndOutOfRange(Problem):
    """A last day that is over already, or so far away that it means no end; `earliest` and `latest` say what can be."""

    code = "end_out_of_range"
    title = _("The last day must be today or later, and within a hundred years. Leave it empty for no end.")


class ReasonNeeded(Problem):
    code = "reason_needed"
    title = _("Say why, in at most 200 characters.")


class UnknownGrant(NotFound):
    code = "unknown_grant"
    title = _("The member was given no such tier.")


class GrantOver(Conflict):
    """The tier that was given has ended already, by itself or by hand."""

    code = "grant_over"
    title = _("This tier has ended already.")
