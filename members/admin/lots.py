"""Points that were earned together: what is left of them, when they can be used and until which day."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, badge
from loyalty.core.registry import Panel, Table, panels
from members.admin.links import EMPTY, cause, link, moment
from members.admin.statement import in_units
from members.models.ledger import Account, Lot
from members.selectors.notices import told_days
from members.selectors.statement import causes_of, later_ends
from members.selectors.statement_words import day_in_words, end_in_words, last_day_in_words, usable_in_words


def of_member(queryset: QuerySet[Any], search_term: str) -> QuerySet[Any]:
    """Rows of accounts with exactly this number, or of the member with this number."""
    text = search_term.strip().removeprefix("#")
    if not text:
        return queryset
    if text.isascii() and text.isdigit() and len(text) < 19:
        numbered = queryset.filter(pk=int(text))
        if numbered.exists():
            return numbered
    # Few ids, written out, let the planner take the index of the account.
    accounts = list(Account.objects.filter(membership__number=text).values_list("pk", flat=True))
    return queryset.filter(account_id__in=accounts)


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    """Every lot, the latest first."""

    about = _(
        "Points that were earned together, and what is left of them. Spending takes from lots; each has its own end and"
        " somebody who pays for it."
    )
    when_empty = _("Lots come with points that members earn.")
    list_display = (
        "id",
        "earned",
        "member_page",
        "left",
        "earned_points",
        "usable",
        "last_day",
        "state_badge",
    )
    list_filter = ("state", "account__point_type")
    search_fields = ("id",)
    search_help_text = _("The number of a lot, or the whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    state_badge = badge("state")
    fieldsets = (
        (None, {"fields": ("member_page", "earned", "why", "earned_points", "left", "set_aside", "state")}),
        (_("When it can be used"), {"fields": ("usable", "end", "extendable", "notice_days")}),
        (_("For those who look after the system"),
         {"fields": ("id", "issuer", "revision_number", "posting_page", "parent_page"), "classes": ("collapse",)}),
    )  # fmt: skip
    readonly_fields = (
        "id", "member_page", "earned", "why", "earned_points", "left", "set_aside", "usable", "end",
        "revision_number", "posting_page", "parent_page",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        rows = super().get_queryset(request).defer("revision__canonical")
        owner = ("account__membership__programme", "account__point_type")
        return causes_of(rows.select_related(*owner, "revision", "issuer"), "posting")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return of_member(queryset, search_term), False

    @display(description=pgettext_lazy("time", "earned"))
    def earned(self, lot: Lot) -> str:
        return moment(lot.earned_at, lot.account.membership.programme.zone)

    @display(description=_("member"))
    def member_page(self, lot: Lot) -> SafeString | str:
        return link(lot.account.membership, lot.account.membership.number)

    @display(description=_("still there"))
    def left(self, lot: Lot) -> str:
        return in_units(lot.remaining, lot.account.point_type)

    @display(description=_("of what was earned"))
    def earned_points(self, lot: Lot) -> str:
        return in_units(lot.amount, lot.account.point_type)

    @display(description=_("set aside"))
    def set_aside(self, lot: Lot) -> str:
        return in_units(lot.held, lot.account.point_type) if lot.held else EMPTY

    @display(description=_("usable"))
    def usable(self, lot: Lot) -> str:
        return usable_in_words(lot, lot.account.membership.programme.zone) or EMPTY

    @display(description=_("last usable day"))
    def last_day(self, lot: Lot) -> str:
        return last_day_in_words(lot) or EMPTY

    @display(description=_("last usable day"))
    def end(self, lot: Lot) -> str:
        told = told_days([lot], lot.account.membership.programme.zone)
        return end_in_words(lot, told.get(lot.pk)) or EMPTY

    @display(description=_("why"))
    def why(self, lot: Lot) -> SafeString | str:
        return cause(lot.posting)

    @display(description=_("revision"))
    def revision_number(self, lot: Lot) -> str:
        return EMPTY if lot.revision is None else str(lot.revision.number)

    @display(description=_("movement of points"))
    def posting_page(self, lot: Lot) -> SafeString | str:
        return link(lot.posting, lot.posting.get_kind_display())

    @display(description=_("lot that it came from"))
    def parent_page(self, lot: Lot) -> SafeString | str:
        return EMPTY if lot.parent is None else link(Lot(pk=lot.parent), f"#{lot.parent}")


def later_ends_table(lot: Lot, request: HttpRequest) -> Table | None:
    """Ends that the lot got after it was earned."""
    zone = lot.account.membership.programme.zone
    rows = [
        (moment(each.occurred_at, zone), day_in_words(each.expires_on), each.get_reason_display())
        for each in later_ends(lot)
    ]
    return Table((_("Since"), _("Last usable day"), _("Why")), rows) if rows else None


panels.contribute("members.Lot", Panel(_("Later ends"), "members.view_lot", content=later_ends_table))
