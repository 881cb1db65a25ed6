"""Ladders of tiers in words: how a tier is reached, when it begins and ends, what comes then, and its benefits."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.translated import text
from programs.engine.document import Core
from programs.engine.facts import QUANTITY_DIGITS
from programs.engine.ladders import (
    AfterReturn,
    Benefit,
    BenefitKind,
    Ends,
    Falls,
    Ladder,
    MetricKind,
    Starts,
    Tier,
    WindowKind,
)
from programs.engine.terms import Unit
from programs.selectors.amounts import length, money, quantity, short

__all__ = ["TierInWords", "ladder_in_words", "tiers_in_words"]

BENEFITS: dict[BenefitKind, str | Promise] = {
    BenefitKind.MULTIPLIER: _("more points"),
    BenefitKind.DISCOUNT: _("discount"),
    BenefitKind.FREE_DELIVERY: _("free delivery"),
    BenefitKind.PERSONAL_MANAGER: _("personal manager"),
    BenefitKind.PRIORITY_SERVICE: _("priority service"),
    BenefitKind.EARLY_ACCESS: _("early access"),
    BenefitKind.CLOSED_EVENTS: _("closed events"),
    BenefitKind.BIRTHDAY_GIFT: _("birthday gift"),
    BenefitKind.OTHER: _("other"),
}
_STARTS: dict[tuple[Starts, bool], str | Promise] = {
    (Starts.AT_ONCE, False): _("It begins at once."),
    (Starts.AT_ONCE, True): _("It begins at once."),
    (Starts.NEXT_PERIOD, False): _("It begins with the next calendar year."),
    (Starts.NEXT_PERIOD, True): _("It begins with the next membership year."),
}
_ENDS: dict[tuple[Ends, bool], str | Promise] = {
    (Ends.NEVER, False): _("It has no end."),
    (Ends.NEVER, True): _("It has no end."),
    (Ends.END_OF_PERIOD, False): _("It lasts to the end of the calendar year."),
    (Ends.END_OF_PERIOD, True): _("It lasts to the end of the membership year."),
    (Ends.END_OF_NEXT_PERIOD, False): _("It lasts to the end of the next calendar year."),
    (Ends.END_OF_NEXT_PERIOD, True): _("It lasts to the end of the next membership year."),
    (Ends.ANNIVERSARY, False): _("It lasts to the next anniversary of joining."),
    (Ends.ANNIVERSARY, True): _("It lasts to the next anniversary of joining."),
}
_THEN: dict[Falls, str | Promise] = {
    Falls.TO_EARNED: _("Then the member has the tier that was earned meanwhile."),
    Falls.ONE_LEVEL: _("Then the member falls by one tier at most."),
    Falls.NEVER: _("Then it begins anew: nobody falls."),
}


class TierInWords(NamedTuple):
    """A tier as people read it."""

    name: str
    key: str
    reached: str
    benefits: str


def ladder_in_words(ladder: Ladder, core: Core) -> list[str]:
    """How the ladder works, in a few sentences."""
    membership = ladder.window is WindowKind.MEMBERSHIP_YEAR
    said = [
        gettext("A tier is reached by %(metric)s %(window)s.")
        % {"metric": _metric(ladder, core), "window": _window(ladder)}
    ]
    if ladder.continuous:
        return [*said, str(_STARTS[ladder.starts, membership]), _continuous_fall(ladder)]
    said += [str(_STARTS[ladder.starts, membership]), _end(ladder, membership)]
    if ladder.ends is not Ends.NEVER:
        said.append(str(_THEN[ladder.falls]))
    if ladder.falls is not Falls.NEVER:
        said.append(
            gettext("After a return the tier is decided again.")
            if ladder.after_return is AfterReturn.REDECIDED
            else gettext("A return does not change the tier before its end.")
        )
    return said


def _metric(ladder: Ladder, core: Core) -> str:
    metric = ladder.metric
    if metric.kind is MetricKind.POINTS:
        item = core.point_type(metric.point_type)
        name = text(dict(item.name)) if item else metric.point_type
        return gettext("the sum of earned points (%(name)s)") % {"name": name}
    if metric.kind is MetricKind.EVENT:
        event = core.event(metric.event)
        values = {"field": metric.field, "event": text(dict(event.name)) if event else metric.event}
        return gettext("the sum of “%(field)s” (%(event)s)") % values
    return {
        MetricKind.SPEND: gettext("the sum of purchases"),
        MetricKind.PURCHASES: gettext("the number of purchases"),
        MetricKind.VISITS: gettext("the number of days with a purchase"),
    }[metric.kind]


def _window(ladder: Ladder) -> str:
    if ladder.window is WindowKind.ROLLING:
        return ngettext(
            "within the last %(count)d month", "within the last %(count)d months", ladder.window_months
        ) % {"count": ladder.window_months}
    return {
        WindowKind.CALENDAR_YEAR: gettext("in a calendar year"),
        WindowKind.MEMBERSHIP_YEAR: gettext("in a membership year"),
        WindowKind.LIFETIME: gettext("since joining"),
    }[ladder.window]


def _end(ladder: Ladder, membership: bool) -> str:
    if ladder.ends is Ends.MONTHS_AFTER:
        said = gettext("It lasts for %(length)s.") % {"length": length(ladder.months, Unit.MONTHS)}
    else:
        said = str(_ENDS[ladder.ends, membership])
    if ladder.grace_days:
        grace = ngettext(
            "%(count)d day of grace is added.", "%(count)d days of grace are added.", ladder.grace_days
        ) % {"count": ladder.grace_days}
        said = f"{said} {grace}"
    return said


def _continuous_fall(ladder: Ladder) -> str:
    if ladder.falls is Falls.AT_ONCE:
        return gettext("Whoever is below the threshold falls at once.")
    return gettext("Whoever is still below the threshold after %(length)s falls.") % {
        "length": length(ladder.fall_days, Unit.DAYS)
    }


def tiers_in_words(ladder: Ladder, core: Core) -> list[TierInWords]:
    """The tiers from the lowest to the highest."""
    return [
        TierInWords(
            text(dict(tier.name)),
            tier.key,
            _reached(tier, ladder, core),
            ", ".join(_benefit(benefit) for benefit in tier.benefits),
        )
        for tier in ladder.tiers
    ]


def _reached(tier: Tier, ladder: Ladder, core: Core) -> str:
    if tier.invitation and tier.threshold:
        kept = {"amount": _threshold(tier.threshold, ladder, core)}
        return gettext("by invitation; kept from %(amount)s") % kept
    if tier.invitation:
        return gettext("by invitation")
    if not tier.threshold:
        return gettext("by everybody")
    return gettext("from %(amount)s") % {"amount": _threshold(tier.threshold, ladder, core)}


def _threshold(amount: int, ladder: Ladder, core: Core) -> str:
    metric = ladder.metric
    if metric.kind is MetricKind.SPEND:
        return money(amount, core)
    if metric.kind is MetricKind.POINTS:
        return quantity(amount, core.point_type(metric.point_type))
    if metric.kind is MetricKind.EVENT:
        return f"{short(amount, QUANTITY_DIGITS)} ({metric.field})"
    if metric.kind is MetricKind.PURCHASES:
        return ngettext("%(count)d purchase", "%(count)d purchases", amount) % {"count": amount}
    words = ngettext("%(count)d day with a purchase", "%(count)d days with a purchase", amount)
    return words % {"count": amount}


def _benefit(benefit: Benefit) -> str:
    named = text(dict(benefit.name)) or str(BENEFITS[benefit.kind])
    return f"{named} {benefit.value}".strip()
