"""Loading and writing where memberships stand on tier ladders: periods, decisions, daily counters."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
from django.db import connection

from loyalty.core.exact import local_day, start_of_day
from loyalty.core.trips import Trip
from members.engine.tiers import Counter, Decision, MemberLadder
from members.selectors.tier_states import state_document, stored_state
from members.services.ledger.copying import add_rows
from programs.engine.ladders import MetricKind
from programs.selectors.rulesets import Activated

_DECISION_COLUMNS = (
    "member_id membership_id ladder from_tier to_tier reason source value ends_on occurred_at recorded_at operation"
    " revision_id"
).split()


@dataclass(slots=True)
class Standing:
    """A membership on a ladder. `applied` is since when its revision is in force. `stored_since` is the beginning of
    the open period in the database (None: there is none), `stored` its tier and source."""

    key: str
    ladder: MemberLadder
    applied: datetime
    revision: int
    stored_since: datetime | None = None
    stored: tuple[str, str] = ("", "")
    decisions: list[tuple[Decision, int, int]] = field(default_factory=list)
    touched: bool = True

    def tier_at(self, membership: int, instant: datetime) -> str:
        """The tier at an instant; empty before the first."""
        state = self.ladder.state
        if instant >= state.since:
            return state.tier
        for decision, _operation, _revision in reversed(self.decisions):
            if decision.from_tier != decision.to_tier and instant >= decision.occurred_at:
                return decision.to_tier
        if self.stored_since is not None and instant >= self.stored_since:
            return self.stored[0]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT tier FROM members_tierperiod
                WHERE membership_id = %s AND ladder = %s AND valid @> %s::timestamptz
                """,
                [membership, self.key, instant],
            )
            row = cursor.fetchone()
        return row[0] if row else ""

    def tried(self, day: date, amount: int, at: datetime, today: date) -> str:
        """The tier that a credit would lead to; nothing is changed."""
        trial = copy.deepcopy(self.ladder)
        trial.credit(day, amount, at, today)
        return trial.state.tier


def plan_standings(
    trip: Trip, memberships: Sequence[int]
) -> Callable[[Mapping[int, Any], Sequence[Activated]], None]:
    """Take along what reads where memberships stand; after the trip the result puts their sheets there."""
    values = trip.ask(
        """
        SELECT membership_id, metric, day, value FROM members_qualificationcounter
         WHERE membership_id = ANY(%s::bigint[])
        """,
        [list(memberships)],
    )
    periods = trip.ask(
        """
        SELECT membership_id, ladder, lower(valid), tier, source, state::text
          FROM members_tierperiod WHERE membership_id = ANY(%s::bigint[]) AND upper_inf(valid)
        """,
        [list(memberships)],
    )

    def stand(sheets: Mapping[int, Any], stretches: Sequence[Activated]) -> None:
        for membership, metric, day, value in values.rows:
            sheets[membership].qualification.setdefault(metric, {})[day] = value
        for membership, *period in periods.rows:
            _stand(sheets[membership], stretches, *period)

    return stand


def _stand(
    sheet: Any, stretches: Sequence[Activated], key: str, since: datetime, tier: str, source: str, state: str
) -> None:
    stored = json.loads(state)
    applied = datetime.fromisoformat(stored["applied"])
    stretch = next(each for each in reversed(stretches) if each.effective_from <= applied)
    ladder = next(
        each.ruleset.core.ladder(key)
        for each in reversed(stretches)
        if each.effective_from <= applied and each.ruleset.core.ladder(key)
    )
    assert ladder is not None
    zone = stretch.ruleset.zone
    visits = ladder.metric.kind is MetricKind.VISITS
    counter = Counter(sheet.counted(ladder.metric.counter), visits=visits)
    member = MemberLadder(ladder, zone, local_day(sheet.joined_at, zone), counter, stored_state(stored))
    sheet.standings[key] = Standing(
        key, member, applied, stretch.revision_id, since, (tier, source), touched=False
    )


def write_standings(cursor: Any, sheets: Iterable[Any], recorded_at: datetime) -> None:
    """Write decisions, periods and counters of everything that was touched."""
    decisions: list[tuple[Any, ...]] = []
    periods = _Periods()
    counters = []
    for sheet in sheets:
        for metric, day in sheet.changed_days:
            counters.append((sheet.member, sheet.membership, metric, day, sheet.qualification[metric][day]))
        sheet.changed_days.clear()
        for standing in sheet.standings.values():
            if not standing.touched:
                continue
            for decision, operation, revision in standing.decisions:
                decisions.append(
                    (
                        sheet.member, sheet.membership, decision.ladder, decision.from_tier, decision.to_tier,
                        decision.reason.value, decision.source.value, decision.value, decision.ends_on,
                        decision.occurred_at, recorded_at, operation, revision,
                    )
                )  # fmt: skip
            periods.add(sheet, standing)
            standing.decisions.clear()
            standing.touched = False
    if decisions:
        add_rows(cursor, "members_tierdecision", _DECISION_COLUMNS, decisions)
    periods.write(cursor)
    if counters:
        cursor.execute(
            """
            INSERT INTO members_qualificationcounter (member_id, membership_id, metric, day, value)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::bigint[])
            ON CONFLICT (membership_id, metric, day) DO UPDATE SET value = excluded.value
            """,
            [list(column) for column in zip(*counters, strict=True)],
        )


class _Periods:
    """The changes of tier periods: open ones that go on or end, and new ones."""

    def __init__(self) -> None:
        self.changed: list[tuple[Any, ...]] = []
        self.fresh: list[tuple[Any, ...]] = []

    def add(self, sheet: Any, standing: Standing) -> None:
        stretches = _stretches(standing)
        state = standing.ladder.state
        document = {**state_document(state), "applied": standing.applied.isoformat()}
        due_on = state.due_on
        due_at = None if due_on is None else start_of_day(due_on, standing.ladder.zone)
        for place, (tier, source, since, until, revision) in enumerate(stretches):
            tail: tuple[Any, ...] = ("{}", None) if until else (orjson.dumps(document).decode(), due_at)
            row = (
                sheet.membership, standing.key, tier, source, since, until, *tail, revision,
            )  # fmt: skip
            if place == 0 and standing.stored_since is not None:
                self.changed.append(row)
            else:
                self.fresh.append((sheet.member, *row))
        tier, source, since, _until, _revision = stretches[-1]
        standing.stored_since, standing.stored = since, (tier, source)

    def write(self, cursor: Any) -> None:
        if self.changed:
            cursor.execute(
                """
                UPDATE members_tierperiod p
                   SET tier = n.tier, source = n.source, valid = tstzrange(n.since, n.until), state = n.state::jsonb,
                       due_at = n.due_at, revision_id = n.revision
                  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                              %s::text[], %s::timestamptz[], %s::bigint[])
                       AS n(membership, ladder, tier, source, since, until, state, due_at, revision)
                 WHERE p.membership_id = n.membership AND p.ladder = n.ladder AND upper_inf(p.valid)
                """,
                [list(column) for column in zip(*self.changed, strict=True)],
            )
        if self.fresh:
            cursor.execute(
                """
                INSERT INTO members_tierperiod (member_id, membership_id, ladder, tier, source, valid, state, due_at,
                                                revision_id)
                SELECT member, membership, ladder, tier, source, tstzrange(since, until), state::jsonb, due_at, revision
                  FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                              %s::timestamptz[], %s::text[], %s::timestamptz[], %s::bigint[])
                       AS n(member, membership, ladder, tier, source, since, until, state, due_at, revision)
                """,
                [list(column) for column in zip(*self.fresh, strict=True)],
            )


def _stretches(standing: Standing) -> list[tuple[str, str, datetime, datetime | None, int]]:
    """The open period and what decisions made of it, in order, each with the revision it ended under or goes on under;
    periods of no time at all are left out."""
    found: list[tuple[str, str, datetime, datetime | None, int]] = []
    if standing.stored_since is not None:
        found.append((*standing.stored, standing.stored_since, None, standing.revision))
    for decision, _operation, revision in standing.decisions:
        tier, source = decision.to_tier, decision.source.value
        if found and found[-1][:2] == (tier, source):
            continue
        begun = (tier, source, decision.occurred_at, None, standing.revision)
        if found and found[-1][2] == decision.occurred_at:
            found[-1] = begun
            continue
        if found:
            found[-1] = (*found[-1][:3], decision.occurred_at, revision)
        found.append(begun)
    return found
