"""Forms of the programme itself: who it is for, where and in which money, and its policies."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from programs.admin.forms.fields import Choice, Code, Several, Words
from programs.admin.forms.parts import DocumentForm
from programs.choices import Audience
from programs.engine.reader import Path
from programs.models import Programme
from programs.selectors.documents import working_document
from programs.selectors.policies import POLICIES
from programs.services import editing


class SettingsForm(DocumentForm):
    """The head of the document."""

    name = Words(label=_("Name"), help_text=_("The name that members see."))
    audience = Choice(Audience.choices, label=_("For"), help_text=_("Who may join."))
    zone = Choice(
        [(name, name) for name in sorted(available_timezones())],
        label=_("Time zone"),
        help_text=_("Days begin and end here: for expiry, for limits per day, for reports."),
    )
    currency = Code(
        label=_("Currency"),
        required=True,
        max_length=3,
        help_text=_("Three letters such as EUR. Fixed once the programme was published."),
    )
    languages = Several(
        settings.LANGUAGES,
        required=True,
        label=_("Languages"),
        help_text=_("In which members are addressed."),
    )

    class Meta:
        model = Programme
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start(self.instance, working_document(self.instance)["programme"])

    def change(self, entry: Any) -> editing.Change:
        return editing.replace("programme", entry)

    def own_path(self) -> Path:
        return ("programme",)


SETTINGS_FIELDSETS = (
    (None, {"fields": ("name", "audience", "languages")}),
    (_("Place and money"), {"fields": ("zone", "currency")}),
)

# Policies by what they are about, in the order in which they are read.
POLICY_GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        _("What earns points"),
        ("earning_kinds", "tax", "discounts", "order_discount", "stored_value", "paid_with_points"),
    ),
    (_("Rounding"), ("rounding", "rounding_level")),
    (_("Returns"), ("bonus_after_return", "spent_points", "restored_points")),
    (_("Spending"), ("spending_order", "overspending")),
    (_("Time"), ("expiry_day", "expiry_from", "transferred_expiry", "leap_birthday")),
    (_("Tiers"), ("lift_rate",)),
)


class PoliciesForm(DocumentForm):
    """Every policy as a choice in words."""

    class Meta:
        model = Programme
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (title, choices) in POLICIES.items():
            self.fields[name] = _policy(name, title, choices)
        self.start(self.instance, self.instance.policies)

    def change(self, entry: Any) -> editing.Change:
        return editing.replace("policies", entry)

    def own_path(self) -> Path:
        return ("policies",)


def _policy(name: str, title: Any, choices: dict[str, Any]) -> forms.Field:
    if name == "earning_kinds":
        return Several(choices.items(), label=title)
    field = Choice(choices.items(), label=title)
    field.widget = UnfoldAdminRadioSelectWidget(choices=list(choices.items()))
    return field


def policy_fieldsets() -> list[tuple[Any, dict[str, Any]]]:
    """The policies in their groups; one without a group stands at the end, so that none is forgotten."""
    grouped = {name for _title, names in POLICY_GROUPS for name in names}
    left = tuple(name for name in POLICIES if name not in grouped)
    groups = [(title, names) for title, names in (*POLICY_GROUPS, (_("Other"), left)) if names]
    return [(title, {"fields": names}) for title, names in groups]
