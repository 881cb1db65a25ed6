"""The first page of the back office: figures that apps contribute, and what needs somebody's attention."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty.core.choices import JobState, RunState
from loyalty.core.models import HandlerRun, Job
from loyalty.core.registry import Card, dashboard_cards


def dashboard_callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by the theme for the index page."""
    context["cards"] = dashboard_cards.shown(request)
    return context


def background_cards(request: HttpRequest) -> list[Card]:
    """Running work and what has failed; nothing when all is well and quiet."""
    cards = []
    running = Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).count()
    if running:
        cards.append(
            Card(
                _("Jobs under way"), str(running), url=reverse("admin:core_job_changelist"), icon="autorenew"
            )
        )
    given_up = HandlerRun.objects.filter(state=RunState.FAILED)[:1000].count()
    if given_up:
        cards.append(
            Card(
                _("Events not delivered"),
                str(given_up),
                _("Look at the error, then try again."),
                reverse("admin:core_handlerrun_changelist") + "?state__exact=failed",
                "error",
            )
        )
    return cards


dashboard_cards.contribute(background_cards, permission="core.view_job", order=900)
