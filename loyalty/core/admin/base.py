"""Base classes of all back office pages: large tables stay fast, history stays whole, actions need
permissions.

An admin class is a declaration. Whatever it writes beyond a plain form, it writes through a service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import unfold.admin
import unfold.views
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connections, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.audit import is_audited
from loyalty.core.choices import TONES
from loyalty.core.problems import Problem, sentence_of
from loyalty.core.registry import panels
from loyalty.core.selectors.audit import history_of

__all__ = [
    "ChangeList",
    "EstimatePaginator",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "StackedInline",
    "TabularInline",
    "badge",
    "say",
]

COUNTED_EXACTLY = 10_000


class EstimatePaginator(Paginator):
    """Counts up to ten thousand rows exactly; above that it takes the database's own estimate."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, models.QuerySet):
            return super().count
        plain = rows.order_by()
        counted = plain[: COUNTED_EXACTLY + 1].count()
        return counted if counted <= COUNTED_EXACTLY else max(_estimate(plain), counted)


def _estimate(rows: models.QuerySet[Any]) -> int:
    """How many rows the planner expects."""
    sql, params = rows.values("pk").query.sql_with_params()
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [[plan]] = cursor.fetchone() or [[{}]]
    return int(plan["Plan"]["Plan Rows"])


def badge(field: str, description: Any = None) -> Callable[..., Any]:
    """A list column that shows a choice field as a coloured label: `state = badge("state")`."""

    @display(description=description or _("state"), label=TONES, ordering=field)
    def column(admin: Any, obj: models.Model) -> tuple[Any, str] | str:
        value, words = getattr(obj, field), str(getattr(obj, f"get_{field}_display")())
        # For a value without a tone the theme would show the value itself.
        return (value, words) if value in TONES else words

    return column


def say(request: HttpRequest, work: Callable[[], Any], done: Callable[[Any], str]) -> None:
    """Do the work of an action and tell the person what came of it; a refusal becomes a sentence."""
    try:
        result = work()
    except Problem as problem:
        messages.error(request, sentence_of(problem))
    else:
        messages.success(request, done(result))


class ChangeList(unfold.views.ChangeList):
    """The number of rows found stands in the heading only where something was looked for."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count


class ModelAdmin(unfold.admin.ModelAdmin):
    """A page over one model, with panels that upper apps contribute and a history that shows every change.

    `about` says above the list what it is; `when_empty` says how the first row comes to be.
    """

    about: Any = ""
    when_empty: Any = ""
    list_before_template = "admin/about.html"
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    # Counts beside filters would read the whole of a large table.
    show_facets = ShowFacets.NEVER
    paginator = EstimatePaginator
    list_filter_submit = True
    warn_unsaved_form = True
    change_form_outer_after_template = "admin/panels.html"
    object_history_template = "admin/changes_of_object.html"
    # Whether the page offers the history; by default, if changes of the model are recorded.
    has_history: bool | None = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django would only say that no action was chosen.
        actions = request.POST.getlist("action") if request.method == "POST" else []
        if any(name and name not in self.get_actions(request) for name in actions):
            raise PermissionDenied
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        recorded = is_audited(self.model) if self.has_history is None else self.has_history
        context = {"show_history": recorded, **(extra_context or {})}
        label = self.model._meta.label
        if request.method == "GET" and panels.any_for(label):
            obj = self.get_object(request, unquote(object_id))
            if obj is not None and self.has_view_or_change_permission(request, obj):
                context["panels"] = panels.shown(label, obj, request)
        return super().change_view(request, object_id, form_url, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed this, when, and from what to what: from the record that triggers write."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        obj = get_object_or_404(self.get_queryset(request), pk=unquote(object_id))
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change history: %s") % obj,
            "changes": history_of(obj),
            "opts": self.opts,
            "object": obj,
            "original": obj,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """The record of changes says more than Django's own log."""

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """See `log_change`."""

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        """See `log_change`."""


class ReadOnlyAdmin(ModelAdmin):
    """Rows that people may look at and nobody edits here: history, projections, jobs."""

    warn_unsaved_form = False
    actions: ClassVar[Sequence[Any]] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TabularInline(unfold.admin.TabularInline):
    """Rows of a related model as a table, without empty ones. `when_empty` says what it means that there are
    none."""

    when_empty: Any = ""
    template_after = "admin/inline_empty.html"
    extra = 0
    show_change_link = True


class StackedInline(unfold.admin.StackedInline):
    """Rows of a related model, one form each, without empty ones."""

    extra = 0
    show_change_link = True
