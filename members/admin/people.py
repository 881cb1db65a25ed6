"""Members and their memberships: found by what staff remember, read with what they have."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_quantity, language_name
from members.admin import acting
from members.admin.adjusting import Adjusting
from members.admin.grants import GivesTiers
from members.admin.links import EMPTY, link, moment
from members.models import Identifier, Member, Membership
from members.selectors.explain.amounts import money
from members.selectors.members import matching_members
from members.selectors.statement import accounts_with_types, balance_in_words

SHOWN_IDENTIFIERS = 3


def name_of(member: Member) -> str:
    """The person's name, or a dash for a card that nobody signed."""
    person = getattr(member, "person", None)
    return EMPTY if person is None else f"{person.first_name} {person.last_name}".strip() or EMPTY


class IdentifierInline(TabularInline):
    """What the member is found by."""

    model = Identifier
    fields = ("kind", "value", "scope", "is_active")
    readonly_fields = fields
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("members.view_identifier")


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Customers, whatever programmes they are in."""

    about = _("Customers, each once, whatever programmes they are in.")
    when_empty = _("Members join by themselves, or with a file of receipts: send one under “Take in files”.")
    list_display = (
        "person_name",
        "identifiers_text",
        "programmes",
        "status_badge",
        "created_at",
        "public_id",
    )
    list_display_links = ("person_name", "public_id")
    list_filter = ("status", "kind")
    list_select_related = ("person",)
    # The search itself is `matching_members`; Django shows its field only when something is named here.
    search_fields = ("public_id",)
    search_help_text = _("Name, card or phone number, e-mail, or the last digits of a card (four or more).")
    ordering = ("-id",)
    sortable_by = ()
    status_badge = badge("status")
    inlines = (IdentifierInline,)
    fieldsets = (
        (None, {"fields": ("person_name", "public_id", "kind", "status")}),
        (_("Person"), {"fields": ("birth_date", "language", "attributes", "created_at")}),
    )
    readonly_fields = ("person_name", "public_id", "birth_date", "language", "attributes", "created_at")
    actions_detail = ("birth_date_page",)

    @action(description=acting.BIRTH_DATE.title, url_path="birth-date", permissions=["birth_date"])
    def birth_date_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return acting.page(self, request, object_id, acting.BIRTH_DATE)

    # Unfold looks for dotted rights in the database while it checks declarations, when there may be none yet.
    def has_birth_date_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(acting.BIRTH_DATE.permission)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        active = Identifier.objects.filter(is_active=True).order_by("id")
        joined = Membership.objects.select_related("programme").order_by("id")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("identifiers", active, to_attr="active_identifiers"))
            .prefetch_related(Prefetch("memberships", joined, to_attr="joined_programmes"))
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(pk__in=matching_members(search_term))
        return queryset, False

    @display(description=_("name"))
    def person_name(self, member: Member) -> str:
        return name_of(member)

    @display(description=_("identifiers"))
    def identifiers_text(self, member: Any) -> str:
        values = [identifier.value for identifier in member.active_identifiers]
        return ", ".join(values[:SHOWN_IDENTIFIERS]) + (" …" if len(values) > SHOWN_IDENTIFIERS else "")

    @display(description=_("programmes"))
    def programmes(self, member: Any) -> SafeString:
        return format_html_join(
            ", ", "{}", ((link(each, each.programme),) for each in member.joined_programmes)
        )

    @display(description=_("birth date"))
    def birth_date(self, member: Member) -> str:
        day = getattr(getattr(member, "person", None), "birth_date", None)
        return date_format(day, "DATE_FORMAT") if day else EMPTY

    @display(description=_("language"))
    def language(self, member: Member) -> str:
        code = getattr(getattr(member, "person", None), "language", "")
        return language_name(code) if code else EMPTY

    @display(description=_("attributes"))
    def attributes(self, member: Member) -> str:
        known = getattr(getattr(member, "person", None), "attributes", None) or {}
        return "; ".join(f"{name}: {value}" for name, value in known.items()) or EMPTY


@admin.register(Membership)
class MembershipAdmin(Adjusting, GivesTiers, ReadOnlyAdmin):
    """Members of a programme, with what they have and when they last came."""

    about = _("Members of a programme. Open one to see the balance and where each point came from.")
    when_empty = MemberAdmin.when_empty
    list_display = (
        "number",
        "person_name",
        "programme",
        "balance",
        "purchases",
        "last_purchase",
        "status_badge",
    )
    list_filter = ("programme", "status")
    list_select_related = ("programme", "member__person", "stats")
    search_fields = ("number",)
    search_help_text = MemberAdmin.search_help_text
    ordering = ("-id",)
    sortable_by = ("number",)
    status_badge = badge("status")
    fieldsets: ClassVar = (
        (None, {"fields": ("number", "member_page", "programme", "status")}),
        (_("History"), {"fields": ("joined", "channel", "purchases", "amount", "last_purchase")}),
    )
    readonly_fields = ("member_page", "joined", "purchases", "amount", "last_purchase")
    actions_detail = ("adjust", "give_tier", "donate_page", "forfeit_page", "undo_opening_page")

    @action(description=acting.DONATE.title, url_path="donate", permissions=["donate"])
    def donate_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return acting.page(self, request, object_id, acting.DONATE)

    @action(description=acting.FORFEIT.title, url_path="forfeit", permissions=["forfeit"])
    def forfeit_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return acting.page(self, request, object_id, acting.FORFEIT)

    @action(
        description=acting.UNDO_OPENING.title,
        url_path="undo-opening",
        permissions=["undo_opening"],
    )
    def undo_opening_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return acting.page(self, request, object_id, acting.UNDO_OPENING)

    def has_donate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(acting.DONATE.permission)

    def has_forfeit_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(acting.FORFEIT.permission)

    def has_undo_opening_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(acting.UNDO_OPENING.permission)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("accounts", accounts_with_types(), to_attr="shown_accounts"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(member__in=matching_members(search_term))
        return queryset, False

    @display(description=_("name"))
    def person_name(self, membership: Membership) -> str:
        return name_of(membership.member)

    @display(description=_("member"))
    def member_page(self, membership: Membership) -> SafeString | str:
        name = name_of(membership.member)
        return link(membership.member, "" if name == EMPTY else name)

    @display(description=_("joined"))
    def joined(self, membership: Membership) -> str:
        return moment(membership.joined_at, membership.programme.zone)

    @display(description=_("balance"))
    def balance(self, membership: Any) -> str:
        return balance_in_words(membership.shown_accounts) or EMPTY

    @display(description=_("purchases"))
    def purchases(self, membership: Membership) -> str:
        stats = getattr(membership, "stats", None)
        return "0" if stats is None else format_quantity(stats.purchases)

    @display(description=_("amount of purchases"))
    def amount(self, membership: Membership) -> str:
        stats = getattr(membership, "stats", None)
        return EMPTY if stats is None else money(stats.amount, membership.programme.currency)

    @display(description=_("last purchase"))
    def last_purchase(self, membership: Membership) -> str:
        stats = getattr(membership, "stats", None)
        return EMPTY if stats is None else moment(stats.last_purchase_at, membership.programme.zone)


def memberships_table(member: Member, request: HttpRequest) -> Table:
    """The programmes of a member."""
    rows = member.memberships.select_related("programme").prefetch_related(
        Prefetch("accounts", accounts_with_types(), to_attr="shown_accounts")
    )
    return Table(
        (_("Programme"), _("Number"), _("Balance"), _("Joined"), _("State")),
        [
            (
                link(each, each.programme),
                each.number,
                balance_in_words(each.shown_accounts) or EMPTY,
                moment(each.joined_at, each.programme.zone),
                each.get_status_display(),
            )
            for each in rows.order_by("id")
        ],
    )


panels.contribute(
    "members.Member",
    Panel(_("Programmes"), "members.view_membership", content=memberships_table, order=10),
)
