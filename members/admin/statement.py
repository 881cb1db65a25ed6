"""The points of a membership on its page: what there is, where it came from, and what moved it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from loyalty.core import clock
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_quantity
from members.admin.links import EMPTY, cause, link, moment, told
from members.models import Membership
from members.models.ledger import Account, Posting
from members.selectors import statement
from members.selectors.explain.amounts import money
from members.selectors.explain.receipt import earned_in_words
from members.selectors.notices import notices_on, told_days
from members.selectors.paying import worth_of
from members.selectors.statement_words import day_in_words, end_in_words, usable_in_words
from programs.models import PointType

MOST_LOTS = 15
MOST_POSTINGS = 30
MOST_PURCHASES = 15
MOST_NOTICES = 10


def accounts_on(membership: Any) -> list[Account]:
    """The accounts of the page's membership, which brings them along."""
    found: list[Account] = membership.shown_accounts
    return found


def balance_context(membership: Membership, request: HttpRequest) -> dict[str, Any]:
    """Each kind of points with what of it can be used."""
    zone = membership.programme.zone
    accounts = accounts_on(membership)
    worths = worth_of(membership.programme, accounts, clock.now())
    return {"accounts": [_buckets(account, zone) | {"worth": worths.get(account.pk)} for account in accounts]}


def _buckets(account: Account, zone: str) -> dict[str, Any]:
    decimals = account.point_type.decimals
    parts = (
        (_("Available"), account.available, True),
        (_("Not usable yet"), account.pending, False),
        (_("Set aside"), account.held, False),
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
    """Points that are not used up, until when they last and who pays for them."""
    lots = statement.open_lots(accounts_on(membership), MOST_LOTS)
    zone = membership.programme.zone
    told = told_days(lots, zone)
    rows = [
        (
            moment(lot.earned_at, zone),
            in_units(lot.remaining, lot.account.point_type),
            format_quantity(lot.amount, lot.account.point_type.decimals),
            format_quantity(lot.held, lot.account.point_type.decimals) if lot.held else EMPTY,
            usable_in_words(lot, zone),
            end_in_words(lot, told.get(lot.pk)),
            lot.issuer,
            cause(lot.posting),
        )
        for lot in lots
    ]
    return Table(
        (
            pgettext("time", "Earned"),
            _("Still there"),
            _("Of what was earned"),
            _("Set aside"),
            _("Usable"),
            _("Last usable day"),
            _("Funded by"),
            _("Why"),
        ),
        rows,
        _("The %(count)d that expire first are shown.") % {"count": MOST_LOTS}
        if len(rows) == MOST_LOTS
        else "",
    )


def postings_table(membership: Membership, request: HttpRequest) -> Table:
    """The latest movements, a sentence each."""
    postings = statement.last_postings(accounts_on(membership), MOST_POSTINGS)
    several = len({posting.point_type_id for posting in postings}) > 1
    columns = [
        _("Happened"),
        _("What"),
        _("Points"),
        _("Balance after"),
        _("Partner"),
        _("Entered by"),
    ]
    return Table(
        columns,
        [
            (
                link(posting, moment(posting.occurred_at, membership.programme.zone)),
                told(posting),
                signed(posting, unit=several),
                balance_after(posting),
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
                link(purchase, purchase.number),
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


def notices_table(membership: Membership, request: HttpRequest) -> Table | None:
    """What the member was told of points that end; nothing in programmes without notices."""
    notices = notices_on(accounts_on(membership), MOST_NOTICES)
    if not notices:
        return None
    return Table(
        (_("Notice given"), _("Points"), _("Last usable day told of")),
        [
            (
                moment(notice.delivered_at, membership.programme.zone),
                in_units(notice.points, notice.account.point_type),
                day_in_words(notice.expires_on),
            )
            for notice in notices
        ],
        _("The latest %(count)d are shown.") % {"count": MOST_NOTICES}
        if len(notices) == MOST_NOTICES
        else "",
    )


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
    _PAGE,
    Panel(gettext_lazy("Notices before expiry"), "members.view_lot", content=notices_table, order=25),
)
panels.contribute(
    _PAGE, Panel(gettext_lazy("Purchases"), "members.view_purchase", content=purchases_table, order=40)
)
