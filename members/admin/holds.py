"""Points set aside for something that is not sure yet."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, badge
from loyalty.core.registry import Panel, Table, panels
from members.admin.links import EMPTY, link, moment
from members.admin.lots import of_member
from members.admin.statement import accounts_on, in_units
from members.models import Membership
from members.models.ledger import Hold
from members.selectors import statement

MOST_HOLDS = 15


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Every hold, the latest first."""

    about = _(
        "Points set aside until it is sure that they are spent. What is not used in time is given back."
    )
    when_empty = _("Nothing was set aside yet.")
    list_display = ("id", "member_page", "points", "spent", "given_back", "until", "state_badge")
    list_filter = ("state",)
    list_select_related = ("account__membership__programme", "account__point_type", "posting")
    search_fields = ("id",)
    search_help_text = _("The number of a hold, or the whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    state_badge = badge("state")
    fields = (
        "id",
        "member_page",
        "points",
        "spent",
        "given_back",
        "until",
        "state",
        "reference",
        "posting_page",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return of_member(queryset, search_term), False

    @display(description=_("member"))
    def member_page(self, hold: Hold) -> SafeString | str:
        return link(hold.account.membership, hold.account.membership.number)

    @display(description=_("set aside"))
    def points(self, hold: Hold) -> str:
        return in_units(hold.amount, hold.account.point_type)

    @display(description=_("spent"))
    def spent(self, hold: Hold) -> str:
        return in_units(hold.captured, hold.account.point_type) if hold.captured else EMPTY

    @display(description=_("given back"))
    def given_back(self, hold: Hold) -> str:
        return in_units(hold.released, hold.account.point_type) if hold.released else EMPTY

    @display(description=_("held until"))
    def until(self, hold: Hold) -> str:
        return moment(hold.expires_at, hold.account.membership.programme.zone)

    @display(description=_("reference"))
    def reference(self, hold: Hold) -> str:
        return hold.posting.reference or EMPTY

    @display(description=_("movement of points"))
    def posting_page(self, hold: Hold) -> SafeString | str:
        return link(hold.posting, hold.posting.get_kind_display())


def holds_table(membership: Membership, request: HttpRequest) -> Table | None:
    """The latest holds; nothing where there never was one."""
    holds = statement.last_holds(accounts_on(membership), MOST_HOLDS)
    if not holds:
        return None
    zone = membership.programme.zone
    return Table(
        (
            _("Set aside"),
            _("Points"),
            _("Spent"),
            _("Given back"),
            _("Held until"),
            _("State"),
            _("Reference"),
        ),
        [
            (
                link(hold, moment(hold.posting.occurred_at, zone)),
                in_units(hold.amount, hold.account.point_type),
                in_units(hold.captured, hold.account.point_type) if hold.captured else EMPTY,
                in_units(hold.released, hold.account.point_type) if hold.released else EMPTY,
                moment(hold.expires_at, zone),
                hold.get_state_display(),
                hold.posting.reference or EMPTY,
            )
            for hold in holds
        ],
    )


panels.contribute(
    "members.Membership",
    Panel(_("Points set aside"), "members.view_hold", content=holds_table, order=25),
)
