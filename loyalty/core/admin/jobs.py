"""Background jobs and imports: how far they are and what went wrong."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from loyalty.core import jobs
from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge, say
from loyalty.core.models import ImportBatch, ImportRowError, Job
from loyalty.core.translated import format_quantity


def as_text(value: Any) -> SafeString | str:
    """JSON for reading."""
    if value in (None, "", {}, []):
        return "—"
    shown = json.dumps(value, ensure_ascii=False, indent=2)
    return format_html('<pre class="whitespace-pre-wrap text-xs">{}</pre>', shown)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What runs, has run or waits. A running job can be cancelled; a dead one is taken over by itself."""

    list_display = ("id", "label", "state_badge", "progress", "rate", "error_count", "created_at", "duration")
    list_display_links = ("id", "label")
    list_filter = ("state",)
    search_fields = ("=id", "kind")
    ordering = ("-id",)
    actions = ("cancel_jobs",)
    state_badge = badge("state")
    fieldsets = (
        (None, {"fields": ("label", "state", "progress", "rate", "error_count", "message", "outcome")}),
        (_("Details"), {"fields": ("settings_text", "position_text", "attempts", "worker", "requested_by")}),
        (
            _("Times"),
            {
                "fields": (
                    "created_at",
                    "started_at",
                    "heartbeat_at",
                    "lease_until",
                    "finished_at",
                    "duration",
                )
            },
        ),
    )
    readonly_fields = (
        "label",
        "progress",
        "outcome",
        "settings_text",
        "position_text",
        "duration",
    )

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_job")

    @display(description=_("job"), ordering="kind")
    def label(self, job: Job) -> str:
        return jobs.label_of(job.kind)

    @display(description=_("progress"))
    def progress(self, job: Job) -> SafeString:
        context = {
            "percent": min(100, job.done * 100 // job.total) if job.total else None,
            "done": format_quantity(job.done) if job.done else "",
            "total": format_quantity(job.total) if job.total else "",
        }
        return render_to_string("admin/progress.html", context)

    @display(description=_("took"))
    def duration(self, job: Job) -> str:
        end = job.finished_at or job.heartbeat_at
        if job.started_at is None or end is None:
            return "—"
        seconds = max(0, int((end - job.started_at).total_seconds()))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    @display(description=_("result"))
    def outcome(self, job: Job) -> SafeString | str:
        return as_text(job.result)

    @display(description=_("settings"))
    def settings_text(self, job: Job) -> SafeString | str:
        return as_text(job.args)

    @display(description=_("continues from"))
    def position_text(self, job: Job) -> SafeString | str:
        return as_text(job.position)

    @action(description=_("Cancel the selected jobs"), permissions=["cancel"])
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        say(
            request,
            lambda: sum(jobs.cancel(job) for job in queryset),
            lambda count: ngettext("%d job was cancelled.", "%d jobs were cancelled.", count) % count,
        )


class RowErrorInline(TabularInline):
    """The lines that were not taken."""

    model = ImportRowError
    fields = ("line", "field", "message", "expected", "raw")
    readonly_fields = fields
    ordering = ("line",)
    per_page = 20
    show_change_link = False
    hide_title = True
    can_delete = False
    verbose_name_plural = _("Lines that were not taken")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("core.view_importbatch")


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Files that were taken in."""

    list_display = (
        "id",
        "file_name",
        "kind",
        "scope",
        "state_badge",
        "rows",
        "bad",
        "started_at",
        "finished_at",
    )
    list_display_links = ("id", "file_name")
    list_filter = ("kind", "state")
    search_fields = ("file_name", "file_sha256")
    ordering = ("-id",)
    inlines = (RowErrorInline,)
    state_badge = badge("state")
    fieldsets = (
        (None, {"fields": ("file_name", "kind", "scope", "state", "counts_text", "report_text")}),
        (
            _("Details"),
            {"fields": ("file_sha256", "file_size", "options_text", "job", "started_at", "finished_at")},
        ),
    )
    readonly_fields = ("counts_text", "report_text", "options_text")

    @display(description=_("lines"))
    def rows(self, batch: ImportBatch) -> int:
        return int(batch.counts.get("rows", 0))

    @display(description=_("not taken"))
    def bad(self, batch: ImportBatch) -> int:
        return int(batch.counts.get("bad", 0))

    @display(description=_("counts"))
    def counts_text(self, batch: ImportBatch) -> SafeString | str:
        return as_text(batch.counts)

    @display(description=_("report"))
    def report_text(self, batch: ImportBatch) -> SafeString | str:
        return as_text(batch.report)

    @display(description=_("options"))
    def options_text(self, batch: ImportBatch) -> SafeString | str:
        return as_text(batch.options)
