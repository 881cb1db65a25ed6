"""Events and who has heard of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from loyalty.core import outbox
from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge, say
from loyalty.core.admin.cells import as_json
from loyalty.core.models import HandlerRun, OutboxEvent


@admin.register(HandlerRun)
class HandlerRunAdmin(ReadOnlyAdmin):
    """What still waits or was given up; a given-up run can be tried again."""

    about = _(
        "Who has to be told of an event, and whether it worked. What was given up can be tried again: choose it and"
        " “Try again”."
    )
    when_empty = _("Nothing waits and nothing was given up.")
    list_display = ("id", "event", "handler", "state_badge", "attempts", "due_at", "error")
    list_filter = ("state",)
    list_select_related = ("event",)
    search_fields = ("=event__id", "event__subject")
    search_help_text = _("The number of an event, or what it is about (membership:123)")
    ordering = ("-id",)
    actions = ("try_again",)
    state_badge = badge("state")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_handlerrun")

    @action(description=_("Try again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[HandlerRun]) -> None:
        say(
            request,
            lambda: outbox.try_again(queryset),
            lambda count: ngettext("%d is tried again.", "%d are tried again.", count) % count,
        )


class RunInline(TabularInline):
    """Who has heard of the event."""

    model = HandlerRun
    fields = ("handler", "state", "attempts", "due_at", "finished_at", "error")
    readonly_fields = fields
    can_delete = False
    hide_title = True
    when_empty = _("Nobody has to be told of this event.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    """What happened, in the order of the record."""

    about = _("What happened, in the order of the record, for the parts of the system that must hear of it.")
    when_empty = _("Events come with purchases, returns and publications.")
    list_display = ("id", "name", "subject", "sequence", "occurred_at", "recorded_at")
    list_display_links = ("id", "name")
    search_fields = ("=subject", "=name")
    search_help_text = _("An event (purchase.recorded) or what it is about (membership:123)")
    ordering = ("-id",)
    inlines = (RunInline,)
    fields = ("name", "subject", "sequence", "occurred_at", "recorded_at", "content")
    readonly_fields = ("content",)

    @display(description=_("content"))
    def content(self, event: OutboxEvent) -> SafeString | str:
        return as_json(event.payload)
