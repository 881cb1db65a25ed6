"""The points of a membership on its page: what there is, where it came from, and what moved it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_quantity
from members.admin.links import EMPTY, cause, link, moment
from members.models import Membership
from members.models.ledger import Account, Posting
from members.selectors import statement
from members.selectors.explain.amounts import money
from members.selectors.explain.receipt import earned_in_words
from programs.models import PointType

MOST_LOTS = 30
MOST_POSTINGS = 30
MOST_PURCHASES = 15


def balance_context(membership: Membership, request: HttpRequest) -> dict[str, Any]:
    """Each kind of points with what of it can be used."""
    zone = membership.programme.zone
    return {"accounts": [_buckets(account, zone) for account in statement.accounts_of(membership)]}


def _buckets(account: Account, zone: str) -> dict[str, Any]:
    decimals = account.point_type.decimals
    parts = (
        (_("Available"), account.available, True),
        (_("Not usable yet"), account.pending, False),
        (_("Reserved"), account.held, False),
        (_("Owed"), account.debt, False),
    )
    return {
        "name": str(account.point_type),
        "balance": in_units(account.available - account.debt, account.point_type),
        "changed": moment(account.last_recorded_at, zone),
        "parts": [
            (name, format_quantity(points, decimals)) for name, points, always in parts if points or always
        ],
    }


def lots_table(membership: Membership, request: HttpRequest) -> Table:
    """Points that are not used up and who pays for them."""
    lots = statement.open_lots(statement.accounts_of(membership), MOST_LOTS)
    rows = []
    for lot in lots:
        kind, purchase = lot.account.point_type, lot.posting.purchase
        rows.append(
            (
                moment(lot.earned_at, membership.programme.zone),
                in_units(lot.remaining, kind),
                in_units(lot.amount, kind),
                date_format(lot.expires_on, "DATE_FORMAT") if lot.expires_on else _("does not expire"),
                lot.issuer,
                EMPTY if purchase is None else link(purchase, purchase.number),
            )
        )
    return Table(
        (
            _("Earned"),
            _("Still there"),
            _("Of what was earned"),
            _("Last usable day"),
            _("Funded by"),
            _("Receipt"),
        ),
        rows,
        _("The %(count)d that expire first are shown.") % {"count": MOST_LOTS}
        if len(rows) == MOST_LOTS
        else "",
    )


def postings_table(membership: Membership, request: HttpRequest) -> Table:
    """The latest movements with what caused them."""
    postings = statement.last_postings(statement.accounts_of(membership), MOST_POSTINGS)
    several = len({posting.point_type_id for posting in postings}) > 1
    columns = [
        _("Happened"),
        _("What"),
        _("Points"),
        _("Balance after"),
        _("Why"),
        _("Partner"),
        _("Entered by"),
    ]
    return Table(
        columns,
        [
            (
                moment(posting.occurred_at, membership.programme.zone),
                link(posting, posting.get_kind_display()),
                signed(posting, unit=several),
                balance_after(posting),
                cause(posting),
                posting.partner or EMPTY,
                posting.actor or EMPTY,
            )
            for posting in postings
        ],
        _("The latest %(count)d are shown.") % {"count": MOST_POSTINGS}
        if len(postings) == MOST_POSTINGS
        else "",
    )


def purchases_table(membership: Membership, request: HttpRequest) -> Table:
    """The latest purchases with what they earned."""
    purchases = statement.last_purchases(membership, MOST_PURCHASES)
    return Table(
        (_("Bought"), _("Receipt"), _("Store"), _("Amount"), _("Earned")),
        [
            (
                moment(purchase.occurred_at, membership.programme.zone),
                link(purchase),
                purchase.store or purchase.partner,
                money(purchase.amount, purchase.currency),
                earned_in_words(purchase) or EMPTY,
            )
            for purchase in purchases
        ],
    )


def in_units(points: int, kind: PointType) -> str:
    """Points with their unit, or with the name of the kind of points when it has no unit."""
    return format_quantity(points, kind.decimals, kind.settings.get("unit") or kind.name)


def signed(posting: Posting, *, unit: bool = False) -> str:
    """The points of a posting as the member's balance felt them: up with +, down with −."""
    kind = posting.point_type
    words = in_units(posting.amount, kind) if unit else format_quantity(posting.amount, kind.decimals)
    change = statement.change_of(posting)
    return words if not change else f"{'+' if change > 0 else '−'}{words}"


def balance_after(posting: Posting) -> str:
    """The balance that the member saw after the posting."""
    return format_quantity(posting.available_after - posting.debt_after, posting.point_type.decimals)


_PAGE = "members.Membership"
panels.contribute(
    _PAGE,
    Panel(
        gettext_lazy("Balance"),
        "members.view_account",
        template="admin/members/balance.html",
        context=balance_context,
        order=10,
    ),
)
panels.contribute(
    _PAGE, Panel(gettext_lazy("Points not used up"), "members.view_lot", content=lots_table, order=20)
)
panels.contribute(
    _PAGE,
    Panel(gettext_lazy("Movements of points"), "members.view_posting", content=postings_table, order=30),
)
panels.contribute(
    _PAGE, Panel(gettext_lazy("Purchases"), "members.view_purchase", content=purchases_table, order=40)
)
