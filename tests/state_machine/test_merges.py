"""Two members who were one person: what goes over, and what an undone merge gives back."""

from __future__ import annotations

from datetime import date

import pytest

from tests.state_machine.club import NOON, Club, at, refused
from tests.state_machine.rows import Buckets, GivenAward
from tests.state_machine.terms import Expiry, Pending


def mark(club: Club) -> Buckets:
    return club.buckets("mark", "points")


def test_a_merged_members_documents_come_back_to_the_survivor() -> None:
    club = Club(Expiry("after", 1, "months"))
    club.earn("r1", 5, "2026-02-20T12:00")
    club.use("s1", 2, NOON)
    club.adjust("mark", "points", 4, at(NOON), at(NOON))
    club.merge("m1", "mark", "anna", at(NOON))
    club.reverse("r1", 4, at(NOON), at(NOON))
    assert mark(club) == Buckets(3, 0, 0, 0)
    club.restore("s1", 2, at(NOON), at(NOON))
    assert [(lot.remaining, lot.expires_on) for lot in club.open_lots("mark", "points")] == [
        (2, date(2026, 3, 20)),
        (3, date(2026, 4, 1)),
    ]
    assert club.anna == Buckets(0, 0, 0, 0)


@pytest.mark.parametrize(("on_timeout", "left"), [("lapse", 0), ("activate", 5)])
def test_pending_points_go_on_waiting_for_the_same(on_timeout: str, left: int) -> None:
    club = Club(pending=Pending("event", event="delivered", timeout_days=4, on_timeout=on_timeout))
    for ref, points in [("r1", 1), ("r2", 2), ("r3", 5)]:
        club.earn(ref, points, NOON)
    club.merge("m1", "mark", "anna", at(NOON))
    assert mark(club) == Buckets(0, 8, 0, 0)
    club.event("mark", "delivered", at(NOON), at(NOON), purchase="r2")
    assert mark(club) == Buckets(2, 6, 0, 0)
    club.reverse("r1", 1, at(NOON), at(NOON))
    assert mark(club) == Buckets(2, 5, 0, 0)
    club.advance(at("2026-03-05"))
    assert mark(club) == Buckets(2 + left, 0, 0, 0)


def test_points_that_wait_for_a_person_still_do() -> None:
    club = Club(pending=Pending(approval_above=10))
    club.earn("r1", 11, NOON)
    club.merge("m1", "mark", "anna", at(NOON))
    assert mark(club) == Buckets(0, 11, 0, 0)
    club.approve("r1", at(NOON))
    assert mark(club) == Buckets(11, 0, 0, 0)


def test_an_undone_merge_leaves_the_survivor_what_was_theirs() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.adjust("mark", "points", 4, at(NOON), at(NOON))
    club.merge("m1", "mark", "anna", at(NOON))
    assert mark(club) == Buckets(9, 0, 0, 0)
    club.unmerge("anna", at(NOON))
    assert (club.anna, mark(club)) == (Buckets(5, 0, 0, 0), Buckets(4, 0, 0, 0))


def test_an_undone_merge_takes_back_the_debt_that_is_left_of_its_own_only() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.use("s1", 5, NOON)
    club.reverse("r1", 4, at(NOON), at(NOON))
    club.purchase("mark", "r2", [GivenAward("r2", "points", 3)], at(NOON), at(NOON))
    club.spend("s2", "mark", "points", 3, at(NOON), at(NOON))
    club.reverse("r2", 3, at(NOON), at(NOON))
    club.merge("m1", "mark", "anna", at(NOON))
    assert club.shortages("mark", "points") == [("r2", 3), ("r1", 4)]
    club.adjust("mark", "points", 5, at(NOON), at(NOON))
    club.unmerge("anna", at(NOON))
    assert (club.anna, mark(club)) == (Buckets(0, 0, 0, 2), Buckets(0, 0, 0, 0))

    club.merge("m2", "anna", "mark", at(NOON))
    club.unmerge("mark", at(NOON))
    assert (club.anna, mark(club)) == (Buckets(0, 0, 0, 2), Buckets(0, 0, 0, 0))


def test_merges_are_undone_one_inside_the_other() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.adjust("mark", "points", 4, at(NOON), at(NOON))
    miles = GivenAward("r2", "miles", 3)
    club.purchase("anna", "r2", [miles], at(NOON), at(NOON))
    club.spend("s1", "anna", "miles", 3, at(NOON), at(NOON))
    club.reverse("r2", 2, at(NOON), at(NOON))
    club.merge("m1", "mark", "anna", at(NOON))
    club.merge("m2", "olga", "mark", at(NOON))
    assert club.buckets("olga", "points") == Buckets(9, 0, 0, 0)
    assert club.buckets("olga", "miles") == Buckets(0, 0, 0, 2)
    club.unmerge("mark", at(NOON))
    club.unmerge("anna", at(NOON))
    assert (club.anna, mark(club)) == (Buckets(5, 0, 0, 0), Buckets(4, 0, 0, 0))
    assert club.buckets("anna", "miles") == Buckets(0, 0, 0, 2)
    assert club.buckets("olga", "points") == Buckets(0, 0, 0, 0)


def test_an_open_hold_of_either_keeps_them_apart() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.hold("h1", "anna", "points", 1, at("2026-04-01"), at(NOON), at(NOON))
    refused(club, "hold_open", lambda: club.merge("m1", "mark", "anna", at(NOON)))
    refused(club, "hold_open", lambda: club.merge("m1", "anna", "mark", at(NOON)))
