"""What an event frees of the points that wait for it, and openings where notice is promised."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.models import Membership
from members.selectors.accounts import Balance, balances
from members.services.advancing import advance
from members.services.events import record_event
from members.services.openings import Opening, open_balance
from members.services.purchases import record_purchase
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, basket, member, operator

DAY = timedelta(days=1)
WAITING = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
events: [{key: delivered, name: Delivered}]
point_types:
  - {key: points, name: Points, pending: {kind: event, event: delivered}}
rules:
  - {key: base, title: For each euro, effect: {kind: per_step, points: 1, step: "1.00"}}
  - {key: thanks, title: Thanks, trigger: event, event: delivered, effect: {kind: fixed, points: 7}}
"""
TOLD = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: Points, expiry: {kind: after, days: 10, notice_days: 5}}
"""

pytestmark = pytest.mark.django_db


def published(text: str) -> tuple[Programme, Membership]:
    programme = load(text, now=FIRST, publish=True, effective_from=FIRST).programme
    return programme, member(programme)


def buy(anna: Membership, receipt: str, euros: int, days: int) -> None:
    at = NOON + days * DAY
    record_purchase(
        membership=anna, basket=basket(euros * 100, at=at), receipt=receipt, partner=operator(), now=at
    )


def test_a_late_event_frees_what_was_earned_until_then_and_not_what_it_earns_itself() -> None:
    _programme, anna = published(WAITING)
    buy(anna, "r1", 10, days=0)
    buy(anna, "r2", 20, days=4)
    event = {"membership": anna, "kind": "delivered", "partner": operator(), "now": NOON + 5 * DAY}
    record_event(number="e1", occurred_at=NOON + 2 * DAY, **event)
    assert balances(anna)["points"] == Balance(10, 27, 0, 0)
    record_event(number="e2", occurred_at=NOON + 2 * DAY, receipt="r2", **event)
    assert balances(anna)["points"] == Balance(30, 14, 0, 0)


def test_points_that_were_brought_along_wait_for_the_promised_notice() -> None:
    programme, anna = published(TOLD)
    open_balance(membership=anna, openings=[Opening(50, expires_on=(NOON + 3 * DAY).date())], now=NOON)
    advance(programme, NOON + 30 * DAY)
    assert balances(anna)["points"] == Balance(50, 0, 0, 0)
