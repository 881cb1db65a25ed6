"""Ladders of tiers as they are being worked on: how each works in words, and its tiers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.admin.cells import as_written, link
from loyalty.core.registry import Panel, Table, panels
from programs.admin.parts import Retired
from programs.admin.rules import AS_WRITTEN, OF_PROGRAMME
from programs.models import Programme, TierLadder
from programs.selectors.documents import part_as_yaml
from programs.selectors.ladders import TierInWords, ladder_in_words, tiers_in_words
from programs.selectors.parts import SPOKEN, ladder_of, spoken_core


@admin.register(TierLadder)
class TierLadderAdmin(ReadOnlyAdmin):
    """Tiers that members climb."""

    list_display = ("label", "how", "tiers", "programme", "retired_at")
    list_filter = ("programme", Retired)
    search_fields = ("key", "name")
    fields = ("label", "key", "programme", "how", "position", "retired_at", "settings_text")
    readonly_fields = ("label", "how", "settings_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TierLadder]:
        rows: QuerySet[TierLadder] = super().get_queryset(request)
        return rows.select_related("programme").prefetch_related(*OF_PROGRAMME)

    @display(description=_("name"))
    def label(self, row: TierLadder) -> str:
        return str(row)

    @display(description=_("how it works"))
    def how(self, row: TierLadder) -> str:
        core = spoken_core(row.programme)
        ladder = None if core is None else ladder_of(row, core)
        return "" if core is None or ladder is None else " ".join(ladder_in_words(ladder, core))

    @display(description=_("tiers"))
    def tiers(self, row: TierLadder) -> str:
        return ", ".join(tier.name for tier in _tiers(row))

    @display(description=AS_WRITTEN)
    def settings_text(self, row: TierLadder) -> SafeString:
        return as_written(part_as_yaml(row.settings))


def _tiers(row: TierLadder) -> list[TierInWords]:
    core = spoken_core(row.programme)
    ladder = None if core is None else ladder_of(row, core)
    return [] if core is None or ladder is None else tiers_in_words(ladder, core)


def _of_ladder(row: TierLadder, request: HttpRequest) -> Table:
    return Table((_("Tier"), _("Code"), _("Reached"), _("Benefits")), _tiers(row))


def _of_programme(programme: Programme, request: HttpRequest) -> Table:
    ladders: Any = programme.ladders.filter(retired_at=None).select_related("programme")
    rows = [
        (link(ladder), *tier)
        for ladder in ladders.prefetch_related(*(f"programme__{name}" for name in SPOKEN))
        for tier in _tiers(ladder)
    ]
    return Table((_("Ladder"), _("Tier"), _("Code"), _("Reached"), _("Benefits")), rows)


panels.contribute(
    "programs.tierladder", Panel(_("Tiers"), "programs.view_tierladder", content=_of_ladder, order=10)
)
panels.contribute(
    "programs.programme", Panel(_("Tiers"), "programs.view_tierladder", content=_of_programme, order=22)
)
