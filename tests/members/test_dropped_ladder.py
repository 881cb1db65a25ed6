"""A ladder that a later revision no longer has, and one that comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.models import Membership
from members.models.tiers import TierPeriod
from members.services.advancing import advance
from members.services.enrolment import enrol
from members.services.purchases import record_purchase
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, RULES, basket, club, operator

pytestmark = pytest.mark.django_db
LADDER = """
ladders:
  - {key: status, name: Status, tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "100"}]}
"""
DROPPED, BACK = FIRST + timedelta(days=10), FIRST + timedelta(days=40)


@pytest.fixture
def programme() -> Programme:
    programme = club(LADDER)
    load(RULES, now=DROPPED, publish=True, effective_from=DROPPED)
    return programme


def joined(programme: Programme, days: int) -> Membership:
    return enrol(programme=programme, number=f"day {days}", now=FIRST + timedelta(days=days))


@pytest.mark.parametrize("days", [5, 20])
def test_members_buy_when_their_ladder_is_gone(programme: Programme, days: int) -> None:
    member = joined(programme, days)
    recorded = record_purchase(
        membership=member, basket=basket(20000), receipt="r1", partner=operator(), now=NOON
    )
    assert recorded.awarded == {"points": 200}
    assert TierPeriod.objects.filter(membership=member).exists() is (days == 5)


def test_a_member_of_the_time_between_joins_when_the_ladder_is_back(programme: Programme) -> None:
    load(RULES + LADDER, now=DROPPED, publish=True, effective_from=BACK)
    member = joined(programme, 20)
    advance(programme, BACK - timedelta(days=1))
    assert not TierPeriod.objects.filter(membership=member).exists()
    advance(programme, BACK + timedelta(days=1))
    period = TierPeriod.objects.get(membership=member)
    assert (period.tier, period.valid.lower) == ("base", BACK)
