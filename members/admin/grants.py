"""Tiers given by hand: giving one on the page of a member, ending it before its time, and who did so and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from loyalty.core import clock
from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.problems import Problem
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import text
from members.admin.grant_forms import GiveTierForm, ReasonForm
from members.admin.links import EMPTY, link, moment
from members.choices import GrantMode
from members.models import Membership, TierGrant
from members.selectors import grants as given
from members.selectors import tiers
from members.services import grants
from programs.models import Partner


class GivesTiers:
    """What the page of a membership needs so that tiers can be given there."""

    actions_detail: tuple[str, ...] = ("give_tier",)

    def has_give_tier_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may, and only where there are tiers to give."""
        if not request.user.has_perm("members.add_tiergrant") or object_id is None:
            return False
        membership = Membership.objects.select_related("programme").filter(pk=object_id).first()
        # The page of one that is not there says so itself.
        return membership is None or given.has_ladders(membership.programme_id, clock.now())

    @action(
        description=_("Give a tier"),
        url_path="give-tier",
        permissions=["give_tier"],
        icon="military_tech",
        variant=ActionVariant.PRIMARY,
    )
    def give_tier(self, request: HttpRequest, object_id: str) -> HttpResponse:
        membership = _membership(self, request, object_id)
        now = clock.now()
        standings = tiers.standings_of(membership, now)
        form = GiveTierForm(membership, now, request.POST or None)
        if form.is_valid() and _given(request, membership, form, now):
            return HttpResponseRedirect(_page(membership))
        context = {
            "form": form,
            "title": gettext("Give a tier to %(member)s") % {"member": _name(membership)},
            "now": [f"{given.has_in_words(each)} {tiers.prospects(each)[0]}" for each in standings],
            "button": gettext("Give the tier"),
        }
        return _form_page(self, request, membership, "admin/members/give_tier.html", context)


def _given(request: HttpRequest, membership: Membership, form: GiveTierForm, now: datetime) -> bool:
    said = form.cleaned_data
    ladder, _colon, tier = said["tier"].partition(":")
    try:
        grants.give_tier(
            membership=membership,
            ladder=ladder,
            tier=tier,
            mode=GrantMode(said["mode"]),
            until=said["until"],
            reason=said["reason"],
            partner=_operator(),
            reference=said["number"],
            now=now,
            actor=_user(request),
        )
    except Problem as problem:
        form.refuse(problem)
        return False
    messages.success(request, _stands(membership, ladder, now))
    return True


def _stands(membership: Membership, ladder: str, now: datetime) -> str:
    """What the member has on a ladder now."""
    standings = [each for each in tiers.standings_of(membership, now) if each.ladder.key == ladder]
    return gettext("Done. %(standing)s") % {"standing": " ".join(map(given.has_in_words, standings))}


@admin.register(TierGrant)
class TierGrantAdmin(ReadOnlyAdmin):
    """Every tier that was given by hand, the latest first."""

    about = _(
        "Tiers that staff gave, with who did so and why. Open the page of a member to give one, and one of these to"
        " end it before its time."
    )
    when_empty = _("Nobody was given a tier yet. Open the page of a member and choose “Give a tier”.")
    list_display = (
        "given",
        "member_page",
        "ladder_name",
        "tier_name",
        "how",
        "last_day",
        "ended",
        "reason",
        "who",
    )
    list_select_related = ("membership__programme", "revision", "actor", "revoked_by")
    search_fields = ("id",)
    search_help_text = _("The whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "member_page",
        "ladder_name",
        "tier_name",
        "how",
        "given",
        "last_day",
        "reason",
        "who",
        "ended",
        "ended_by",
        "ended_because",
    )
    readonly_fields = fields
    actions_detail = ("end_now",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TierGrant]:
        rows: QuerySet[TierGrant] = super().get_queryset(request)
        return rows.defer("revision__canonical")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        memberships = list(Membership.objects.filter(number=words).values_list("pk", flat=True))
        return queryset.filter(membership_id__in=memberships), False

    @display(description=_("given"))
    def given(self, grant: TierGrant) -> str:
        return moment(grant.starts_at, grant.membership.programme.zone)

    @display(description=_("member"))
    def member_page(self, grant: TierGrant) -> SafeString | str:
        return link(grant.membership)

    @display(description=_("ladder"))
    def ladder_name(self, grant: TierGrant) -> str:
        return _ladder(grant)

    @display(description=_("tier"))
    def tier_name(self, grant: TierGrant) -> str:
        return _tier(grant)

    @display(description=_("how"))
    def how(self, grant: TierGrant) -> str:
        return grant.get_mode_display()

    @display(description=_("last day"))
    def last_day(self, grant: TierGrant) -> str:
        return _last_day(grant)

    @display(description=_("ended early"))
    def ended(self, grant: TierGrant) -> str:
        return moment(grant.revoked_at, grant.membership.programme.zone)

    @display(description=_("given by"))
    def who(self, grant: TierGrant) -> str:
        return str(grant.actor or EMPTY)

    @display(description=_("ended by"))
    def ended_by(self, grant: TierGrant) -> str:
        return str(grant.revoked_by or EMPTY)

    @display(description=_("why it was ended"))
    def ended_because(self, grant: TierGrant) -> str:
        return grant.revoked_because or EMPTY

    def has_end_tier_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may, and only while it runs."""
        if not request.user.has_perm("members.change_tiergrant") or object_id is None:
            return False
        grant = TierGrant.objects.select_related("membership__programme").filter(pk=object_id).first()
        return grant is None or given.runs(grant, clock.now())

    @action(
        description=_("End now"),
        url_path="end",
        permissions=["end_tier"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def end_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rows = self.get_queryset(request).select_related(
            "membership__programme", "membership__member__person"
        )
        grant = get_object_or_404(rows, pk=object_id)
        membership, now = grant.membership, clock.now()
        form = ReasonForm(request.POST or None)
        if form.is_valid() and _ended(request, grant, form, now):
            return HttpResponseRedirect(_page(membership))
        standings = [each for each in tiers.standings_of(membership, now) if each.ladder.key == grant.ladder]
        context = {
            "form": form,
            "title": gettext("End a tier of %(member)s") % {"member": _name(membership)},
            "now": [_told(grant), *(given.without_in_words(each, grant, now) for each in standings)],
            "button": gettext("End it now"),
            "danger": True,
        }
        return _form_page(self, request, membership, "admin/members/give_tier.html", context)


def _ended(request: HttpRequest, grant: TierGrant, form: ReasonForm, now: datetime) -> bool:
    try:
        grants.end_tier(
            membership=grant.membership,
            grant_id=grant.pk,
            reason=form.cleaned_data["reason"],
            partner=_operator(),
            reference=form.cleaned_data["number"],
            now=now,
            actor=_user(request),
        )
    except Problem as problem:
        form.refuse(problem)
        return False
    messages.success(request, _stands(grant.membership, grant.ladder, now))
    return True


def _form_page(
    page: Any, request: HttpRequest, membership: Membership, template: str, context: dict[str, Any]
) -> HttpResponse:
    everything = {
        **page.admin_site.each_context(request),
        "opts": Membership._meta,
        "original": membership,
        "back": _page(membership),
        **context,
    }
    return TemplateResponse(request, template, everything)


def _membership(page: Any, request: HttpRequest, object_id: str) -> Membership:
    rows = page.get_queryset(request).select_related("programme", "member__person")
    membership: Membership = get_object_or_404(rows, pk=object_id)
    if not page.has_view_or_change_permission(request, membership):
        raise PermissionDenied
    return membership


def _page(membership: Membership) -> str:
    return reverse("admin:members_membership_change", args=[membership.pk])


def _name(membership: Membership) -> str:
    person = getattr(membership.member, "person", None)
    name = "" if person is None else f"{person.first_name} {person.last_name}".strip()
    return f"{name} ({membership.number})" if name else membership.number


def _operator() -> Partner:
    return Partner.objects.get(is_operator=True)


def _user(request: HttpRequest) -> Any:
    return request.user


def _ladder(grant: TierGrant) -> str:
    ladder = tiers.ladder_in(grant.revision, grant.ladder)
    return (text(dict(ladder.name)) if ladder else "") or grant.ladder


def _tier(grant: TierGrant) -> str:
    return tiers.tier_name(tiers.ladder_in(grant.revision, grant.ladder), grant.tier)


def _told(grant: TierGrant) -> str:
    """What was given, by whom and why."""
    words = {
        "ladder": _ladder(grant),
        "tier": _tier(grant),
        "how": grant.get_mode_display(),
        "moment": moment(grant.starts_at, grant.membership.programme.zone),
        "who": grant.actor or EMPTY,
        "why": grant.reason,
    }
    return gettext("%(ladder)s: %(tier)s. %(how)s. Given on %(moment)s by %(who)s: %(why)s") % words


def _last_day(grant: TierGrant) -> str:
    if grant.until is not None:
        return date_format(grant.until, "DATE_FORMAT")
    return gettext("as if earned") if grant.mode == GrantMode.LIFT else gettext("no end")


# --- the page of a membership -------------------------------------------------------------------------------------
def grants_table(membership: Membership, request: HttpRequest) -> Table | None:
    """Who gave which tier and why, and how it ended; nothing where nobody was given one."""
    now, zone = clock.now(), membership.programme.zone
    found = given.grants_of(membership, now)
    if not found:
        return None
    may_end = request.user.has_perm("members.change_tiergrant")
    return Table(
        (_("Given"), _("Ladder"), _("Tier"), _("How"), _("Last day"), _("Why"), _("Given by"), _("State")),
        [
            (
                link(grant, moment(grant.starts_at, zone)),
                _ladder(grant),
                _tier(grant),
                grant.get_mode_display(),
                _last_day(grant),
                grant.reason,
                grant.actor or EMPTY,
                _state(grant, runs, may_end, zone),
            )
            for grant, runs in found
        ],
    )


def _state(grant: TierGrant, runs: bool, may_end: bool, zone: str) -> SafeString | str:
    if grant.revoked_at is not None:
        ended = {
            "moment": moment(grant.revoked_at, zone),
            "who": grant.revoked_by or EMPTY,
            "why": grant.revoked_because or "",
        }
        return gettext("ended early on %(moment)s by %(who)s: %(why)s") % ended
    if not runs:
        return gettext("over")
    if not may_end:
        return gettext("runs")
    address = reverse("admin:members_tiergrant_end_now", args=[grant.pk])
    return format_html(
        '<span>{} · <a class="font-semibold text-red-600 dark:text-red-500" href="{}">{}</a></span>',
        gettext("runs"),
        address,
        gettext("End now"),
    )


panels.contribute(
    "members.Membership",
    Panel(_("Tiers given by hand"), "members.view_tiergrant", content=grants_table, order=17),
)
