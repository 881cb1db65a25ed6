"""The menu of the back office, in the order in which marketing staff think: rules, people, points, then the
rest.

Only pages that are installed and that the person may open are listed; upper apps add theirs by adding a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu: the list page of a model, or a named page that needs `permission`."""

    target: str
    icon: str
    title: str | Promise = ""
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together."""

    title: str | Promise
    entries: tuple[Entry, ...]


MENU = (
    Section(_("For you"), (Entry("core.approval", "approval"),)),
    Section(
        _("Programmes"),
        (
            Entry("programs.programme", "loyalty"),
            Entry("programs.rule", "rule"),
            Entry("programs.pointtype", "toll"),
            Entry("programs.tierladder", "stairs"),
            Entry("programs.eventtype", "event"),
            Entry("programs.productlist", "list_alt"),
            Entry("programs.revision", "history_edu"),
        ),
    ),
    Section(
        _("Partners"),
        (
            Entry("programs.partner", "handshake"),
            Entry("programs.store", "storefront"),
            Entry("programs.product", "inventory"),
            Entry("programs.coalition", "hub"),
        ),
    ),
    Section(
        _("Members"),
        (
            Entry("members.member", "group"),
            Entry("members.membership", "card_membership"),
            Entry("members.tierdecision", "military_tech"),
            Entry("members.tiergrant", "workspace_premium"),
            Entry("members.identifier", "badge"),
        ),
    ),
    Section(
        _("Purchases and points"),
        (
            Entry("members.upload", "upload_file", _("Take in files")),
            Entry("members.purchase", "receipt_long"),
            Entry("members.return", "assignment_return"),
            Entry("members.event", "celebration", _("Events of members")),
            Entry("members.account", "account_balance_wallet"),
            Entry("members.posting", "swap_horiz"),
            Entry("members.lot", "inventory_2"),
            Entry("members.hold", "lock_clock"),
            Entry("members.transfer", "move_up"),
        ),
    ),
    Section(
        _("Background"),
        (
            Entry("core.importbatch", "fact_check", _("Imports")),
            Entry("core.job", "autorenew", _("Jobs")),
            Entry("core.outboxevent", "outbox", _("Events")),
            Entry("core.handlerrun", "mark_email_read", _("Event handling")),
            Entry("django_celery_beat.periodictask", "schedule", _("Timetable")),
        ),
    ),
    Section(
        _("People and access"),
        (
            Entry("core.user", "manage_accounts", _("Users")),
            Entry("auth.group", "shield_person", _("Roles")),
            Entry("core.auditentry", "manage_history", _("Changes")),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu for this person, as the theme wants it."""
    sections = []
    for section in MENU:
        items = [item for entry in section.entries if (item := _item(entry, request)) is not None]
        if items:
            sections.append({"title": section.title, "separator": True, "collapsible": False, "items": items})
    return sections


def _item(entry: Entry, request: HttpRequest) -> dict[str, Any] | None:
    if ":" in entry.target:
        return _named_page(entry, request)
    try:
        model = apps.get_model(entry.target)
    except LookupError:
        return None
    page = admin.site._registry.get(model)  # noqa: SLF001 - the only way to ask a page for its permission
    if page is None or not page.has_view_or_change_permission(request):
        return None
    link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    title = entry.title or str(model._meta.verbose_name_plural).capitalize()
    return {"title": title, "icon": entry.icon, "link": link}


def _named_page(entry: Entry, request: HttpRequest) -> dict[str, Any] | None:
    if entry.permission and not request.user.has_perm(entry.permission):
        return None
    try:
        return {"title": entry.title, "icon": entry.icon, "link": reverse(entry.target)}
    except NoReverseMatch:
        return None
