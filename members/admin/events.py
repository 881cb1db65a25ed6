"""What happened besides purchases, with the reason for every point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.registry import Panel, Table, panels
from members.admin.documents import movements_table
from members.admin.links import EMPTY, link, moment
from members.models import Event, Membership
from members.selectors import statement
from members.selectors.events import EVENT_NAMES, OF_PROGRAMME, event_name
from members.selectors.explain.happening import event_in_words, explain_event
from members.selectors.explain.receipt import earned_in_words
from programs.models import EventType

MOST_EVENTS = 15


class KindFilter(admin.SimpleListFilter):
    """The kinds there may be, without reading which there are."""

    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        own = {f"{OF_PROGRAMME}{event.key}": str(event) for event in EventType.objects.order_by("pk")}
        return [*((str(kind), name) for kind, name in EVENT_NAMES.items()), *own.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Every event, the latest recorded first."""

    about = _(
        "What happened besides purchases: birthdays and other days that come by themselves, and events that partners"
        " send. Open one to read why it earned what it earned."
    )
    when_empty = _("Events come by themselves with rules for them, and from partners.")
    list_display = ("name", "happened", "member_page", "partner", "earned")
    list_display_links = ("name",)
    list_filter = (KindFilter,)
    list_select_related = ("partner", "membership__programme", "revision")
    search_fields = ("id",)
    search_help_text = _("The whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    # Everything else stands in the explanation below.
    fields = ("name", "member_page")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.defer("facts", "revision__canonical")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        # Few ids, written out, let the planner take the index of the member's history.
        memberships = list(Membership.objects.filter(number=text).values_list("pk", flat=True))
        return queryset.filter(membership_id__in=memberships), False

    @display(description=_("what"))
    def name(self, event: Event) -> str:
        return event_name(event.kind, event.revision)

    @display(description=_("happened"))
    def happened(self, event: Event) -> str:
        return moment(event.occurred_at, event.membership.programme.zone)

    @display(description=_("member"))
    def member_page(self, event: Event) -> SafeString | str:
        return link(event.membership, event.membership.number)

    @display(description=_("earned"))
    def earned(self, event: Event) -> str:
        return earned_in_words(event) or EMPTY


def events_table(membership: Membership, request: HttpRequest) -> Table | None:
    """The latest events of a member; nothing where there never was one."""
    events = statement.last_events(membership, MOST_EVENTS)
    if not events:
        return None
    return Table(
        (_("Happened"), _("What"), _("Partner"), _("Earned")),
        [
            (
                moment(event.occurred_at, membership.programme.zone),
                link(event, event_name(event.kind, event.revision)),
                event.partner,
                earned_in_words(event) or EMPTY,
            )
            for event in events
        ],
    )


def explanation_context(event: Event, request: HttpRequest) -> dict[str, Any]:
    """The event in the reader's language."""
    return {"words": event_in_words(explain_event(event))}


panels.contribute(
    "members.Membership", Panel(_("Events"), "members.view_event", content=events_table, order=50)
)
panels.contribute(
    "members.Event",
    Panel(
        _("Why these points"),
        "members.view_event",
        template="admin/members/explanation.html",
        context=explanation_context,
        order=10,
    ),
)
panels.contribute(
    "members.Event",
    Panel(_("Movements of points"), "members.view_posting", content=movements_table, order=20),
)
