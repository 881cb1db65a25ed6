"""Event types as they are being worked on: what may happen besides purchases, and what is sent with it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.admin.cells import as_written, link
from loyalty.core.registry import Panel, Table, panels
from programs.admin.parts import Retired
from programs.admin.rules import AS_WRITTEN
from programs.models import EventType, Programme
from programs.selectors.documents import part_as_yaml
from programs.selectors.events import fields_in_words
from programs.selectors.parts import event_type_of


@admin.register(EventType)
class EventTypeAdmin(ReadOnlyAdmin):
    """What may happen besides purchases."""

    list_display = ("label", "key", "sent_with_it", "programme", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    fields = ("label", "key", "programme", "position", "retired_at", "settings_text")
    readonly_fields = ("label", "settings_text")

    @display(description=_("name"))
    def label(self, row: EventType) -> str:
        return str(row)

    @display(description=_("sent with it"))
    def sent_with_it(self, row: EventType) -> str:
        return _sent_with(row)

    @display(description=AS_WRITTEN)
    def settings_text(self, row: EventType) -> SafeString:
        return as_written(part_as_yaml(row.settings))


def _fields(row: EventType) -> list[tuple[str, str, str, str]]:
    event = event_type_of(row)
    return [] if event is None else fields_in_words(event)


def _sent_with(row: EventType) -> str:
    return ", ".join(field[0] for field in _fields(row))


def _of_event(row: EventType, request: HttpRequest) -> Table:
    return Table((_("Field"), _("Type"), _("Must be sent"), _("Used as")), _fields(row))


def _of_programme(programme: Programme, request: HttpRequest) -> Table:
    rows = [
        (link(each), each.key, _sent_with(each)) for each in programme.event_types.filter(retired_at=None)
    ]
    return Table((_("Event"), _("Code"), _("Sent with it")), rows)


panels.contribute(
    "programs.eventtype", Panel(_("Fields"), "programs.view_eventtype", content=_of_event, order=10)
)
panels.contribute(
    "programs.programme", Panel(_("Events"), "programs.view_eventtype", content=_of_programme, order=24)
)
