"""What was published: read only, with the frozen document."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge
from programs.models import Revision, RevisionActivation
from programs.selectors.documents import pretty


class ActivationInline(TabularInline):
    """From when the revision is in force."""

    model = RevisionActivation
    fields = readonly_fields = ("effective_from", "recorded_at", "withdrawn_at")
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    """Frozen documents of programmes."""

    list_display = ("name", "origin_badge", "author", "recorded_at", "fingerprint")
    list_filter = ("programme", "origin")
    search_fields = ("=sha256", "programme__key")
    ordering = ("-recorded_at", "-id")
    fields = (
        "programme",
        "number",
        "origin",
        "author",
        "recorded_at",
        "parent",
        "sha256",
        "logic_sha256",
        "engine_version",
        "document",
    )
    readonly_fields = ("document",)
    inlines = (ActivationInline,)
    origin_badge = badge("origin", _("reason"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        rows: QuerySet[Revision] = super().get_queryset(request)
        return rows.select_related("programme", "author", "parent__programme").defer("parent__canonical")

    @display(description=_("revision"), ordering="number")
    def name(self, revision: Revision) -> str:
        return f"{revision.programme} · {revision.number}"

    @display(description=_("fingerprint"))
    def fingerprint(self, revision: Revision) -> str:
        return revision.sha256[:12]

    @display(description=_("document"))
    def document(self, revision: Revision) -> SafeString:
        return format_html('<pre class="whitespace-pre-wrap text-xs">{}</pre>', pretty(revision))
