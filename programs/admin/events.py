"""Event types as they are being worked on: what may happen besides purchases, and what is sent with it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import link
from loyalty.core.registry import Panel, Table, panels
from programs.admin.desk.lists import add_button, part_list
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.ladders import EVENT_FIELDSETS, EventTypeForm
from programs.admin.parts import PartAdmin, Retired
from programs.models import EventType, Programme
from programs.selectors.events import fields_in_words
from programs.selectors.parts import event_type_of


@admin.register(EventType)
class EventTypeAdmin(PartAdmin):
    """What may happen besides purchases."""

    list_display = ("label", "key", "sent_with_it", "programme", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    form = EventTypeForm
    tab = "events"
    fieldsets = EVENT_FIELDSETS

    @display(description=_("name"))
    def label(self, row: EventType) -> str:
        return str(row)

    @display(description=_("sent with it"))
    def sent_with_it(self, row: EventType) -> str:
        return _sent_with(row)


def _fields(row: EventType) -> list[tuple[str, str, str, str]]:
    event = event_type_of(row)
    return [] if event is None else fields_in_words(event)


def _sent_with(row: EventType) -> str:
    return ", ".join(field[0] for field in _fields(row))


def _of_event(row: EventType, request: HttpRequest) -> Table:
    return Table((_("Field"), _("Type"), _("Must be sent"), _("Used as")), _fields(row))


def _page(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    rows = [
        (link(each), each.key, _sent_with(each)) for each in programme.event_types.filter(retired_at=None)
    ]
    columns = (_("Event"), _("Code"), _("Sent with it"))
    return {
        "about": _("What may happen besides purchases. Rules, tiers and waiting points can ask for it."),
        "buttons": add_button(request, programme, EventType, _("Add an event type")),
        "panels": part_list(request, "programs.view_eventtype", columns, rows),
    }


panels.contribute(
    "programs.eventtype", Panel(_("Fields"), "programs.view_eventtype", content=_of_event, order=10)
)
tabs.contribute(Tab("events", _("Events"), "programs.view_eventtype", _page, order=35))
