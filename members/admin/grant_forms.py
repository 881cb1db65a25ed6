"""The forms by which tiers are given and ended."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from loyalty.core.problems import Problem, sentence_of
from members.choices import GrantMode
from members.models import Membership
from members.selectors import grants as given
from members.services import grants

__all__ = ["GiveTierForm", "ReasonForm"]

# What each way of giving is for, beside its name.
ABOUT: dict[GrantMode, str | Promise] = {
    GrantMode.FLOOR: _(
        "The member does not fall below it until the last day. What is bought meanwhile counts, and whoever earns a"
        " higher tier has that. For an apology, or for a guest of the house."
    ),
    GrantMode.FIXED: _(
        "Neither higher nor lower until the last day, whatever is bought. For your own staff, or while the receipts"
        " of a member are looked into."
    ),
    GrantMode.LIFT: _(
        "As if the tier had been reached today: it lasts as long as an earned one, and is kept or lost by the usual"
        " rules. For an invitation, or for somebody who had such a tier elsewhere."
    ),
}
# Which field of the form a refusal is about.
_FIELDS = {
    "end_out_of_range": "until",
    "reason_needed": "reason",
    "unknown_tier": "tier",
    "unknown_ladder": "tier",
}


class ReasonForm(forms.Form):
    """Why, and a number that makes a form that is sent twice one document."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=grants.LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Your colleagues read it on the page of the member."),
    )
    number = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].initial = uuid.uuid4().hex

    def refuse(self, problem: Problem) -> None:
        """Say beside the field what was refused, and why."""
        field = _FIELDS.get(problem.code)
        self.add_error(field if field in self.fields else None, sentence_of(problem))


class GiveTierForm(ReasonForm):
    """Which tier, how, until when and why."""

    tier = forms.ChoiceField(
        label=_("Tier"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("It begins at once, also where earned tiers begin with the next year."),
    )
    mode = forms.ChoiceField(
        label=_("How"), choices=GrantMode.choices, widget=forms.RadioSelect, initial=GrantMode.FLOOR
    )
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_(
            "The member has the tier until the end of this day. Empty: until somebody ends it; a lift then lasts as"
            " long as if the tier had been reached today."
        ),
    )
    field_order = ("tier", "mode", "until", "reason")

    def __init__(self, membership: Membership, now: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = given.tiers_to_give(membership, now)
        field = self.fields["tier"]
        assert isinstance(field, forms.ChoiceField)
        # One ladder needs no heading.
        found = choices if len(choices) > 1 else [each for _ladder, offered in choices for each in offered]
        field.choices = [("", _("Choose a tier")), *found]
        self.fields["reason"].help_text = _(
            "Your colleagues read it on the page of the member. For example: a parcel was lost in June."
        )
        self.fields["until"].widget.attrs["min"] = given.today_of(membership, now).isoformat()

    def ways(self) -> list[tuple[Any, str | Promise]]:
        """The ways of giving, each with what it is for."""
        return [(radio, ABOUT[GrantMode(radio.data["value"])]) for radio in self["mode"]]
