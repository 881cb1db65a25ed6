"""Publishing from the back office: what would change, in plain sentences, and from when; then it is confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.admin.cells import moment
from loyalty.core.clock import now
from loyalty.core.problems import FieldError, Problem, sentence_of
from programs.admin.desk.tabs import Tab, tab_url, tabs
from programs.admin.forms.fields import Moment
from programs.engine.reader import InvalidDocument
from programs.models import Programme
from programs.selectors.canonical import freeze
from programs.selectors.changes import changes_since, is_published
from programs.selectors.documents import working_core
from programs.services.documents.reading import error_of
from programs.services.publishing import publish

PUBLISH = "programs.publish_programme"


class PublishForm(forms.Form):
    """From when, and what was looked at."""

    effective_from = Moment(
        label=_("In force from"),
        help_text=_("Empty: at once. Purchases before it are calculated as until now."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_effective_from(self) -> datetime | None:
        text = self.cleaned_data["effective_from"]
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            raise ValidationError(_("This is not a date and time."), code="invalid") from None


def _page(request: HttpRequest, programme: Programme) -> HttpResponse | dict[str, Any]:
    try:
        core = working_core(programme)
    except InvalidDocument as invalid:
        return {"faults": [_place(programme, error_of(fault)) for fault in invalid.faults]}
    seen = freeze(core).sha256
    form = PublishForm(request.POST or None, zone=programme.zone, initial={"seen": seen})
    if request.method == "POST":
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        if form.is_valid() and (answer := _publish(request, programme, form, seen)) is not None:
            return answer
    return {
        "form": form,
        "changes": [] if is_published(programme, core) else changes_since(programme, core),
        "first": not programme.revisions.exists(),
        "may_publish": request.user.has_perm(PUBLISH),
        "seen": seen,
    }


def _publish(request: HttpRequest, programme: Programme, form: PublishForm, seen: str) -> HttpResponse | None:
    """The answer when it was published; else the form says why not."""
    if form.cleaned_data["seen"] != seen:
        form.add_error(
            None, _("Somebody changed the programme after you opened this page. Read the changes again.")
        )
        return None
    try:
        revision = publish(
            programme,
            now=now(),
            effective_from=form.cleaned_data["effective_from"],
            author=request.user if request.user.is_authenticated else None,
        )
    except Problem as problem:
        form.add_error(None, sentence_of(problem))
        return None
    starts = revision.activations.order_by("-effective_from").values_list("effective_from", flat=True)[0]
    said = {"number": revision.number, "start": moment(starts, programme.zone)}
    messages.success(
        request, gettext("Revision %(number)d is published. It is in force from %(start)s.") % said
    )
    return HttpResponseRedirect(tab_url(programme))


def _place(programme: Programme, error: FieldError) -> dict[str, Any]:
    """A fault and the page on which it can be mended."""
    section, _slash, rest = error.pointer.lstrip("/").partition("/")
    pages = {
        "point_types": "point_types",
        "rules": "rules",
        "groups": "rules",
        "ladders": "ladders",
        "events": "events",
    }
    key = pages.get(section, "policies" if section == "policies" else "settings")
    return {"error": error, "place": rest, "url": tab_url(programme, key)}


def waiting_changes(programme: Programme) -> str:
    """How much of the working copy is not published, for the overview; empty when all is."""
    try:
        core = working_core(programme)
    except InvalidDocument:
        return gettext("The working copy has faults.")
    if is_published(programme, core):
        return ""
    count = len(changes_since(programme, core))
    return ngettext(
        "%(count)d change is not published yet.", "%(count)d changes are not published yet.", count
    ) % {"count": count}


tabs.contribute(
    Tab("publish", _("Publish"), "programs.view_programme", _page, "admin/programs/publish.html", order=95)
)
