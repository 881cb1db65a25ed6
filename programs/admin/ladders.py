"""Ladders of tiers as they are being worked on: how each works in words, and its tiers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import link
from loyalty.core.registry import Panel, Table, panels
from programs.admin.desk.lists import add_button, part_list
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.ladders import LADDER_FIELDSETS, LadderForm
from programs.admin.parts import PartAdmin, Retired
from programs.admin.rules import OF_PROGRAMME
from programs.models import Programme, TierLadder
from programs.selectors.ladders import TierInWords, ladder_in_words, tiers_in_words
from programs.selectors.parts import SPOKEN, ladder_of, spoken_core


@admin.register(TierLadder)
class TierLadderAdmin(PartAdmin):
    """Tiers that members climb."""

    list_display = ("label", "how", "tiers", "programme", "retired_at")
    list_filter = ("programme", Retired)
    search_fields = ("key", "name")
    form = LadderForm
    tab = "ladders"
    fieldsets = LADDER_FIELDSETS

    def get_queryset(self, request: HttpRequest) -> QuerySet[TierLadder]:
        rows: QuerySet[TierLadder] = super().get_queryset(request)
        return rows.select_related("programme").prefetch_related(*OF_PROGRAMME)

    @display(description=_("name"))
    def label(self, row: TierLadder) -> str:
        return str(row)

    @display(description=_("how it works"))
    def how(self, row: TierLadder) -> str:
        return _how(row)

    @display(description=_("tiers"))
    def tiers(self, row: TierLadder) -> str:
        return ", ".join(tier.name for tier in _tiers(row))


def _how(row: TierLadder) -> str:
    core = spoken_core(row.programme)
    ladder = None if core is None else ladder_of(row, core)
    return "" if core is None or ladder is None else " ".join(ladder_in_words(ladder, core))


def _tiers(row: TierLadder) -> list[TierInWords]:
    core = spoken_core(row.programme)
    ladder = None if core is None else ladder_of(row, core)
    return [] if core is None or ladder is None else tiers_in_words(ladder, core)


def _of_ladder(row: TierLadder, request: HttpRequest) -> Table:
    return Table((_("Tier"), _("Code"), _("Reached"), _("Benefits")), _tiers(row), _how(row))


def _page(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    ladders: Any = programme.ladders.filter(retired_at=None).select_related("programme")
    rows = [
        (link(ladder), *tier)
        for ladder in ladders.prefetch_related(*(f"programme__{name}" for name in SPOKEN))
        for tier in _tiers(ladder)
    ]
    columns = (_("Ladder"), _("Tier"), _("Code"), _("Reached"), _("Benefits"))
    return {
        "about": _("Tiers that members climb, and what each gives. The first ladder is the main one."),
        "buttons": add_button(request, programme, TierLadder, _("Add a ladder")),
        "panels": part_list(request, "programs.view_tierladder", columns, rows),
    }


panels.contribute(
    "programs.tierladder", Panel(_("Tiers"), "programs.view_tierladder", content=_of_ladder, order=10)
)
tabs.contribute(Tab("ladders", _("Tiers"), "programs.view_tierladder", _page, order=30))
