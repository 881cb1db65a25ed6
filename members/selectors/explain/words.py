"""The explanation of a receipt or an event in sentences, one text for the member, the call centre and the auditor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from loyalty.core.exact import as_decimal
from loyalty.core.translated import format_quantity, text
from members.selectors.explain.amounts import listed, moment, money, number, quantity
from members.selectors.explain.calculation import Award, Calculation, Skip
from members.selectors.explain.conditions import condition_in_words, seen_in_words
from members.selectors.explain.receipt import Explanation, Line, Return
from programs.engine.rules import FACTOR_DIGITS, PERCENT_DIGITS

__all__ = [
    "CAPS",
    "REASONS",
    "Words",
    "as_data",
    "award_in_words",
    "circumstances",
    "in_words",
    "points_in_words",
    "skips_in_words",
]

# What made an award smaller, or left nothing of it.
CAPS = {
    "cap:line": gettext_lazy("the most that this rule gives for a line"),
    "cap:purchase": gettext_lazy("the most that this rule gives for a purchase"),
    "cap:day": gettext_lazy("the most that this rule gives a member in a day"),
    "cap:week": gettext_lazy("the most that this rule gives a member in a week"),
    "cap:month": gettext_lazy("the most that this rule gives a member in a month"),
    "cap:year": gettext_lazy("the most that this rule gives a member in a year"),
    "cap:lifetime": gettext_lazy("the most that this rule ever gives a member"),
    "cap:budget": gettext_lazy("the budget of this rule"),
    "limit:purchase": gettext_lazy("the most that a purchase can earn"),
    "limit:day": gettext_lazy("the most that a member can earn in a day"),
    "limit:week": gettext_lazy("the most that a member can earn in a week"),
    "limit:month": gettext_lazy("the most that a member can earn in a month"),
    "limit:year": gettext_lazy("the most that a member can earn in a year"),
    "limit:lifetime": gettext_lazy("the most that a member can ever earn"),
    "limit:balance": gettext_lazy("the highest balance that a member can have"),
    "limit:budget": gettext_lazy("the budget of these points"),
    "raised": gettext_lazy("raised to the lowest award"),
}
# Why a rule gave nothing; "when" and the caps have sentences of their own.
REASONS = {
    "not_started": gettext_lazy("it had not started yet"),
    "ended": gettext_lazy("it had ended"),
    "weekday": gettext_lazy("it does not run on this day of the week"),
    "hours": gettext_lazy("it does not run at this time of day"),
    "frequency": gettext_lazy("the member has already had it as often as is possible"),
    "cooldown": gettext_lazy("the member had it too short a time ago"),
    "no_lines": gettext_lazy("no line of the receipt is one that it looks at"),
    "taken_out": gettext_lazy("another rule lets the lines that it looks at earn nothing"),
    "nothing_to_earn": gettext_lazy("nothing was paid for the lines that it looks at"),
    "below_step": gettext_lazy("the purchase is too small for it"),
    "rounded_to_zero": gettext_lazy("it gives less than the smallest unit, which was rounded to nothing"),
    "below_lowest": gettext_lazy("everything together is less than the lowest award"),
    "lowered": gettext_lazy("it gives no points itself: it made the others give less"),
    "beaten": gettext_lazy("another rule of its group gave more"),
    "excluded": gettext_lazy("another rule stands alone"),
    "stopped": gettext_lazy("a rule before it ends the calculation"),
    "after_first": gettext_lazy("only the first rule of its group that gives something counts"),
    "too_late": gettext_lazy("the birthday became known later than it allows"),
    "when": gettext_lazy("its condition does not hold"),
}
TENDERS = {
    "points": gettext_lazy("Paid with points"),
    "gift_card": gettext_lazy("Paid with a gift card"),
    "money": gettext_lazy("Paid with money"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A receipt or event explained in one language. `columns` and `rows` are the table of a receipt's lines."""

    title: str
    summary: str
    head: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    awards: Sequence[str]
    skips: Sequence[str]
    tenders: Sequence[str] = ()
    returns: Sequence[str] = ()


def in_words(told: Explanation, language: str | None = None) -> Words:
    """The explanation in a language, by default the reader's."""
    if language is not None:
        with override(language):
            return in_words(told)
    return Words(
        title=_("Receipt %(number)s") % {"number": told.receipt},
        summary=_summary(told),
        head=_head(told),
        columns=[_("Line"), _("Article"), _("Category"), _("Quantity"), _("Amount"), _("Points")],
        rows=[_row(line, told) for line in told.lines],
        tenders=[_tender(entry, told) for entry in told.tenders],
        awards=[award_in_words(award, told) for award in told.awards],
        skips=skips_in_words(told),
        returns=[_return(each, told) for each in told.returns],
    )


def as_data(told: Explanation, language: str | None = None) -> dict[str, Any]:
    """The explanation for machines, with the sentences of a language beside it."""
    return asdict(told) | {"words": asdict(in_words(told, language))}


def _name(title: Mapping[str, str], key: str) -> str:
    return text(title) or key


def _points(points: int, point_type: str, told: Calculation) -> str:
    known = told.point_types.get(point_type, {})
    return format_quantity(points, known.get("decimals", 0), known.get("unit") or known.get("name"))


def points_in_words(totals: Mapping[str, int], told: Calculation) -> str:
    """Points by point type: "48 points, 0.54 euros"."""
    return ", ".join(_points(points, point_type, told) for point_type, points in totals.items())


def _summary(told: Explanation) -> str:
    if not told.earned:
        return _("This purchase earned nothing.")
    if not any(told.taken.values()):
        return _("This purchase earned %(points)s.") % {"points": points_in_words(told.earned, told)}
    kept = {key: points - told.taken.get(key, 0) for key, points in told.earned.items()}
    return _("This purchase earned %(points)s; returns took back %(taken)s, which leaves %(kept)s.") % {
        "points": points_in_words(told.earned, told),
        "taken": points_in_words(told.taken, told),
        "kept": points_in_words(kept, told),
    }


def circumstances(told: Calculation) -> list[tuple[str, str]]:
    """By which rules, for whom and at whose."""
    programme = _("%(name)s, revision %(number)d") % {
        "name": _name(told.programme_name, told.programme),
        "number": told.revision,
    }
    return [
        (_("Programme"), programme),
        (_("Member"), told.member),
        (_("Partner"), _name(told.partner_name, told.partner)),
    ]


def _head(told: Explanation) -> list[tuple[str, str]]:
    head = [
        *circumstances(told),
        (_("Store"), _name(told.store_name, told.store)),
        (_("Channel"), told.header.get("channel", "")),
        (_("Till"), told.header.get("till", "")),
        (_("Cashier"), told.header.get("cashier", "")),
        (_("Way of paying"), told.header.get("payment", "")),
        (_("Bought"), moment(told.occurred_at, told.zone)),
        (_("Recorded"), moment(told.recorded_at, told.zone)),
        (_("Amount"), money(told.amount, told.currency)),
    ]
    return [(label, value) for label, value in head if value]


def _row(line: Line, told: Explanation) -> list[str]:
    awards = {award.number: award for award in told.awards}
    parts = [(awards[number], points) for number, points in line.points.items()]
    if len(told.awards) == 1:
        earned = "".join(_points(points, award.point_type, told) for award, points in parts)
    else:
        earned = "; ".join(
            f"{_name(award.title, award.rule)}: {_points(points, award.point_type, told)}"
            for award, points in parts
        )
    amount = money(line.amount, told.currency)
    return [str(line.position), line.sku, line.category, quantity(line.quantity), amount, earned or "—"]


def _tender(entry: Mapping[str, Any], told: Explanation) -> str:
    name = TENDERS.get(entry["kind"], entry["kind"])
    amount = money(entry["amount"], told.currency)
    if entry.get("points"):
        amount = f"{amount} ({_points(entry['points'], entry.get('type', ''), told)})"
    return f"{name}: {amount}"


def award_in_words(award: Award, told: Calculation) -> str:
    """What a rule gave, and how."""
    points = _points(award.points, award.point_type, told)
    effect = award.effect
    words = {"rule": _name(award.title, award.rule), "points": points, "how": _how(award, told)}
    kind = effect.get("kind")
    if kind in ("per_step", "percent"):
        words["base"] = money(award.base, told.currency)
        sentence = _("%(rule)s: %(points)s from %(base)s (%(how)s)") % words
    elif kind == "per_unit":
        words["base"] = quantity(award.base)
        sentence = _("%(rule)s: %(points)s for a quantity of %(base)s (%(how)s)") % words
    elif kind == "multiplier":
        sentence = _("%(rule)s: %(points)s on top (%(how)s)") % words
    else:
        sentence = _("%(rule)s: %(points)s") % words
    if not award.cut:
        return sentence
    cap = CAPS.get(award.cut, award.cut)
    if not award.uncut:
        return f"{sentence}; {cap}"
    would = {"cap": cap, "points": _points(award.uncut, award.point_type, told)}
    return sentence + _("; it would be %(points)s, but for %(cap)s") % would


def _how(award: Award, told: Calculation) -> str:
    effect = award.effect
    points = _points(effect.get("points", 0), award.point_type, told)
    match effect.get("kind"):
        case "per_step":
            step = money(effect["step"], told.currency)
            return _("%(points)s for every full %(step)s") % {"points": points, "step": step}
        case "percent":
            return _("%(percent)s %%") % {"percent": number(as_decimal(effect["percent"], PERCENT_DIGITS))}
        case "per_unit":
            return _("%(points)s for every whole unit") % {"points": points}
        case "multiplier":
            return f"× {number(as_decimal(effect['factor'], FACTOR_DIGITS))}"
        case _:
            return ""


def skips_in_words(told: Calculation) -> list[str]:
    """The rules that gave nothing, and why."""
    return [f"{_name(skip.title, skip.rule)}: {_reason(skip, told)}" for skip in told.skips]


def _reason(skip: Skip, told: Calculation) -> str:
    if skip.code == "when" and skip.condition is not None:
        sentence = condition_in_words(skip.condition, told.currency, told.ladders)
        condition = _("only if %(condition)s") % {"condition": sentence}
        seen = seen_in_words(
            skip.condition, skip.seen, told.currency, told.ladders, purchase=isinstance(told, Explanation)
        )
        return f"{condition}; {seen}" if seen else condition
    if skip.code in CAPS:
        return _("already used up: %(cap)s") % {"cap": CAPS[skip.code]}
    reason = str(REASONS.get(skip.code, skip.code))
    return f"{reason} ({text(skip.other)})" if skip.other else reason


def _return(each: Return, told: Explanation) -> str:
    words = {
        "number": each.number,
        "moment": moment(each.occurred_at, told.zone),
        "amount": money(each.amount, told.currency),
        "lines": listed([_returned_line(position, share) for position, share in each.lines]),
    }
    came = _("Return %(number)s, %(moment)s, %(amount)s, lines: %(lines)s") % words
    titles = {award.number: _name(award.title, award.rule) for award in told.awards}
    taken = [
        f"{titles.get(entry['no'], entry['rule'])}: {_points(points, entry['type'], told)}"
        for entry in each.taken
        if (points := entry["points"] - entry.get("lost", 0))
    ]
    sentence = _("%(return)s; it took back no points") % {"return": came}
    if taken:
        sentence = _("%(return)s; taken back: %(points)s") % {"return": came, "points": "; ".join(taken)}
    lost: dict[str, int] = {}
    for entry in each.taken:
        if entry.get("lost"):
            lost[entry["type"]] = lost.get(entry["type"], 0) + entry["lost"]
    if lost:
        sentence += _("; gone unused and not charged again: %(points)s") % {
            "points": points_in_words(lost, told)
        }
    if each.restored:
        sentence += _("; given back: %(points)s") % {"points": points_in_words(each.restored, told)}
    return sentence


def _returned_line(position: int, share: str) -> str:
    if share in ("1", "1/1"):
        return str(position)
    return _("%(line)d (part %(share)s)") % {"line": position, "share": share}
