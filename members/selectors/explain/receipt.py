"""Why a receipt earned what it earned, without words yet: codes, keys and whole numbers.

Money is minor units, quantities thousandths, points the smallest unit of their point type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from loyalty.core.exact import currency_digits
from loyalty.core.translated import format_quantity
from members.choices import PostingKind
from members.models import Purchase
from members.models.ledger import Posting
from members.selectors.explain.evidence import basket_of
from members.selectors.facts import stored_facts
from programs.engine.compiling import at, found
from programs.engine.conditions import AnyOf, Condition, Not, dump_condition
from programs.engine.facts import Facts
from programs.engine.point_types import PointType
from programs.engine.rules import Rule
from programs.selectors.rulesets import compiled, ruleset_of

__all__ = ["Award", "Explanation", "Line", "Return", "Skip", "earned_in_words", "explain", "receipts"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the receipt and what each award gave for it (award number to points)."""

    position: int
    sku: str
    category: str
    quantity: int
    amount: int
    points: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Award:
    """Points of one rule. `base` is minor units of money, for rules per unit thousandths of a unit.
    `effect` is what the rule says it gives."""

    number: int
    rule: str
    title: Mapping[str, str]
    effect: Mapping[str, Any]
    point_type: str
    points: int
    base: int
    cut: str
    uncut: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that gave nothing. `condition` is the one that failed, `seen` what the purchase had instead;
    `other` the title of the rule that came first, if one did."""

    rule: str
    title: Mapping[str, str]
    code: str
    about: str = ""
    condition: Mapping[str, Any] | None = None
    seen: Any = None
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Return:
    """Goods that came back: [(line position from 1, share "1/2")], the points taken, by award, and the points
    given back that had paid for them, by point type."""

    number: str
    occurred_at: datetime
    amount: int
    lines: Sequence[tuple[int, str]]
    taken: Sequence[Mapping[str, Any]]
    restored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one receipt in one programme."""

    purchase_id: int
    receipt: str
    programme: str
    programme_name: Mapping[str, str]
    member: str
    membership_id: int
    partner: str
    partner_name: Mapping[str, str]
    store: str
    store_name: Mapping[str, str]
    occurred_at: datetime
    recorded_at: datetime
    zone: str
    revision: int
    currency: str
    amount: int
    header: Mapping[str, str]
    lines: Sequence[Line]
    tenders: Sequence[Mapping[str, Any]]
    awards: Sequence[Award]
    skips: Sequence[Skip]
    returns: Sequence[Return]
    point_types: Mapping[str, Mapping[str, Any]]
    earned: Mapping[str, int]
    taken: Mapping[str, int]


def receipts(number: str, programme: str = "") -> QuerySet[Purchase]:
    """Purchases with this receipt number, in one programme or in all."""
    rows = Purchase.objects.select_related("membership__programme", "partner", "store", "revision")
    rows = rows.filter(number=number).order_by("membership__programme__key", "id")
    return rows.filter(membership__programme__key=programme) if programme else rows


def explain(purchase: Purchase) -> Explanation:
    """What the purchase earned and why, what gave nothing and why, and what returns took back."""
    core = ruleset_of(purchase.revision).core
    programme = purchase.membership.programme
    entries = purchase.trace.get("awards", [])
    rules = {rule.key: rule for rule in core.rules}
    restored = _restored(purchase) if any(entry.get("points") for entry in purchase.tenders) else {}
    returns = [
        _return(row, restored.get(row.pk, {})) for row in purchase.returns.order_by("occurred_at", "id")
    ]
    store = purchase.store
    return Explanation(
        purchase_id=purchase.pk,
        receipt=purchase.number,
        programme=programme.key,
        programme_name=dict(core.name),
        member=purchase.membership.number,
        membership_id=purchase.membership_id,
        partner=purchase.partner.code,
        partner_name=dict(purchase.partner.name),
        store="" if store is None else store.code,
        store_name={} if store is None else dict(store.name),
        occurred_at=purchase.occurred_at,
        recorded_at=purchase.recorded_at,
        zone=core.zone,
        revision=purchase.revision.number,
        currency=purchase.currency,
        amount=purchase.amount,
        header=purchase.header,
        lines=[_line(index, entry, entries) for index, entry in enumerate(purchase.lines)],
        tenders=purchase.tenders,
        awards=[_award(entry, rules) for entry in entries],
        skips=_skips(purchase, rules),
        returns=returns,
        point_types={item.key: _point_type(item) for item in core.point_types},
        earned=_sums(entries),
        taken=_sums([entry for each in returns for entry in each.taken]),
    )


def _sums(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for entry in entries:
        totals[entry["type"]] = totals.get(entry["type"], 0) + entry["points"]
    return totals


def _point_type(item: PointType) -> dict[str, Any]:
    unit = {language: dict(forms) for language, forms in item.unit}
    return {"name": dict(item.name), "unit": unit, "decimals": item.decimals}


def _line(index: int, entry: Mapping[str, Any], awards: Sequence[Mapping[str, Any]]) -> Line:
    points = {award["no"]: award["split"][index] for award in awards if award["split"][index]}
    category = entry.get("category") or entry.get("department", "")
    return Line(index + 1, entry["sku"], category, entry["qty"], entry["amount"], points)


def _title(rules: Mapping[str, Rule], key: str) -> dict[str, str]:
    return dict(rules[key].title) if key in rules else {}


def _award(entry: Mapping[str, Any], rules: Mapping[str, Rule]) -> Award:
    rule = rules.get(entry["rule"])
    return Award(
        number=entry["no"],
        rule=entry["rule"],
        title=_title(rules, entry["rule"]),
        effect={} if rule is None else {**asdict(rule.effect), "kind": rule.effect.kind.value},
        point_type=entry["type"],
        points=entry["points"],
        base=entry.get("base", 0),
        cut=entry.get("cut", ""),
        uncut=entry.get("uncut", 0),
    )


def _skips(purchase: Purchase, rules: Mapping[str, Rule]) -> list[Skip]:
    entries = purchase.trace.get("skips", [])
    if not entries:
        return []
    facts = Facts(basket_of(purchase), stored_facts(purchase.facts), ruleset_of(purchase.revision).zone)
    return [_skip(entry, rules, facts, currency_digits(purchase.currency)) for entry in entries]


def _skip(entry: Sequence[str], rules: Mapping[str, Rule], facts: Facts, money_digits: int) -> Skip:
    key, code, about = entry[0], entry[1], entry[2] if len(entry) > 2 else ""
    title = _title(rules, key)
    rule = rules.get(key)
    if code != "when":
        return Skip(key, title, code, about, other=_title(rules, about))
    if rule is None or rule.when is None:
        return Skip(key, title, code, about)
    node = at(rule.when, about)
    seen = found(_seen_by(node), facts, money_digits)
    return Skip(key, title, code, about, dump_condition(node, money_digits), seen)


def _seen_by(node: Condition) -> Condition:
    """Of "not" and of an "any" with a single child the leaf inside is what people ask about."""
    while isinstance(node, Not) or (isinstance(node, AnyOf) and len(node.children) == 1):
        node = node.child if isinstance(node, Not) else node.children[0]
    return node


def _restored(purchase: Purchase) -> dict[int, dict[str, int]]:
    """Points given back by each return: {return id: {point type: points}}."""
    rows = Posting.objects.filter(
        account__membership=purchase.membership_id, kind=PostingKind.RESTORE, returned__purchase=purchase
    )
    found: dict[int, dict[str, int]] = {}
    for returned, key, points in rows.values_list("returned_id", "point_type__key", "amount"):
        totals = found.setdefault(returned, {})
        totals[key] = totals.get(key, 0) + points
    return found


def _return(row: Any, restored: Mapping[str, int]) -> Return:
    return Return(
        number=row.number,
        occurred_at=row.occurred_at,
        amount=row.amount,
        lines=[(entry["line"] + 1, str(entry.get("share", "1"))) for entry in row.lines],
        taken=row.trace,
        restored=restored,
    )


def earned_in_words(purchase: Purchase, entries: Sequence[Mapping[str, Any]] | None = None) -> str:
    """What the purchase earned (or the given entries of a trace), in the units of its revision.

    The revision's document need not be loaded: rules are known by its fingerprint.
    """
    totals = _sums(purchase.trace.get("awards", []) if entries is None else entries)
    if not totals:
        return ""
    core = compiled(purchase.revision.sha256, purchase.revision_id).core
    shown = []
    for key, points in totals.items():
        item = core.point_type(key)
        known = {} if item is None else _point_type(item)
        unit = known.get("unit") or known.get("name")
        shown.append(format_quantity(points, known.get("decimals", 0), unit))
    return ", ".join(shown)
