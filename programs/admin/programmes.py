"""Programmes as they are being worked on: policies in words, point types, rules as sentences, revisions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, badge
from loyalty.core.admin.jobs import as_text
from loyalty.core.registry import Panel, Table, panels
from programs.models import PointType, Programme, Rule
from programs.selectors.documents import rule_in_words
from programs.selectors.parts import SPOKEN, point_type_of, spoken_core
from programs.selectors.policies import policies_in_words
from programs.selectors.terms import terms_in_words

OF_PROGRAMME = tuple(f"programme__{name}" for name in SPOKEN)


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    """Programmes; what is in force is in the revisions."""

    list_display = ("label", "key", "status_badge", "audience", "currency", "zone")
    list_display_links = ("label", "key")
    list_filter = ("status", "audience")
    search_fields = ("key", "name")
    fields = ("label", "key", "status", "audience", "coalition", "currency", "zone", "spoken", "created_at")
    readonly_fields = ("label", "spoken")
    status_badge = badge("status", _("status"))

    @display(description=_("name"))
    def label(self, programme: Programme) -> str:
        return str(programme)

    @display(description=_("languages"))
    def spoken(self, programme: Programme) -> str:
        return ", ".join(programme.languages)


@admin.register(PointType)
class PointTypeAdmin(ReadOnlyAdmin):
    """What programmes give."""

    list_display = ("label", "key", "programme", "decimals", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme",)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    fields = ("label", "key", "programme", "position", "decimals", "retired_at", "as_written")
    readonly_fields = ("label", "as_written")

    @display(description=_("name"))
    def label(self, point_type: PointType) -> str:
        return str(point_type)

    @display(description=_("settings"))
    def as_written(self, point_type: PointType) -> SafeString | str:
        return as_text(point_type.settings)


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    """Rules of the working copies, each as a sentence."""

    list_display = ("label", "sentence", "programme", "retired_at")
    list_filter = ("programme", ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("key", "title")
    fields = ("label", "key", "programme", "sentence", "position", "retired_at", "as_written")
    readonly_fields = ("label", "sentence", "as_written")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.select_related("programme").prefetch_related(*OF_PROGRAMME)

    @display(description=_("title"))
    def label(self, rule: Rule) -> str:
        return str(rule)

    @display(description=_("what it does"))
    def sentence(self, rule: Rule) -> str:
        return rule_in_words(rule)

    @display(description=_("settings"))
    def as_written(self, rule: Rule) -> SafeString | str:
        return as_text(rule.settings)


def _terms(point_type: PointType, request: HttpRequest) -> Table:
    item, core = point_type_of(point_type), spoken_core(point_type.programme)
    return Table((_("What"), _("How")), [] if item is None or core is None else terms_in_words(item, core))


panels.contribute(
    "programs.pointtype", Panel(_("What holds for them"), "programs.view_pointtype", content=_terms, order=10)
)


# --- panels of a programme ----------------------------------------------------------------------------------
def _policies(programme: Programme, request: HttpRequest) -> Table:
    return Table((_("What"), _("How")), policies_in_words(programme.policies))


def _point_types(programme: Programme, request: HttpRequest) -> Table:
    rows = [
        (link(each, str(each)), each.key, each.decimals, each.settings.get("cost", ""))
        for each in programme.point_types.filter(retired_at=None)
    ]
    return Table((_("Name"), _("Code"), _("Decimal places"), _("Cost of one")), rows)


def _rules(programme: Programme, request: HttpRequest) -> Table:
    rules = programme.rules.filter(retired_at=None).select_related("programme")
    rows = [
        (link(rule, str(rule)), rule.settings.get("group", ""), rule_in_words(rule))
        for rule in rules.prefetch_related(*OF_PROGRAMME)
    ]
    return Table((_("Rule"), _("Group"), _("What it does")), rows)


def _revisions(programme: Programme, request: HttpRequest) -> Table:
    shown = programme.revisions.order_by("-number").prefetch_related("activations").defer("canonical")[:20]
    rows = []
    for revision in shown:
        starts = [each.effective_from for each in revision.activations.all() if each.withdrawn_at is None]
        rows.append(
            (
                link(revision, str(revision.number)),
                revision.get_origin_display(),
                localize(localtime(revision.recorded_at)),
                ", ".join(localize(localtime(each)) for each in sorted(starts)),
                revision.sha256[:12],
            )
        )
    columns = (_("Revision"), _("Reason"), _("Published"), _("In force from"), _("Fingerprint"))
    return Table(columns, rows)


def link(obj: Model, text: str) -> SafeString:
    """A link to the page of an object."""
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
    return format_html('<a class="text-primary-600" href="{}">{}</a>', reverse(name, args=(obj.pk,)), text)


def _contribute(order: int, title: Any, permission: str, content: Any) -> None:
    panels.contribute("programs.programme", Panel(title, permission, content=content, order=order))


_contribute(10, _("Rules"), "programs.view_rule", _rules)
_contribute(20, _("Point types"), "programs.view_pointtype", _point_types)
_contribute(30, _("Policies"), "programs.view_programme", _policies)
_contribute(40, _("Revisions"), "programs.view_revision", _revisions)
