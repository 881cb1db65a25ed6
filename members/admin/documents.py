"""Purchases and returns as they were sent, with the reason for every point in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.admin.filters import BetweenMoments
from loyalty.core.registry import Panel, Table, panels
from members.admin.links import EMPTY, cause, link, moment
from members.admin.statement import balance_after, signed
from members.models import Event, Membership, Purchase, Return
from members.selectors import statement
from members.selectors.explain import explain, in_words
from members.selectors.explain.amounts import money, quantity
from members.selectors.explain.receipt import earned_in_words


def by_number(queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
    """Documents with exactly this number, or of the member with this number."""
    text = search_term.strip()
    if not text:
        return queryset, False
    numbered = queryset.filter(number=text)
    if numbered.exists():
        return numbered, False
    # Few ids, written out, let the planner take the index of the member's history.
    memberships = list(Membership.objects.filter(number=text).values_list("pk", flat=True))
    return queryset.filter(membership_id__in=memberships), False


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    """Every receipt, the latest recorded first."""

    about = _("Receipts as the tills sent them. Open one to read why it earned what it earned.")
    when_empty = _("Purchases come from tills and from files: send one under “Take in files”.")
    list_display = ("number", "bought", "store_name", "member_page", "amount_text", "earned")
    list_filter = (("partner", admin.RelatedOnlyFieldListFilter), ("occurred_at", BetweenMoments))
    list_select_related = ("store", "partner", "membership__programme", "revision")
    search_fields = ("number",)
    search_help_text = _("The whole number of a receipt or of a member.")
    ordering = ("-id",)
    sortable_by = ()
    # Everything else stands in the explanation below.
    fields = ("number", "member_page")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Purchase]:
        return super().get_queryset(request).defer("lines", "facts", "tenders", "revision__canonical")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return by_number(queryset, search_term)

    @display(description=_("bought"))
    def bought(self, purchase: Purchase) -> str:
        return moment(purchase.occurred_at, purchase.membership.programme.zone)

    @display(description=_("store"))
    def store_name(self, purchase: Purchase) -> str:
        return str(purchase.store or purchase.partner)

    @display(description=_("member"))
    def member_page(self, purchase: Purchase) -> SafeString | str:
        return link(purchase.membership, purchase.membership.number)

    @display(description=_("amount"))
    def amount_text(self, purchase: Purchase) -> str:
        return money(purchase.amount, purchase.currency)

    @display(description=_("earned"))
    def earned(self, purchase: Purchase) -> str:
        return earned_in_words(purchase) or EMPTY


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    """What came back, the latest recorded first."""

    about = _("Goods that came back, and the points that went with them.")
    when_empty = _("Returns come from tills and from files: send one under “Take in files”.")
    list_display = ("number", "purchase_page", "happened", "member_page", "amount_text", "taken")
    list_filter = (("occurred_at", BetweenMoments),)
    list_select_related = ("membership__programme", "purchase__revision")
    search_fields = ("number",)
    search_help_text = PurchaseAdmin.search_help_text
    ordering = ("-id",)
    sortable_by = ()
    fields = ("number", "purchase_page", "member_page", "happened", "amount_text", "taken")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Return]:
        heavy = ("lines", "facts", "tenders", "trace", "revision__canonical")
        return super().get_queryset(request).defer(*(f"purchase__{name}" for name in heavy))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return by_number(queryset, search_term)

    @display(description=_("happened"))
    def happened(self, returned: Return) -> str:
        return moment(returned.occurred_at, returned.membership.programme.zone)

    @display(description=_("purchase"))
    def purchase_page(self, returned: Return) -> SafeString | str:
        return link(returned.purchase)

    @display(description=_("member"))
    def member_page(self, returned: Return) -> SafeString | str:
        return link(returned.membership, returned.membership.number)

    @display(description=_("amount"))
    def amount_text(self, returned: Return) -> str:
        return money(returned.amount, returned.purchase.currency)

    @display(description=_("taken back"))
    def taken(self, returned: Return) -> str:
        return earned_in_words(returned.purchase, returned.trace) or EMPTY


def explanation_context(purchase: Purchase, request: HttpRequest) -> dict[str, Any]:
    """The receipt in the reader's language."""
    words = in_words(explain(purchase))
    return {"words": words, "lines": [list(zip(words.columns, row, strict=True)) for row in words.rows]}


def returned_table(returned: Return, request: HttpRequest) -> Table:
    """The lines of the purchase that came back, whole or in part."""
    purchase = returned.purchase
    lines = [(entry, purchase.lines[entry["line"]]) for entry in returned.lines]
    return Table(
        (_("Line"), _("Article"), _("Category"), _("Price of the line"), _("Came back")),
        [
            (
                entry["line"] + 1,
                bought["sku"] or EMPTY,
                bought.get("category") or EMPTY,
                money(bought["amount"], purchase.currency),
                part_in_words(Fraction(entry.get("share", 1)), bought["qty"]),
            )
            for entry, bought in lines
        ],
    )


def part_in_words(share: Fraction, bought: int) -> str:
    """How much of a line came back: a quantity of what was bought, else a fraction."""
    part = share * bought
    shown = quantity(part.numerator) if part.denominator == 1 else str(share)
    return str(_("%(part)s of %(whole)s") % {"part": shown, "whole": quantity(bought)})


def movements_table(document: Purchase | Return | Event, request: HttpRequest) -> Table:
    """What the document did to the points of the member."""
    postings = statement.postings_of(document)
    zone = document.membership.programme.zone
    return Table(
        (_("Recorded"), _("What"), _("Points"), _("Balance after"), _("Why")),
        [
            (
                moment(posting.recorded_at, zone),
                link(posting, posting.get_kind_display()),
                signed(posting, unit=True),
                balance_after(posting),
                cause(posting),
            )
            for posting in postings
        ],
    )


panels.contribute(
    "members.Purchase",
    Panel(
        _("Why these points"),
        "members.view_purchase",
        template="admin/members/explanation.html",
        context=explanation_context,
        order=10,
    ),
)
panels.contribute(
    "members.Return",
    Panel(_("What came back"), "members.view_return", content=returned_table, order=10),
)
for _page in ("members.Purchase", "members.Return"):
    panels.contribute(
        _page, Panel(_("Movements of points"), "members.view_posting", content=movements_table, order=20)
    )
