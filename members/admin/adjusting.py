"""The button “Give or take points” of a membership."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from loyalty.core import clock
from loyalty.core.admin.asking import ReasonField, ask_about, found, person_of
from loyalty.core.exact import parse_decimal
from loyalty.core.problems import NotAllowed, Problem, sentence_of
from loyalty.core.translated import format_quantity
from members.models import Membership
from members.services.adjusting import LONGEST_REASON, Limits, give_or_ask, limits_of
from programs.models import PointType

__all__ = ["Adjusting"]

GIVE, TAKE = "give", "take"


class AdjustForm(forms.Form):
    """Which points, how many, and why."""

    direction = forms.ChoiceField(
        label=_("What to do"),
        choices=[(GIVE, _("give points")), (TAKE, _("take points"))],
        initial=GIVE,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    point_type = forms.ModelChoiceField(
        label=_("Which points"),
        queryset=PointType.objects.none(),
        empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )
    amount = forms.CharField(
        label=_("How many"), widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )
    reason = ReasonField(
        max_length=LONGEST_REASON, help_text=_("The member sees it too: “Apology for a spoiled cake”.")
    )

    def __init__(self, membership: Membership, data: Any = None) -> None:
        super().__init__(data)
        types = PointType.objects.filter(programme=membership.programme, retired_at=None)
        self.fields["point_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["point_type"].initial = types.first()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        point_type, typed = cleaned.get("point_type"), cleaned.get("amount")
        if point_type is None or typed is None:
            return cleaned
        try:
            points = parse_decimal(typed.strip(), point_type.decimals)
        except ValueError:
            points = 0
        if points <= 0:
            self.add_error("amount", _("Write a number above zero, such as %(one)s.") % {
                "one": format_quantity(5 * 10**point_type.decimals, point_type.decimals)
            })  # fmt: skip
        return {**cleaned, "points": points if cleaned.get("direction") == GIVE else -points}


class Adjusting:
    """Adds the button to the page of a membership."""

    actions_detail: tuple[str, ...] = ("adjust",)

    def has_adjust_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("members.adjust_membership")

    @action(description=_("Give or take points"), url_path="adjust", permissions=["adjust"], icon="exposure")
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        membership: Membership = found(self, request, object_id)
        form = AdjustForm(membership, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            given = form.cleaned_data
            try:
                approval = give_or_ask(
                    membership=membership,
                    point_type=given["point_type"],
                    points=given["points"],
                    reason=given["reason"],
                    actor=person_of(request),
                    now=clock.now(),
                )
            except NotAllowed as refusal:
                raise PermissionDenied from refusal
            except Problem as problem:
                form.add_error(None, sentence_of(problem))
            else:
                return _told(request, membership, approval)
        return ask_about(
            self,
            request,
            membership,
            form=form,
            title=_("Give or take points"),
            button=_("Give or take points"),
            about=_limits(membership, request),
        )


def _limits(membership: Membership, request: HttpRequest) -> str:
    """What the person may do alone with the main points."""
    point_type = PointType.objects.filter(programme=membership.programme, retired_at=None).first()
    if point_type is None:
        return ""
    limits: Limits = limits_of(point_type, person_of(request), clock.now())

    def words(points: int) -> str:
        return format_quantity(points, point_type.decimals, point_type.settings.get("unit"))

    return gettext(
        "You give or take up to %(at_once)s at once and %(in_a_day)s in 24 hours alone (%(used)s so far). For more,"
        " another person has to approve."
    ) % {"at_once": words(limits.at_once), "in_a_day": words(limits.in_a_day), "used": words(limits.used)}


def _told(request: HttpRequest, membership: Membership, approval: Any) -> HttpResponse:
    if approval is None:
        messages.success(request, gettext("Done."))
        return HttpResponseRedirect(reverse("admin:members_membership_change", args=[membership.pk]))
    messages.success(request, gettext("That is above your limit: another person has to approve it."))
    return HttpResponseRedirect(reverse("admin:core_approval_change", args=[approval.pk]))
