"""When the jobs run changes nothing: every worked example leaves the same ledger with punctual, idle and late jobs. Only
telling a member something cannot be done in retrospect."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from loyalty.core import clock
from loyalty.core.problems import Problem
from members.models.ledger import Account, ExpiryNotice, Lot, Posting
from members.services.advancing import advance
from members.services.scenarios import Scenario, read_file
from members.services.scenarios.world import World

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
NOTICE = FOLDER / "notice_before_expiry.yaml"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path != NOTICE)
# Members who join meanwhile are looked at by the next job at the latest; a job every so often is punctual enough.
OFTEN = timedelta(days=6, hours=7)


def play(scenario: Scenario, jobs: list[datetime]) -> World:
    """Do the steps; nothing falls due between them but what a job posts at one of these times."""
    with clock.at(scenario.starts_at):
        world = World(scenario.document, scenario.starts_at)
    happens: list[tuple[datetime, int, Any]] = [(each.enrolled_at, 0, each) for each in scenario.members]
    happens += [(at, 1, None) for at in jobs]
    happens += [(step.at, 2, step.action) for step in scenario.steps]
    for at, turn, what in sorted(happens, key=lambda each: each[:2]):
        with clock.at(at):
            if turn == 0:
                world.membership(what.ref, at, what.attributes, what.birth_date)
            elif turn == 1:
                advance(world.programme, at)
            else:
                do(world, what, at)
    return world


def do(world: World, action: Any, at: datetime) -> None:
    kept = world.remember()
    try:
        with transaction.atomic():
            action.do(world, at)
    except Problem:
        world.go_back(kept)


def ledger(world: World) -> dict[str, Any]:
    """Everything about the members' points but when it was recorded."""
    found: dict[str, Any] = {}
    for ref, membership in world.memberships.items():
        postings = Posting.objects.filter(account__membership_id=membership).order_by("account", "version")
        lots = Lot.objects.filter(account__membership_id=membership).order_by("posting__version")
        found[ref] = (
            sorted(
                postings.values_list(
                    "point_type__key", "version", "kind", "from_side", "to_side", "amount", "occurred_at",
                    "available_after", "pending_after", "held_after", "debt_after", "revision__number",
                )
            ),
            sorted(lots.values_list("account__point_type__key", "posting__version", "remaining", "held", "state")),
        )  # fmt: skip
    return found


def moments(scenario: Scenario) -> Iterator[datetime]:
    """A job every so often."""
    for before, after in pairwise([scenario.starts_at, *(step.at for step in scenario.steps)]):
        at = before + OFTEN
        while at < after:
            yield at
            at += OFTEN


@pytest.mark.django_db
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_jobs_often_or_once_at_the_end_give_the_same_ledger(path: Path) -> None:
    scenario = read_file(path)
    last = scenario.steps[-1].at
    often = ledger(play(scenario, [*moments(scenario), *(step.at for step in scenario.steps), last]))
    late = ledger(play(scenario, [last + timedelta(microseconds=1)]))
    assert often == late


@pytest.mark.django_db
def test_where_the_job_was_late_members_are_told_late_and_keep_their_points_until_then() -> None:
    scenario = read_file(NOTICE)
    late = scenario.steps[-1].at + timedelta(microseconds=1)
    anna = play(scenario, [late]).memberships["anna"]
    notices = ExpiryNotice.objects.filter(account__membership=anna).order_by("account__point_type__key")
    assert list(notices.values_list("account__point_type__key", "points", "delivered_at")) == [
        ("points", 6, late),
        ("short", 10, late),
    ]
    left = Account.objects.filter(membership=anna, available__gt=0).order_by("point_type__key")
    assert list(left.values_list("point_type__key", "available")) == [("points", 6), ("short", 10)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("payment_comes_back_late", [("04-02T00:00", 40), ("04-10T10:00", 15), ("04-11T10:00", 45)]),
        ("holds_and_expiry", [("04-02T00:00", 40), ("04-04T10:00", 15), ("04-10T12:00", 40)]),
        ("opening_balances", [("01-02T10:00", 5), ("06-01T00:00", 120)]),
        ("late_purchase", [("02-20T00:00", 10)]),
    ],
)
def test_points_that_come_past_their_end_expire_when_they_come(
    name: str, gone: list[tuple[str, int]]
) -> None:
    scenario = read_file(FOLDER / f"{name}.yaml")
    world = play(scenario, [step.at for step in scenario.steps])
    expired = Posting.objects.filter(account__membership_id__in=world.memberships.values(), kind="expire")
    found = expired.order_by("occurred_at").values_list("occurred_at", "amount")
    assert [(f"{at.astimezone(world.zone):%m-%dT%H:%M}", amount) for at, amount in found] == gone
