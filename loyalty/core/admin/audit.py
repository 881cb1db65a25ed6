"""The page "Changes": who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ChangeList, ReadOnlyAdmin
from loyalty.core.admin.filters import BetweenMoments
from loyalty.core.audit import is_audited
from loyalty.core.choices import TONES, UserKind
from loyalty.core.models import AuditEntry, User
from loyalty.core.selectors.audit import OWN_NAMES, Change, describe


class KindOfThing(admin.SimpleListFilter):
    """What was changed."""

    title = _("kind of thing")
    parameter_name = "subject_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds: list[tuple[str, Any]] = list(OWN_NAMES.items())
        kinds += [
            (each._meta.label_lower, each._meta.verbose_name)
            for each in apps.get_models()
            if is_audited(each)
        ]
        return sorted(((label, str(name)) for label, name in kinds), key=lambda kind: kind[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


class Person(admin.SimpleListFilter):
    """Who made the change."""

    title = _("who")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = User.objects.filter(kind=UserKind.STAFF).order_by("name", "email")[:100]
        return [(str(user.pk), str(user)) for user in staff]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(actor_id=self.value()) if self.value() else queryset


class DescribingChangeList(ChangeList):
    """Finds the words for all rows of a page together."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        personal = request.user.has_perm("core.view_auditpersonalvalue")
        for row, change in zip(rows, describe(rows, personal=personal), strict=True):
            row.change = change
        self.result_list = rows


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Read only: the database refuses to change it too."""

    about = _("Who changed what, when, and from what to what. Nobody can change this record.")
    list_display = ("recorded_at", "who", "operation_badge", "thing", "values", "reason")
    list_display_links = None
    list_filter = ("operation", KindOfThing, Person, ("recorded_at", BetweenMoments))
    list_select_related = ("personal",)
    search_fields = ("=subject_id",)
    search_help_text = _("The number of the changed thing")
    ordering = ("-id",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DescribingChangeList

    @display(description=_("who"))
    def who(self, entry: AuditEntry) -> str:
        return self._change(entry).who

    @display(description=_("what happened"), label=TONES)
    def operation_badge(self, entry: AuditEntry) -> tuple[str, str]:
        return entry.operation, entry.get_operation_display()

    @display(description=_("what"))
    def thing(self, entry: AuditEntry) -> str:
        return self._change(entry).thing

    @display(description=_("before → after"))
    def values(self, entry: AuditEntry) -> SafeString:
        return render_to_string("admin/change_lines.html", {"lines": self._change(entry).lines})

    @staticmethod
    def _change(entry: AuditEntry) -> Change:
        change: Change = entry.change  # type: ignore[attr-defined]
        return change
