"""Running a scenario: step by step, with the clock where the step says, and nothing left behind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from loyalty.core import clock, outbox
from loyalty.core.choices import RunState
from loyalty.core.exact import format_decimal, start_of_day
from loyalty.core.models import HandlerRun, OutboxEvent
from loyalty.core.problems import Problem
from members.selectors.notices import next_notice
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.scenarios.expectations import Difference, differences, trace_written, written
from members.services.scenarios.files import Scenario, Step
from members.services.scenarios.world import Result, World

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# What is told of a step, as far as there is any.
_SHOWN = (
    "awarded pending spent held released given converted opened restored shortage lost activated expired forfeited"
).split()


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that does not hold. `step` counts from 1; 0 is the check of the ledger at the end."""

    step: int
    at: str
    kind: str
    what: str
    expected: Any
    got: Any
    trace: list[dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Outcome:
    """What came of a scenario, as people and machines read it."""

    id: str
    title: str
    file_name: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.failures

    def as_dict(self) -> dict[str, Any]:
        failures = [failure.as_dict() for failure in self.failures]
        return {"id": self.id, "ok": self.ok, "steps": self.steps, "failures": failures}


def run(scenario: Scenario, *, with_verification: bool = True) -> Outcome:
    """Run a scenario in a transaction of its own that is always rolled back.

    The ledger is verified after the last step. That looks at tables of the whole company, so where many small examples
    are run beside a large history, and the programme is in question and not the ledger, it is left out.
    """
    outcome = Outcome(scenario.id, scenario.title, scenario.file_name)
    with transaction.atomic():
        try:
            _run(scenario, outcome, with_verification)
        finally:
            transaction.set_rollback(True)
    return outcome


def _run(scenario: Scenario, outcome: Outcome, with_verification: bool) -> None:
    _leave_others_alone()
    first_event = OutboxEvent.objects.aggregate(last=Max("id"))["last"] or 0
    with clock.at(scenario.starts_at):
        world = World(scenario.document, scenario.starts_at)
    # Members and steps in the order of time, so that nobody acts before joining.
    waiting = sorted(scenario.members, key=lambda each: each.enrolled_at)
    for step in scenario.steps:
        while waiting and waiting[0].enrolled_at <= step.at:
            enrolment = waiting.pop(0)
            with clock.at(enrolment.enrolled_at):
                world.membership(
                    enrolment.ref, enrolment.enrolled_at, enrolment.attributes, enrolment.birth_date
                )
        with clock.at(step.at):
            if not _run_step(step, world, outcome, first_event):
                return
    verified = _broken_invariants(world) if with_verification else []
    outcome.failures += [_failure(None, difference, [], world) for difference in verified]


def _run_step(step: Step, world: World, outcome: Outcome, first_event: int) -> bool:
    """Do a step and compare. False when the database itself refused, so that going on means nothing."""
    try:
        result = _do(step, world)
        _hand_on(first_event)
    except _Broken as broken:
        difference = Difference(broken.what, _("no error"), broken.error)
        outcome.failures.append(_failure(step, difference, [], world))
        return False
    trace = trace_written(result.evaluation, world)
    outcome.steps.append(
        {"at": _local(step.at, world), "kind": step.kind, "result": _shown(result, trace, world)}
    )
    refused = step.expect.refused if step.expect else ""
    found = []
    if result.refused != refused:
        found.append(Difference("refused", refused or _("no refusal"), result.refused or _("no refusal")))
    if step.expect is not None:
        found += differences(step.expect, result, world, step.at)
    outcome.failures += [_failure(step, difference, trace, world) for difference in found]
    return True


class _Broken(Exception):
    """The database or a handler refused what a service did."""

    def __init__(self, what: str, error: str) -> None:
        super().__init__(what)
        self.what = what
        self.error = error


def _do(step: Step, world: World) -> Result:
    """Do a step whole or not at all."""
    kept = world.remember()
    try:
        with transaction.atomic():
            _pass_time(world, step.at)
        with transaction.atomic():
            result = step.action.do(world, step.at)
            # What the database checks at commit is checked now.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except Problem as problem:
        world.go_back(kept)
        result = Result(refused=problem.code, possible=problem.extra.get("possible"))
    except DatabaseError as error:
        raise _Broken(_("the rules of the database"), str(error).strip()) from error
    posted = world.posted()
    return replace(result, activated=posted.activated, expired=posted.expired, forfeited=posted.forfeited)


def _pass_time(world: World, until: datetime) -> None:
    """What falls due by then happens as if every job had run on time: each notice is given on its day, or as soon as
    there is something to tell."""
    while (day := next_notice(world.programme)) is not None:
        at = max(start_of_day(day, world.zone), world.now)
        if at >= until:
            break
        advance(world.programme, at)
    advance(world.programme, until)
    world.now = until


def _hand_on(first_event: int) -> None:
    """Hand on the events of a step, as happens after commit."""
    while outbox.relay():
        pass
    failed = HandlerRun.objects.filter(event_id__gt=first_event).exclude(error="").first()
    if failed is not None:
        raise _Broken(failed.handler, failed.error)


def _leave_others_alone() -> None:
    """Events of the company that wait to be handed on are not this scenario's to hand on."""
    waiting = HandlerRun.objects.filter(state=RunState.PENDING).select_for_update(skip_locked=True)
    HandlerRun.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(due_at=_NEVER)


def _broken_invariants(world: World) -> list[Difference]:
    """What the ledger's own check finds after the last step."""
    found = verify(world.programme).results
    return [
        Difference(f"{each.id}: {each.title}", _("no error"), [str(fault) for fault in each.faults])
        for each in found
        if not each.ok
    ]


def _shown(result: Result, trace: list[dict[str, str]], world: World) -> dict[str, Any]:
    shown: dict[str, Any] = {"refused": result.refused} if result.refused else {}
    for name in _SHOWN:
        points = getattr(result, name)
        if points:
            shown[name] = {key: written(value, key, world) for key, value in points.items()}
    if result.paid is not None:
        shown["paid"] = format_decimal(result.paid, world.core.money_digits)
    if result.evaluation is not None:
        shown["trace"] = trace
    return shown


def _failure(step: Step | None, difference: Difference, trace: list[dict[str, str]], world: World) -> Failure:
    return Failure(
        step=step.number if step else 0,
        at=_local(step.at, world) if step else "",
        kind=step.kind if step else "verify",
        what=difference.what,
        expected=difference.expected,
        got=difference.got,
        trace=trace,
    )


def _local(at: datetime, world: World) -> str:
    return at.astimezone(world.zone).replace(tzinfo=None).isoformat(timespec="minutes")
