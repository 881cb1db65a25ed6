"""Notices before expiry: given once, in time or late, and nothing expires without one where it is promised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from loyalty.core.models import OutboxEvent
from members.models import Membership
from members.models.ledger import Account, ExpiryNotice
from members.selectors.accounts import balances
from members.selectors.notices import due_notices, next_notice
from members.selectors.verification import verify
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.ledger import notices
from members.services.ledger.notices import EVENT, give_notices
from members.services.redemptions import redeem
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, member, operator, query
from tests.members.faults import faults, plant, red

TALLINN = ZoneInfo("Europe/Tallinn")
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types:
  - {key: points, name: Points, expiry: {kind: %s, days: 30, notice_days: 10}}
  - {key: quiet, name: Quiet points, expiry: {kind: after, days: 30}}
"""


def local(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=TALLINN).astimezone(UTC)


def club(kind: str = "after") -> Programme:
    return load(CLUB % kind, now=FIRST, publish=True, effective_from=FIRST).programme


def with_points(programme: Programme, number: str = "A-1", at: datetime | None = None) -> Membership:
    """Points of 1 June, which last until 1 July."""
    anna = member(programme, number)
    adjust(membership=anna, points=100, reason="a gift", now=at or local(6, 1))
    return anna


def given() -> list[tuple[date, int, datetime]]:
    rows = ExpiryNotice.objects.order_by("id")
    return [(row.expires_on, row.points, row.delivered_at) for row in rows]


def left(anna: Membership) -> int:
    return balances(anna)["points"].available


@pytest.mark.django_db
def test_a_notice_is_due_so_many_days_before_the_midnight_on_which_points_go() -> None:
    programme = club()
    anna = with_points(programme)
    assert next_notice(programme) == date(2026, 6, 22)
    advance(programme, local(6, 21, 23, 59))
    assert given() == []
    in_time = local(6, 22, 0, 0)
    advance(programme, in_time)
    assert given() == [(date(2026, 7, 1), 100, in_time)]
    assert next_notice(programme) is None
    advance(programme, local(7, 1, 23, 59))
    assert left(anna) == 100
    advance(programme, local(7, 2, 0, 0))
    assert left(anna) == 0
    assert verify().ok


@pytest.mark.django_db
def test_others_are_told_of_it_once() -> None:
    programme = club()
    anna = with_points(programme)
    for day in (22, 22, 23):
        advance(programme, local(6, day))
    [event] = OutboxEvent.objects.filter(name=EVENT)
    account = Account.objects.get(membership=anna)
    assert event.subject == f"membership:{anna.pk}"
    assert event.payload == {
        "notice": ExpiryNotice.objects.get().pk,
        "membership": anna.pk,
        "point_type": account.point_type_id,
        "last_day": "2026-07-01",
        "points": 100,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("day", [23, 30])
def test_where_the_job_was_late_points_last_until_so_many_days_after_the_notice(day: int) -> None:
    programme = club()
    anna = with_points(programme)
    late = local(6, day, 15)
    advance(programme, late)
    assert given() == [(date(2026, 7, 1), 100, late)]
    end = local(6, day, 0) + timedelta(days=10)
    advance(programme, end - timedelta(minutes=1))
    assert left(anna) == 100
    advance(programme, end)
    assert left(anna) == 0
    [[gone]] = query("SELECT occurred_at FROM members_posting WHERE kind = 'expire'")
    assert gone == end
    assert verify().ok


@pytest.mark.django_db
def test_where_no_job_ran_for_a_year_nothing_expires_before_the_member_was_told() -> None:
    programme = club()
    anna = with_points(programme)
    adjust(membership=anna, points=7, reason="a gift", now=local(6, 1), point_type="quiet")
    much_later = datetime(2027, 6, 1, 9, tzinfo=UTC)
    redeem(membership=anna, points=40, partner=operator(), reference="s1", now=much_later)
    assert (left(anna), balances(anna)["quiet"].available) == (60, 0)
    advance(programme, much_later)
    assert given() == [(date(2026, 7, 1), 60, much_later)]
    advance(programme, datetime(2027, 6, 10, 20, 59, tzinfo=UTC))
    assert left(anna) == 60
    advance(programme, datetime(2027, 6, 10, 21, tzinfo=UTC))
    assert left(anna) == 0
    assert verify().ok


@pytest.mark.django_db
def test_points_that_are_gone_before_are_not_told_of() -> None:
    programme = club()
    anna = with_points(programme)
    redeem(membership=anna, points=100, partner=operator(), reference="s1", now=local(6, 10))
    advance(programme, local(6, 25))
    assert given() == []
    assert OutboxEvent.objects.filter(name=EVENT).count() == 0


@pytest.mark.django_db
def test_an_end_that_moved_is_told_anew() -> None:
    programme = club("activity")
    anna = with_points(programme)
    advance(programme, local(6, 22))
    redeem(membership=anna, points=40, partner=operator(), reference="s1", now=local(6, 25))
    advance(programme, local(7, 10))
    assert left(anna) == 60
    assert [day for day, _points, _at in given()] == [date(2026, 7, 1)]
    advance(programme, local(7, 16))
    assert [(day, points) for day, points, _at in given()] == [
        (date(2026, 7, 1), 100),
        (date(2026, 7, 25), 60),
    ]
    advance(programme, local(7, 26, 0))
    assert left(anna) == 0
    assert verify().ok


@pytest.mark.django_db
def test_only_members_of_the_programme_are_told_and_each_of_their_own_points() -> None:
    programme = club()
    anna, mark = with_points(programme), with_points(programme, "M-1", local(6, 5))
    other = load(CLUB.replace("key: club", "key: other") % "after", now=FIRST, publish=True).programme
    with_points(other, "O-1", local(6, 1))
    assert give_notices(programme, local(6, 22)) == 1
    assert give_notices(programme, local(6, 26)) == 1
    owners = ExpiryNotice.objects.order_by("id").values_list("member_id", "expires_on")
    assert list(owners) == [
        (anna.member_id, date(2026, 7, 1)),
        (mark.member_id, date(2026, 7, 5)),
    ]


@pytest.mark.django_db
def test_two_jobs_that_found_the_same_give_it_once() -> None:
    programme = club()
    with_points(programme)
    found = due_notices(programme, date(2026, 6, 22))
    assert len(found) == 1
    with transaction.atomic():
        assert notices._give(found, local(6, 22)) == 1
        assert notices._give(found, local(6, 22)) == 0
    assert len(given()) == 1
    assert OutboxEvent.objects.filter(name=EVENT).count() == 1


def test_the_verifier_misses_a_notice(committed_database: Any) -> None:
    programme = club()
    with_points(programme)
    for day in (local(6, 22), local(7, 2)):
        advance(programme, day)
    assert verify().ok
    [[posting]] = query("SELECT id FROM members_posting WHERE kind = 'expire'")
    late = "UPDATE members_expirynotice SET delivered_at = '2026-06-25T12:00Z'"
    plant(committed_database, late, tables=("members_expirynotice",))
    assert red() == ["I19"]
    plant(committed_database, "DELETE FROM members_expirynotice", tables=("members_expirynotice",))
    assert red() == ["I19"]
    assert faults() == [f"expired without its notice: posting {posting}"]
