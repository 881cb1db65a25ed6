"""Tiers of the memberships that a recorder has open: what counts for them, what is decided, and the rows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from loyalty.core.exact import local_day, start_of_day
from members.engine.books import FOREVER
from members.engine.terms import last_usable_day
from members.engine.tiers import Decision, Grant, join, revised
from members.selectors.qualification import recount
from members.services import calendar, extending, keeping
from members.services.ledger import Sheet
from members.services.ledger.tiers import Standing
from programs.engine.events import Trigger
from programs.engine.ladders import Ladder, MetricKind
from programs.engine.terms import ExpiryKind
from programs.selectors.rulesets import Activated

if TYPE_CHECKING:
    from members.services.recording import Recorder

_REACHED: str = Trigger.TIER_REACHED.value


class Next(NamedTuple):
    """What comes next on a ladder of a membership, and how it is done."""

    at: datetime
    ladder: str
    act: Callable[[], None]


# --- what falls due -------------------------------------------------------------------------------------------
def next_due(recorder: Recorder, sheet: Sheet, until: datetime) -> Next | None:
    """Joining a ladder, a new revision of it, or a decision whose day has come: the first of them up to an instant."""
    found: Next | None = None
    for key in recorder.ladders:
        for each in _due(recorder, sheet, key, until):
            if each.at <= until and (found is None or (each.at, each.ladder) < (found.at, found.ladder)):
                found = each
    return found


def _due(recorder: Recorder, sheet: Sheet, key: str, until: datetime) -> list[Next]:
    standing = sheet.standings.get(key)
    if standing is None:
        begins = _begins(recorder, sheet, key)
        return [] if begins is None else [Next(begins, key, partial(_join, recorder, sheet, key, begins))]
    due = []
    following = next((each for each in recorder.stretches if each.effective_from > standing.applied), None)
    if following is not None:
        due.append(
            Next(following.effective_from, key, partial(_revise, recorder, sheet, standing, following))
        )
    day = standing.ladder.state.due_on
    if day is not None:
        at = start_of_day(day, standing.ladder.zone)
        due.append(Next(at, key, partial(_fall_due, recorder, sheet, standing, at)))
    return due


def _begins(recorder: Recorder, sheet: Sheet, key: str) -> datetime | None:
    """When a membership joins a ladder: with the programme, or when there is (or is again) such a ladder; None for one
    that was gone before."""
    ends = [each.effective_from for each in recorder.stretches[1:]]
    for stretch, end in zip_longest(recorder.stretches, ends):
        at = max(sheet.joined_at, stretch.effective_from)
        if stretch.ruleset.core.ladder(key) is not None and (end is None or at < end):
            return at
    return None


def _join(recorder: Recorder, sheet: Sheet, key: str, at: datetime) -> None:
    stretch = recorder.ruleset_at(at)
    ladder, zone = stretch.ruleset.core.ladder(key), stretch.ruleset.zone
    assert ladder is not None
    values = _recounted(recorder, sheet, ladder)
    member, decisions = join(ladder, zone, local_day(sheet.joined_at, zone), at, values)
    standing = Standing(key, member, stretch.effective_from, stretch.revision_id)
    sheet.standings[key] = standing
    _apply(recorder, sheet, standing, decisions)


def _recounted(recorder: Recorder, sheet: Sheet, ladder: Ladder) -> Mapping[date, int]:
    """What the metric of a ladder that is new to a membership has counted; what happened before the ladder was known is
    counted now, unless another ladder has counted it all the time."""
    metric = ladder.metric.counter
    others = (standing.ladder.ladder.metric.counter for standing in sheet.standings.values())
    if metric not in others and (sheet.purchases or sheet.books) and not sheet.recorded:
        for (_membership, day), value in recount(
            metric, recorder.programme.pk, recorder.zone, [sheet.membership]
        ).items():
            sheet.count(metric, day, value - sheet.counted(metric).get(day, 0))
    return sheet.counted(metric)


def _revise(recorder: Recorder, sheet: Sheet, standing: Standing, stretch: Activated) -> None:
    ladder = stretch.ruleset.core.ladder(standing.key)
    standing.applied, standing.revision, standing.touched = stretch.effective_from, stretch.revision_id, True
    sheet.touched = True
    if ladder is None:
        return
    values = sheet.counted(ladder.metric.counter)
    if ladder.metric.counter != standing.ladder.ladder.metric.counter:
        values = _recounted(recorder, sheet, ladder)
    _apply(recorder, sheet, standing, revised(standing.ladder, ladder, stretch.effective_from, values))


def _fall_due(recorder: Recorder, sheet: Sheet, standing: Standing, at: datetime) -> None:
    standing.touched = sheet.touched = True
    _apply(recorder, sheet, standing, standing.ladder.fall_due(at))


# --- what counts ----------------------------------------------------------------------------------------------
def count(
    recorder: Recorder,
    sheet: Sheet,
    counted: Mapping[str, int],
    day: date,
    at: datetime,
    *,
    returned: bool = False,
) -> None:
    """Count for the metrics of the programme on a local day (negative for what came back), and decide."""
    changes = {name: amount for name, amount in counted.items() if amount and name in recorder.metrics}
    for name, amount in changes.items():
        sheet.count(name, day, amount)
    if not changes:
        return
    today = _today(recorder, sheet, at)
    # In the order of their keys: what one decides may count for the next.
    for key in recorder.ladders:
        standing = sheet.standings.get(key)
        amount = 0 if standing is None else changes.get(standing.ladder.ladder.metric.counter, 0)
        if standing is None or not amount:
            continue
        before = standing.ladder.state.basis
        if returned:
            decisions = standing.ladder.returned(day, -amount, at, today)
        else:
            decisions = standing.ladder.credit(day, amount, at, today)
        if standing.ladder.state.basis != before:
            standing.touched = sheet.touched = True
        _apply(recorder, sheet, standing, decisions)


def _today(recorder: Recorder, sheet: Sheet, at: datetime) -> date:
    """The local day as of which tiers stand; a document from before that is late on the ladders."""
    return local_day(at if sheet.tiers_until is None else max(at, sheet.tiers_until), recorder.zone)


# --- by hand --------------------------------------------------------------------------------------------------
def give(recorder: Recorder, sheet: Sheet, standing: Standing, grant: Grant) -> None:
    """A tier given by hand begins now; what was due before has been done."""
    standing.touched = sheet.touched = True
    _apply(recorder, sheet, standing, standing.ladder.grant(grant, recorder.now))


def take_back(recorder: Recorder, sheet: Sheet, standing: Standing, reference: str) -> None:
    """A tier given by hand ends now, before its time."""
    standing.touched = sheet.touched = True
    _apply(recorder, sheet, standing, standing.ladder.revoke(reference, recorder.now))


# --- what follows ---------------------------------------------------------------------------------------------
def _apply(recorder: Recorder, sheet: Sheet, standing: Standing, decisions: list[Decision]) -> None:
    """Keep decisions; points whose end hangs on the tier follow, and rules for reaching a tier are asked."""
    for decision in decisions:
        sheet.touched = standing.touched = True
        operation = next(recorder.operations)
        standing.decisions.append((decision, operation, standing.revision))
        if decision.from_tier == decision.to_tier:
            continue
        stretch = recorder.ruleset_at(decision.occurred_at)
        _follow(recorder, sheet, decision, stretch)
        payload = {
            "membership": sheet.membership,
            "ladder": decision.ladder,
            "from": decision.from_tier,
            "to": decision.to_tier,
        }
        keeping.tell(recorder.rows, sheet, "tier.changed", payload, decision.occurred_at, recorder.now)
        ladder = standing.ladder.ladder
        rises = ladder.position(decision.to_tier) > ladder.position(decision.from_tier) >= 0
        if rises and _REACHED in stretch.ruleset.plans:
            about = (decision.ladder, decision.to_tier, decision.occurred_at.isoformat())
            fields = {"ladder": decision.ladder, "tier": decision.to_tier}
            calendar.system_event(recorder, sheet, _REACHED, decision.occurred_at, about, fields)


def _follow(recorder: Recorder, sheet: Sheet, decision: Decision, stretch: Activated) -> None:
    """The points of a type whose end hangs on this ladder."""
    ruleset = stretch.ruleset
    for item in ruleset.core.point_types:
        expiry = item.expiry
        if expiry.kind is not ExpiryKind.TIER or expiry.ladder != decision.ladder:
            continue
        book = sheet.books.get(recorder.point_types[item.key])
        if book is None:
            continue
        if decision.to_tier in expiry.tiers:
            extending.extend(book, FOREVER)
        elif book.extended_to == FOREVER:
            day = local_day(decision.occurred_at, ruleset.zone)
            book.extended_to = last_usable_day(expiry, day, ruleset.policies.expiry_day)
            book.changed, book.quiet_until = True, None


# --- what rules may know --------------------------------------------------------------------------------------
def tiers_at(recorder: Recorder, sheet: Sheet, occurred_at: datetime) -> dict[str, str]:
    """The tier on each ladder at an instant, before whatever happens then; "" is the main ladder."""
    ruleset = recorder.ruleset_at(occurred_at).ruleset
    found: dict[str, str] = {}
    for place, ladder in enumerate(ruleset.core.ladders):
        tier = _tier_at(recorder, sheet, ladder, occurred_at)
        found[ladder.key] = tier
        if place == 0:
            found[""] = tier
    return found


def _tier_at(recorder: Recorder, sheet: Sheet, ladder: Ladder, occurred_at: datetime) -> str:
    standing = sheet.standings.get(ladder.key)
    if standing is None:
        return ladder.tiers[0].key
    return standing.tier_at(sheet.membership, occurred_at) or ladder.tiers[0].key


def lifted(
    recorder: Recorder, sheet: Sheet, counted: Mapping[str, int], occurred_at: datetime
) -> dict[str, str] | None:
    """The tiers that a document would lead to; None when it changes none."""
    day, today = local_day(occurred_at, recorder.zone), _today(recorder, sheet, occurred_at)
    changed = {}
    for key, standing in sheet.standings.items():
        amount = counted.get(standing.ladder.ladder.metric.counter, 0)
        tier = standing.tried(day, amount, occurred_at, today) if amount else standing.ladder.state.tier
        if tier != standing.ladder.state.tier:
            changed[key] = tier
    if not changed:
        return None
    tiers = tiers_at(recorder, sheet, occurred_at) | changed
    main = recorder.ruleset_at(occurred_at).ruleset.core.ladders[0].key
    return tiers | {"": tiers[main]}


def counted_of_event(
    ladder_events: Mapping[str, str], trigger: str, payload: Mapping[str, object]
) -> dict[str, int]:
    """What an event counts for the metrics that sum one of its fields (`ladder_events`: metric → field)."""
    key = trigger.removeprefix("event:")
    return {
        metric: value
        for metric, field in ladder_events.items()
        if metric.startswith(f"event:{key}:") and isinstance(value := payload.get(field), int)
    }


def metrics_of(stretches: Sequence[Activated]) -> dict[str, str]:
    """The daily counters that any ladder of the programme asks for, with the event's field where there is one."""
    return {
        ladder.metric.counter: ladder.metric.field if ladder.metric.kind is MetricKind.EVENT else ""
        for stretch in stretches
        for ladder in stretch.ruleset.core.ladders
    }
