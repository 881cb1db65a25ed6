"""Every movement of points."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.translated import format_quantity
from members.admin.links import EMPTY, cause, link, moment
from members.admin.statement import balance_after, signed
from members.models.ledger import Account, Posting
from members.selectors.statement import causes_of
from members.selectors.statement_words import sentence


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    """The ledger, the latest recorded first."""

    about = _(
        "Every movement of points, the latest first. None is ever changed or taken out: a correction is one more."
    )
    when_empty = _(
        "Movements come with purchases, returns, events and redemptions, and by themselves when their day has come."
    )
    list_display = ("id", "happened", "member_page", "kind", "change", "after", "why", "partner")
    list_filter = ("kind", "point_type")
    search_fields = ("id",)
    search_help_text = _("The number of a movement, or the whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("member_page", "kind", "what", "change", "why", "reference", "partner", "entered_by",
                           "happened", "recorded", "answers_page")}),
        (_("Balance after"), {"fields": ("after", "available", "pending", "held", "debt")}),
        (_("For those who look after the system"),
         {"fields": ("id", "from_side", "to_side", "point_type", "version", "operation", "revision_page"),
          "classes": ("collapse",)}),
    )  # fmt: skip
    readonly_fields = (
        "id", "member_page", "what", "change", "why", "entered_by", "after", "available", "pending", "held", "debt",
        "happened", "recorded", "revision_page", "answers_page",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        rows = super().get_queryset(request)
        return causes_of(rows.select_related("account__membership__programme", "point_type", "partner"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip().removeprefix("#")
        if not text:
            return queryset, False
        if text.isascii() and text.isdigit() and len(text) < 19:
            numbered = queryset.filter(pk=int(text))
            if numbered.exists():
                return numbered, False
        accounts = list(Account.objects.filter(membership__number=text).values_list("pk", flat=True))
        return queryset.filter(account_id__in=accounts), False

    @display(description=_("happened"))
    def happened(self, posting: Posting) -> str:
        return moment(posting.occurred_at, posting.account.membership.programme.zone)

    @display(description=_("recorded"))
    def recorded(self, posting: Posting) -> str:
        return moment(posting.recorded_at, posting.account.membership.programme.zone)

    @display(description=_("member"))
    def member_page(self, posting: Posting) -> SafeString | str:
        return link(posting.account.membership, posting.account.membership.number)

    @display(description=_("what"))
    def what(self, posting: Posting) -> str:
        return sentence(posting)

    @display(description=_("change"))
    def change(self, posting: Posting) -> str:
        return signed(posting, unit=True)

    @display(description=_("balance after"))
    def after(self, posting: Posting) -> str:
        return balance_after(posting)

    @display(description=_("why"))
    def why(self, posting: Posting) -> SafeString | str:
        return cause(posting)

    @display(description=_("entered by"))
    def entered_by(self, posting: Posting) -> str:
        return str(posting.actor or EMPTY)

    @display(description=_("undoes or continues"))
    def answers_page(self, posting: Posting) -> SafeString | str:
        first = posting.answers
        return (
            EMPTY if first is None else link(first, f"{first.get_kind_display()}: {signed(first, unit=True)}")
        )

    @display(description=_("revision"))
    def revision_page(self, posting: Posting) -> str:
        return EMPTY if posting.revision is None else str(posting.revision.number)

    @display(description=_("available"))
    def available(self, posting: Posting) -> str:
        return _points(posting, posting.available_after)

    @display(description=_("pending"))
    def pending(self, posting: Posting) -> str:
        return _points(posting, posting.pending_after)

    @display(description=_("held"))
    def held(self, posting: Posting) -> str:
        return _points(posting, posting.held_after)

    @display(description=_("debt"))
    def debt(self, posting: Posting) -> str:
        return _points(posting, posting.debt_after)


def _points(posting: Posting, points: int) -> str:
    return format_quantity(points, posting.point_type.decimals)
