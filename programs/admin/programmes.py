"""Programmes as they are being worked on: policies in words, point types, rules as sentences, revisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, badge
from loyalty.core.admin.cells import EMPTY, as_written, link, moment
from loyalty.core.exact import currency_digits, parse_decimal
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_money, format_quantity, language_name
from programs.admin.publishing import Publishing
from programs.engine.rules import EffectKind
from programs.models import PointType, Programme, Rule
from programs.selectors.documents import part_as_yaml, rule_in_words
from programs.selectors.parts import SPOKEN, point_type_of, spoken_core
from programs.selectors.policies import group_in_words, policies_in_words
from programs.selectors.terms import terms_in_words

OF_PROGRAMME = tuple(f"programme__{name}" for name in SPOKEN)

AS_WRITTEN = _("As it stands in the file")


class Retired(admin.SimpleListFilter):
    """Whether it is still part of its programme."""

    title = _("part of the programme")
    parameter_name = "retired"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("yes")), ("yes", _("no, retired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(retired_at__isnull=self.value() == "no")


@admin.register(Programme)
class ProgrammeAdmin(Publishing, ReadOnlyAdmin):
    """Programmes; what is in force is in the revisions."""

    about = _(
        "A programme is written in a file and taken in with “manage.py programme load”. Here you read its rules"
        " and policies in words, and what was published of it."
    )
    when_empty = _("Take in the file of a programme: manage.py programme load FILE.yaml --publish")
    list_display = ("label", "key", "status_badge", "audience", "currency", "zone")
    list_display_links = ("label", "key")
    list_filter = ("status", "audience")
    search_fields = ("key", "name")
    search_help_text = _("Name or code")
    fields = ("label", "key", "status", "audience", "currency", "zone", "spoken", "created_at")
    readonly_fields = ("label", "spoken")
    status_badge = badge("status", _("status"))

    @display(description=_("name"))
    def label(self, programme: Programme) -> str:
        return str(programme)

    @display(description=_("languages"))
    def spoken(self, programme: Programme) -> str:
        return ", ".join(language_name(code) for code in programme.languages)


@admin.register(PointType)
class PointTypeAdmin(ReadOnlyAdmin):
    """What programmes give."""

    about = _("What programmes give: points, miles, stamps or money.")
    when_empty = ProgrammeAdmin.when_empty
    list_display = ("label", "key", "programme", "decimals", "cost", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    search_help_text = ProgrammeAdmin.search_help_text
    fieldsets = (
        (None, {"fields": ("label", "key", "programme", "counted", "decimals", "cost", "retired_at")}),
        (AS_WRITTEN, {"fields": ("settings_text",), "classes": ("collapse",)}),
    )
    readonly_fields = ("label", "counted", "cost", "settings_text")

    @display(description=_("name"))
    def label(self, point_type: PointType) -> str:
        return str(point_type)

    @display(description=_("in words"))
    def counted(self, point_type: PointType) -> str:
        unit = point_type.settings.get("unit")
        if not unit:
            return EMPTY
        one = 10**point_type.decimals
        return ", ".join(format_quantity(many * one, point_type.decimals, unit) for many in (1, 2, 5))

    @display(description=_("cost of one"))
    def cost(self, point_type: PointType) -> str:
        return cost_of(point_type)

    @display(description=_("settings"))
    def settings_text(self, point_type: PointType) -> SafeString:
        return as_written(part_as_yaml(point_type.settings))


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    """Rules of the working copies, each as a sentence."""

    about = _(
        "What earns points, each rule as a sentence. This is the copy that is being worked on; purchases are"
        " calculated by what was published as a revision."
    )
    when_empty = ProgrammeAdmin.when_empty
    list_display = ("label", "sentence", "programme", "retired_at")
    list_filter = ("programme", Retired)
    search_fields = ("key", "title")
    search_help_text = _("Title or code")
    fieldsets = (
        (None, {"fields": ("label", "key", "programme", "sentence", "retired_at")}),
        (AS_WRITTEN, {"fields": ("settings_text",), "classes": ("collapse",)}),
    )
    readonly_fields = ("label", "sentence", "settings_text")

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
    def settings_text(self, rule: Rule) -> SafeString:
        return as_written(part_as_yaml(rule.settings))


def cost_of(point_type: PointType) -> str:
    """What one costs the company, as money; a fraction of a cent stays as it is written."""
    cost, currency = point_type.settings.get("cost"), point_type.programme.currency
    if not cost:
        return EMPTY
    written = f"{Decimal(cost).normalize():f}"
    digits = currency_digits(currency)
    if len(written.partition(".")[2]) > digits:
        return f"{written} {currency}"
    return format_money(parse_decimal(written, digits), currency)


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
        (link(each), each.key, each.decimals, cost_of(each))
        for each in programme.point_types.filter(retired_at=None).select_related("programme")
    ]
    return Table((_("Name"), _("Code"), _("Decimal places"), _("Cost of one")), rows)


def _rules(programme: Programme, request: HttpRequest) -> Table:
    rules = programme.rules.filter(retired_at=None).select_related("programme")
    rows = [
        (link(rule), rule.settings.get("group", ""), rule_in_words(rule))
        for rule in rules.prefetch_related(*OF_PROGRAMME)
    ]
    return Table((_("Rule"), _("Group"), _("What it does")), rows)


def _groups(programme: Programme, request: HttpRequest) -> Table:
    rules = programme.rules.filter(retired_at=None).values_list("settings", flat=True)
    boosted = {each.get("group") for each in rules if each["effect"]["kind"] == EffectKind.MULTIPLIER}
    rows = []
    for group in programme.rule_groups.filter(retired_at=None):
        together, multipliers = group_in_words(group.settings)
        rows.append((group.key, together, multipliers if group.key in boosted else EMPTY))
    note = _("Groups are tried in this order, and within a group its rules from top to bottom.")
    return Table((_("Group"), _("Of its rules"), _("Its multipliers")), rows, note)


def _revisions(programme: Programme, request: HttpRequest) -> Table:
    shown = programme.revisions.order_by("-number").prefetch_related("activations").defer("canonical")[:20]
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
    note = "" if rows else _("Not published yet: nobody earns points here. Load its file with --publish.")
    return Table(columns, rows, note)


def _contribute(order: int, title: Any, permission: str, content: Any) -> None:
    panels.contribute("programs.programme", Panel(title, permission, content=content, order=order))


_contribute(10, _("Rules"), "programs.view_rule", _rules)
_contribute(15, _("Groups of rules"), "programs.view_rulegroup", _groups)
_contribute(20, _("Point types"), "programs.view_pointtype", _point_types)
_contribute(30, _("Policies"), "programs.view_programme", _policies)
_contribute(40, _("Revisions"), "programs.view_revision", _revisions)
