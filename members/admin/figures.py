"""The figures of members and points on the first page."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty.core import clock
from loyalty.core.choices import JobState
from loyalty.core.models import Job
from loyalty.core.registry import Card, dashboard_cards
from loyalty.core.translated import format_quantity
from members.admin.links import moment
from members.models import Membership, Purchase
from members.models.ledger import Posting
from members.selectors import statement
from members.services import verification

DAYS = 30


def member_cards(request: HttpRequest) -> list[Card]:
    return [
        Card(_("Members"), format_quantity(statement.members()), url=_list(Membership), icon="group"),
    ]


def purchase_cards(request: HttpRequest) -> list[Card]:
    count = statement.purchases_since(clock.now(), DAYS)
    note = _("in the last %(days)d days") % {"days": DAYS}
    return [Card(_("Purchases"), format_quantity(count), note, _list(Purchase), "receipt_long")]


def points_cards(request: HttpRequest) -> list[Card]:
    """What members could spend, for each kind of points."""
    cards = []
    for each in statement.outstanding():
        kind = each.point_type
        note = str(kind.programme)
        if each.debt:
            owed = {"points": format_quantity(each.debt, kind.decimals), "programme": note}
            note = _("%(programme)s; %(points)s of it owed by members are already taken off") % owed
        title = _("%(points)s outstanding") % {"points": kind}
        value = format_quantity(each.points, kind.decimals)
        cards.append(Card(title, value, note, _list(Posting), "account_balance_wallet"))
    return cards


def import_cards(request: HttpRequest) -> list[Card]:
    batch = statement.last_import()
    if batch is None:
        return []
    address = reverse("admin:core_importbatch_change", args=[batch.pk])
    dry = (batch.report or {}).get("dry_run")
    note = f"{batch.file_name}: {_('dry run, nothing changed') if dry else batch.get_state_display()}"
    return [Card(_("Last import"), moment(batch.started_at), note, address, "upload_file")]


def ledger_cards(request: HttpRequest) -> list[Card]:
    """What the last verification of the ledger found."""
    job = Job.objects.filter(kind=verification.KIND).order_by("-pk").first()
    if job is None:
        return [Card(_("Ledger check"), _("never run"), "manage.py verify_ledger", icon="verified_user")]
    address = reverse("admin:core_job_change", args=[job.pk])
    if job.state != JobState.DONE:
        return [Card(_("Ledger check"), job.get_state_display(), job.message, address, "verified_user")]
    value = _("everything adds up") if (job.result or {}).get("ok") else _("something is wrong")
    return [Card(_("Ledger check"), value, moment(job.finished_at), address, "verified_user")]


def _list(model: type[Model]) -> Any:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


dashboard_cards.contribute(member_cards, permission="members.view_membership", order=10)
dashboard_cards.contribute(purchase_cards, permission="members.view_purchase", order=20)
dashboard_cards.contribute(points_cards, permission="members.view_posting", order=30)
dashboard_cards.contribute(import_cards, permission="core.view_importbatch", order=40)
dashboard_cards.contribute(ledger_cards, permission="core.view_job", order=50)
