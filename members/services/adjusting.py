"""Staff give and take points: up to a limit alone, above it with a second person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import approvals
from loyalty.core.approvals import Described, Operation, ReasonMissing
from loyalty.core.models import Approval, User
from loyalty.core.problems import Invalid, NotAllowed
from loyalty.core.registry import Table
from loyalty.core.translated import format_quantity
from members.choices import MembershipStatus
from members.models import Membership
from members.selectors.adjustments import adjusted_since, available
from members.services.adjustments import adjust
from members.services.problems import InsufficientPoints, MembershipClosed, UnknownPointType
from programs.models import PointType

__all__ = ["ADJUSTING", "LONGEST_REASON", "Limits", "give_or_ask", "limits_of"]

ASK, DECIDE = "members.adjust_membership", "members.approve_adjustment"
A_DAY = timedelta(hours=24)
# As many letters as a posting keeps.
LONGEST_REASON = 200
# More than this is a slip of the hand, and more than a posting should hold.
MOST = 10**15


class NothingToAdjust(Invalid):
    code = "nothing_to_adjust"
    title = gettext_lazy("Say how many points to give or take.")


class ReasonTooLong(Invalid):
    code = "reason_too_long"
    title = gettext_lazy("The reason is too long to be kept with the points.")


class Limits:
    """What a person may give and take of a point type alone, in its smallest unit."""

    def __init__(self, point_type: PointType, actor: User, now: datetime) -> None:
        one = 10**point_type.decimals
        self.at_once: int = settings.ADJUSTMENT_LIMIT * one
        self.in_a_day: int = settings.ADJUSTMENT_DAILY_LIMIT * one
        self.used = adjusted_since(actor, point_type, now - A_DAY)

    def allow(self, points: int) -> bool:
        """Whether so many can be given or taken without a second person."""
        return abs(points) <= self.at_once and self.used + abs(points) <= self.in_a_day


def limits_of(point_type: PointType, actor: User, now: datetime) -> Limits:
    """What this person may do alone now."""
    return Limits(point_type, actor, now)


@transaction.atomic
def give_or_ask(
    *, membership: Membership, point_type: PointType, points: int, reason: str, actor: User, now: datetime
) -> Approval | None:
    """Give (plus) or take (minus) points; above the limit of the person ask for it and give the request.

    Raises NotAllowed, MembershipClosed, NothingToAdjust, ReasonMissing, ReasonTooLong, UnknownPointType,
    InsufficientPoints and what asking raises.
    """
    if not actor.has_perm(ASK):
        raise NotAllowed
    said = _checked(membership, point_type, points, reason)
    # Two adjustments of one person at once would both see the limit unused.
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=actor.pk)
    if Limits(point_type, actor, now).allow(points):
        adjust(
            membership=membership, points=points, reason=said, now=now, point_type=point_type.key, actor=actor
        )
        return None
    return _ask(membership, point_type, points, said, actor, now)


def _checked(membership: Membership, point_type: PointType, points: int, reason: str) -> str:
    if membership.status != MembershipStatus.ACTIVE:
        raise MembershipClosed
    if point_type.programme_id != membership.programme_id:
        raise UnknownPointType
    if points == 0 or abs(points) > MOST:
        raise NothingToAdjust
    said = reason.strip()
    if not said:
        raise ReasonMissing
    if len(said) > LONGEST_REASON:
        raise ReasonTooLong
    return said


def _ask(
    membership: Membership, point_type: PointType, points: int, reason: str, actor: User, now: datetime
) -> Approval:
    there = available(membership, point_type)
    if there + points < 0:
        raise InsufficientPoints(possible=there)
    return approvals.request(
        ADJUSTING.name,
        subject=membership,
        arguments={"membership": membership.pk, "point_type": point_type.key, "points": points},
        difference={"before": there, "after": there + points},
        reason=reason,
        requested_by=actor,
        now=now,
    )


# --- the operation ------------------------------------------------------------------------------------------
def _membership(arguments: dict[str, Any]) -> Membership:
    return Membership.objects.select_related("programme").get(pk=arguments["membership"])


def _carry_out(approval: Approval, by: User, now: datetime) -> dict[str, Any]:
    arguments = approval.arguments
    adjust(
        membership=_membership(arguments),
        points=arguments["points"],
        point_type=arguments["point_type"],
        reason=approval.reason,
        reference=f"approval {approval.pk}",
        now=now,
        actor=approval.requested_by,
    )
    return {"points": arguments["points"]}


def _state_of(arguments: dict[str, Any]) -> str:
    """Whose membership it is and whether it is open. Purchases meanwhile do not matter."""
    membership = _membership(arguments)
    return f"{membership.member_id} {membership.status}"


def _describe(approval: Approval) -> Described:
    arguments = approval.arguments
    membership = _membership(arguments)
    point_type = PointType.objects.get(programme=membership.programme, key=arguments["point_type"])

    def words(points: int) -> str:
        return format_quantity(points, point_type.decimals, point_type.settings.get("unit"))

    points = arguments["points"]
    sentence = _("Give %(points)s to %(member)s") if points > 0 else _("Take %(points)s from %(member)s")
    title = sentence % {"points": words(abs(points)), "member": membership.number}
    before, after = approval.difference["before"], approval.difference["after"]
    row = (
        _("Usable balance in “%(programme)s”") % {"programme": membership.programme},
        words(before),
        words(after),
    )
    note = _("As it was at the request. Purchases meanwhile change both figures.")
    return Described(title, Table((_("What"), _("Before"), _("After")), [row], note))


ADJUSTING = Operation(
    name="members.adjust",
    title=gettext_lazy("Giving or taking points"),
    permission_to_ask=ASK,
    permission_to_decide=DECIDE,
    carry_out=_carry_out,
    describe=_describe,
    state_of=_state_of,
)
