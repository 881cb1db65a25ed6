"""The list of rules in the order in which they are tried: by group, with buttons to switch, copy and move them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.clock import now
from loyalty.core.problems import Problem, sentence_of
from programs.admin.desk.lists import Button, add_button
from programs.admin.desk.tabs import Tab, tabs
from programs.engine.document import Core
from programs.engine.reader import InvalidDocument
from programs.engine.rules import EffectKind
from programs.models import Programme, Rule, RuleGroup
from programs.selectors.amounts import quantity
from programs.selectors.burn import Burn, burn
from programs.selectors.documents import rule_in_words, working_core
from programs.selectors.parts import SPOKEN
from programs.selectors.policies import group_in_words
from programs.services import rules as services

CHANGE = "programs.change_rule"


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule as its list shows it."""

    key: str
    title: str
    url: str
    sentence: str
    enabled: bool
    budget: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group of rules that are tried together."""

    key: str
    url: str
    together: str
    rules: list[ListedRule]


def _page(request: HttpRequest, programme: Programme) -> HttpResponse | dict[str, Any]:
    if request.method == "POST":
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        _do(request, programme, request.POST.get("do", ""))
        return HttpResponseRedirect(request.path)
    buttons = add_button(request, programme, Rule, _("Add a rule"))
    for button in add_button(request, programme, RuleGroup, _("Add a group")):
        buttons.append(Button(button.title, button.url, "stacks", main=False))
    return {
        "about": _(
            "What earns points. Groups are tried from top to bottom, and the rules of a group too. Drag a rule by its"
            " handle, or use the arrows."
        ),
        "buttons": buttons,
        "groups": _groups(programme),
        "may_change": request.user.has_perm(CHANGE),
        "may_add": request.user.has_perm("programs.add_rule"),
    }


def _groups(programme: Programme) -> list[ListedGroup]:
    try:
        core: Core | None = working_core(programme)
    except InvalidDocument:
        core = None
    burnt = {} if core is None else burn(programme, core, now())
    rows = programme.rules.filter(retired_at=None).select_related("programme").order_by("position", "id")
    by_group: dict[str, list[ListedRule]] = {}
    for rule in rows.prefetch_related(*(f"programme__{name}" for name in SPOKEN)):
        group = str(rule.settings.get("group", "base"))
        by_group.setdefault(group, []).append(_listed(rule, core, burnt.get(rule.key)))
    groups, multiplying = [], _multipliers(core)
    for row in programme.rule_groups.filter(retired_at=None).order_by("position", "id"):
        together, multipliers = group_in_words(row.settings)
        listed = by_group.get(row.key, [])
        boosts = any(each.key in multiplying for each in listed)
        url = reverse("admin:programs_rulegroup_change", args=[row.pk])
        said = f"{gettext('multipliers')} {multipliers}" if boosts else together
        groups.append(ListedGroup(row.key, url, said, listed))
    return groups


def _multipliers(core: Core | None) -> set[str]:
    rules = () if core is None else core.rules
    return {rule.key for rule in rules if rule.effect.kind is EffectKind.MULTIPLIER}


def _listed(row: Rule, core: Core | None, spent: Burn | None) -> ListedRule:
    budget, percent = "", None
    if core is not None and spent is not None:
        rule = next(each for each in core.rules if each.key == row.key)
        item = core.point_type(rule.point_type)
        values = {"used": quantity(spent.used, item), "most": quantity(spent.most, item)}
        budget, percent = gettext("%(used)s of %(most)s given") % values, spent.percent
    return ListedRule(
        row.key,
        str(row),
        reverse("admin:programs_rule_change", args=[row.pk]),
        rule_in_words(row),
        bool(row.settings.get("enabled", True)),
        budget,
        percent,
    )


# --- what its buttons do --------------------------------------------------------------------------------------
def _do(request: HttpRequest, programme: Programme, order: str) -> None:
    """Carry out "up:KEY", "on:KEY", "copy:KEY", "place:KEY:GROUP:BEFORE", "group_up:KEY"."""
    verb, _colon, rest = order.partition(":")
    key, *more = rest.split(":")
    try:
        if verb in ("group_up", "group_down"):
            services.step_group(programme, key, up=verb == "group_up", now=now())
            return
        rule = programme.rules.filter(key=key, retired_at=None).first()
        work = None if rule is None else _work(rule, verb, more)
        if work is None:
            messages.error(request, gettext("This rule is not there any more. Nothing was changed."))
            return
        if verb == "copy" and not request.user.has_perm("programs.add_rule"):
            raise PermissionDenied
        work()
    except Problem as problem:
        messages.error(request, sentence_of(problem))
        for error in problem.errors:
            messages.error(request, str(error))


def _work(rule: Rule, verb: str, more: list[str]) -> Callable[[], Any] | None:
    instant = now()
    if verb in ("up", "down"):
        return lambda: services.step(rule, up=verb == "up", now=instant)
    if verb in ("on", "off"):
        return lambda: services.switch(rule, on=verb == "on", now=instant)
    if verb == "copy":
        return lambda: services.copy(rule, now=instant)
    if verb == "place" and len(more) == 2:
        return lambda: services.place(rule, group=more[0], before=more[1], now=instant)
    return None


tabs.contribute(
    Tab(
        "rules",
        _("Rules"),
        "programs.view_rule",
        _page,
        "admin/programs/rules.html",
        order=40,
        changes=CHANGE,
    )
)
