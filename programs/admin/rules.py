"""Rules of the working copies, each as a sentence."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import as_written
from loyalty.core.registry import Panel, Table, panels
from programs.admin.forms.rules import RULE_FIELDSETS, RuleForm, RuleGroupForm
from programs.admin.parts import PartAdmin, Retired
from programs.models import Rule, RuleGroup
from programs.selectors.documents import part_as_yaml, rule_in_words
from programs.selectors.parts import SPOKEN
from programs.selectors.policies import group_in_words

OF_PROGRAMME = tuple(f"programme__{name}" for name in SPOKEN)
AS_WRITTEN = _("As it stands in the file")


@admin.register(Rule)
class RuleAdmin(PartAdmin):
    """Rules of the working copies, each as a sentence."""

    about = _(
        "What earns points, each rule as a sentence. This is the copy that is being worked on; purchases are"
        " calculated by what was published as a revision."
    )
    when_empty = _("Rules come with a programme.")
    list_display = ("label", "sentence", "programme", "retired_at")
    list_filter = ("programme", Retired)
    search_fields = ("key", "title")
    search_help_text = _("Title or code")
    form = RuleForm
    tab = "rules"
    fieldsets = RULE_FIELDSETS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.select_related("programme").prefetch_related(*OF_PROGRAMME)

    @display(description=_("title"))
    def label(self, rule: Rule) -> str:
        return str(rule)

    @display(description=_("what it does"))
    def sentence(self, rule: Rule) -> str:
        return rule_in_words(rule)


def _said(rule: Rule, request: HttpRequest) -> Table:
    return Table(
        (_("What it does"), AS_WRITTEN), [(rule_in_words(rule), as_written(part_as_yaml(rule.settings)))]
    )


panels.contribute("programs.rule", Panel(_("In words"), "programs.view_rule", content=_said, order=10))


@admin.register(RuleGroup)
class RuleGroupAdmin(PartAdmin):
    """How rules live together."""

    about = _("Rules that are looked at together, and how they live together.")
    form = RuleGroupForm
    tab = "rules"
    list_display = ("key", "programme", "together", "retired_at")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key",)
    fieldsets = ((None, {"fields": ("key", "mode", "combine")}),)

    @display(description=_("of its rules"))
    def together(self, group: RuleGroup) -> str:
        return group_in_words(group.settings)[0]
