"""Points that members gave to each other."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.registry import Panel, Table, panels
from members.admin.links import EMPTY, link, moment
from members.admin.statement import in_units
from members.models import Membership, Transfer
from members.selectors import statement

MOST_TRANSFERS = 15


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Every transfer, the latest first."""

    about = _("Points that one member gave to another.")
    when_empty = _("Nobody gave points to anybody yet. Points can be given where the programme allows it.")
    list_display = ("number", "happened", "giver_page", "receiver_page", "points", "reason")
    list_filter = ("point_type",)
    list_select_related = ("giver__programme", "receiver", "point_type", "actor")
    search_fields = ("id",)
    search_help_text = _("The whole number of one of the two members.")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "number",
        "giver_page",
        "receiver_page",
        "points",
        "reason",
        "happened",
        "recorded",
        "entered_by",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        members = list(Membership.objects.filter(number=text).values_list("pk", flat=True))
        return queryset.filter(Q(giver_id__in=members) | Q(receiver_id__in=members)), False

    @display(description=_("happened"))
    def happened(self, transfer: Transfer) -> str:
        return moment(transfer.occurred_at, transfer.giver.programme.zone)

    @display(description=_("recorded"))
    def recorded(self, transfer: Transfer) -> str:
        return moment(transfer.recorded_at, transfer.giver.programme.zone)

    @display(description=_("given by"))
    def giver_page(self, transfer: Transfer) -> SafeString | str:
        return link(transfer.giver, transfer.giver.number)

    @display(description=_("given to"))
    def receiver_page(self, transfer: Transfer) -> SafeString | str:
        return link(transfer.receiver, transfer.receiver.number)

    @display(description=_("points"))
    def points(self, transfer: Transfer) -> str:
        return in_units(transfer.amount, transfer.point_type)

    @display(description=_("entered by"))
    def entered_by(self, transfer: Transfer) -> str:
        return str(transfer.actor or EMPTY)


def transfers_table(membership: Membership, request: HttpRequest) -> Table | None:
    """Points given to and received from others; nothing where there never were any."""
    transfers = statement.last_transfers(membership, MOST_TRANSFERS)
    if not transfers:
        return None
    rows = []
    for transfer in transfers:
        gave = transfer.giver_id == membership.pk
        other = transfer.receiver if gave else transfer.giver
        points = in_units(transfer.amount, transfer.point_type)
        rows.append(
            (
                link(transfer, moment(transfer.occurred_at, membership.programme.zone)),
                _("given to") if gave else _("received from"),
                link(other, other.number),
                f"{'−' if gave else '+'}{points}",
                transfer.reason or EMPTY,
            )
        )
    return Table((_("Happened"), _("What"), _("Member"), _("Points"), _("Why")), rows)


panels.contribute(
    "members.Membership", Panel(_("Transfers"), "members.view_transfer", content=transfers_table, order=60)
)
