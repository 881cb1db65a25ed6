"""The policies of a programme in words: what each decides, and what each choice means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from programs.engine.rules import Combine, Stacking

Text = str | Promise

# Per policy: what it decides, and the meaning of each choice.
POLICIES: dict[str, tuple[Text, dict[str, Text]]] = {
    "tax": (
        _("Points are earned on prices"),
        {"included": _("with tax"), "excluded": _("without tax")},
    ),
    "discounts": (
        _("Discounts"),
        {
            "after": _("points are earned on what was paid"),
            "before": _("points are earned on the price before discounts"),
        },
    ),
    "order_discount": (
        _("A discount on the whole purchase"),
        {"spread": _("is spread over its lines"), "left_out": _("does not touch rules for certain lines")},
    ),
    "stored_value": (
        _("Paying by gift card"),
        {"tender": _("earns points like money"), "lowers_base": _("earns no points")},
    ),
    "paid_with_points": (
        _("What was paid with points"),
        {"earns_nothing": _("earns no points"), "earns": _("earns points like money")},
    ),
    "rounding": (
        _("Fractions of a point"),
        {
            "floor": _("are dropped"),
            "half_up": _("a half counts as a whole"),
            "half_even": _("a half goes to the even number"),
            "half_down": _("a half is dropped"),
            "ceiling": _("count as a whole"),
        },
    ),
    "rounding_level": (
        _("Fractions are rounded"),
        {
            "rule": _("once for each rule"),
            "line": _("for each line"),
            "basket": _("once for the whole purchase"),
        },
    ),
    "bonus_after_return": (
        _("A bonus whose condition no longer holds after a return"),
        {"kept_in_proportion": _("is kept in proportion"), "taken_back": _("is taken back")},
    ),
    "spent_points": (
        _("Returned goods whose points are already spent"),
        {
            "debt": _("leave a debt of points"),
            "clamp": _("take only the points that are there"),
            "pending_only": _("take only points that cannot be used yet"),
        },
    ),
    "restored_points": (
        _("Points that paid for returned goods"),
        {"original": _("come back with their old expiry date"), "new": _("come back as new points")},
    ),
    "spending_order": (
        _("Points are spent"),
        {
            "soonest": _("those that expire soonest first"),
            "oldest": _("the oldest first"),
            "newest": _("the newest first"),
        },
    ),
    "overspending": (
        _("Asking for more points than there are"),
        {"refuse": _("is refused"), "clamp": _("takes what is there")},
    ),
    "expiry_day": (
        _("Points that last to 31 December"),
        {
            "last_usable": _("can be used on that day for the last time"),
            "first_expired": _("are gone on that day; they can be used on 30 December for the last time"),
        },
    ),
    "expiry_from": (
        _("The life of points that can be used only later begins"),
        {"activation": _("on the day they can be used"), "earning": _("on the day they were earned")},
    ),
    "transferred_expiry": (
        _("Points that another member gave"),
        {
            "original": _("keep the expiry date that they had"),
            "new": _("last as long as points that are earned on that day"),
        },
    ),
    "lift_rate": (
        _("A purchase that lifts the member into a higher tier"),
        {
            "before": _("earns as in the tier before it"),
            "new": _("already earns as in the new tier"),
        },
    ),
    "leap_birthday": (
        _("Somebody born on 29 February has the birthday in other years"),
        {"feb_28": _("on 28 February"), "mar_1": _("on 1 March")},
    ),
    "earning_kinds": (
        _("Points are earned on"),
        {
            "product": _("products"),
            "delivery": _("delivery"),
            "fee": _("fees"),
            "deposit": _("deposits"),
            "gift_card": _("gift cards sold"),
        },
    ),
}


def policies_in_words(policies: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One line per policy, always in the same order: what it decides and what was chosen."""
    lines = []
    for name, (title, choices) in POLICIES.items():
        if name not in policies:
            continue
        chosen = policies[name]
        options = chosen if isinstance(chosen, list) else [chosen]
        lines.append((str(title), ", ".join(str(choices.get(option, option)) for option in options)))
    return lines


# How the rules of a group live together.
STACKING: dict[Stacking, Text] = {
    Stacking.STACK: _("every rule counts"),
    Stacking.BEST_OF: _("only the rule that gives most counts"),
    Stacking.FIRST_MATCH: _("only the first rule that gives something counts"),
    Stacking.EXCLUSIVE: _("the first rule that gives something stands alone in the whole programme"),
    Stacking.STOP_AFTER: _(
        "every rule counts, and once one gives something the groups after it are not tried"
    ),
}
COMBINE: dict[Combine, Text] = {
    Combine.MULTIPLY: _("multiply each other: × 2 and × 3 make × 6"),
    Combine.ADD: _("are added up: × 2 and × 3 make × 4"),
}


def group_in_words(settings: Mapping[str, Any]) -> tuple[str, str]:
    """How the rules of a group live together, and what its multipliers do."""
    mode = Stacking(settings.get("mode", Stacking.STACK))
    combine = Combine(settings.get("combine", Combine.MULTIPLY))
    return str(STACKING[mode]), str(COMBINE[combine])
