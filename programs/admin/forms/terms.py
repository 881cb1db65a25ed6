"""Fields for the terms of points: when they can be used and how long they last. Point types and rules have them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from programs.admin.forms.fields import Choice, Day, Length, Lines, Number, Several, Whole, options_of
from programs.admin.forms.parts import Condition, PartForm
from programs.engine.terms import Activity, ExpiryKind, OnTimeout, PendingKind, RoundUp, Unit
from programs.models import Programme
from programs.selectors.terms import ACTIVITIES

EXPIRIES = {
    ExpiryKind.NEVER: _("never"),
    ExpiryKind.AFTER: _("so long after they were earned"),
    ExpiryKind.FIXED: _("on fixed days of the year"),
    ExpiryKind.ACTIVITY: _("so long after the member was last active"),
    ExpiryKind.TIER: _("never in certain tiers, else so long after they were earned"),
}
UNITS = {Unit.DAYS: _("days"), Unit.MONTHS: _("months"), Unit.YEARS: _("years")}
ROUND_UP = {
    RoundUp.MONTH: _("to the end of the month"),
    RoundUp.QUARTER: _("to the end of the quarter"),
    RoundUp.YEAR: _("to the end of the year"),
}
PENDINGS = {
    PendingKind.AT_ONCE: _("at once"),
    PendingKind.DAYS: _("after some days"),
    PendingKind.DATE: _("from a day on"),
    PendingKind.EVENT: _("when something happened"),
}
TIMEOUTS = {
    OnTimeout.LAPSE: _("the points lapse"),
    OnTimeout.ACTIVATE: _("the points can be used all the same"),
}

WITH_LENGTH = (ExpiryKind.AFTER, ExpiryKind.ACTIVITY, ExpiryKind.TIER)
ENDING = tuple(kind for kind in ExpiryKind if kind is not ExpiryKind.NEVER)
EXPIRY_FIELDS = (
    "expiry__kind",
    "expiry__length",
    "expiry__round_up",
    "expiry__dates",
    "expiry__least_days",
    "expiry__activities",
    "expiry__ladder",
    "expiry__tiers",
    "expiry__notice_days",
)
PENDING_FIELDS = (
    "pending__kind",
    "pending__days",
    "pending__on",
    "pending__event",
    "pending__timeout_days",
    "pending__on_timeout",
    "pending__approval_above",
)
TERMS_ONLY_IF: dict[str, Condition] = {
    **{f"expiry__{name}": ("expiry__kind", WITH_LENGTH) for name in ("length", "round_up")},
    **{f"expiry__{name}": ("expiry__kind", (ExpiryKind.FIXED,)) for name in ("dates", "least_days")},
    "expiry__activities": ("expiry__kind", (ExpiryKind.ACTIVITY,)),
    "expiry__ladder": ("expiry__kind", (ExpiryKind.TIER,)),
    "expiry__tiers": ("expiry__kind", (ExpiryKind.TIER,)),
    "expiry__notice_days": ("expiry__kind", ENDING),
    "pending__days": ("pending__kind", (PendingKind.DAYS,)),
    "pending__on": ("pending__kind", (PendingKind.DATE,)),
    **{
        f"pending__{name}": ("pending__kind", (PendingKind.EVENT,))
        for name in ("event", "timeout_days", "on_timeout")
    },
}


class TermsForm(PartForm):
    """The fields of the terms. Subclasses call `offer_terms` before they start."""

    only_if: ClassVar[dict[str, Condition]] = TERMS_ONLY_IF
    told_at: ClassVar[dict[str, str]] = {f"expiry__{unit}": "expiry__length" for unit in Unit}

    expiry__kind = Choice(options_of(ExpiryKind, EXPIRIES), empty=_("never"), label=_("Points expire"))
    expiry__length = Length(UNITS.items(), label=_("How long"))
    expiry__round_up = Choice(options_of(RoundUp, ROUND_UP), empty=_("no"), label=_("Rounded up"))
    expiry__dates = Lines(
        label=_("Days of the year"), help_text=_("One on each line, month and day: 12-31 is 31 December.")
    )
    expiry__least_days = Whole(
        label=_("Not before so many days"),
        help_text=_("Points earned shortly before such a day last until the next one."),
    )
    expiry__activities = Several(options_of(Activity, ACTIVITIES), label=_("What counts as being active"))
    expiry__ladder = Choice(empty="—", label=_("Ladder"))
    expiry__tiers = Several(label=_("Tiers in which points do not expire"))
    expiry__notice_days = Whole(
        label=_("Days of notice"),
        help_text=_("Nothing expires without a notice so long before. Empty: no notice."),
    )
    pending__kind = Choice(
        options_of(PendingKind, PENDINGS), empty=_("at once"), label=_("Points can be used")
    )
    pending__days = Whole(label=_("Days"), help_text=_("14 lets the time for returns pass first."))
    pending__on = Day(label=_("From"))
    pending__event = Choice(empty="—", label=_("Event"))
    pending__timeout_days = Whole(label=_("Days to wait for it"), help_text=_("Empty: without an end."))
    pending__on_timeout = Choice(options_of(OnTimeout, TIMEOUTS), empty="—", label=_("When it does not come"))
    pending__approval_above = Number(
        label=_("Approval for more than"),
        help_text=_("An award of more points than this waits until somebody approves it. Empty: never."),
    )

    def read_place(self, name: str) -> Any:
        if name != "expiry__length":
            return super().read_place(name)
        expiry = self.stored.get("expiry") or {}
        return next(
            ([expiry[unit], unit.value] for unit in Unit if unit in expiry), [None, Unit.MONTHS.value]
        )

    def write_place(self, entry: dict[str, Any], name: str, value: Any) -> None:
        """A length is written under the name of its unit: {months: 12}."""
        if name != "expiry__length":
            super().write_place(entry, name, value)
            return
        number, unit = value or (None, None)
        for each in Unit:
            super().write_place(entry, f"expiry__{each}", number if each == unit else None)

    def offer_terms(self, programme: Programme) -> None:
        """The ladders, tiers and events that terms can name."""
        ladders = list(programme.ladders.filter(retired_at=None))
        self.offer("expiry__ladder", [("", "—"), *((row.key, str(row)) for row in ladders)])
        tiers = [
            (tier["key"], f"{row}: {_words(tier)}")
            for row in ladders
            for tier in row.settings.get("tiers", ())
        ]
        self.offer("expiry__tiers", tiers)
        events = programme.event_types.filter(retired_at=None)
        self.offer("pending__event", [("", "—"), *((row.key, str(row)) for row in events)])


def _words(tier: dict[str, object]) -> str:
    name = tier.get("name")
    return str(next(iter(name.values()), tier["key"])) if isinstance(name, dict) else str(name or tier["key"])
