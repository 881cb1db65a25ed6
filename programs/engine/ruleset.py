"""A programme's core compiled for evaluation: a pure function of the document, kept per process by its
hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from loyalty.core.exact import Rounding
from programs.engine.bases import BaseCalculator
from programs.engine.compiling import compile_check
from programs.engine.conditions import Check, Match
from programs.engine.document import Core
from programs.engine.events import LATE_DAYS, Trigger
from programs.engine.facts import QUANTITY_DIGITS, Facts
from programs.engine.filters import LineFilters
from programs.engine.lists import with_skus
from programs.engine.needs import needs_of
from programs.engine.point_types import Limits, PointType
from programs.engine.rules import (
    PERCENT_DIGITS,
    Caps,
    Combine,
    EffectKind,
    Rule,
    RuleGroup,
    Schedule,
    Stacking,
)
from programs.engine.terms import Activity, Expiry, ExpiryKind, Pending

# Raised whenever the same document may give other points or another trace than before.
ENGINE_VERSION = 1
UNIT: int = 10**QUANTITY_DIGITS

PURCHASE: str = Trigger.PURCHASE.value
# What comes by itself, without a document.
CALENDAR: tuple[str, ...] = (Trigger.REGISTRATION.value, Trigger.ANNIVERSARY.value, Trigger.BIRTHDAY.value)

ScheduleCheck = Callable[[Facts], str | None]


class CompiledRule:
    """One rule ready to run.

    Whatever its kind, of what it looks at (minor units, or thousandths of a unit when it counts `by_unit`) it
    gives `points / denominator` for every full `step`; a `flat` bonus just `points`. Multipliers of one `stage`
    add, stages multiply with each other.
    """

    __slots__ = (
        "by_unit",
        "caps",
        "check",
        "denominator",
        "factor",
        "flat",
        "key",
        "kind",
        "match",
        "points",
        "rounding",
        "rule",
        "schedule",
        "stage",
        "step",
        "uncapped",
    )

    def __init__(
        self, rule: Rule, group: RuleGroup, point_type: PointType, core: Core, filters: LineFilters
    ) -> None:
        effect = rule.effect
        self.rule = rule
        self.key = rule.key
        self.kind = effect.kind
        self.flat = self.kind is EffectKind.FIXED
        self.by_unit = self.kind is EffectKind.PER_UNIT
        self.check: Check | None = None if rule.when is None else compile_check(rule.when)
        self.match: Match | None = None if rule.lines is None else filters.add(rule.lines)
        self.schedule = compile_schedule(rule.schedule, ZoneInfo(core.zone))
        if rule.trigger is Trigger.BIRTHDAY:
            self.schedule = _in_time(rule.grace_days, self.schedule)
        self.caps = rule.caps
        self.uncapped = rule.caps == Caps()
        self.rounding: Rounding = rule.rounding or core.policies.rounding
        self.factor = effect.factor
        self.stage = (group.key, "" if group.combine is Combine.ADD else rule.key)
        self.points, self.step, self.denominator = effect.points, effect.step, 1
        if self.by_unit:
            self.step = UNIT
        elif self.kind is EffectKind.PERCENT:
            self.points, self.step = effect.percent * 10**point_type.decimals, 1
            self.denominator = 100 * 10 ** (PERCENT_DIGITS + core.money_digits)


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    key: str
    mode: Stacking
    combine: Combine
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried for one point type, in order: multipliers, groups that stand alone, the other groups."""

    point_type: PointType
    multipliers: tuple[CompiledGroup, ...]
    exclusive: tuple[CompiledGroup, ...]
    groups: tuple[CompiledGroup, ...]
    unlimited: bool


class Ruleset:
    """A compiled core; `plans` by what happened ("purchase", "birthday", "event:review"), `rules` as they are run."""

    __slots__ = (
        "bases",
        "birthday_grace",
        "calendar",
        "can_expire",
        "core",
        "filters",
        "follows_activity",
        "needs",
        "own_terms",
        "plans",
        "policies",
        "refers",
        "rules",
        "zone",
    )

    def __init__(self, core: Core) -> None:
        self.core = core
        self.zone = ZoneInfo(core.zone)
        self.policies = core.policies
        self.bases = BaseCalculator(core.policies)
        self.filters = LineFilters()
        rules = tuple(with_skus(rule, core.lists) for rule in core.rules)
        triggers = {rule.waits_for for rule in rules if rule.enabled} | {PURCHASE}
        self.plans = {
            trigger: tuple(
                _plan(core, rules, point_type, trigger, self.filters) for point_type in core.point_types
            )
            for trigger in sorted(triggers)
        }
        self.rules = {rule.key: rule for rule in rules}
        self.needs = needs_of(core)
        self.own_terms = _own_terms(core)
        self.calendar = tuple(trigger for trigger in CALENDAR if trigger in self.plans)
        self.refers = not triggers.isdisjoint((Trigger.REFERRAL.value, Trigger.REFERRED.value))
        self.birthday_grace = max([rule.grace_days for rule in core.rules if rule.enabled], default=0)
        expiries = [item.expiry for item in core.point_types]
        self.can_expire = any(expiry.kind is not ExpiryKind.NEVER for expiry in expiries)
        self.follows_activity = any(
            Activity.PURCHASE in expiry.activities or Activity.EVENT in expiry.activities
            for expiry in expiries
        )


def _own_terms(core: Core) -> dict[str, str]:
    """Rules that say themselves when their points can be used or end: each with the first rule that says the same."""
    first: dict[tuple[Expiry | None, Pending | None], str] = {}
    return {
        rule.key: first.setdefault((rule.expiry, rule.pending), rule.key)
        for rule in core.rules
        if rule.expiry is not None or rule.pending is not None
    }


def _plan(
    core: Core, every: tuple[Rule, ...], point_type: PointType, trigger: str, filters: LineFilters
) -> Plan:
    multipliers, exclusive, groups = [], [], []
    for group in core.groups:
        rules = tuple(
            CompiledRule(rule, group, point_type, core, filters)
            for rule in every
            if rule.group == group.key
            and rule.point_type == point_type.key
            and rule.enabled
            and rule.waits_for == trigger
        )
        if not rules:
            continue
        compiled = CompiledGroup(group.key, group.mode, group.combine, rules)
        if rules[0].kind is EffectKind.MULTIPLIER:
            multipliers.append(compiled)
        elif group.mode is Stacking.EXCLUSIVE:
            exclusive.append(compiled)
        else:
            groups.append(compiled)
    return Plan(
        point_type, tuple(multipliers), tuple(exclusive), tuple(groups), point_type.limits == Limits()
    )


def compile_schedule(schedule: Schedule, zone: ZoneInfo) -> ScheduleCheck | None:
    """A check of a purchase's time that answers with the reason why the rule does not run then. Start and end
    are instants, so an hour that the clock repeats starts or ends a rule once."""
    if schedule == Schedule():
        return None
    since, until = _instant(schedule.since, zone), _instant(schedule.until, zone)
    dated = since is not None or until is not None
    weekdays, hours = schedule.weekdays, schedule.hours

    def check(facts: Facts) -> str | None:
        if dated:
            instant = facts.basket.occurred_at.astimezone(UTC)
            if since is not None and instant < since:
                return "not_started"
            if until is not None and instant >= until:
                return "ended"
        local = facts.local
        if weekdays and local.weekday() not in weekdays:
            return "weekday"
        if hours:
            minute = local.hour * 60 + local.minute
            for start, end in hours:
                if start <= minute < end:
                    return None
            return "hours"
        return None

    return check


def _in_time(grace_days: int, schedule: ScheduleCheck | None) -> ScheduleCheck:
    """Birthdays that become known too late are nothing to a rule."""

    def check(facts: Facts) -> str | None:
        if int(facts.basket.payload.get(LATE_DAYS, 0)) > grace_days:
            return "too_late"
        return None if schedule is None else schedule(facts)

    return check


def _instant(local: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if local is None else local.replace(tzinfo=zone).astimezone(UTC)
