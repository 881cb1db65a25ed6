"""Birthdays that become known after the day: on joining, told later, or corrected; once a year whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from members.models import Event, Member, Membership, Person
from members.selectors.explain.happening import event_in_words, explain_event
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.birth_dates import set_birth_date
from members.services.enrolment import enrol
from members.services.problems import BirthDateAhead
from programs.models import Programme
from programs.services.programmes import load
from tests.databases import CommittedDatabase
from tests.members.club import FIRST, balances

DOCUMENT = """
programme: {{key: {key}, name: Club, zone: Europe/Tallinn, currency: EUR}}
point_types: [{{key: points, name: Points}}]
policies: {{leap_birthday: {leap}}}
rules:
  - {{key: gift, title: A gift, trigger: birthday, grace_days: {grace}, effect: {{kind: fixed, points: 50}}}}
  - {{key: card, title: A card, trigger: birthday, effect: {{kind: fixed, points: 3}}}}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def programme(grace: int = 7, leap: str = "feb_28", key: str = "club") -> Programme:
    text = DOCUMENT.format(grace=grace, leap=leap, key=key)
    return load(text, now=FIRST, publish=True, effective_from=FIRST).programme


def joining(when: str, born: date | None, **terms: object) -> Membership:
    return enrol(programme=programme(**terms), number="A-1", now=at(when), birth_date=born)  # type: ignore[arg-type]


def tell(membership: Membership, born: date | None, when: str) -> None:
    set_birth_date(member=membership.member, birth_date=born, now=at(when))


def has() -> int:
    return sum(available for available, _debt in balances().values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("joined", "grace", "points"),
    [
        ("2026-05-09T12:00", 7, 0),
        ("2026-05-09T21:00", 7, 53),  # midnight in Tallinn: the birthday has begun
        ("2026-05-10T12:00", 7, 53),
        ("2026-05-10T12:00", 0, 53),
        ("2026-05-11T12:00", 0, 0),
        ("2026-05-11T12:00", 7, 50),  # a day late: only the rule with grace
        ("2026-05-17T20:59", 7, 50),
        ("2026-05-17T21:00", 7, 0),
        ("2027-05-10T12:00", 366, 53),  # one birthday, not this year's and the last one's
        ("2027-05-09T12:00", 366, 50),
    ],
)
def test_joining_after_the_birthday(joined: str, grace: int, points: int) -> None:
    joining(joined, date(1990, 5, 10), grace=grace)
    assert has() == points
    assert verify().ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "points"),
    [
        ("2026-05-10T00:30", 53),
        ("2026-05-10T20:59", 53),
        ("2026-05-10T21:00", 50),
        ("2026-05-17T20:59", 50),
        ("2026-05-17T21:00", 0),
    ],
)
def test_a_birth_date_that_becomes_known_after_the_birthday(told: str, points: int) -> None:
    anna = joining("2026-01-01T12:00", None)
    tell(anna, date(1990, 5, 10), told)
    assert has() == points
    tell(anna, date(1990, 5, 10), told)
    assert advance(anna.programme, at("2026-12-31T20:00")) == 0
    assert has() == points
    advance(anna.programme, at("2027-05-10T20:00"))
    assert has() == points + 53
    assert verify().ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("leap", "told", "points"),
    [
        ("feb_28", "2026-02-28T12:00", 53),
        ("feb_28", "2026-03-07T12:00", 50),
        ("feb_28", "2026-03-08T12:00", 0),
        ("mar_1", "2026-02-28T12:00", 0),
        ("mar_1", "2026-03-01T12:00", 53),
        ("mar_1", "2026-03-08T12:00", 50),
        ("feb_28", "2028-02-29T12:00", 53),
    ],
)
def test_who_was_born_on_29_february(leap: str, told: str, points: int) -> None:
    anna = joining("2026-01-01T12:00", None, leap=leap)
    tell(anna, date(2004, 2, 29), told)
    assert has() == points


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("corrected", "when", "points"),
    [
        (date(1990, 5, 12), "2026-05-11T12:00", 53),  # the right day is still to come
        (date(1990, 5, 9), "2026-05-11T12:00", 53),  # and was already
        (date(1990, 12, 1), "2026-06-01T12:00", 53),
        (None, "2026-06-01T12:00", 53),
    ],
)
def test_a_correction_pays_no_second_gift_in_a_year(corrected: date | None, when: str, points: int) -> None:
    anna = joining("2026-01-01T12:00", date(1990, 5, 10))
    advance(anna.programme, at("2026-05-10T12:00"))
    assert has() == 53
    tell(anna, corrected, when)
    advance(anna.programme, at("2026-12-31T20:00"))
    assert has() == points
    assert Event.objects.count() == 1
    assert verify().ok


@pytest.mark.django_db
def test_a_correction_to_a_day_that_is_still_to_come_gives_the_first_gift_then() -> None:
    anna = joining("2026-06-01T12:00", date(1990, 5, 1))
    assert has() == 0
    tell(anna, date(1990, 8, 1), "2026-06-02T12:00")
    advance(anna.programme, at("2026-08-01T12:00"))
    assert has() == 53


@pytest.mark.django_db
def test_what_was_due_by_the_old_date_has_come_before_the_correction() -> None:
    anna = joining("2026-01-01T12:00", date(1990, 5, 10))
    # Nobody looked at the membership since; the birthday was on record when it came.
    tell(anna, date(1990, 9, 10), "2026-06-01T12:00")
    assert has() == 53
    advance(anna.programme, at("2026-09-10T12:00"))
    assert has() == 53


@pytest.mark.django_db
def test_a_birthday_of_the_end_of_the_year_is_of_its_own_year() -> None:
    anna = joining("2026-06-01T12:00", None)
    tell(anna, date(1990, 12, 29), "2027-01-03T12:00")
    assert has() == 50
    assert Event.objects.get().number.startswith("birthday:2026:")
    advance(anna.programme, at("2027-12-29T12:00"))
    assert has() == 103


@pytest.mark.django_db
def test_every_programme_of_the_member_learns_of_it() -> None:
    first, second = programme(), programme(grace=0, key="other")
    anna = enrol(programme=first, number="A-1", now=at("2026-01-01T12:00"))
    enrol(programme=second, number="A-1", now=at("2026-01-01T12:00"))
    tell(anna, date(1990, 5, 10), "2026-05-12T12:00")
    assert [(each.membership.programme.key, each.payload) for each in Event.objects.all()] == [
        ("club", {"late_days": 2})
    ]
    assert has() == 50


@pytest.mark.django_db
def test_a_day_that_is_still_to_come_is_refused_and_changes_nothing() -> None:
    anna = joining("2026-01-01T12:00", date(1990, 5, 10))
    with pytest.raises(BirthDateAhead) as refused:
        tell(anna, date(2026, 6, 3), "2026-06-02T20:59")
    assert refused.value.code == "birth_date_ahead"
    assert (Person.objects.get().birth_date, has()) == (date(1990, 5, 10), 0)
    tell(anna, date(2026, 6, 3), "2026-06-02T21:00")  # in Tallinn it is the 3rd already
    assert Person.objects.get().birth_date == date(2026, 6, 3)


@pytest.mark.django_db
def test_the_page_of_the_event_says_how_late_it_was_and_whom_that_was_too_late() -> None:
    anna = joining("2026-01-01T12:00", None)
    tell(anna, date(1990, 5, 10), "2026-05-13T12:00")
    words = event_in_words(explain_event(Event.objects.get()))
    assert ("Became known", "3 days later") in words.head
    assert "the birthday became known later than it allows" in str(words.skips)


def test_two_corrections_at_once_give_one_gift(committed_database: CommittedDatabase) -> None:
    member = joining("2026-01-01T12:00", None).member_id

    def told(day: int) -> None:
        try:
            set_birth_date(
                member=Member.objects.get(pk=member),
                birth_date=date(1990, 5, 10) - timedelta(days=day % 5),
                now=at("2026-05-10T12:00"),
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(told, range(24)))
    assert Event.objects.count() == 1
    assert has() in (50, 53)
    assert verify().ok
