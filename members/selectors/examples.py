"""What a run of a worked example did, in words: step by step, with what was expected and what came instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.exact import parse_decimal
from loyalty.core.problems import Problem
from loyalty.core.translated import format_quantity, text
from members.selectors.explain.words import CAPS, REASONS
from programs.engine.document import Core

__all__ = ["KINDS", "Missed", "RunStep", "run_in_words"]

KINDS: dict[str, str | Promise] = {
    "adjust": gettext_lazy("Correction by staff"),
    "advance": gettext_lazy("Time passes"),
    "approve": gettext_lazy("Approval"),
    "capture": gettext_lazy("Held points are spent"),
    "convert": gettext_lazy("Conversion"),
    "correct": gettext_lazy("A birth date is corrected"),
    "donate": gettext_lazy("Donation"),
    "event": gettext_lazy("Event"),
    "forfeit": gettext_lazy("Points are taken away"),
    "hold": gettext_lazy("Points are held"),
    "open": gettext_lazy("Opening balance"),
    "pay": gettext_lazy("Points pay"),
    "purchase": gettext_lazy("Purchase"),
    "quote": gettext_lazy("Question what a purchase would earn"),
    "redeem": gettext_lazy("Points are spent"),
    "refer": gettext_lazy("A friend is brought"),
    "refuse": gettext_lazy("Approval refused"),
    "release": gettext_lazy("Held points are released"),
    "return": gettext_lazy("Return"),
    "revise": gettext_lazy("The programme changes"),
    "roll_back": gettext_lazy("Spending is undone"),
    "tier": gettext_lazy("A tier is given"),
    "tier_end": gettext_lazy("A given tier ends"),
    "transfer": gettext_lazy("Transfer"),
    "unopen": gettext_lazy("An opening balance is taken back"),
    "verify": gettext_lazy("Check of the ledger"),
}
# What a step did with points.
DONE: dict[str, str | Promise] = {
    "awarded": gettext_lazy("given: %(points)s"),
    "pending": gettext_lazy("waiting: %(points)s"),
    "spent": gettext_lazy("spent: %(points)s"),
    "held": gettext_lazy("held: %(points)s"),
    "released": gettext_lazy("released: %(points)s"),
    "given": gettext_lazy("handed over: %(points)s"),
    "converted": gettext_lazy("converted: %(points)s"),
    "opened": gettext_lazy("brought along: %(points)s"),
    "restored": gettext_lazy("given back: %(points)s"),
    "shortage": gettext_lazy("missing: %(points)s"),
    "lost": gettext_lazy("lost: %(points)s"),
    "activated": gettext_lazy("became usable: %(points)s"),
    "expired": gettext_lazy("expired: %(points)s"),
    "forfeited": gettext_lazy("lapsed: %(points)s"),
}
# What can be expected, by its name in the file.
EXPECTED: dict[str, str | Promise] = {
    "awarded": gettext_lazy("Points given"),
    "refused": gettext_lazy("Refusal"),
    "paid": gettext_lazy("Money paid with points"),
    "possible": gettext_lazy("Points that would be possible"),
    "trace": gettext_lazy("Reasons"),
    "balance": gettext_lazy("Balance"),
    "available": gettext_lazy("Available"),
    "pending": gettext_lazy("Waiting"),
    "held": gettext_lazy("Held"),
    "debt": gettext_lazy("Debt"),
    "stamps": gettext_lazy("Stamps"),
    "lots": gettext_lazy("Lots"),
    "told": gettext_lazy("Notices"),
    "tier": gettext_lazy("Tier"),
    "progress": gettext_lazy("Progress"),
    "issued": gettext_lazy("Given in all"),
    "redeemed": gettext_lazy("Spent in all"),
    "reversed": gettext_lazy("Taken back in all"),
    "expired": gettext_lazy("Expired in all"),
    "forfeited": gettext_lazy("Lapsed in all"),
    "outstanding": gettext_lazy("Outstanding"),
}


@dataclass(frozen=True, slots=True)
class Missed:
    """An expectation that does not hold."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class RunStep:
    """What a step did: `done` in short, `reasons` of the rules, `missed` what was expected otherwise."""

    number: int
    at: str
    kind: str
    done: str
    reasons: Sequence[str]
    missed: Sequence[Missed]


def run_in_words(report: Mapping[str, Any], core: Core) -> list[RunStep]:
    """The steps of the last run; what does not hold at the end of all is a step of its own."""
    missed: dict[int, list[Missed]] = {}
    failures = report.get("failures", [])
    for failure in failures:
        missed.setdefault(failure["step"], []).append(_missed(failure, core))
    told = []
    for number, step in enumerate(report.get("steps", []), 1):
        done = "; ".join(_done(step["result"], core)) or _("nothing")
        reasons = [_reason(entry, core) for entry in step["result"].get("trace", [])]
        kind = str(KINDS.get(step["kind"], step["kind"]))
        told.append(RunStep(number, _at(step["at"]), kind, done, reasons, missed.pop(number, [])))
    for number, rest in missed.items():
        found = next(each for each in failures if each["step"] == number)
        kind = str(KINDS.get(found["kind"], found["kind"]))
        told.append(RunStep(number or len(told) + 1, _at(found["at"]), kind, _("it broke off"), [], rest))
    return told


def _at(local: str) -> str:
    return local.replace("T", " ")


def _done(result: Mapping[str, Any], core: Core) -> Iterator[str]:
    if "refused" in result:
        yield _("refused: %(reason)s") % {"reason": refusal_in_words(result["refused"])}
    for name, sentence in DONE.items():
        if name in result:
            amounts = (points_in_words(points, key, core) for key, points in result[name].items())
            yield str(sentence) % {"points": ", ".join(amounts)}


def points_in_words(written: str, point_type: str, core: Core) -> str:
    """Points as a file has them ("1.20"), with their unit."""
    item = core.point_type(point_type)
    if item is None:
        return written
    unit: Mapping[str, Any] = {language: dict(forms) for language, forms in item.unit} or dict(item.name)
    return format_quantity(parse_decimal(written, item.decimals), item.decimals, unit)


def refusal_in_words(code: str) -> str:
    """What a refusal with this code says."""
    return next((str(each.title) for each in _problems(Problem) if each.code == code), code)


def _problems(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _problems(each)


def _reason(entry: Mapping[str, str], core: Core) -> str:
    rule = next((each for each in core.rules if each.key == entry["rule"]), None)
    title = text(dict(rule.title)) if rule else entry["rule"]
    if code := entry.get("skipped"):
        return f"{title}: {REASONS.get(code) or CAPS.get(code) or code}"
    points = points_in_words(entry["points"], rule.point_type if rule else core.main.key, core)
    cut = entry.get("cut")
    return f"{title}: {points}" + (f" ({CAPS.get(cut, cut)})" if cut else "")


def _missed(failure: Mapping[str, Any], core: Core) -> Missed:
    owner, separator, name = failure["what"].rpartition(": ")
    bare, _space, of = name.partition(" ")
    what = str(EXPECTED.get(bare, bare)) + (f" {of}" if of else "")
    if bare not in EXPECTED:
        owner, separator, what = "", "", failure["what"]
    expected, got = (_value(failure[side], bare, core) for side in ("expected", "got"))
    return Missed(f"{owner}{separator}{what}", expected, got)


def _value(value: Any, name: str, core: Core) -> str:
    if name == "trace":
        entries = value if isinstance(value, list) else [value]
        return "; ".join(_reason(each, core) if len(each) > 1 else each["rule"] for each in entries) or _(
            "nothing"
        )
    if name == "tier":
        return _standing(value, core)
    if name == "refused":
        return refusal_in_words(str(value))
    return _plain(value)


def _standing(value: Any, core: Core) -> str:
    """A tier, alone or with its last day."""
    if not isinstance(value, Mapping):
        return _tier(str(value), core) or _("nothing")
    said = [_tier(str(value["tier"]), core) or _("nothing")] if "tier" in value else []
    return ", ".join([*said, *(str(rest) for name, rest in value.items() if name != "tier")])


def _tier(key: str, core: Core) -> str:
    tiers = (tier for ladder in core.ladders for tier in ladder.tiers)
    return next((text(dict(tier.name)) for tier in tiers if tier.key == key), key)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_plain(each) for each in value) or _("nothing")
    return str(value)
