"""Who brought whom, on the page of a member."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loyalty.core.registry import Panel, Table, panels
from members.admin.links import link, moment
from members.models import Membership
from members.selectors.referrals import referrals_of

MOST_FRIENDS = 15


def referrals_table(membership: Membership, request: HttpRequest) -> Table | None:
    """By whom the member was brought, and whom they brought; nothing where there is neither."""
    referrals = referrals_of(membership, MOST_FRIENDS)
    if not referrals:
        return None
    rows = []
    for each in referrals:
        brought = each.friend_id == membership.pk
        counted = _("no purchase yet") if each.purchase is None else link(each.purchase)
        rows.append(
            (
                _("brought by") if brought else _("brought"),
                link(each.referrer if brought else each.friend),
                moment(each.referred_at, membership.programme.zone),
                counted,
            )
        )
    return Table((_("What"), _("Member"), _("Joined"), _("Purchase that counted")), rows)


panels.contribute(
    "members.Membership",
    Panel(_("Friends"), "members.view_referral", content=referrals_table, order=55),
)
