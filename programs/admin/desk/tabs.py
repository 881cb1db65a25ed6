"""Tabs of a programme's page, and the page itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise

from programs.models import Programme

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a programme. `page` answers the request itself (a whole response) or gives the context of
    `template`. `permission` ("programs.view_rule") hides the tab from those who lack it; `changes` is needed to send its
    form."""

    key: str
    title: Text
    permission: str
    page: Callable[[HttpRequest, Programme], HttpResponse | dict[str, Any]]
    template: str = "admin/programs/desk.html"
    order: int = 100
    # The right to send its form; without one nothing can be sent.
    changes: str = ""


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab made ready for a template."""

    title: Text
    url: str
    active: bool


class TabRegistry:
    """The tabs of a programme in their order."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}

    def contribute(self, tab: Tab) -> Tab:
        self._tabs[tab.key] = tab
        return tab

    def all(self) -> list[Tab]:
        return sorted(self._tabs.values(), key=lambda each: each.order)

    def get(self, key: str) -> Tab | None:
        return self._tabs.get(key)

    def shown(self, request: HttpRequest, programme: Programme, active: str) -> list[ShownTab]:
        """The tabs that this person may open."""
        return [
            ShownTab(tab.title, tab_url(programme, tab.key), tab.key == active)
            for tab in self.all()
            if request.user.has_perm(tab.permission)
        ]


tabs = TabRegistry()
FIRST = "overview"


def tab_url(programme: Programme, key: str = FIRST) -> str:
    """The address of a programme's page."""
    return reverse("admin:programs_programme_tab", args=[programme.pk, key])


def desk_context(request: HttpRequest, programme: Programme, active: str) -> dict[str, Any]:
    """What every page of a programme's desk shows: the theme's frame, the tabs and the name."""
    return {
        **admin.site.each_context(request),
        "programme": programme,
        "desk_tabs": tabs.shown(request, programme, active),
        "opts": Programme._meta,
        "original": programme,
        "title": str(programme),
    }


def _may_send(request: HttpRequest, tab: Tab) -> bool:
    return bool(tab.changes) and request.user.has_perm(tab.changes)


def tab_page(request: HttpRequest, object_id: str, key: str) -> HttpResponse:
    """The page under one tab of a programme."""
    tab = tabs.get(key)
    if tab is None or not object_id.isdigit():
        raise Http404
    sends = request.method not in ("GET", "HEAD")
    if not request.user.has_perm(tab.permission) or (sends and not _may_send(request, tab)):
        raise PermissionDenied
    programme = get_object_or_404(Programme, pk=object_id)
    answer = tab.page(request, programme)
    if isinstance(answer, HttpResponse):
        return answer
    context = {**desk_context(request, programme, key), **answer}
    return TemplateResponse(request, tab.template, context)
