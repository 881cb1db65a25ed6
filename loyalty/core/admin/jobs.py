"""Background jobs and imports: how far they are and what went wrong."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from loyalty.core import jobs
from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge, say
from loyalty.core.admin.cells import EMPTY, as_json
from loyalty.core.choices import TONES
from loyalty.core.models import ImportBatch, ImportRowError, Job
from loyalty.core.translated import format_quantity

DRY_RUN = "dry_run"
# Counts of what an import left out.
NOT_TAKEN = ("bad", "refused", "conflicts")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What runs, has run or waits. A running job can be cancelled; a dead one is taken over by itself."""

    about = _(
        "Work that runs beside the pages. A job that was broken off is taken up again by itself; a running one can"
        " be cancelled."
    )
    when_empty = _("Jobs come by the timetable and by what people ask for.")
    list_display = ("id", "label", "state_badge", "progress", "error_count", "created_at", "duration")
    list_display_links = ("id", "label")
    list_filter = ("state",)
    search_fields = ("=id", "kind")
    search_help_text = _("The number of a job")
    ordering = ("-id",)
    actions = ("cancel_jobs",)
    state_badge = badge("state")
    fieldsets = (
        (None, {"fields": ("label", "state", "progress", "said", "error_count", "requested_by")}),
        (_("Times"), {"fields": ("created_at", "started_at", "finished_at", "duration")}),
        (
            _("For those who look after the system"),
            {
                "fields": ("outcome", "settings_text", "position_text", "rate", "attempts", "worker",
                           "heartbeat_at", "lease_until"),
                "classes": ("collapse",),
            },
        ),
    )  # fmt: skip
    readonly_fields = ("label", "progress", "said", "outcome", "settings_text", "position_text", "duration")

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

    @display(description=_("message"))
    def said(self, job: Job) -> str:
        # A worker writes it down in English, whoever reads it.
        return gettext(job.message) if job.message else EMPTY

    @display(description=_("took"))
    def duration(self, job: Job) -> str:
        end = job.finished_at or job.heartbeat_at
        if job.started_at is None or end is None:
            return EMPTY
        seconds = max(0, int((end - job.started_at).total_seconds()))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    @display(description=_("result"))
    def outcome(self, job: Job) -> SafeString | str:
        return as_json(job.result)

    @display(description=_("settings"))
    def settings_text(self, job: Job) -> SafeString | str:
        return as_json(job.args)

    @display(description=_("continues from"))
    def position_text(self, job: Job) -> SafeString | str:
        return as_json(job.position)

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
    fields = ("line", "field", "said", "expected", "found")
    readonly_fields = fields
    ordering = ("line",)
    per_page = 20
    show_change_link = False
    hide_title = True
    can_delete = False
    verbose_name_plural = _("Lines that were not taken")
    when_empty = _("No line was at fault.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("core.view_importbatch")

    @display(description=_("what is wrong"))
    def said(self, error: ImportRowError) -> str:
        # The import writes it down in its own language, whoever reads it.
        return gettext(error.message)

    @display(description=_("what stood there"))
    def found(self, error: ImportRowError) -> str:
        return error.raw or EMPTY


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Files that were taken in."""

    about = _(
        "Files of receipts and returns that were taken in, with the lines that could not be used and why. A mended"
        " file can be taken in again: what is recorded already stays as it is."
    )
    when_empty = _("Send the first file under “Take in files”.")
    list_display = ("id", "file_name", "kind_text", "scope", "state_badge", "rows", "bad", "started_at")
    list_display_links = ("id", "file_name")
    list_filter = ("state",)
    search_fields = ("file_name", "file_sha256")
    search_help_text = _("Name of the file")
    ordering = ("-id",)
    inlines = (RowErrorInline,)
    fieldsets = (
        (None, {"fields": ("file_name", "kind_text", "scope", "state_text", "started_at", "finished_at")}),
        (
            _("For those who look after the system"),
            {
                "fields": ("file_sha256", "size", "counts_text", "options_text", "job"),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("kind_text", "state_text", "size", "counts_text", "options_text")

    @display(description=_("kind"), ordering="kind")
    def kind_text(self, batch: ImportBatch) -> str:
        # A kind is called like what it brings: purchases, returns.
        return gettext(batch.kind)

    @display(description=_("state"), label={**TONES, DRY_RUN: "info"}, ordering="state")
    def state_badge(self, batch: ImportBatch) -> tuple[str, str]:
        if (batch.report or {}).get("dry_run"):
            return DRY_RUN, gettext("dry run, nothing changed")
        return batch.state, batch.get_state_display()

    @display(description=_("state"))
    def state_text(self, batch: ImportBatch) -> str:
        return str(self.state_badge(batch)[1])

    @display(description=_("lines"))
    def rows(self, batch: ImportBatch) -> str:
        return format_quantity(int(batch.counts.get("rows", 0)))

    @display(description=_("not taken"))
    def bad(self, batch: ImportBatch) -> str:
        return format_quantity(sum(int(batch.counts.get(name, 0)) for name in NOT_TAKEN))

    @display(description=_("size"))
    def size(self, batch: ImportBatch) -> str:
        return filesizeformat(batch.file_size)

    @display(description=_("counts"))
    def counts_text(self, batch: ImportBatch) -> SafeString | str:
        return as_json(batch.counts)

    @display(description=_("options"))
    def options_text(self, batch: ImportBatch) -> SafeString | str:
        return as_json(batch.options)
