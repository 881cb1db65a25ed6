"""Publishing from the back office: what would change, in plain sentences, from when and why; then it is confirmed, or
asked for where a second person has to approve it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.admin.asking import ReasonField, person_of
from loyalty.core.admin.cells import moment
from loyalty.core.clock import now
from loyalty.core.models import Approval
from loyalty.core.problems import FieldError, NotAllowed, Problem, sentence_of
from programs.admin.desk.tabs import Tab, tab_url, tabs
from programs.admin.forms.fields import Moment
from programs.engine.reader import InvalidDocument
from programs.models import Programme, Revision
from programs.selectors.canonical import freeze
from programs.selectors.changes import changes_since, is_published
from programs.selectors.documents import working_core
from programs.services import readiness
from programs.services.documents.reading import error_of
from programs.services.proposing import PUBLISHING, publish_or_ask

PUBLISH = "programs.publish_programme"


class PublishForm(forms.Form):
    """From when, why, and what was looked at."""

    effective_from = Moment(
        label=_("In force from"),
        help_text=_("Empty: at once. Purchases before it are calculated as until now."),
    )
    reason = ReasonField(
        help_text=_("What changes and why, for the person who approves it and for the record.")
    )
    shown = forms.CharField(widget=forms.HiddenInput)

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
    shown = freeze(core).sha256
    form = PublishForm(request.POST or None, zone=programme.zone, initial={"shown": shown})
    if request.method == "POST":
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        if form.is_valid() and (answer := _publish(request, programme, form)) is not None:
            return answer
    found = readiness.blockers(programme, now=now())
    return {
        "form": form,
        "blockers": [
            (each.message, f"{tab_url(programme, each.tab)}{'?' if each.query else ''}{each.query}")
            for each in found
        ],
        "changes": [] if is_published(programme, core) else changes_since(programme, core),
        "first": not programme.revisions.exists(),
        "may_publish": request.user.has_perm(PUBLISH),
        "asks": settings.SECOND_PAIR_OF_EYES,
        "waiting": _waiting(programme),
        "shown": shown,
    }


def _publish(request: HttpRequest, programme: Programme, form: PublishForm) -> HttpResponse | None:
    """The answer when it was published or asked for; else the form says why not."""
    try:
        done = publish_or_ask(programme, author=person_of(request), now=now(), **form.cleaned_data)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Problem as problem:
        form.add_error(None, sentence_of(problem))
        for error in problem.errors:
            form.add_error(None, str(error))
        return None
    if isinstance(done, Approval):
        messages.success(request, gettext("Asked for. Another person has to approve it."))
        return HttpResponseRedirect(reverse("admin:core_approval_change", args=[done.pk]))
    messages.success(request, _told(programme, done))
    return HttpResponseRedirect(tab_url(programme))


def _told(programme: Programme, revision: Revision) -> str:
    starts = revision.activations.order_by("-pk").values_list("effective_from", flat=True)[0]
    said = {"number": revision.number, "start": moment(starts, programme.zone)}
    return gettext("Revision %(number)d is published. It is in force from %(start)s.") % said


def _waiting(programme: Programme) -> str:
    """The address of the request that waits for approval; empty when none does."""
    waiting = (
        Approval.objects.waiting()
        .filter(operation=PUBLISHING.name, arguments__programme=programme.pk)
        .first()
    )
    return "" if waiting is None else reverse("admin:core_approval_change", args=[waiting.pk])


def _page_of(programme: Programme, blocker: readiness.Blocker) -> str:
    url = tab_url(programme, blocker.tab)
    return f"{url}?{blocker.query}" if blocker.query else url


def _place(programme: Programme, error: FieldError) -> dict[str, Any]:
    """A fault and the page on which it can be mended."""
    section = error.pointer.lstrip("/").partition("/")[0]
    pages = {
        "groups": "rules",
        **{key: key for key in ("point_types", "rules", "ladders", "events", "policies")},
    }
    return {"error": error, "url": tab_url(programme, pages.get(section, "settings"))}


def waiting_changes(programme: Programme) -> str:
    """How much of the working copy is not published, for the overview; empty when all is."""
    try:
        core = working_core(programme)
    except InvalidDocument:
        return gettext("The working copy has faults.")
    if is_published(programme, core):
        return ""
    count = len(changes_since(programme, core))
    said = ngettext(
        "%(count)d change is not published yet.", "%(count)d changes are not published yet.", count
    )
    return said % {"count": count}


tabs.contribute(
    Tab(
        "publish",
        _("Publish"),
        "programs.view_programme",
        _page,
        "admin/programs/publish.html",
        order=95,
        changes=PUBLISH,
    )
)
