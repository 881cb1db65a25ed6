"""The button “Publish” of a programme: what would change, from when, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from loyalty.core import clock
from loyalty.core.admin.asking import ReasonField, ask_about, found, person_of
from loyalty.core.models import Approval
from loyalty.core.problems import NotAllowed, Problem, sentence_of
from loyalty.core.registry import Table
from programs.models import Programme
from programs.selectors.proposals import Proposal, what_would_change
from programs.services.proposing import NothingToPublish, publish_or_ask

__all__ = ["Publishing"]

COLUMNS = (_("What"), _("Now"), _("After publishing"))


class PublishForm(forms.Form):
    """From when, and why."""

    effective_from = forms.DateTimeField(
        label=_("In force from"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    reason = ReasonField(
        help_text=_("What changes and why, for the person who approves it and for the record.")
    )

    # What the person saw: somebody else may edit the programme meanwhile.
    shown = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, zone: ZoneInfo, data: Any = None) -> None:
        super().__init__(data)
        self.zone = zone
        self.fields["effective_from"].help_text = _(
            "On the clock of the programme (%(zone)s). Empty: as soon as it is approved."
        ) % {"zone": zone.key}

    def show(self, proposal: Proposal | None) -> None:
        """Remember what stands on the page now."""
        if self.is_bound:
            typed = {name: self.data.get(name, "") for name in self.fields}
            self.data = {**typed, "shown": "" if proposal is None else proposal.sha256}
        elif proposal is not None:
            self.initial["shown"] = proposal.sha256

    def clean_effective_from(self) -> datetime | None:
        typed: datetime | None = self.cleaned_data["effective_from"]
        # Django reads it on the clock of the office.
        return None if typed is None else typed.replace(tzinfo=self.zone)


class Publishing:
    """Adds the button to the page of a programme."""

    actions_detail = ("publish",)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("programs.publish_programme")

    @action(description=_("Publish"), url_path="publish", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        programme: Programme = found(self, request, object_id)
        form = PublishForm(ZoneInfo(programme.zone), request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                done = publish_or_ask(
                    programme, author=person_of(request), now=clock.now(), **form.cleaned_data
                )
            except NotAllowed as refusal:
                raise PermissionDenied from refusal
            except Problem as problem:
                form.add_error(None, sentence_of(problem))
            else:
                return _told(request, programme, done)
        proposal = what_would_change(programme, clock.now())
        if proposal is not None and not proposal.rows:
            messages.info(request, str(NothingToPublish.title))
            return HttpResponseRedirect(reverse("admin:programs_programme_change", args=[programme.pk]))
        form.show(proposal)
        asks = settings.SECOND_PAIR_OF_EYES
        about = _(
            "You ask for publishing this copy. Another person approves it, and then exactly what you see here comes into"
            " force."
        )
        return ask_about(
            self,
            request,
            programme,
            form=form,
            title=_("Publish"),
            button=_("Ask for approval") if asks else _("Publish"),
            about=about if asks else _("What you see here comes into force."),
            table=None if proposal is None else Table(COLUMNS, proposal.rows),
        )


def _told(request: HttpRequest, programme: Programme, done: Any) -> HttpResponse:
    if isinstance(done, Approval):
        messages.success(request, gettext("Asked for. Another person has to approve it."))
        address = reverse("admin:core_approval_change", args=[done.pk])
    else:
        messages.success(request, gettext("Published as revision %(number)d.") % {"number": done.number})
        address = reverse("admin:programs_programme_change", args=[programme.pk])
    return HttpResponseRedirect(address)
