"""Forms of ladders of tiers and of event types."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from programs.admin.forms.fields import Choice, Code, Number, Switch, Whole, Words, options_of
from programs.admin.forms.parts import Condition, PartForm
from programs.admin.forms.rows import Rows
from programs.engine.events import FieldType
from programs.engine.ladders import AfterReturn, BenefitKind, Ends, Falls, MetricKind, Starts, WindowKind
from programs.models import EventType, TierLadder
from programs.selectors.events import FIELD_TYPES
from programs.selectors.ladders import BENEFITS

METRICS = {
    MetricKind.SPEND: _("money spent"),
    MetricKind.POINTS: _("points earned"),
    MetricKind.PURCHASES: _("number of purchases"),
    MetricKind.VISITS: _("days with a purchase"),
    MetricKind.EVENT: _("a number of an event, such as nights"),
}
WINDOWS = {
    WindowKind.CALENDAR_YEAR: _("in the calendar year"),
    WindowKind.MEMBERSHIP_YEAR: _("in the membership year"),
    WindowKind.ROLLING: _("in the last months"),
    WindowKind.LIFETIME: _("since joining"),
}
STARTS = {Starts.AT_ONCE: _("at once"), Starts.NEXT_PERIOD: _("with the next period")}
ENDS = {
    Ends.NEVER: _("without an end"),
    Ends.END_OF_PERIOD: _("to the end of the period"),
    Ends.END_OF_NEXT_PERIOD: _("to the end of the next period"),
    Ends.MONTHS_AFTER: _("so many months"),
    Ends.ANNIVERSARY: _("to the next anniversary of joining"),
}
FALLS = {
    Falls.TO_EARNED: _("at its end, to the tier that was earned meanwhile"),
    Falls.ONE_LEVEL: _("at its end, by one tier at most"),
    Falls.NEVER: _("never"),
    Falls.AT_ONCE: _("as soon as too little was gathered"),
    Falls.AFTER_DAYS: _("some days after too little was gathered"),
}
AFTER_RETURN = {
    AfterReturn.REDECIDED: _("the tier is decided again"),
    AfterReturn.KEPT: _("the tier is kept to its end"),
}


class LadderForm(PartForm):
    """The order of tiers is that of their thresholds."""

    section = "ladders"
    only_if: ClassVar[dict[str, Condition]] = {
        "metric__point_type": ("metric__of", (MetricKind.POINTS,)),
        "metric__event": ("metric__of", (MetricKind.EVENT,)),
        "metric__field": ("metric__of", (MetricKind.EVENT,)),
        "window__months": ("window__kind", (WindowKind.ROLLING,)),
        "months": ("ends", (Ends.MONTHS_AFTER,)),
        "fall_days": ("falls", (Falls.AFTER_DAYS,)),
    }

    name = Words(label=_("Name"))
    metric__of = Choice(options_of(MetricKind, METRICS), label=_("Counts"))
    metric__point_type = Choice(empty="—", label=_("Of these points"))
    metric__event = Choice(empty="—", label=_("Of this event"))
    metric__field = Code(
        label=_("Its field"), help_text=_("A number that is sent with the event, such as nights.")
    )
    window__kind = Choice(options_of(WindowKind, WINDOWS), label=_("What is counted"))
    window__months = Whole(label=_("Months"))
    starts = Choice(options_of(Starts, STARTS), label=_("A tier that is reached begins"))
    ends = Choice(
        options_of(Ends, ENDS),
        label=_("It lasts"),
        help_text=_("A period is the calendar year, or the membership year where that is counted."),
    )
    months = Whole(label=_("Months"))
    grace_days = Whole(label=_("Days of grace"), help_text=_("The tier stays so many days longer."))
    falls = Choice(options_of(Falls, FALLS), label=_("Members fall"))
    fall_days = Whole(label=_("Days"))
    after_return = Choice(options_of(AfterReturn, AFTER_RETURN), label=_("When a return leaves too little"))
    tiers = Rows(
        {
            "name": Words(label=_("Name"), required=False),
            "key": Code(label=_("Code"), help_text=_("Empty: made from the name.")),
            "threshold": Number(label=_("Reached with"), help_text=_("0 for the tier that everybody has.")),
            "invitation": Switch(usual=False, label=_("By invitation only")),
            "benefits": Rows(
                {
                    "kind": Choice(options_of(BenefitKind, BENEFITS), empty="—", label=_("What")),
                    "value": Code(label=_("How much")),
                    "name": Words(label=_("In words"), required=False),
                },
                label=_("Benefits"),
            ),
        },
        stacked=True,
        label=_("Tiers"),
    )

    class Meta:
        model = TierLadder
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = self.programme.point_types.filter(retired_at=None)
        self.offer("metric__point_type", [("", "—"), *((row.key, str(row)) for row in points)])
        events = self.programme.event_types.filter(retired_at=None)
        self.offer("metric__event", [("", "—"), *((row.key, str(row)) for row in events)])
        if not self.instance.pk:
            self.initial["ends"] = Ends.END_OF_NEXT_PERIOD.value
        self.start(self.programme, self.instance.settings if self.instance.pk else {})

    def clean_tiers(self) -> list[dict[str, Any]]:
        """A tier without a code gets one."""
        tiers: list[dict[str, Any]] = self.cleaned_data["tiers"]
        taken = {tier.get("key") for tier in tiers}
        for number, tier in enumerate(tiers, start=1):
            if tier.get("key"):
                continue
            made = next((slug for text in tier.get("name", {}).values() if (slug := slugify(text))), "")
            key = made[:50] if made[:1].isalpha() and made not in taken else f"tier-{number}"
            taken.add(key)
            tier["key"] = key
        return tiers


LADDER_FIELDSETS = (
    (None, {"fields": ("name", "key")}),
    (
        _("How members climb"),
        {
            "fields": (
                "metric__of",
                "metric__point_type",
                "metric__event",
                "metric__field",
                "window__kind",
                "window__months",
            )
        },
    ),
    (
        _("How long a tier lasts"),
        {"fields": ("starts", "ends", "months", "grace_days", "falls", "fall_days", "after_return")},
    ),
    (_("Tiers"), {"fields": ("tiers",)}),
)


class EventTypeForm(PartForm):
    """What is sent with an event, so that rules can ask it."""

    section = "events"

    name = Words(label=_("Name"), help_text=_("What happened: a visit, a review, a stay."))
    fields_sent = Rows(
        {
            "key": Code(label=_("Code")),
            "type": Choice(options_of(FieldType, FIELD_TYPES), empty="—", label=_("Type")),
            "required": Switch(usual=False, label=_("Must be sent")),
        },
        label=_("Fields"),
        help_text=_("What is sent with the event. Empty: only that it happened."),
    )
    amount = Code(
        label=_("Amount"), help_text=_("The field with the amount of money, if points are given for money.")
    )
    quantity = Code(
        label=_("Quantity"), help_text=_("The field with the number, if points are given for each.")
    )

    class Meta:
        model = EventType
        fields: ClassVar[list[str]] = []

    told_at: ClassVar[dict[str, str]] = {"fields": "fields_sent"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start(self.programme, self.instance.settings if self.instance.pk else {})

    def read_place(self, name: str) -> Any:
        return super().read_place("fields" if name == "fields_sent" else name)

    def write_place(self, entry: dict[str, Any], name: str, value: Any) -> None:
        super().write_place(entry, "fields" if name == "fields_sent" else name, value)


EVENT_FIELDSETS = (
    (None, {"fields": ("name", "key")}),
    (_("What is sent with it"), {"fields": ("fields_sent", "amount", "quantity")}),
)
