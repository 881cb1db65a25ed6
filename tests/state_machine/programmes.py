"""Programmes for the machine: drawn from what real ones promise, and written as the product reads them.

Of every point type a member earns by two rules, one with the type's own terms and one (`own-…`) with terms of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any

from tests.state_machine.terms import AT_ONCE, NEVER, Conversion, Expiry, Pending, PointType, Policies

ZONE = "Europe/Tallinn"
EVENT = "delivered"
KEYS = ("points", "miles", "stars")
FIXED = (
    NEVER,
    NEVER,
    Expiry("after", 7, "days"),
    Expiry("after", 1, "months"),
    Expiry("after", 1, "months", round_up="month"),
    Expiry("fixed", dates=((3, 31), (6, 30), (12, 31)), least_days=5),
    Expiry("after", 10, "days", notice_days=4),
)
SLIDING = (
    Expiry("activity", 10, "days", activities=("earn", "spend")),
    Expiry("activity", 14, "days", activities=("event", "purchase", "transfer")),
    Expiry("activity", 1, "months", round_up="month", activities=("spend",), notice_days=3),
)
WAITING = (
    AT_ONCE,
    AT_ONCE,
    Pending("days", 3),
    Pending("date", on=date(2026, 3, 29)),
    Pending("event", event=EVENT, timeout_days=6),
    Pending("event", event=EVENT, timeout_days=4, on_timeout="activate"),
    Pending("event", event=EVENT),
    Pending(approval_above=20),
    Pending("days", 5, approval_above=30),
    Pending("event", event=EVENT, approval_above=30),
)


@dataclass(frozen=True)
class OwnTerms:
    """What a rule promises itself; None: as its point type does. Not both: its points would share the others' lot."""

    expiry: Expiry | None = None
    pending: Pending | None = None


@dataclass(frozen=True)
class Drawn:
    """A programme: its point types, the rules with terms of their own by point type, its policies."""

    point_types: tuple[PointType, ...]
    own: dict[str, OwnTerms]
    policies: Policies

    def with_type(self, changed: PointType) -> Drawn:
        kept = tuple(changed if each.key == changed.key else each for each in self.point_types)
        return replace(self, point_types=kept)

    def document(self, key: str) -> dict[str, Any]:
        policies = {name: getattr(self.policies, name) for name in Policies.__dataclass_fields__}
        return {
            "programme": {"key": key, "name": "Club", "zone": ZONE, "currency": "EUR"},
            "policies": {**policies, "paid_with_points": "earns"},
            "events": [
                {"key": EVENT, "name": "D", "fields": [{"key": "sum", "type": "money"}], "amount": "sum"}
            ],
            "point_types": [_point_type(each) for each in self.point_types],
            "rules": [rule for each in self.point_types for rule in self._rules(each.key)],
        }

    def _rules(self, point_type: str) -> list[dict[str, Any]]:
        effect = {"kind": "per_step", "points": 1, "step": "1.00"}
        rules: list[dict[str, Any]] = []
        for shelf in (point_type, f"own-{point_type}"):
            lines = {"fact": "line.category", "is": "one_of", "value": [shelf]}
            rules.append(
                {"key": shelf, "title": shelf, "point_type": point_type, "effect": effect, "lines": lines}
            )
        own = self.own[point_type]
        if own.expiry is not None:
            rules[1]["expiry"] = _expiry(own.expiry)
        if own.pending is not None:
            rules[1]["pending"] = _pending(own.pending)
        on_event = {"trigger": "event", "event": EVENT, "effect": effect, "point_type": point_type}
        return [*rules, {"key": f"event-{point_type}", "title": "E", **on_event}]


def drawn(random: Random) -> Drawn:
    """A programme of one to three point types."""
    keys = KEYS[: random.randint(1, 3)]
    types = tuple(
        PointType(
            key,
            random.choice(FIXED + SLIDING),
            random.choice(WAITING),
            spendable=random.choice((True, True, True, False)),
            transferable=random.choice((True, True, False)),
            conversions=_conversions(random, key, keys),
        )
        for key in keys
    )
    own = {
        key: random.choice(
            (
                OwnTerms(random.choice(FIXED)),
                OwnTerms(pending=random.choice(WAITING)),
                OwnTerms(random.choice(FIXED), random.choice(WAITING)),
            )
        )
        for key in keys
    }
    policies = Policies(
        spending_order=random.choice(("soonest", "oldest", "newest")),
        overspending=random.choice(("refuse", "clamp")),
        spent_points=random.choice(("debt", "debt", "clamp", "pending_only")),
        restored_points=random.choice(("original", "original", "new")),
        expiry_day=random.choice(("last_usable", "first_expired")),
        expiry_from=random.choice(("activation", "earning")),
        transferred_expiry=random.choice(("original", "new")),
    )
    return Drawn(types, own, policies)


def revised(random: Random, point_type: PointType) -> PointType:
    """Other terms of a point type from now on. Expiry may be switched on or changed."""
    expiring = FIXED[2:] if point_type.expiry != NEVER else FIXED
    return replace(
        point_type,
        expiry=random.choice(expiring + SLIDING),
        pending=random.choice(WAITING),
        spendable=random.choice((True, True, False)),
        transferable=random.choice((True, False)),
    )


def _conversions(random: Random, key: str, keys: tuple[str, ...]) -> tuple[Conversion, ...]:
    others = [other for other in keys if other != key]
    if not others or random.choice((True, False, False)):
        return ()
    take = random.choice((1, 5))
    # There and back again makes no points: a document that did would be refused.
    give = random.choice((1, 2)) if take > 1 else 1
    return (Conversion(random.choice(others), take, give, 5),)


def _point_type(point_type: PointType) -> dict[str, Any]:
    return {
        "key": point_type.key,
        "name": point_type.key,
        "expiry": _expiry(point_type.expiry),
        "pending": _pending(point_type.pending),
        "spendable": point_type.spendable,
        "transferable": point_type.transferable,
        "conversions": [
            {"to": each.to, "take": each.take, "give": each.give, "smallest": each.smallest}
            for each in point_type.conversions
        ],
    }


def _expiry(expiry: Expiry) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": expiry.kind}
    if expiry.kind == "never":
        return written
    written["notice_days"] = expiry.notice_days
    if expiry.kind == "fixed":
        written["dates"] = [f"{month:02}-{day:02}" for month, day in expiry.dates]
        return {**written, "least_days": expiry.least_days}
    written[expiry.unit] = expiry.length
    if expiry.round_up is not None:
        written["round_up"] = expiry.round_up
    if expiry.kind == "activity":
        written["activities"] = list(expiry.activities)
    return written


def _pending(pending: Pending) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": pending.kind}
    if pending.kind == "days":
        written["days"] = pending.days
    if pending.on is not None:
        written["on"] = pending.on.isoformat()
    if pending.kind == "event":
        written["event"] = pending.event
        if pending.timeout_days:
            written |= {"timeout_days": pending.timeout_days, "on_timeout": pending.on_timeout}
    if pending.approval_above is not None:
        written["approval_above"] = pending.approval_above
    return written
