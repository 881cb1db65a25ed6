"""The terms of points in words: how long they last, when they can be used, what becomes of them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.translated import text
from programs.engine.document import Core
from programs.engine.money import SHARE_DIGITS, WHOLE_BILL, Rate
from programs.engine.point_types import MOST_DECIMALS, Conversion, PointType
from programs.engine.terms import (
    Activity,
    Expiry,
    ExpiryKind,
    OnTimeout,
    Pending,
    PendingKind,
    RoundUp,
    Unit,
)
from programs.selectors.amounts import day_in_words, day_of_year, either, length, money, quantity, short

__all__ = ["expiry_in_words", "paying_in_words", "pending_in_words", "terms_in_words"]

ACTIVITIES: dict[Activity, str | Promise] = {
    Activity.EARN: _("earning points"),
    Activity.SPEND: _("spending points"),
    Activity.PURCHASE: _("a purchase"),
    Activity.EVENT: _("an event"),
    Activity.TRANSFER: _("a transfer of points"),
}
ROUNDED: dict[RoundUp, str | Promise] = {
    RoundUp.MONTH: _("%(end)s, to the end of the month"),
    RoundUp.QUARTER: _("%(end)s, to the end of the quarter"),
    RoundUp.YEAR: _("%(end)s, to the end of the year"),
}


def terms_in_words(item: PointType, core: Core) -> list[tuple[str, str]]:
    """What holds for points of a type, one line each: what, and how."""
    return [
        (gettext("Expire"), expiry_in_words(item.expiry, core)),
        (gettext("Can be used"), pending_in_words(item.pending, item, core)),
        (
            gettext("Spending"),
            gettext("possible") if item.spendable else gettext("not possible: these points only count"),
        ),
        (
            gettext("Giving to another member"),
            gettext("possible") if item.transferable else gettext("not possible"),
        ),
        *(
            [(gettext("Paying bills"), paying_in_words(item.money, item, core))]
            if item.money and item.spendable
            else []
        ),
        *((gettext("Conversion"), _conversion(each, item, core)) for each in item.conversions),
    ]


def expiry_in_words(expiry: Expiry, core: Core) -> str:
    """When points expire: "12 months after earning, to the end of the month"."""
    if expiry.kind is ExpiryKind.NEVER:
        return gettext("never")
    end = _fixed(expiry) if expiry.kind is ExpiryKind.FIXED else _after(expiry, core)
    if expiry.round_up is not None:
        end = str(ROUNDED[expiry.round_up]) % {"end": end}
    if expiry.notice_days:
        end = ngettext(
            "%(end)s; nothing expires without a notice %(count)d day before",
            "%(end)s; nothing expires without a notice %(count)d days before",
            expiry.notice_days,
        ) % {"end": end, "count": expiry.notice_days}
    return end


def _fixed(expiry: Expiry) -> str:
    end = gettext("on %(days)s") % {"days": either(day_of_year(*day) for day in expiry.dates)}
    if expiry.least_days:
        end = gettext("%(end)s, but not before %(length)s have passed") % {
            "end": end,
            "length": length(expiry.least_days, Unit.DAYS),
        }
    return end


def _after(expiry: Expiry, core: Core) -> str:
    values = {"length": length(expiry.length, expiry.unit)}
    if expiry.kind is ExpiryKind.ACTIVITY:
        values["activities"] = either(str(ACTIVITIES[activity]) for activity in expiry.activities)
        return gettext("%(length)s after the last activity (%(activities)s)") % values
    if expiry.kind is ExpiryKind.TIER:
        ladder = core.ladder(expiry.ladder)
        tiers = [tier for tier in ladder.tiers if tier.key in expiry.tiers] if ladder else []
        values["tiers"] = either(text(dict(tier.name)) for tier in tiers) or ", ".join(expiry.tiers)
        return (
            gettext(
                "never while the tier is %(tiers)s, otherwise %(length)s after earning or after losing the tier"
            )
            % values
        )
    return gettext("%(length)s after earning") % values


def pending_in_words(pending: Pending, item: PointType | None, core: Core) -> str:
    """When points can be used: "14 days after earning"."""
    when = gettext("at once")
    if pending.kind is PendingKind.DAYS:
        when = gettext("%(length)s after earning") % {"length": length(pending.days, Unit.DAYS)}
    elif pending.kind is PendingKind.DATE and pending.on is not None:
        when = gettext("from %(day)s on") % {"day": day_in_words(pending.on)}
    elif pending.kind is PendingKind.EVENT:
        when = _on_event(pending, core)
    if pending.approval_above is not None:
        values = {"when": when, "points": quantity(pending.approval_above, item)}
        when = gettext("%(when)s; more than %(points)s at a time wait for approval") % values
    return when


def _on_event(pending: Pending, core: Core) -> str:
    event = core.event(pending.event)
    when = gettext("when this happens: %(event)s") % {
        "event": text(dict(event.name)) if event else pending.event
    }
    if not pending.timeout_days:
        return when
    values = {"when": when, "length": length(pending.timeout_days, Unit.DAYS)}
    if pending.on_timeout is OnTimeout.LAPSE:
        return gettext("%(when)s; they lapse when it has not happened after %(length)s") % values
    return gettext("%(when)s, at the latest after %(length)s") % values


def paying_in_words(rate: Rate, item: PointType, core: Core) -> str:
    """What points are worth at the till: "100 points pay 1.00 EUR; at least 500 points at a time"."""
    said = [
        gettext("%(points)s pay %(money)s")
        % {"points": quantity(rate.points, item), "money": money(rate.amount, core)}
    ]
    if rate.lowest:
        said.append(gettext("at least %(points)s at a time") % {"points": quantity(rate.lowest, item)})
    if rate.highest is not None:
        said.append(gettext("at most %(points)s at a time") % {"points": quantity(rate.highest, item)})
    if rate.share < WHOLE_BILL:
        said.append(gettext("at most %(percent)s%% of a bill") % {"percent": short(rate.share, SHARE_DIGITS)})
    return "; ".join(said)


def _conversion(conversion: Conversion, item: PointType, core: Core) -> str:
    target = core.point_type(conversion.to)
    given = conversion.give // 10 ** (MOST_DECIMALS - (target.decimals if target else 0))
    said = gettext("%(take)s become %(give)s") % {
        "take": quantity(conversion.take, item),
        "give": quantity(given, target),
    }
    if conversion.smallest:
        values = {"conversion": said, "points": quantity(conversion.smallest, item)}
        said = gettext("%(conversion)s, from %(points)s on") % values
    return said
