"""Trying a basket: it is told as a receipt is, and nothing stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from members.selectors.explain.words import in_words
from members.services.problems import EmptyPurchase
from members.services.trying import NothingInForce, try_basket
from programs.engine.facts import Basket, Line
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import NOON, RULES, basket, club, member

pytestmark = pytest.mark.django_db
TWICE = RULES.replace("points: 1", "points: 2")


def rows() -> dict[str, int]:
    """How many rows each table has."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_the_working_copy_is_tried_and_what_is_in_force_stays() -> None:
    programme = club()
    anna = member(programme)
    load(TWICE, now=NOON)
    counted = rows()
    by_working_copy = try_basket(programme, basket(1000), now=NOON, membership=anna)
    in_force = try_basket(programme, basket(1000), now=NOON, membership=anna, working_copy=False)
    assert (by_working_copy.awarded, in_force.awarded) == ({"points": 20}, {"points": 10})
    assert in_force.before.points.get("points") is None
    assert in_force.after.points["points"].balance == 10
    assert rows() == counted
    assert Programme.objects.get().status == "live"


def test_a_draft_is_tried_by_somebody_who_joins_for_it() -> None:
    more = "  - {key: welcome, title: Welcome, trigger: registration, effect: {kind: fixed, points: 5}}\n"
    programme = load(RULES + more, now=NOON).programme
    counted = rows()
    trial = try_basket(programme, basket(300), now=NOON)
    assert trial.before.points["points"].balance == 5
    assert trial.after.points["points"].balance == 8
    assert trial.idle == ["Welcome: it looks at something else: on joining"]
    assert rows() == counted
    assert Programme.objects.get().status == "draft"
    with pytest.raises(NothingInForce):
        try_basket(programme, basket(300), now=NOON, working_copy=False)
    assert rows() == counted


def test_a_rule_that_gives_nothing_says_why() -> None:
    more = (
        "  - {key: night, title: At night, effect: {kind: fixed, points: 7},"
        ' schedule: {hours: [{start: "22:00", end: "23:00"}]}}\n'
    )
    programme = load(RULES + more, now=NOON).programme
    noon = try_basket(programme, basket(300), now=NOON)
    assert in_words(noon.told).skips == ["At night: it does not run at this time of day"]
    late = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
    assert try_basket(programme, basket(300, at=late), now=NOON).awarded == {"points": 10}


@pytest.mark.parametrize("days", [-400, -10, 0, 10, 400])
def test_any_time_can_be_tried_with_a_member_or_without(days: int) -> None:
    programme = club()
    anna = member(programme)
    load(TWICE, now=NOON)
    at = NOON + timedelta(days=days)
    assert try_basket(programme, basket(1000, at=at), now=NOON).awarded == {"points": 20}
    assert try_basket(programme, basket(1000, at=at), now=NOON, membership=anna).awarded == {"points": 20}


def test_for_somebody_new_it_is_looked_at_when_it_happens_for_a_member_now() -> None:
    waiting = RULES.replace("name: Points", "name: Points, pending: {kind: days, days: 14}")
    programme = load(waiting, now=NOON, publish=True, effective_from=NOON - timedelta(days=60)).programme
    anna = member(programme)
    early = basket(1000, at=NOON - timedelta(days=30))
    fresh = try_basket(programme, early, now=NOON, working_copy=False).after.points["points"]
    late = try_basket(programme, early, now=NOON, working_copy=False, membership=anna).after.points["points"]
    assert (fresh.pending, fresh.available, late.pending, late.available) == (10, 0, 0, 10)


@pytest.mark.parametrize("year", [1900, 2999])
def test_times_far_away_are_tried(year: int) -> None:
    terms = "name: Points, expiry: {kind: after, months: 12, round_up: year}, pending: {kind: days, days: 14}"
    programme = load(RULES.replace("name: Points", terms), now=NOON).programme
    at = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    assert try_basket(programme, basket(1000, at=at), now=NOON).awarded == {"points": 10}


def test_the_instant_at_which_a_revision_begins_can_be_tried() -> None:
    programme = club()
    load(TWICE, now=NOON)
    at = programme.activations.get().effective_from
    assert try_basket(programme, basket(1000, at=at), now=NOON).awarded == {"points": 20}


def test_what_is_refused_leaves_nothing_either() -> None:
    programme = club()
    counted = rows()
    with pytest.raises(EmptyPurchase):
        try_basket(programme, Basket(NOON, ()), now=NOON)
    assert rows() == counted


def test_a_partner_and_a_shop_that_are_not_there_yet_can_be_named() -> None:
    programme = club()
    counted = rows()
    bought = Basket(NOON, (Line("tea", 1000, 500),), partner="grocer", store="s9")
    trial = try_basket(programme, bought, now=NOON)
    words: Any = in_words(trial.told)
    assert ("Partner", "grocer") in words.head
    assert rows() == counted
