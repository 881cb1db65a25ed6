"""Expiry done set by set leaves the rows that looking at each membership leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loyalty.core.exact import end_of_day
from members.engine.books import Cause, HoldRow, Terms
from members.models import Membership, Person
from members.models.ledger import ExpiryNotice, Posting
from members.selectors.due import due_memberships, plain_expiries
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.enrolment import enrol
from members.services.ledger.expiring import expire
from members.services.recording import Recorder
from programs.models import Programme
from programs.selectors.rulesets import timeline
from programs.services.programmes import load
from tests.members.club import FIRST, operator, query

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SWITCH = START + timedelta(days=4)
TWO_TYPES = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: Points, expiry: {kind: after, days: 10}}
  - {key: stars, name: Stars, expiry: {kind: activity, days: 10}}
rules:
  - {key: base, title: %s, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
AND_MORE = """
  - {key: cake, title: Cake, trigger: birthday, effect: {kind: fixed, points: 50}}
ladders:
  - {key: status, name: Status, tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "100"}]}
"""
# Everything but ids, numbers of operations and what a job cannot touch.
ROWS = {
    "postings": """
        SELECT p.account_id, p.version, p.kind, p.from_side, p.to_side, p.amount, p.available_after, p.pending_after,
               p.held_after, p.debt_after, p.occurred_at, p.recorded_at, p.revision_id, p.partner_id, p.purchase_id,
               p.event_id IS NULL, p.answers_id IS NULL, p.reference, p.reason, p.point_type_id, p.member_id,
               row_number() OVER (PARTITION BY p.account_id ORDER BY p.id)
          FROM members_posting p ORDER BY 1, 2""",
    "operations": "SELECT count(*), count(DISTINCT operation) FROM members_posting",
    "allocations": """
        SELECT p.account_id, p.version, l.earned_at, l.account_id, d.amount, d.member_id
          FROM members_allocation d JOIN members_posting p ON p.id = d.posting_id JOIN members_lot l ON l.id = d.lot_id
         ORDER BY 1, 2, 3""",
    "lots": "SELECT to_jsonb(l) - 'id' - 'posting_id' FROM members_lot l ORDER BY account_id, earned_at, id",
    "accounts": "SELECT to_jsonb(a) FROM members_account a ORDER BY id",
    "memberships": "SELECT to_jsonb(m) FROM members_membership m ORDER BY id",
    "stats": "SELECT to_jsonb(s) - 'id' FROM members_memberstats s ORDER BY membership_id",
    "holds": "SELECT to_jsonb(h) FROM members_hold h ORDER BY id",
    "periods": "SELECT to_jsonb(t) - 'id' FROM members_tierperiod t ORDER BY membership_id, lower(valid)",
}


class Had(NamedTuple):
    """A lot: whose, of which type, how many points; its last day (days from the start; None: it has none); whether it
    is plain, extendable, promised a notice or pending; how much of it is spent or held."""

    member: int
    point_type: str
    points: int
    last: int | None
    kind: str
    spent: int
    held: int


class World(NamedTuple):
    lots: list[Had]
    born: list[int | None]
    extended: list[int | None]
    told: bool
    held_for: int
    recorded_late: bool
    more: bool
    until: int


days = st.sampled_from([0, 1, 2, 5, 30])
had = st.builds(
    Had,
    st.integers(0, 2),
    st.sampled_from(["points", "points", "stars"]),
    st.integers(2, 50),
    st.one_of(days, days, days, st.none()),
    st.sampled_from(["plain", "plain", "plain", "plain", "extendable", "notice", "pending"]),
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([0, 0, 0, 1]),
)
worlds = st.builds(
    World,
    st.lists(had, min_size=1, max_size=8),
    st.lists(st.sampled_from([None, None, 1, 40]), min_size=3, max_size=3),
    st.lists(st.one_of(st.none(), days), min_size=3, max_size=3),
    st.booleans(),
    st.sampled_from([1, 40]),
    st.booleans(),
    st.booleans(),
    st.integers(1, 35),
)


def build(world: World) -> Programme:
    texts = [TWO_TYPES % title + (AND_MORE if world.more else "") for title in ("One", "Two")]
    programme = load(texts[0], now=FIRST, publish=True, effective_from=FIRST).programme
    load(texts[1], now=START, publish=True, effective_from=SWITCH)
    people = [enrol(programme=programme, number=f"A-{place}", now=START) for place in range(3)]
    for person, born in zip(people, world.born, strict=True):
        if born is not None:
            day = START.date() + timedelta(days=born)
            Person.objects.filter(member=person.member_id).update(birth_date=day.replace(year=1990))
    recorder = Recorder(programme, START)
    recorder.open([person.pk for person in people])
    for sheet in recorder.sheets.values():
        recorder.settle(sheet)
        sheet.touched = True
        for point_type in ("points", "stars"):
            recorder.book(sheet, point_type)
    for place, each in enumerate(world.lots):
        _credit(recorder, people[each.member], each, place, world)
    recorder.flush()
    if world.told:
        _tell(world)
    return programme


def _credit(recorder: Recorder, person: Membership, each: Had, place: int, world: World) -> None:
    ruleset = recorder.ruleset_at(START).ruleset
    book, ledger = recorder.book(recorder.sheets[person.pk], each.point_type), recorder.ledger(ruleset)
    earned_at = START + timedelta(minutes=place)
    recorded_at = earned_at + timedelta(days=50 if world.recorded_late else 0)
    cause = Cause(next(recorder.operations), earned_at, recorded_at)
    last = None if each.last is None else START.date() + timedelta(days=each.last)
    terms = Terms(
        expires_on=last,
        expires_at=None if last is None else end_of_day(last, ruleset.zone),
        extendable=each.kind == "extendable",
        notice_days=3 if each.kind == "notice" else 0,
        rule="" if last else '{"kind": "never"}',
    )
    if each.kind == "pending":
        waits = terms._replace(activates_at=START + timedelta(days=3))
        ledger.earn(book, each.points, operator().pk, cause, waits, pending=True)
        return
    ledger.adjust_up(book, each.points, operator().pk, cause, terms)
    for wanted, use in ((each.spent, "spend"), (each.held, "hold")):
        points = min(wanted, book.available)
        if not points:
            continue
        cause = cause._replace(operation=next(recorder.operations))
        if use == "spend":
            ledger.spend(book, points, cause)
        else:
            posting = ledger.hold(book, points, cause)
            until = START + timedelta(days=world.held_for)
            hold = HoldRow(next(recorder.holds), posting.id, points, 0, 0, until, changed=True)
            book.holds[hold.id] = hold
    extended = world.extended[each.member]
    book.extended_to = None if extended is None else START.date() + timedelta(days=extended)


def _tell(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT member_id, account_id, expires_on FROM members_lot WHERE notice_days > 0"
        )
        for owner, account, day in cursor.fetchall():
            if day is not None:
                ExpiryNotice.objects.create(
                    member_id=owner,
                    account_id=account,
                    expires_on=day,
                    delivered_at=START + timedelta(days=world.until / 2),
                    recorded_at=START,
                )


def one_by_one(programme: Programme, until: datetime) -> None:
    recorder = Recorder(programme, until, in_order=True)
    recorder.open(due_memberships(programme, until))
    for sheet in recorder.sheets.values():
        recorder.settle(sheet)
    recorder.flush()


def rows() -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for name, query in ROWS.items():
            cursor.execute(query)
            found[name] = cursor.fetchall()
    return found


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(worlds)
def test_both_ways_leave_the_same_rows(world: World) -> None:
    with transaction.atomic():
        programme = build(world)
        until = START + timedelta(days=world.until)
        with transaction.atomic():
            one_by_one(programme, until)
            expected = rows()
            transaction.set_rollback(True)
        with transaction.atomic():
            advance(programme, until)
            assert rows() == expected
            transaction.set_rollback(True)
        transaction.set_rollback(True)


def plain(**changes: Any) -> World:
    """Two lots of one member that end on one day, one that ends on a later day under the next revision, and one of
    another type; part of it spent."""
    lots = [
        Had(0, "points", 10, 1, "plain", 3, 0),
        Had(0, "points", 20, 1, "plain", 0, 0),
        Had(0, "points", 30, 5, "plain", 0, 0),
        Had(0, "stars", 5, 1, "plain", 0, 0),
        Had(0, "points", 40, 30, "plain", 0, 0),
    ]
    world = World(lots, [None] * 3, [None] * 3, False, 40, False, False, 10)
    return world._replace(**changes)


def test_expiries_are_posted_for_each_account_and_instant_under_the_revision_of_that_time() -> None:
    programme = build(plain())
    until = START + timedelta(days=10)
    [found] = plain_expiries(programme, until)
    assert len(found.lots) == 4
    assert advance(programme, until) == 1
    first, second = (each.revision_id for each in programme.activations.order_by("effective_from"))
    posted = Posting.objects.filter(kind="expire").order_by("account__point_type__position", "version")
    midnights = [datetime(2026, 3, 3, 22, tzinfo=UTC), datetime(2026, 3, 7, 22, tzinfo=UTC)]
    assert list(posted.values_list("amount", "available_after", "version", "occurred_at", "revision_id")) == [
        (27, 70, 6, midnights[0], first),
        (30, 40, 7, midnights[1], second),
        (5, 0, 2, midnights[0], first),
    ]
    assert [row.recorded_at - until for row in posted] == [
        timedelta(0), timedelta(microseconds=1), timedelta(0)
    ]  # fmt: skip
    assert Membership.objects.get(number="A-0").version == 2
    assert verify().ok


@pytest.mark.parametrize(
    "changes",
    [
        {"lots": [Had(0, "points", 10, 1, "notice", 0, 0)]},
        {"lots": [Had(0, "points", 10, 1, "plain", 0, 0), Had(0, "points", 10, 1, "pending", 0, 0)]},
        {"lots": [Had(0, "points", 10, 1, "plain", 0, 2)], "held_for": 1},
        {"lots": [Had(0, "stars", 10, 1, "extendable", 0, 0)], "extended": [5, None, None]},
        {"more": True, "born": [1, None, None]},
    ],
    ids=["notice", "pending", "hold", "extended", "birthday"],
)
def test_where_anything_else_is_due_each_membership_is_looked_at(changes: dict[str, Any]) -> None:
    programme = build(plain(**changes))
    assert plain_expiries(programme, START + timedelta(days=10)) == []


def test_a_membership_that_was_touched_in_between_is_left_to_the_other_way() -> None:
    programme = build(plain())
    until = START + timedelta(days=10)
    found = plain_expiries(programme, until)
    adjust(membership=Membership.objects.get(number="A-0"), points=-5, reason="a mistake", now=START)
    before = rows()
    expire(found, timeline(programme.pk), until)
    assert rows() == before
    assert advance(programme, until) == 1
    assert query("SELECT available FROM members_account ORDER BY id LIMIT 2") == [(40,), (0,)]


def test_doing_it_again_changes_nothing() -> None:
    programme = build(plain(more=True))
    until = START + timedelta(days=10)
    advance(programme, until)
    before = rows()
    assert advance(programme, until) == 0
    assert rows() == before
