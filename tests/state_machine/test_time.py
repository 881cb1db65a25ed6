"""When points become usable and when they go, each date worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.state_machine.club import NOON, Club, at, refused
from tests.state_machine.days import beginning
from tests.state_machine.rows import Buckets, GivenAward
from tests.state_machine.terms import Expiry, Pending, PointType, Policies, last_day


# --- dates ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("expiry", "start", "expected"),
    [
        (Expiry("after", 30, "days"), "2026-01-10", "2026-02-09"),
        (Expiry("after", 1, "months"), "2026-01-31", "2026-02-28"),
        (Expiry("after", 12, "months"), "2027-02-28", "2028-02-28"),
        (Expiry("after", 1, "years"), "2028-02-29", "2029-02-28"),
        (Expiry("after", 1, "months", "month"), "2026-01-31", "2026-02-28"),
        (Expiry("after", 1, "months", "quarter"), "2026-03-05", "2026-06-30"),
        (Expiry("after", 1, "months", "year"), "2026-12-05", "2027-12-31"),
        (Expiry("activity", 10, "days"), "2026-01-10", "2026-01-20"),
        (Expiry("fixed", dates=((3, 31), (9, 30))), "2026-03-31", "2026-03-31"),
        (Expiry("fixed", dates=((3, 31), (9, 30)), least_days=10), "2026-03-21", "2026-03-31"),
        (Expiry("fixed", dates=((3, 31), (9, 30)), least_days=10), "2026-03-22", "2026-09-30"),
        (Expiry("fixed", dates=((2, 29),)), "2026-01-01", "2026-02-28"),
        (Expiry("fixed", dates=((2, 29),)), "2027-03-01", "2028-02-29"),
    ],
)
def test_last_usable_days(expiry: Expiry, start: str, expected: str) -> None:
    day = date.fromisoformat(expected)
    assert last_day(expiry, date.fromisoformat(start), Policies()) == day
    first_expired = Policies(expiry_day="first_expired")
    assert last_day(expiry, date.fromisoformat(start), first_expired) == max(
        day - timedelta(days=1), date.fromisoformat(start)
    )


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Europe/Tallinn", "2026-03-30", "2026-03-29T21:00+00:00"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00+00:00"),  # midnight does not exist
        ("America/Havana", "2026-11-01", "2026-11-01T04:00+00:00"),  # midnight comes twice
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, day: str, expected: str) -> None:
    assert beginning(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(expected)


def test_points_go_at_the_midnight_after_their_last_usable_day() -> None:
    club = Club(Expiry("after", 10, "days"))
    club.earn("r1", 5, "2026-03-20T23:30")
    assert club.dates == [(5, "2026-03-30")]
    assert club.next_due() == at("2026-03-31")
    assert club.at_midnight_of("2026-03-31") == (Buckets(5, 0, 0, 0), Buckets(0, 0, 0, 0))


def test_points_go_on_the_day_itself_where_it_is_the_first_expired_one() -> None:
    club = Club(Expiry("after", 10, "days"), policies=Policies(expiry_day="first_expired"))
    club.earn("r1", 5, "2026-03-20T23:30")
    assert club.dates == [(5, "2026-03-29")]
    assert club.at_midnight_of("2026-03-30") == (Buckets(5, 0, 0, 0), Buckets(0, 0, 0, 0))


def test_a_late_document_past_its_date_is_earned_and_expired_in_one_operation() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("days", 3))
    assert club.earn("r1", 5, "2026-02-01T12:00", now=NOON) == {"earn": 5, "activate": 5, "expire": 5}
    assert [row.occurred_at for row in club.journal] == [
        at("2026-02-01T12:00"),
        at("2026-02-04"),
        at("2026-02-15"),
    ]
    assert {row.recorded_at for row in club.journal} == {at(NOON)}


def test_a_late_credit_pays_debt_before_it_expires() -> None:
    club = Club(Expiry("after", 10, "days"))
    club.earn("r1", 5, NOON)
    club.use("s1", 5, NOON)
    club.reverse("r1", 3, at(NOON), at(NOON))
    assert club.earn("r2", 5, "2026-02-01T12:00", now=NOON) == {"earn": 5, "debt_repay": 3, "expire": 2}


def test_activity_moves_the_date_of_sliding_points() -> None:
    club = Club(Expiry("activity", 10, "days", activities=("earn", "spend")))
    club.earn("r1", 5, "2026-03-01T12:00")
    club.use("s1", 1, "2026-03-08T12:00")
    assert club.dates == [(4, "2026-03-18")]
    club.purchase("anna", "r2", [], at("2026-03-09T12:00"), at("2026-03-09T12:00"))
    club.adjust("anna", "points", 1, at("2026-03-09T12:00"), at("2026-03-09T12:00"))
    assert club.dates == [(4, "2026-03-18"), (1, "2026-03-19")]
    club.earn("r3", 2, "2026-03-02T12:00", now="2026-03-10T12:00")
    assert club.dates == [(4, "2026-03-18"), (2, "2026-03-18"), (1, "2026-03-19")]
    assert club.at_midnight_of("2026-03-19") == (Buckets(7, 0, 0, 0), Buckets(1, 0, 0, 0))


@pytest.mark.parametrize("activity", ["purchase", "event", "transfer", "spend", "earn"])
def test_only_the_chosen_activities_count(activity: str) -> None:
    club = Club(Expiry("activity", 10, "days", activities=(activity,)), transferable=True)
    club.adjust("anna", "points", 9, at(NOON), at(NOON))
    club.adjust("mark", "points", 9, at(NOON), at(NOON))
    moved = {}
    names = ["purchase", "event", "hold", "spend", "capture", "earn", "transfer"]
    for day, name in enumerate(names, start=2):
        now = at(f"2026-03-0{day}T12:00")
        before = club.expires_on(club.account("anna", "points").lots[0])
        match name:
            case "purchase":
                club.purchase("anna", "r0", [], now, now)
            case "event":
                club.event("anna", "visit", now, now)
            case "hold":
                club.hold("h1", "anna", "points", 2, at("2026-04-01"), now, now)
            case "spend":
                club.spend("s1", "anna", "points", 1, now, now)
            case "capture":
                club.capture("c1", "h1", now, now)
            case "earn":
                club.event("anna", "visit", now, now, awards=[GivenAward("e1", "points", 1)])
            case _:
                club.transfer("mark", "anna", "points", 1, now, now)
        moved[name] = club.expires_on(club.account("anna", "points").lots[0]) != before
    named = {name for name, did in moved.items() if did}
    also = {"event": {"earn"}, "spend": {"capture"}}  # points earned by an event; captured points are spent
    assert named == {activity} | also.get(activity, set())


def test_expiry_that_is_switched_on_leaves_one_full_period() -> None:
    club = Club()
    club.earn("r1", 5, "2026-01-10T10:00")
    club.earn("r2", 6, "2026-01-10T10:00", expiry=Expiry())
    club.earn("r3", 7, "2026-02-28T10:00", pending=Pending("days", 5))
    club.earn("r4", 8, "2026-02-28T10:00", expiry=Expiry("after", 1, "years"))
    club.revise(PointType("points", Expiry("after", 10, "days")), at(NOON))
    assert club.dates == [(5, "2026-03-11"), (8, "2027-02-28"), (6, None), (7, None)]
    club.advance(at("2026-03-05"))
    assert club.dates == [(5, "2026-03-11"), (7, "2026-03-15"), (8, "2027-02-28"), (6, None)]
    club.earn("r5", 1, "2026-01-02T10:00", now="2026-03-06T10:00")
    assert club.dates[0] == (1, "2026-03-11")


def test_expiry_that_is_switched_on_may_slide_and_ask_for_a_notice() -> None:
    club = Club()
    club.earn("r1", 5, "2026-01-10T10:00")
    sliding = Expiry("activity", 10, "days", activities=("spend",), notice_days=5)
    club.revise(PointType("points", sliding), at(NOON))
    assert club.dates == [(5, "2026-03-11")]
    club.use("s1", 1, "2026-03-08T12:00")
    assert club.dates == [(4, "2026-03-18")]
    club.advance(at("2026-04-01"))
    assert club.anna == Buckets(4, 0, 0, 0)


def test_points_that_come_late_have_a_full_period_since_expiry_was_first_there() -> None:
    club = Club()
    club.revise(PointType("points", Expiry("after", 10, "days")), at("2026-03-01T12:00"))
    club.revise(PointType("points", Expiry("after", 30, "days")), at("2026-03-05T12:00"))
    club.earn("r1", 5, "2026-01-10T10:00", now="2026-03-06T12:00")
    assert club.dates == [(5, "2026-03-11")]  # as if they had come in time


def test_points_with_a_date_keep_it_whatever_later_revisions_say() -> None:
    club = Club(Expiry("after", 10, "days"))
    club.earn("r1", 5, "2026-02-25T10:00")
    club.revise(PointType("points", Expiry("activity", 90, "days", activities=("earn",))), at(NOON))
    club.earn("r2", 6, NOON)
    assert club.dates == [(5, "2026-03-07"), (6, "2026-05-30")]
    club.revise(PointType("points"), at("2026-03-02"))
    assert club.dates == [(5, "2026-03-07"), (6, "2026-05-30")]


def test_without_a_notice_nothing_expires() -> None:
    club = Club(Expiry("after", 10, "days", notice_days=5))
    club.earn("r1", 5, NOON)
    club.advance(at("2026-04-01"))
    assert club.anna == Buckets(5, 0, 0, 0)
    club.notice("anna", "points", date(2026, 3, 12), at("2026-04-01"))  # of another day
    assert club.next_due() is None
    club.notice("anna", "points", date(2026, 3, 11), at("2026-04-01T18:00"))
    club.notice("anna", "points", date(2026, 3, 11), at("2026-04-03T18:00"))  # only the first one counts
    assert club.at_midnight_of("2026-04-06") == (Buckets(5, 0, 0, 0), Buckets(0, 0, 0, 0))


@pytest.mark.parametrize(("told", "gone"), [("2026-03-07", "2026-03-12"), ("2026-03-08", "2026-03-13")])
def test_a_notice_in_time_does_not_delay_expiry(told: str, gone: str) -> None:
    club = Club(Expiry("after", 10, "days", notice_days=5))
    club.earn("r1", 5, NOON)
    club.notice("anna", "points", date(2026, 3, 11), at(f"{told}T18:00"))
    assert club.at_midnight_of(gone) == (Buckets(5, 0, 0, 0), Buckets(0, 0, 0, 0))


# --- pending --------------------------------------------------------------------------------------
def test_pending_points_become_usable_at_the_beginning_of_a_day() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("days", 3))
    club.earn("r1", 5, NOON)
    assert club.at_midnight_of("2026-03-04") == (Buckets(0, 5, 0, 0), Buckets(5, 0, 0, 0))
    assert club.dates == [(5, "2026-03-14")]


def test_expiry_may_count_from_earning() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("days", 3), Policies(expiry_from="earning"))
    club.earn("r1", 5, NOON)
    assert club.dates == [(5, "2026-03-11")]
    club.advance(at("2026-03-04"))
    assert club.dates == [(5, "2026-03-11")]


def test_pending_points_do_not_expire_but_go_when_they_become_usable_past_their_date() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("days", 20), Policies(expiry_from="earning"))
    club.earn("r1", 5, NOON)
    assert club.at_midnight_of("2026-03-21") == (Buckets(0, 5, 0, 0), Buckets(0, 0, 0, 0))
    assert [row.kind for row in club.journal] == ["earn", "activate", "expire"]
    assert club.journal[-1].occurred_at == at("2026-03-21")


def test_points_from_a_day_on() -> None:
    club = Club(pending=Pending("date", on=date(2026, 3, 10)))
    club.earn("r1", 5, NOON)
    assert club.at_midnight_of("2026-03-10") == (Buckets(0, 5, 0, 0), Buckets(5, 0, 0, 0))
    assert club.earn("r2", 5, "2026-03-10T10:00") == {"earn": 5}
    assert club.anna == Buckets(10, 0, 0, 0)


def test_an_event_frees_the_points_of_its_receipt_or_all_that_wait() -> None:
    club = Club(pending=Pending("event", event="delivered"))
    for ref, points in [("r1", 1), ("r2", 2), ("r3", 4)]:
        club.earn(ref, points, NOON)
    club.event("anna", "paid", at(NOON), at(NOON))
    club.event("mark", "delivered", at(NOON), at(NOON))
    assert club.anna == Buckets(0, 7, 0, 0)
    club.event("anna", "delivered", at(NOON), at(NOON), purchase="r2")
    assert club.anna == Buckets(2, 5, 0, 0)
    later = at("2026-03-02T12:00")
    club.event("anna", "delivered", at("2026-02-28T12:00"), later)  # before these were earned
    assert club.anna == Buckets(2, 5, 0, 0)
    posted = club.event("anna", "delivered", later, later, awards=[GivenAward("e1", "points", 8)])
    assert [(row.kind, row.points) for row in posted] == [("activate", 1), ("activate", 4), ("earn", 8)]
    assert club.anna == Buckets(7, 8, 0, 0)


def test_points_cannot_be_used_before_they_were_earned() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("event", event="delivered"))
    club.earn("r1", 1, NOON)
    club.event("anna", "delivered", at("2026-02-20"), at("2026-03-02"), purchase="r1")
    assert club.journal[-1].occurred_at == at(NOON)
    club.earn("r2", 1, NOON, now="2026-03-02")
    club.event("anna", "delivered", at("2026-03-04"), at("2026-03-06"))
    assert club.dates == [(1, "2026-03-11"), (1, "2026-03-14")]


@pytest.mark.parametrize(("on_timeout", "left"), [("lapse", 0), ("activate", 5)])
def test_an_event_that_does_not_come(on_timeout: str, left: int) -> None:
    club = Club(pending=Pending("event", event="delivered", timeout_days=4, on_timeout=on_timeout))
    club.earn("r1", 5, NOON)
    assert club.at_midnight_of("2026-03-05") == (Buckets(0, 5, 0, 0), Buckets(left, 0, 0, 0))
    club.event("anna", "delivered", at("2026-03-04T10:00"), at("2026-03-06"))
    assert club.anna == Buckets(left, 0, 0, 0)
    assert club.totals("points")["forfeited"] == 5 - left


def test_an_award_above_a_threshold_waits_for_a_person() -> None:
    club = Club(Expiry("after", 10, "days"), Pending(approval_above=100))
    for ref, points in [("r1", 100), ("r2", 101), ("r3", 102)]:
        club.earn(ref, points, NOON)
    assert club.anna == Buckets(100, 203, 0, 0)
    club.approve("r2", at("2026-03-04T12:00"))
    assert club.dates == [(100, "2026-03-11"), (101, "2026-03-14"), (102, None)]
    club.refuse("r3", at("2026-03-04T12:00"))
    assert club.anna == Buckets(201, 0, 0, 0)
    assert club.totals("points")["forfeited"] == 102
    club.earn("r4", 1, "2026-03-04T12:00", pending=Pending("days", 3))
    for ref in ("r1", "r2", "r3", "r4"):
        refused(club, "not_waiting", lambda ref=ref: club.approve(ref, at("2026-03-04T12:00")))


def test_a_person_decides_instead_of_the_day() -> None:
    club = Club(pending=Pending("days", 5, approval_above=100))
    club.earn("r1", 101, NOON)
    club.earn("r2", 102, NOON)
    club.approve("r1", at("2026-03-02T12:00"))
    assert club.anna == Buckets(101, 102, 0, 0)
    assert club.at_midnight_of("2026-03-06") == (Buckets(101, 102, 0, 0), Buckets(101, 102, 0, 0))
    club.approve("r2", at("2026-03-07T12:00"))
    assert club.anna == Buckets(203, 0, 0, 0)
