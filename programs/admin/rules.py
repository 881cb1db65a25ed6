"""Rules of the working copies, each as a sentence."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import EMPTY, as_written, link
from loyalty.core.registry import Panel, ShownPanel, Table, panels
from programs.admin.desk.lists import add_button
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.rules import RULE_FIELDSETS, RuleForm
from programs.admin.parts import PartAdmin, Retired
from programs.engine.rules import EffectKind
from programs.models import Programme, Rule
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


def _page(request: HttpRequest, programme: Programme) -> dict[str, object]:
    rules = programme.rules.filter(retired_at=None).select_related("programme")
    rows = [
        (link(rule), rule.settings.get("group", ""), rule_in_words(rule))
        for rule in rules.prefetch_related(*OF_PROGRAMME)
    ]
    return {
        "about": _(
            "What earns points. Groups are tried in their order, and within a group its rules from top to bottom."
        ),
        "buttons": add_button(request, programme, Rule, _("Add a rule")),
        "panels": [
            ShownPanel("", Table((_("Rule"), _("Group"), _("What it does")), rows)),
            ShownPanel(_("Groups of rules"), _groups(programme)),
        ],
    }


def _groups(programme: Programme) -> Table:
    rules = programme.rules.filter(retired_at=None).values_list("settings", flat=True)
    boosted = {each.get("group") for each in rules if each["effect"]["kind"] == EffectKind.MULTIPLIER}
    rows = []
    for group in programme.rule_groups.filter(retired_at=None):
        together, multipliers = group_in_words(group.settings)
        rows.append((group.key, together, multipliers if group.key in boosted else EMPTY))
    return Table((_("Group"), _("Of its rules"), _("Its multipliers")), rows)


tabs.contribute(Tab("rules", _("Rules"), "programs.view_rule", _page, order=40))
