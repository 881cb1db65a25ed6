"""Programmes: the list, and for each one its desk with an overview, its settings and its policies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, badge
from loyalty.core.admin.cells import EMPTY, link, moment
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import language_name
from programs.admin.desk.forms import CHANGE, form_page
from programs.admin.desk.lists import part_list
from programs.admin.desk.publish import waiting_changes
from programs.admin.desk.steps import steps_of
from programs.admin.desk.tabs import Tab, tab_page, tab_url, tabs
from programs.admin.forms.programme import SETTINGS_FIELDSETS, PoliciesForm, SettingsForm, policy_fieldsets
from programs.admin.gallery import ADD, new_programme
from programs.models import Programme


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    """Programmes; what is in force is in the revisions."""

    about = _(
        "A programme is worked on here, tried with baskets and examples, and then published. What is published never"
        " changes; a change is a new revision."
    )
    when_empty = _("Make the first programme: take one from the gallery, or start with an empty one.")
    list_display = ("label", "key", "status_badge", "audience", "currency", "zone")
    list_display_links = None
    list_filter = ("status", "audience")
    search_fields = ("key", "name")
    search_help_text = _("Name or code")
    status_badge = badge("status", _("status"))

    @display(description=_("name"))
    def label(self, programme: Programme) -> SafeString:
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            tab_url(programme),
            programme,
        )

    def get_urls(self) -> list[URLPattern]:
        desk = self.admin_site.admin_view(tab_page)
        return [
            path("<str:object_id>/desk/<slug:key>/", desk, name="programs_programme_tab"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(ADD)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A new programme begins with the gallery."""
        return new_programme(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of a programme is its desk."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return HttpResponseRedirect(tab_url(found))


# --- overview ---------------------------------------------------------------------------------------------
def _overview(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    return {
        "waiting": waiting_changes(programme),
        "steps": steps_of(programme, request),
        "publish_url": tab_url(programme, "publish"),
        "panels": panels.shown("programs.programme", programme, request),
    }


def _about(programme: Programme, request: HttpRequest) -> Table:
    spoken = ", ".join(language_name(code) for code in programme.languages)
    rows = [
        (_("State"), programme.get_status_display()),
        (_("For"), programme.get_audience_display()),
        (_("Time zone"), programme.zone),
        (_("Currency"), programme.currency),
        (_("Languages"), spoken),
        (_("Code"), programme.key),
    ]
    return Table((_("What"), _("How")), rows)


panels.contribute(
    "programs.programme", Panel(_("In short"), "programs.view_programme", content=_about, order=10)
)
tabs.contribute(
    Tab(
        "overview",
        _("Overview"),
        "programs.view_programme",
        _overview,
        "admin/programs/overview.html",
        order=0,
    )
)


# --- settings and policies ----------------------------------------------------------------------------------
def _settings(request: HttpRequest, programme: Programme) -> HttpResponse:
    return form_page(
        request, programme, SettingsForm, SETTINGS_FIELDSETS, active="settings", saved=gettext("Saved.")
    )


def _policies(request: HttpRequest, programme: Programme) -> HttpResponse:
    return form_page(
        request, programme, PoliciesForm, policy_fieldsets(), active="policies", saved=gettext("Saved.")
    )


tabs.contribute(
    Tab("settings", _("Settings"), "programs.view_programme", _settings, order=80, changes=CHANGE)
)
tabs.contribute(
    Tab("policies", _("Policies"), "programs.view_programme", _policies, order=50, changes=CHANGE)
)


# --- revisions ------------------------------------------------------------------------------------------------
def _revisions(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    shown = programme.revisions.order_by("-number").prefetch_related("activations").defer("canonical")[:50]
    rows = []
    for revision in shown:
        starts = [each.effective_from for each in revision.activations.all() if each.withdrawn_at is None]
        rows.append(
            (
                link(revision, revision.number),
                revision.get_origin_display(),
                moment(revision.recorded_at, programme.zone),
                "; ".join(moment(each, programme.zone) for each in sorted(starts)) or EMPTY,
                revision.sha256[:12],
            )
        )
    columns = (_("Revision"), _("Reason"), _("Published"), _("In force from"), _("Fingerprint"))
    note = "" if rows else _("Not published yet: nobody earns points here.")
    return {"panels": part_list(request, "programs.view_revision", columns, rows, note=note)}


tabs.contribute(Tab("revisions", _("Revisions"), "programs.view_revision", _revisions, order=90))
