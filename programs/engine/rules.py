"""Accrual rules, their groups and caps as data, read from a document and written back.

Points in a document are display units ("1.50"); in these classes they are the point type's smallest unit.
Money is minor units here, decimal text there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from loyalty.core.exact import Period, Rounding, format_decimal
from programs.engine.conditions import Condition, dump_condition, read_condition
from programs.engine.events import Trigger, trigger_key
from programs.engine.reader import Reader
from programs.engine.terms import (
    Expiry,
    Pending,
    dump_expiry,
    dump_pending,
    read_expiry,
    read_pending,
)
from programs.engine.vocabulary import WEEKDAYS, Scope

FACTOR_DIGITS = 3
PERCENT_DIGITS = 4


class Stacking(StrEnum):
    """How the rules of a group live together (and with the groups after it).

    stack: every rule that fires counts. best_of: only the one that gives most. first_match: only the first
    that awards something. exclusive: the first that awards something stands alone in the whole programme.
    stop_after: all count, and once one has awarded something the groups after it are not tried.
    """

    STACK = "stack"
    BEST_OF = "best_of"
    FIRST_MATCH = "first_match"
    EXCLUSIVE = "exclusive"
    STOP_AFTER = "stop_after"


class Combine(StrEnum):
    """How multipliers of one group join: x2 and x3 make x6 (multiply) or x4 (add)."""

    MULTIPLY = "multiply"
    ADD = "add"


class EffectKind(StrEnum):
    """per_step: points for each full step of money. percent: a share of the money as points. per_unit: points
    for each whole unit. fixed: a flat bonus. multiplier: raises what the other rules give on the matching
    lines."""

    PER_STEP = "per_step"
    PERCENT = "percent"
    PER_UNIT = "per_unit"
    FIXED = "fixed"
    MULTIPLIER = "multiplier"


class OnExcess(StrEnum):
    """A cap is reached: what is left of it is given, or nothing at all."""

    TRUNCATE = "truncate"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class RuleGroup:
    key: str
    mode: Stacking = Stacking.STACK
    combine: Combine = Combine.MULTIPLY


@dataclass(frozen=True, slots=True)
class Effect:
    """`points` for per_step, per_unit, fixed; `step` (minor units) for per_step; `percent` in 10**-4 per
    cent; `factor` in thousandths."""

    kind: EffectKind
    points: int = 0
    step: int = 0
    percent: int = 0
    factor: int = 0


@dataclass(frozen=True, slots=True)
class PeriodCap:
    period: Period
    most: int


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one rule. Points: per line, per purchase, per member and period, and a budget for all
    members. `times`: how often per member and period. `cooldown_hours`: shortest time between two awards to a
    member."""

    per_line: int | None = None
    per_purchase: int | None = None
    per_member: tuple[PeriodCap, ...] = ()
    times: tuple[PeriodCap, ...] = ()
    cooldown_hours: int = 0
    budget: PeriodCap | None = None
    on_excess: OnExcess = OnExcess.TRUNCATE


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule runs, in the programme's zone. `until` is exclusive; hours are minutes of the day [start,
    end)."""

    since: datetime | None = None
    until: datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`expiry` and `pending` are the rule's own terms, None for those of the point type. `event` for the trigger of
    that name. `grace_days`: a birthday that is told so much later still counts."""

    key: str
    title: tuple[tuple[str, str], ...]
    point_type: str
    group: str
    effect: Effect
    when: Condition | None = None
    lines: Condition | None = None
    caps: Caps = Caps()
    schedule: Schedule = Schedule()
    rounding: Rounding | None = None
    enabled: bool = True
    trigger: Trigger = Trigger.PURCHASE
    event: str = ""
    grace_days: int = 0
    expiry: Expiry | None = None
    pending: Pending | None = None

    @property
    def waits_for(self) -> str:
        """What makes the rule look: "purchase", "birthday", "event:review"."""
        return trigger_key(self.trigger, self.event)


# --- reading --------------------------------------------------------------------------------------
def read_group(reader: Reader) -> RuleGroup:
    group = RuleGroup(
        key=reader.key(),
        mode=reader.choice("mode", Stacking, default=Stacking.STACK),
        combine=reader.choice("combine", Combine, default=Combine.MULTIPLY),
    )
    reader.finish()
    return group


def read_rule(reader: Reader, point_digits: dict[str, int], main: str, money_digits: int) -> Rule:
    """One rule. `point_digits` are the known point types with their decimals; `main` is taken when none is
    named."""
    point_type = reader.key("point_type", required=False, default=main)
    if point_type not in point_digits:
        reader.fault("unknown_point_type", "point_type", value=point_type, options=sorted(point_digits))
    digits = point_digits.get(point_type, 0)
    trigger = reader.choice("trigger", Trigger, default=Trigger.PURCHASE)
    when, lines = reader.child("when"), reader.child("lines")
    rule = Rule(
        key=reader.key(),
        title=tuple(sorted(reader.words("title", required=True).items())),
        point_type=point_type,
        group=reader.key("group", required=False, default="base"),
        effect=_read_effect(reader.child("effect"), reader, digits, money_digits),
        when=None if when is None else read_condition(when, Scope.PURCHASE, money_digits),
        lines=None if lines is None else read_condition(lines, Scope.LINE, money_digits),
        caps=_read_caps(reader.child("caps"), digits),
        schedule=_read_schedule(reader.child("schedule")),
        rounding=reader.optional("rounding", Rounding),
        enabled=reader.boolean("enabled", default=True),
        trigger=trigger,
        event=reader.key("event") if trigger is Trigger.EVENT else "",
        grace_days=(
            reader.integer("grace_days", low=0, high=366, default=0) if trigger is Trigger.BIRTHDAY else 0
        ),
        expiry=read_expiry(reader.child("expiry")) if reader.has("expiry") else None,
        pending=read_pending(reader.child("pending"), digits) if reader.has("pending") else None,
    )
    if rule.effect.kind is EffectKind.MULTIPLIER and (rule.expiry or rule.pending):
        reader.fault("not_for_multipliers", "expiry" if rule.expiry else "pending")
    for name in ("expiry", "pending"):
        reader.take(name)
    reader.finish()
    return rule


def _read_effect(reader: Reader | None, parent: Reader, digits: int, money_digits: int) -> Effect:
    if reader is None:
        parent.fault("missing", "effect")
        return Effect(EffectKind.FIXED)
    kind = reader.choice("kind", EffectKind)
    if kind is EffectKind.MULTIPLIER:
        effect = Effect(kind, factor=reader.number("factor", FACTOR_DIGITS, low=0))
    elif kind is EffectKind.PERCENT:
        effect = Effect(kind, percent=reader.number("percent", PERCENT_DIGITS, low=1))
    elif kind is EffectKind.PER_STEP:
        step = reader.number("step", money_digits, low=1)
        effect = Effect(kind, points=reader.number("points", digits, low=1), step=step or 1)
    else:
        effect = Effect(kind, points=reader.number("points", digits, low=1))
    reader.finish()
    return effect


def read_budget(reader: Reader, digits: int) -> PeriodCap:
    """Points for all members together, in a period or for ever."""
    period = reader.choice("per", Period, default=Period.LIFETIME)
    budget = PeriodCap(period, reader.number("points", digits, low=1))
    reader.finish()
    return budget


def read_period_caps(reader: Reader, name: str, digits: int, field: str) -> tuple[PeriodCap, ...]:
    caps = []
    for child in reader.children(name, most=5):
        caps.append(PeriodCap(child.choice("per", Period), child.number(field, digits, low=1)))
        child.finish()
    if len({cap.period for cap in caps}) != len(caps):
        reader.fault("duplicate", name, value="per")
    return tuple(sorted(caps, key=lambda cap: list(Period).index(cap.period)))


def _read_caps(reader: Reader | None, digits: int) -> Caps:
    if reader is None:
        return Caps()
    budget, child = None, reader.child("budget")
    if child is not None:
        budget = read_budget(child, digits)
    per_line = reader.number("per_line", digits, low=1, required=False)
    per_purchase = reader.number("per_purchase", digits, low=1, required=False)
    caps = Caps(
        per_line=per_line or None,
        per_purchase=per_purchase or None,
        per_member=read_period_caps(reader, "per_member", digits, "points"),
        times=read_period_caps(reader, "times", 0, "times"),
        cooldown_hours=reader.integer("cooldown_hours", low=0, high=100_000, default=0),
        budget=budget,
        on_excess=reader.choice("on_excess", OnExcess, default=OnExcess.TRUNCATE),
    )
    reader.finish()
    return caps


def _read_schedule(reader: Reader | None) -> Schedule:
    if reader is None:
        return Schedule()
    since, until = reader.moment("since"), reader.moment("until")
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is not None:
            reader.fault("wrong_type", name, expected="local moment", value=moment.isoformat())
            return Schedule()
    if since and until and since >= until:
        reader.fault("bad_range", "until")
    weekdays = []
    for name in reader.texts("weekdays"):
        if name in WEEKDAYS:
            weekdays.append(WEEKDAYS.index(name))
        else:
            reader.fault("unknown_choice", "weekdays", value=name[:60], options=list(WEEKDAYS))
    hours: list[tuple[int, int]] = []
    for child in reader.children("hours", most=24):
        start, end = child.time("start"), child.time("end")
        first, last = start or 0, 24 * 60 if end is None else end
        if first >= last:
            child.fault("bad_range", "end")
        if any(first < end and start < last for start, end in hours):
            child.fault("overlap", "start")
        hours.append((first, last))
        child.finish()
    reader.finish()
    return Schedule(since, until, tuple(sorted(set(weekdays))), tuple(sorted(hours)))


# --- writing --------------------------------------------------------------------------------------
def dump_group(group: RuleGroup) -> dict[str, Any]:
    return {"key": group.key, "mode": group.mode.value, "combine": group.combine.value}


def dump_rule(rule: Rule, point_digits: dict[str, int], money_digits: int) -> dict[str, Any]:
    """A rule as a document node; empty parts are left out, everything else is spelled out."""
    digits = point_digits.get(rule.point_type, 0)
    written: dict[str, Any] = {
        "key": rule.key,
        "title": dict(rule.title),
        "trigger": rule.trigger.value,
        "event": rule.event or None,
        "grace_days": rule.grace_days or None,
        "point_type": rule.point_type,
        "group": rule.group,
        "enabled": rule.enabled,
        "effect": _dump_effect(rule.effect, digits, money_digits),
        "when": None if rule.when is None else dump_condition(rule.when, money_digits),
        "lines": None if rule.lines is None else dump_condition(rule.lines, money_digits),
        "caps": _dump_caps(rule.caps, digits),
        "schedule": _dump_schedule(rule.schedule),
        "rounding": None if rule.rounding is None else rule.rounding.value,
        "expiry": None if rule.expiry is None else dump_expiry(rule.expiry),
        "pending": None
        if rule.pending is None
        else dump_pending(rule.pending, digits) or {"kind": "at_once"},
    }
    return {name: value for name, value in written.items() if value not in (None, {})}


def _dump_effect(effect: Effect, digits: int, money_digits: int) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": effect.kind.value}
    if effect.kind is EffectKind.MULTIPLIER:
        written["factor"] = format_decimal(effect.factor, FACTOR_DIGITS)
    elif effect.kind is EffectKind.PERCENT:
        written["percent"] = format_decimal(effect.percent, PERCENT_DIGITS)
    else:
        written["points"] = format_decimal(effect.points, digits)
    if effect.kind is EffectKind.PER_STEP:
        written["step"] = format_decimal(effect.step, money_digits)
    return written


def _dump_caps(caps: Caps, digits: int) -> dict[str, Any]:
    if caps == Caps():
        return {}
    written: dict[str, Any] = {
        "per_line": None if caps.per_line is None else format_decimal(caps.per_line, digits),
        "per_purchase": None if caps.per_purchase is None else format_decimal(caps.per_purchase, digits),
        "per_member": [
            {"per": cap.period.value, "points": format_decimal(cap.most, digits)} for cap in caps.per_member
        ],
        "times": [{"per": cap.period.value, "times": cap.most} for cap in caps.times],
        "cooldown_hours": caps.cooldown_hours or None,
        "on_excess": caps.on_excess.value,
    }
    if caps.budget is not None:
        points = format_decimal(caps.budget.most, digits)
        written["budget"] = {"per": caps.budget.period.value, "points": points}
    return {name: value for name, value in written.items() if value not in (None, [])}


def _dump_schedule(schedule: Schedule) -> dict[str, Any]:
    written: dict[str, Any] = {
        "since": schedule.since.isoformat() if schedule.since else None,
        "until": schedule.until.isoformat() if schedule.until else None,
        "weekdays": [WEEKDAYS[day] for day in schedule.weekdays],
        "hours": [_dump_hours(first, last) for first, last in schedule.hours],
    }
    return {name: value for name, value in written.items() if value not in (None, [])}


def _dump_hours(first: int, last: int) -> dict[str, str]:
    written = {"start": f"{first // 60:02}:{first % 60:02}"}
    if last < 24 * 60:
        written["end"] = f"{last // 60:02}:{last % 60:02}"
    return written
