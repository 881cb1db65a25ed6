"""What staff can do with a member besides looking: a form, a service, and the member's page again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from loyalty.core import clock
from loyalty.core.admin.asking import ReasonField, ask_about, found, person_of
from loyalty.core.exact import InvalidNumber, parse_decimal
from loyalty.core.models import User
from loyalty.core.problems import Problem, sentence_of
from members.models import Member, Membership
from members.services.birth_dates import set_birth_date
from members.services.forfeits import forfeit
from members.services.openings import undo_opening
from members.services.redemptions import donate
from programs.models import Partner, PointType

LONGEST_REASON = 200


class ActForm(forms.Form):
    """A form that knows whom it is about."""

    def __init__(self, data: Any = None, *, about: Any) -> None:
        self.about = about
        super().__init__(data)


class PointsForm(ActForm):
    """Some points of a type of the member's programme."""

    point_type = forms.ModelChoiceField(
        PointType.objects.none(), label=_("Points"), empty_label=None, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, data: Any = None, *, about: Membership) -> None:
        super().__init__(data, about=about)
        types = PointType.objects.filter(programme=about.programme, retired_at=None).order_by("position")
        self.fields["point_type"].queryset = types  # type: ignore[attr-defined]

    def whole(self, name: str) -> int | None:
        """A number of points in the smallest unit; None where the field is empty."""
        text, item = self.cleaned_data.get(name, ""), self.cleaned_data.get("point_type")
        if not text or item is None:
            return None
        try:
            points = parse_decimal(text, item.decimals)
        except InvalidNumber:
            points = 0
        if points <= 0:
            raise forms.ValidationError({name: _("This is not a number of points.")})
        return points


def _number() -> forms.CharField:
    return forms.CharField(
        label=_("How many"), max_length=20, required=False, widget=UnfoldAdminTextInputWidget
    )


class DonateForm(PointsForm):
    points = _number()
    charity = forms.ModelChoiceField(
        Partner.objects.order_by("code"), label=_("Charity"), widget=UnfoldAdminSelectWidget
    )
    # Sent again, it is the same donation.
    number = forms.CharField(max_length=40, widget=forms.HiddenInput, initial=lambda: secrets.token_hex(12))

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("points"):
            raise forms.ValidationError({"points": _("This is not a number of points.")})
        return {**self.cleaned_data, "points": self.whole("points")}


class ForfeitForm(PointsForm):
    points = _number()
    reason = ReasonField(max_length=LONGEST_REASON)

    def __init__(self, data: Any = None, *, about: Membership) -> None:
        super().__init__(data, about=about)
        self.fields["points"].help_text = _("Left empty: all that are there, also those that wait.")

    def clean(self) -> dict[str, Any]:
        return {**self.cleaned_data, "points": self.whole("points")}


class UndoOpeningForm(PointsForm):
    reason = ReasonField(max_length=LONGEST_REASON)


class BirthDateForm(ActForm):
    birth_date = forms.DateField(label=_("Birth date"), required=False, widget=UnfoldAdminDateWidget)

    def __init__(self, data: Any = None, *, about: Member) -> None:
        super().__init__(data, about=about)
        self.fields["birth_date"].initial = getattr(getattr(about, "person", None), "birth_date", None)


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do: its form, the right to do it, and how it is done (by whom, with what was filled in)."""

    title: Any
    about: Any
    form: type[ActForm]
    permission: str
    do: Callable[[Any, dict[str, Any], User], Any]
    done: Any


def _donate(membership: Membership, said: dict[str, Any], actor: User) -> None:
    donate(
        membership=membership, points=said["points"], point_type=said["point_type"].key, charity=said["charity"],
        reference=said["number"], now=clock.now(), actor=actor,
    )  # fmt: skip


def _forfeit(membership: Membership, said: dict[str, Any], actor: User) -> None:
    forfeit(
        membership=membership, points=said["points"], point_type=said["point_type"].key, reason=said["reason"],
        now=clock.now(), actor=actor,
    )  # fmt: skip


def _undo_opening(membership: Membership, said: dict[str, Any], actor: User) -> None:
    undo_opening(
        membership=membership, point_type=said["point_type"].key, reason=said["reason"], now=clock.now(),
        actor=actor,
    )  # fmt: skip


def _birth_date(member: Member, said: dict[str, date | None], actor: User) -> None:
    set_birth_date(member=member, birth_date=said["birth_date"], now=clock.now())


DONATE = Act(
    _("Donate points"),
    _("The member gives points to a charity, which is one of the partners."),
    DonateForm, "members.donate_points", _donate, _("The points are donated."),
)  # fmt: skip
FORFEIT = Act(
    _("Forfeit points"),
    _("Points are taken for good, for a breach of the terms say. The member reads the reason."),
    ForfeitForm, "members.forfeit_points", _forfeit, _("The points are forfeited."),
)  # fmt: skip
UNDO_OPENING = Act(
    _("Take the opening balance back"),
    _("Possible as long as nothing else has happened with these points. It can be opened anew then."),
    UndoOpeningForm, "members.undo_opening", _undo_opening, _("The opening balance is taken back."),
)  # fmt: skip
BIRTH_DATE = Act(
    _("Set the birth date"),
    _("A birthday that was not too long ago brings its gift now, unless the member had one in that year."),
    BirthDateForm, "members.change_person", _birth_date, _("The birth date is set."),
)  # fmt: skip


def page(admin: ModelAdmin[Any], request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
    """The form of an act; sent, it is done, and the member's page says so. What is refused stands above the form."""
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    obj: Model = found(admin, request, object_id)
    if not admin.has_view_permission(request, obj):
        raise PermissionDenied
    form = act.form(request.POST or None, about=obj)
    if request.method == "POST" and form.is_valid():
        try:
            act.do(obj, form.cleaned_data, person_of(request))
        except Problem as problem:
            form.add_error(None, sentence_of(problem))
            messages.error(request, sentence_of(problem))
        else:
            messages.success(request, act.done)
            return redirect(
                reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
            )
    return ask_about(admin, request, obj, form=form, title=act.title, button=act.title, about=act.about)
