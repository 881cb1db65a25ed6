"""Taking in a file from the back office: send it, say what its columns are, try it, take it in, see what became of it."""

from __future__ import annotations

import csv
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.choices import JobState
from loyalty.core.clock import now
from loyalty.core.models import ImportBatch
from loyalty.core.problems import InvalidFile, Problem, sentence_of
from members.admin.links import moment
from members.choices import Decimals, Moments, UploadKind
from members.models import Upload
from members.selectors.imports import counts_in_words, verdict
from members.services.imports import sheets, uploads
from members.services.imports.messages import COLUMNS
from programs.models import Partner, Programme

ADD = "members.add_upload"
SHOWN_ERRORS = 20
ENCODINGS = (
    (sheets.UTF_8, "UTF-8"),
    (sheets.UTF_16, "UTF-16"),
    ("windows-1251", gettext_lazy("Windows, Cyrillic (1251)")),
    ("windows-1252", gettext_lazy("Windows, Western (1252)")),
    ("windows-1257", gettext_lazy("Windows, Baltic (1257)")),
)


class SendForm(forms.Form):
    """The file and where it belongs."""

    kind = forms.ChoiceField(
        choices=UploadKind.choices, label=_("The file holds"), initial=UploadKind.PURCHASES,
        widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    programme = forms.ModelChoiceField(
        Programme.objects.all(), label=_("Programme"), empty_label=None, widget=UnfoldAdminSelectWidget()
    )
    partner = forms.ModelChoiceField(
        Partner.objects.order_by("-is_operator", "code"), label=_("Sold by"), empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    file = forms.FileField(
        label=_("File"),
        help_text=_("A table saved as CSV. Its first row names the columns; their names may be your own."),
        widget=UnfoldAdminFileFieldWidget(),
    )


class ChoicesForm(forms.Form):
    """What the columns of a file are and how it writes numbers and times."""

    encoding = forms.ChoiceField(
        choices=ENCODINGS, label=_("Letters are written in"), widget=UnfoldAdminSelectWidget(),
        help_text=_("Choose another one when the letters below look wrong."),
    )  # fmt: skip
    decimals = forms.ChoiceField(
        choices=Decimals.choices, label=_("Numbers look like"), widget=UnfoldAdminSelectWidget()
    )
    moments = forms.ChoiceField(
        choices=Moments.choices, label=_("Times look like"), widget=UnfoldAdminSelectWidget()
    )
    enrol = forms.BooleanField(
        required=False,
        label=_("Whoever is not known joins"),
        help_text=_("Off: their receipts are left out and named."),
        widget=UnfoldBooleanSwitchWidget(),
    )
    strict = forms.BooleanField(
        required=False,
        label=_("All or nothing"),
        help_text=_("On: one wrong line and nothing is taken. Off: the rest is taken and the line is named."),
        widget=UnfoldBooleanSwitchWidget(),
    )

    def __init__(self, *args: Any, upload: Upload, header: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        required, optional = sheets.columns_of(upload.kind)
        options = [("", gettext("— not taken —"))]
        options += [(name, str(COLUMNS.get(name, name))) for name in (*required, *optional)]
        self.header = header
        for index, column in enumerate(header):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                choices=options, required=False, label=column, widget=UnfoldAdminSelectWidget()
            )
        if upload.kind != UploadKind.PURCHASES:
            del self.fields["enrol"]
        if upload.kind == UploadKind.PRODUCTS:  # which have neither numbers nor times
            del self.fields["decimals"], self.fields["moments"]
        self.upload = upload

    def choices(self) -> uploads.Choices:
        values = self.cleaned_data
        columns = [values[f"column_{index}"] for index in range(len(self.header))]
        return uploads.Choices(
            columns,
            values["encoding"],
            values.get("decimals", self.upload.decimals),
            values.get("moments", self.upload.moments),
            enrol=values.get("enrol", False),
            strict=values["strict"],
        )


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Files that were sent, the latest first."""

    about = _("Files of receipts, returns and products that were sent here, and what became of each.")
    when_empty = _("Send the first one: Add file, above.")
    list_display = ("name", "kind", "programme", "sent", "uploaded_by", "state")
    list_display_links = None
    list_filter = ("kind", "programme")
    list_select_related = ("programme", "uploaded_by", "job", "taken", "checked")
    search_fields = ("file_name",)
    search_help_text = _("Name of the file")
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(ADD)

    @display(description=_("file"))
    def name(self, upload: Upload) -> SafeString:
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            _url(upload),
            upload.file_name,
        )

    @display(description=_("sent"))
    def sent(self, upload: Upload) -> str:
        return moment(upload.created_at)

    @display(description=_("state"))
    def state(self, upload: Upload) -> str:
        return _state(upload)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/errors.csv", view(error_file), name="members_upload_errors"),
            path("<int:pk>/progress/", view(progress_page), name="members_upload_progress"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SendForm(request.POST or None, request.FILES or None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            try:
                upload = uploads.keep(
                    form.cleaned_data["file"],
                    kind=form.cleaned_data["kind"],
                    programme=form.cleaned_data["programme"],
                    partner=form.cleaned_data["partner"],
                    author=_person(request),
                    now=now(),
                )
            except InvalidFile as refused:
                form.add_error("file", sentence_of(refused))
            else:
                return HttpResponseRedirect(_url(upload))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            "title": gettext("Take in a file"),
        }
        return TemplateResponse(request, "admin/members/upload_send.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = request.user.has_perm(ADD)
        if not self.has_view_permission(request) or (request.method == "POST" and not may):
            raise PermissionDenied
        upload = get_object_or_404(self.get_queryset(request), pk=object_id if object_id.isdigit() else 0)
        if request.method == "POST":
            return self._work(request, upload)
        return self._show(request, upload, None, may=may)

    def _work(self, request: HttpRequest, upload: Upload) -> HttpResponse:
        """Keep the choices and, if asked, try the file or take it in."""
        do = request.POST.get("do", "")
        try:
            header = sheets.beginning(
                uploads.path_of(upload), request.POST.get("encoding") or upload.encoding
            ).header
            form = ChoicesForm(request.POST, upload=upload, header=header)
            if not form.is_valid():
                return self._show(request, upload, form, may=True)
            uploads.choose(upload, form.choices())
            if do in ("try", "take"):
                uploads.start(upload, dry_run=do == "try", author=_person(request))
        except Problem as problem:
            messages.error(request, sentence_of(problem))
            for error in problem.errors:
                messages.error(request, f"{COLUMNS.get(error.field, error.field)}: {error.message}")
            return self._show(request, upload, None, may=True, data=request.POST)
        return HttpResponseRedirect(_url(upload))

    def _show(
        self, request: HttpRequest, upload: Upload, form: ChoicesForm | None, *, may: bool, data: Any = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "upload": upload,
            "title": upload.file_name,
            "size": filesizeformat(upload.size),
            "may": may,
            **progress_context(upload),
        }
        if not context["working"] and upload.taken is None and upload.stored:
            context |= _preview(upload, form, data)
        return TemplateResponse(request, "admin/members/upload.html", context)


def _preview(upload: Upload, form: ChoicesForm | None, data: Any) -> dict[str, Any]:
    encoding = (data or {}).get("encoding") or (form.data.get("encoding") if form else "") or upload.encoding
    try:
        sheet = sheets.beginning(uploads.path_of(upload), encoding)
    except Problem as problem:
        return {
            "unreadable": sentence_of(problem),
            "form": ChoicesForm(upload=upload, header=[], initial={"encoding": encoding}),
        }
    if form is None:
        values = {"encoding": encoding, "decimals": upload.decimals, "moments": upload.moments}
        values |= {"enrol": upload.enrol, "strict": upload.strict}
        meanings = {f"column_{index}": meaning for index, meaning in enumerate(upload.columns)}
        form = ChoicesForm(data, upload=upload, header=sheet.header, initial={**values, **meanings})
    columns = [form[f"column_{index}"] for index in range(len(sheet.header))]
    return {
        "form": form,
        "columns": columns,
        "rows": sheet.rows,
        "delimiter": {"\t": "Tab"}.get(sheet.delimiter, sheet.delimiter),
    }


# --- what became of it ------------------------------------------------------------------------------------------
def progress_context(upload: Upload) -> dict[str, Any]:
    """How far the work is, and what the last trial or the import found."""
    job, batch = upload.job, upload.taken or upload.checked
    working = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    context: dict[str, Any] = {"working": working, "job": job, "batch": batch, "failed": ""}
    if working and job is not None:
        context["percent"] = min(100, job.done * 100 // job.total) if job.total else None
    if job is not None and job.state == JobState.FAILED:
        context["failed"] = gettext(job.message)
    if batch is not None:
        context |= {
            "counts": [
                count for count in counts_in_words(batch) if count.number or count.name in ("rows", "posted")
            ],
            "verdict": verdict(batch),
            "errors": batch.row_errors.order_by("line", "id")[:SHOWN_ERRORS],
            "more": max(0, batch.row_errors.count() - SHOWN_ERRORS),
            "errors_url": reverse("admin:members_upload_errors", args=[upload.pk]),
        }
    return context


@require_safe
def progress_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that is asked again while work is under way."""
    if not request.user.has_perm("members.view_upload"):
        raise PermissionDenied
    upload = get_object_or_404(Upload.objects.select_related("job", "taken", "checked"), pk=pk)
    context = progress_context(upload) | {"upload": upload}
    answer = TemplateResponse(request, "admin/members/upload_progress.html", context)
    if not context["working"]:
        # The work is done: the whole page is shown again.
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
def error_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines that were not taken, as a file to mend them by."""
    if not request.user.has_perm("members.view_upload"):
        raise PermissionDenied
    upload = get_object_or_404(Upload, pk=pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="errors-{upload.pk}.csv"'
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(["line", "code", "column", "what is wrong", "expected", "what stood there"])
    batch = upload.taken_id or upload.checked_id
    if batch is not None:
        for error in ImportBatch.objects.get(pk=batch).row_errors.order_by("line", "id").iterator():
            cells = (error.code, error.field, gettext(error.message), error.expected, error.raw)
            writer.writerow([error.line, *(_harmless(cell) for cell in cells)])
    return answer


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠") else cell


def _state(upload: Upload) -> str:
    if upload.job is not None and upload.job.state in (JobState.QUEUED, JobState.RUNNING):
        return gettext("being worked on")
    if upload.taken is not None:
        return gettext("taken in")
    if not upload.stored:
        return gettext("thrown away")
    return gettext("tried, not taken in yet") if upload.checked is not None else gettext("waits")


def _url(upload: Upload) -> str:
    return reverse("admin:members_upload_change", args=[upload.pk])


def _person(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


__all__ = ["UploadAdmin"]
