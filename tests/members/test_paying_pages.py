"""What staff see of bills that points paid, of what points are worth, and of notices before expiry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loyalty.core import clock
from loyalty.core.models import User
from members.models import Membership
from members.models.ledger import Lot
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.paying import Bill, pay
from members.services.redemptions import roll_back
from programs.models import PointType, Programme
from programs.services.programmes import load
from tests.members.club import member, operator
from tests.members.test_admin import change, client_of, shown

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CLUB = """
programme: {key: club, name: {en: Club}, zone: Europe/Tallinn, currency: EUR}
point_types:
  - key: points
    name: {en: Points}
    unit: {en: {one: point, other: points}}
    expiry: {kind: after, days: 30, notice_days: 10}
    money: {points: 10, amount: "0.10", lowest: 50, share: 50}
  - {key: stars, name: {en: Stars}}
"""


@pytest.fixture(autouse=True)
def june() -> Iterator[None]:
    with clock.at(START + 10 * DAY):
        yield


@pytest.fixture
def boss(db: None) -> Client:
    return client_of(User.objects.create_superuser("boss@example.com", name="Bea"))


@pytest.fixture
def anna(boss: Client) -> Membership:
    membership = member(club())
    adjust(membership=membership, points=1_245, reason="A gift", now=START)
    adjust(membership=membership, points=9, reason="A gift", now=START, point_type="stars")
    return membership


def club() -> Programme:
    return load(CLUB, now=START, publish=True, effective_from=START).programme


def test_the_balance_says_what_it_is_worth(boss: Client, anna: Membership) -> None:
    text = shown(boss, change(anna))
    # 124 whole blocks of ten points; stars pay no bills.
    assert "1,245 points worth €12.40 at the till" in text, text
    assert text.count("at the till") == 1


def test_payments_and_their_undoing_are_told(boss: Client, anna: Membership) -> None:
    club_partner = operator()
    pay(membership=anna, bill=Bill(1_250), partner=club_partner, reference="p1", now=START + DAY)
    roll_back(
        membership=anna,
        partner=club_partner,
        reference="p1",
        reason="The order was cancelled",
        now=START + 2 * DAY,
    )
    text = shown(boss, change(anna))
    for words in (
        "Paid €6.20 of a bill of €12.50 (p1) −620 points",
        "Redemption undone, points given back (p1): The order was cancelled +620 points",
    ):
        assert words in text, (words, text)


def test_notices_are_due_and_then_given(boss: Client, anna: Membership) -> None:
    text = shown(boss, change(anna))
    assert "1 Jul 2026; notice due on 22 Jun 2026, nothing expires without it" in text, text
    assert "Notices before expiry" not in text
    advance(anna.programme, START + 24 * DAY)
    text = shown(boss, change(anna))
    # Three days late: so the points last three days longer.
    assert "4 Jul 2026; notice given on 25 Jun 2026" in text, text
    assert "Notices before expiry" in text
    assert "25 Jun 2026, 12:00 1,245 points 1 Jul 2026" in text, text
    lot = Lot.objects.get(account__point_type__key="points")
    assert "4 Jul 2026; notice given on 25 Jun 2026" in shown(boss, change(lot))


def test_the_page_of_a_point_type_says_what_it_pays(boss: Client, anna: Membership) -> None:
    page = reverse("admin:programs_pointtype_change", args=[PointType.objects.get(key="points").pk])
    text = shown(boss, page)
    assert (
        "Paying bills 10 points pay 0.10 EUR; at least 50 points at a time; at most 50% of a bill" in text
    ), text
