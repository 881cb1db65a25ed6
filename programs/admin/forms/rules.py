"""The form of a rule: what it gives, for what, when, within which limits, and the terms of its points."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from loyalty.core.exact import Period
from programs.admin.conditions import ConditionField, ConditionsInForm, for_programme
from programs.admin.forms.fields import (
    Choice,
    Moment,
    Number,
    Several,
    Switch,
    Time,
    Whole,
    Words,
    options_of,
)
from programs.admin.forms.parts import Condition, PartForm
from programs.admin.forms.rows import Rows
from programs.admin.forms.terms import EXPIRY_FIELDS, PENDING_FIELDS, TERMS_ONLY_IF, TermsForm
from programs.engine.events import Trigger
from programs.engine.rules import Combine, EffectKind, OnExcess, Stacking
from programs.engine.vocabulary import Scope
from programs.models import Programme, Rule, RuleGroup
from programs.selectors.events import TRIGGERS
from programs.selectors.policies import COMBINE, POLICIES, STACKING
from programs.selectors.sentences import DAYS, PERIODS

EFFECTS = {
    EffectKind.PER_STEP: _("points for each full step of money"),
    EffectKind.PERCENT: _("a percentage of the money, as points"),
    EffectKind.PER_UNIT: _("points for each item"),
    EffectKind.FIXED: _("a fixed number of points"),
    EffectKind.MULTIPLIER: _("multiplies what other rules give"),
}
WAITS_FOR = {
    Trigger.PURCHASE: _("each purchase"),
    Trigger.EVENT: _("each event of a kind"),
    **TRIGGERS,
}
EXCESS = {
    OnExcess.TRUNCATE: _("what is left of it is given"),
    OnExcess.REJECT: _("nothing is given"),
}
GIVING = (EffectKind.PER_STEP, EffectKind.PERCENT, EffectKind.PER_UNIT, EffectKind.FIXED)
BASE_TYPE = _("the main one")


class RuleForm(ConditionsInForm, TermsForm):
    """Points are typed as people see them, money in the programme's currency."""

    section = "rules"
    named_by = "title"
    only_if: ClassVar[dict[str, Condition]] = {
        **TERMS_ONLY_IF,
        "effect__points": ("effect__kind", (EffectKind.PER_STEP, EffectKind.PER_UNIT, EffectKind.FIXED)),
        "effect__step": ("effect__kind", (EffectKind.PER_STEP,)),
        "effect__percent": ("effect__kind", (EffectKind.PERCENT,)),
        "effect__factor": ("effect__kind", (EffectKind.MULTIPLIER,)),
        "event": ("trigger", (Trigger.EVENT,)),
        "grace_days": ("trigger", (Trigger.BIRTHDAY,)),
        "rounding": ("effect__kind", GIVING),
        "caps__per_line": ("effect__kind", GIVING),
        "expiry": ("effect__kind", GIVING),
        "pending": ("effect__kind", GIVING),
    }

    title = Words(label=_("Title"), help_text=_("Members see it as the reason for their points."))
    enabled = Switch(usual=True, label=_("Switched on"))
    trigger = Choice(options_of(Trigger, WAITS_FOR), label=_("Looks at"))
    event = Choice(empty="—", label=_("Event"))
    grace_days = Whole(
        label=_("Days of grace"), help_text=_("A birthday that is told so many days late still counts.")
    )
    effect__kind = Choice(options_of(EffectKind, EFFECTS), label=_("Gives"))
    effect__points = Number(label=_("Points"))
    effect__step = Number(label=_("For each full"), help_text=_("An amount of money such as 1.00 or 10.00."))
    effect__percent = Number(short=True, label=_("Per cent"), help_text=_("2.5 gives 2.50 for 100.00."))
    effect__factor = Number(
        short=True,
        label=pgettext_lazy("factor", "Times"),
        help_text=_("2 doubles, 1.5 gives half as much again, 0 nothing."),
    )
    point_type = Choice(empty=BASE_TYPE, label=_("Of"))
    rounding = Choice(
        POLICIES["rounding"][1].items(), empty=_("as the policies say"), label=_("Fractions of a point")
    )
    when = ConditionField(
        scope=Scope.PURCHASE,
        label=_("When"),
        help_text=_("Nothing: for every purchase or event that it looks at."),
    )
    lines = ConditionField(
        scope=Scope.LINE, label=_("On which lines"), help_text=_("Nothing: on all lines that earn points.")
    )
    group = Choice(label=_("Group"), help_text=_("Groups say how rules live together."))
    schedule__since = Moment(label=_("From"))
    schedule__until = Moment(label=_("Until"), help_text=_("At this moment the rule has ended."))
    schedule__weekdays = Several(
        DAYS.items(), label=_("Days of the week"), help_text=_("None ticked: every day.")
    )
    schedule__hours = Rows(
        {"start": Time(label=_("From")), "end": Time(label=_("Until"))},
        label=_("Hours"),
        help_text=_("Empty: the whole day. An empty end is midnight."),
    )
    caps__per_purchase = Number(label=_("Most for one purchase"))
    caps__per_line = Number(label=_("Most for one line"))
    caps__per_member = Rows(
        {
            "per": Choice(options_of(Period, PERIODS), empty="—", label=_("In")),
            "points": Number(label=_("At most")),
        },
        label=_("Most for one member"),
    )
    caps__times = Rows(
        {
            "per": Choice(options_of(Period, PERIODS), empty="—", label=_("In")),
            "times": Whole(label=_("So many times")),
        },
        label=_("How often for one member"),
    )
    caps__cooldown_hours = Whole(
        label=_("Hours between two awards"), help_text=_("To the same member. Empty: no pause.")
    )
    caps__budget__points = Number(
        label=_("Budget"), help_text=_("For all members together. Nothing is given once it is used up.")
    )
    caps__budget__per = Choice(options_of(Period, PERIODS), empty=_("in all"), label=_("The budget is for"))
    caps__on_excess = Choice(
        options_of(OnExcess, EXCESS), empty=EXCESS[OnExcess.TRUNCATE], label=_("When a limit is reached")
    )

    class Meta:
        model = Rule
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_terms(self.programme)
        self._offer_parts(self.programme)
        for_programme(self, self.programme)
        self.fields["expiry__kind"].choices = _as_points(self.fields["expiry__kind"].choices)  # type: ignore[attr-defined]
        self.fields["pending__kind"].choices = _as_points(self.fields["pending__kind"].choices)  # type: ignore[attr-defined]
        self.start(self.programme, self.instance.settings if self.instance.pk else {})

    def _offer_parts(self, programme: Programme) -> None:
        points = programme.point_types.filter(retired_at=None)
        self.offer("point_type", [("", str(BASE_TYPE)), *((row.key, str(row)) for row in points)])
        groups = programme.rule_groups.filter(retired_at=None)
        self.offer("group", [(row.key, str(row)) for row in groups])
        events = programme.event_types.filter(retired_at=None)
        self.offer("event", [("", "—"), *((row.key, str(row)) for row in events)])


def _as_points(choices: Any) -> list[tuple[str, Any]]:
    """A rule without terms of its own takes those of its points."""
    return [("", _("as the points do")), *list(choices)[1:]]


RULE_FIELDSETS = (
    (None, {"fields": ("title", "key", "enabled")}),
    (
        _("What it gives"),
        {
            "fields": (
                "effect__kind",
                ("effect__points", "effect__step"),
                "effect__percent",
                "effect__factor",
                "point_type",
                "rounding",
            )
        },
    ),
    (_("For what"), {"fields": ("trigger", "event", "grace_days", "when", "lines")}),
    (_("Together with other rules"), {"fields": ("group",)}),
    (
        _("When it runs"),
        {
            "fields": (("schedule__since", "schedule__until"), "schedule__weekdays", "schedule__hours"),
            "classes": ("collapse",),
        },
    ),
    (
        _("Limits"),
        {
            "fields": (
                ("caps__per_purchase", "caps__per_line"),
                "caps__per_member",
                "caps__times",
                "caps__cooldown_hours",
                ("caps__budget__points", "caps__budget__per"),
                "caps__on_excess",
            ),
            "classes": ("collapse",),
        },
    ),
    (_("When its points can be used"), {"fields": PENDING_FIELDS, "classes": ("collapse",)}),
    (_("When its points expire"), {"fields": EXPIRY_FIELDS, "classes": ("collapse",)}),
)


class RuleGroupForm(PartForm):
    """How the rules of a group live together."""

    section = "groups"

    mode = Choice(
        options_of(Stacking, STACKING),
        label=_("Of its rules"),
        help_text=_("A group holds either rules that give points or multipliers, never both."),
    )
    combine = Choice(options_of(Combine, COMBINE), label=_("Its multipliers"))

    class Meta:
        model = RuleGroup
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start(self.programme, self.instance.settings if self.instance.pk else {})
