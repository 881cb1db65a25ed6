"""The settings on which real programmes differ: each an explicit choice of the programme, with a default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from loyalty.core.exact import Rounding
from programs.engine.facts import LineKind
from programs.engine.reader import Reader


class TaxBase(StrEnum):
    INCLUDED = "included"
    EXCLUDED = "excluded"


class DiscountBase(StrEnum):
    """Whether points are earned on what was paid (after discounts) or on the price before them."""

    AFTER = "after"
    BEFORE = "before"


class OrderDiscount(StrEnum):
    """A discount for the whole order: spread over the lines, or left out of rules that look at certain
    lines."""

    SPREAD = "spread"
    LEFT_OUT = "left_out"


class StoredValue(StrEnum):
    """Paid by gift card: a way of paying like any other, or it lowers the earning base."""

    TENDER = "tender"
    LOWERS_BASE = "lowers_base"


class PaidWithPoints(StrEnum):
    EARNS_NOTHING = "earns_nothing"
    EARNS = "earns"


class RoundingLevel(StrEnum):
    """Where fractions of points are rounded: each rule once, each line, or the purchase's total once."""

    RULE = "rule"
    LINE = "line"
    BASKET = "basket"


class BonusAfterReturn(StrEnum):
    """A bonus whose condition no longer holds after a partial return."""

    KEPT_IN_PROPORTION = "kept_in_proportion"
    TAKEN_BACK = "taken_back"


class SpentPoints(StrEnum):
    """A return takes points that were already spent: as a debt, or only what is there, or only what is still
    pending."""

    DEBT = "debt"
    CLAMP = "clamp"
    PENDING_ONLY = "pending_only"


class RestoredPoints(StrEnum):
    """Points that paid for returned goods come back to the lot they came from, or as new points."""

    ORIGINAL = "original"
    NEW = "new"


class SpendingOrder(StrEnum):
    """Which lot is spent first; never-expiring lots come last in `soonest`."""

    SOONEST = "soonest"
    OLDEST = "oldest"
    NEWEST = "newest"


class Overspending(StrEnum):
    """Asking to spend more than there is: refused with the possible amount, or the possible amount is
    spent."""

    REFUSE = "refuse"
    CLAMP = "clamp"


class ExpiryDay(StrEnum):
    """The day that expiry comes to: the last usable one (points go at the midnight after it), or the first on which
    they are gone."""

    LAST_USABLE = "last_usable"
    FIRST_EXPIRED = "first_expired"


class ExpiryFrom(StrEnum):
    """Pending points: expiry counts from the day they can be used, or from the day they were earned."""

    ACTIVATION = "activation"
    EARNING = "earning"


class TransferredExpiry(StrEnum):
    """Points that another member gave: they keep their end, or begin anew."""

    ORIGINAL = "original"
    NEW = "new"


class LiftRate(StrEnum):
    """A purchase that lifts the member into a tier earns as before it, or already as in the new tier."""

    BEFORE = "before"
    NEW = "new"


class LeapBirthday(StrEnum):
    """The birthday, in common years, of somebody who was born on 29 February."""

    FEB_28 = "feb_28"
    MAR_1 = "mar_1"


@dataclass(frozen=True, slots=True)
class Policies:
    """A programme's policies. Field names are the keys of the document."""

    tax: TaxBase = TaxBase.INCLUDED
    discounts: DiscountBase = DiscountBase.AFTER
    order_discount: OrderDiscount = OrderDiscount.SPREAD
    stored_value: StoredValue = StoredValue.TENDER
    paid_with_points: PaidWithPoints = PaidWithPoints.EARNS_NOTHING
    rounding: Rounding = Rounding.FLOOR
    rounding_level: RoundingLevel = RoundingLevel.RULE
    bonus_after_return: BonusAfterReturn = BonusAfterReturn.KEPT_IN_PROPORTION
    spent_points: SpentPoints = SpentPoints.DEBT
    restored_points: RestoredPoints = RestoredPoints.ORIGINAL
    spending_order: SpendingOrder = SpendingOrder.SOONEST
    overspending: Overspending = Overspending.REFUSE
    expiry_day: ExpiryDay = ExpiryDay.LAST_USABLE
    expiry_from: ExpiryFrom = ExpiryFrom.ACTIVATION
    transferred_expiry: TransferredExpiry = TransferredExpiry.ORIGINAL
    lift_rate: LiftRate = LiftRate.BEFORE
    leap_birthday: LeapBirthday = LeapBirthday.FEB_28
    earning_kinds: tuple[LineKind, ...] = (LineKind.DELIVERY, LineKind.PRODUCT)


DEFAULTS = Policies()
CHOICES: dict[str, type[StrEnum]] = {
    item.name: type(getattr(DEFAULTS, item.name)) for item in fields(Policies) if item.name != "earning_kinds"
}


def read_policies(reader: Reader | None) -> Policies:
    """Policies from a document; what is not said takes the default."""
    if reader is None:
        return DEFAULTS
    values: dict[str, Any] = {
        name: reader.choice(name, options, default=getattr(DEFAULTS, name))
        for name, options in CHOICES.items()
    }
    if reader.has("earning_kinds"):
        kinds = []
        for name in reader.texts("earning_kinds"):
            if name not in tuple(LineKind) or name == LineKind.DISCOUNT:
                options = [kind.value for kind in LineKind if kind is not LineKind.DISCOUNT]
                reader.fault("unknown_choice", "earning_kinds", value=name[:60], options=options)
            else:
                kinds.append(LineKind(name))
        values["earning_kinds"] = tuple(sorted(set(kinds)))
    reader.take("earning_kinds")
    reader.finish()
    return Policies(**values)


def dump_policies(policies: Policies) -> dict[str, Any]:
    """Every policy by name, spelled out."""
    written: dict[str, Any] = {name: getattr(policies, name).value for name in CHOICES}
    written["earning_kinds"] = sorted(kind.value for kind in policies.earning_kinds)
    return written
