"""How points move, each figure worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.state_machine.club import NOON, Club, at, refused
from tests.state_machine.rows import Buckets, GivenAward, OpeningRow
from tests.state_machine.terms import Conversion, Expiry, Pending, PointType, Policies


# --- spending -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("order", "left"),
    [
        ("soonest", [(2, "2027-01-01"), (3, "2027-01-01"), (4, None)]),
        ("oldest", [(1, "2026-06-01"), (2, "2027-01-01"), (3, "2027-01-01")]),
        ("newest", [(1, "2026-06-01"), (2, "2027-01-01"), (4, None)]),
    ],
)
def test_spending_orders(order: str, left: list[tuple[int, str | None]]) -> None:
    club = Club(policies=Policies(spending_order=order))
    rows = [
        OpeningRow(4, at("2025-01-01"), None),
        OpeningRow(2, at("2025-02-01"), date(2027, 1, 1)),
        OpeningRow(1, at("2025-03-01"), date(2026, 6, 1)),
        OpeningRow(3, at("2025-04-01"), date(2027, 1, 1)),
    ]
    club.opening("anna", "points", rows, at(NOON), at(NOON))
    club.use("s1", club.open_lots("anna", "points")[0].remaining, NOON)
    assert sorted(club.dates) == left


def test_lots_that_are_equal_are_spent_by_age_of_record() -> None:
    club = Club()
    club.earn("r1", 1, NOON)
    club.earn("r2", 2, NOON)
    club.use("s1", 2, NOON)
    assert club.dates == [(1, None)]
    assert club.journal[-1].lots == ((1, 1), (2, 1))


def test_too_much_is_refused_with_the_possible_amount_or_clamped() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    refused(club, "insufficient_points", lambda: club.use("s1", 6, NOON), possible=5)
    clamping = Club(policies=Policies(overspending="clamp"))
    clamping.earn("r1", 5, NOON)
    clamping.use("s1", 6, NOON)
    assert clamping.totals("points")["redeemed"] == 5
    assert clamping.version("anna", "points") == 2
    for act in (
        lambda: clamping.use("s2", 6, NOON),
        lambda: clamping.hold("h1", "anna", "points", 1, at("2027-01-01"), at(NOON), at(NOON)),
        lambda: clamping.adjust("anna", "points", -1, at(NOON), at(NOON)),
    ):
        refused(clamping, "insufficient_points", act, possible=0)


def test_points_that_only_count_cannot_be_spent_or_held() -> None:
    club = Club(spendable=False)
    club.earn("r1", 5, NOON)
    refused(club, "not_spendable", lambda: club.use("s1", 1, NOON))
    refused(
        club,
        "not_spendable",
        lambda: club.hold("h1", "anna", "points", 1, at("2027-01-01"), at(NOON), at(NOON)),
    )
    club.adjust("anna", "points", -1, at(NOON), at(NOON))
    assert club.anna == Buckets(4, 0, 0, 0)


# --- holds ----------------------------------------------------------------------------------------
def holding(points: int = 5, until: str = "2026-03-05T10:00") -> Club:
    club = Club(Expiry("after", 10, "days"))
    club.earn("r1", 8, NOON)
    club.hold("h1", "anna", "points", points, at(until), at(NOON), at(NOON))
    return club


def test_a_hold_times_out() -> None:
    club = holding()
    club.advance(at("2026-03-05T10:00") - timedelta(seconds=1))
    assert club.anna == Buckets(3, 0, 5, 0)
    club.advance(at("2026-03-05T10:00"))
    assert club.anna == Buckets(8, 0, 0, 0)
    now = at("2026-03-05T10:00")
    refused(club, "hold_closed", lambda: club.capture("c1", "h1", now, now))
    refused(club, "hold_closed", lambda: club.release("h1", now, now))


def test_a_capture_is_of_the_whole_or_a_part_and_never_more() -> None:
    club = holding()
    refused(club, "hold_too_small", lambda: club.capture("c1", "h1", at(NOON), at(NOON), 6), possible=5)
    club.capture("c1", "h1", at(NOON), at(NOON), 2)
    assert club.open_holds("anna", "points") == {"h1": 3}
    refused(club, "hold_too_small", lambda: club.capture("c2", "h1", at(NOON), at(NOON), 4), possible=3)
    club.capture("c2", "h1", at(NOON), at(NOON))
    assert club.open_holds("anna", "points") == {}
    refused(club, "hold_closed", lambda: club.capture("c3", "h1", at(NOON), at(NOON)))
    assert club.anna == Buckets(3, 0, 0, 0)


def test_held_points_do_not_expire_and_can_be_captured_past_their_date() -> None:
    club = holding(until="2026-06-01")
    assert club.at_midnight_of("2026-03-12") == (Buckets(3, 0, 5, 0), Buckets(0, 0, 5, 0))
    now = at("2026-04-01T10:00")
    club.capture("c1", "h1", now, now, 2)
    released = club.release("h1", now, now)
    assert [(row.kind, row.points) for row in released] == [("release", 3), ("expire", 3)]
    assert released[1].occurred_at == now
    assert club.anna == Buckets(0, 0, 0, 0)


def test_a_hold_that_times_out_at_the_midnight_of_expiry_comes_back_first() -> None:
    club = holding(until="2026-03-12")
    club.advance(at("2026-03-13"))
    assert [(row.kind, row.points) for row in club.journal[2:]] == [("release", 5), ("expire", 8)]


def test_a_released_hold_pays_debt() -> None:
    club = holding()
    club.reverse("r1", 8, at(NOON), at(NOON))
    assert club.anna == Buckets(0, 0, 5, 5)
    club.release("h1", at(NOON), at(NOON))
    assert club.anna == Buckets(0, 0, 0, 0)


# --- giving back ----------------------------------------------------------------------------------
def test_a_return_takes_its_own_lot_first_then_others_in_spending_order() -> None:
    club = Club()
    club.earn("r1", 5, NOON, expiry=Expiry("after", 1, "months"))
    club.earn("r2", 5, NOON, expiry=Expiry("after", 2, "months"))
    club.earn("r3", 5, NOON, expiry=Expiry("after", 3, "months"))
    club.adjust("anna", "points", -7, at(NOON), at(NOON))
    assert [lot for lot, _day in club.dates] == [3, 5]
    club.reverse("r3", 4, at(NOON), at(NOON))
    assert [lot for lot, _day in club.dates] == [3, 1]
    club.reverse("r1", 2, at(NOON), at(NOON))
    assert [lot for lot, _day in club.dates] == [1, 1]
    refused(club, "more_than_earned", lambda: club.reverse("r1", 4, at(NOON), at(NOON)), possible=3)


def test_pending_points_of_the_own_lot_go_before_usable_ones() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.earn("r2", 5, NOON, pending=Pending("days", 3))
    club.reverse("r2", 3, at(NOON), at(NOON))
    assert club.anna == Buckets(5, 2, 0, 0)
    club.earn("r3", 5, NOON, pending=Pending("days", 3))
    club.use("s1", 4, NOON)
    club.reverse("r1", 3, at(NOON), at(NOON))
    assert club.anna == Buckets(0, 7, 0, 2)
    club.advance(at("2026-03-04"))
    assert club.anna == Buckets(5, 0, 0, 0)
    assert [row.points for row in club.journal if row.kind == "debt_repay"] == [2]


def test_what_is_not_there_may_be_left() -> None:
    club = Club(policies=Policies(spent_points="clamp"))
    club.earn("r1", 5, NOON)
    club.use("s1", 4, NOON)
    posted = club.reverse("r1", 3, at(NOON), at(NOON))
    assert posted.points("reverse") == 1
    assert club.anna == Buckets(0, 0, 0, 0)
    refused(club, "more_than_earned", lambda: club.reverse("r1", 3, at(NOON), at(NOON)), possible=2)
    assert club.reverse("r1", 2, at(NOON), at(NOON)) == []


def test_the_oldest_debt_is_paid_first() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.earn("r2", 5, NOON)
    club.use("s1", 10, NOON)
    club.reverse("r2", 4, at(NOON), at(NOON))
    club.reverse("r1", 3, at(NOON), at(NOON))
    assert club.shortages("anna", "points") == [("r2", 4), ("r1", 3)]
    club.adjust("anna", "points", 5, at(NOON), at(NOON))
    assert club.shortages("anna", "points") == [("r1", 2)]
    assert club.anna == Buckets(0, 0, 0, 2)


def test_restored_points_go_back_to_their_lots_the_last_drawn_first() -> None:
    club = Club(Expiry("after", 10, "days"))
    club.earn("r1", 3, "2026-03-01T12:00")
    club.earn("r2", 3, "2026-03-03T12:00")
    club.use("s1", 5, "2026-03-04T12:00")
    now = at("2026-03-05T12:00")
    club.restore("s1", 3, now, now)
    assert club.dates == [(1, "2026-03-11"), (3, "2026-03-13")]
    refused(club, "more_than_spent", lambda: club.restore("s1", 3, now, now), possible=2)
    now = at("2026-03-12T12:00")
    posted = club.restore("s1", 2, now, now)
    assert [(row.kind, row.points, row.occurred_at) for row in posted] == [
        ("restore", 2, now),
        ("expire", 2, now),
    ]
    assert club.totals("points") == {
        "issued": 6, "reversed": 0, "redeemed": 0, "expired": 3, "forfeited": 0, "adjusted": 0, "opened": 0,
        "converted": 0, "outstanding": 3,
    }  # fmt: skip


def test_restored_points_may_be_new_ones() -> None:
    club = Club(Expiry("after", 10, "days"), policies=Policies(restored_points="new"))
    club.earn("r1", 3, NOON)
    club.use("s1", 3, NOON)
    now = at("2026-03-20T12:00")
    club.restore("s1", 2, now, now)
    assert club.dates == [(2, "2026-03-30")]


def test_a_restore_pays_debt() -> None:
    club = Club()
    club.earn("r1", 5, NOON)
    club.use("s1", 5, NOON)
    club.reverse("r1", 2, at(NOON), at(NOON))
    club.restore("s1", 3, at(NOON), at(NOON))
    assert club.anna == Buckets(1, 0, 0, 0)


# --- staff, members and types ---------------------------------------------------------------------
def test_corrections_up_and_down() -> None:
    club = Club(Expiry("after", 10, "days"), Pending("days", 3))
    club.adjust("anna", "points", 5, at(NOON), at(NOON))
    assert club.dates == [(5, "2026-03-11")]
    club.adjust("anna", "points", -2, at(NOON), at(NOON))
    assert club.anna == Buckets(3, 0, 0, 0)
    assert club.totals("points")["adjusted"] == 3
    refused(
        club, "insufficient_points", lambda: club.adjust("anna", "points", -4, at(NOON), at(NOON)), possible=3
    )


def test_an_opening_balance_needs_an_account_with_nothing_else() -> None:
    club = Club(Expiry("after", 10, "days"))
    rows = [OpeningRow(5, at("2025-01-01"), date(2026, 2, 28)), OpeningRow(6, at("2025-01-01"))]
    club.adjust("anna", "miles", 1, at("2026-01-02"), at("2026-01-02"))
    posted = club.opening("anna", "points", rows, at("2026-01-05"), at("2026-01-05"))
    assert posted.points("opening") == 11
    assert club.dates == [(5, "2026-02-28")]  # the others would have ended long ago
    club.opening("olga", "points", rows[:1], at("2026-01-05"), at("2026-01-05"))
    club.opening("olga", "points", rows[:1], at("2026-01-05"), at("2026-01-05"))
    assert club.buckets("olga", "points") == Buckets(10, 0, 0, 0)
    posted = club.opening("mark", "points", rows, at(NOON), at(NOON))
    assert (posted.points("opening"), posted.points("expire")) == (11, 11)
    for member in ("anna", "mark"):
        refused(
            club,
            "opening_not_first",
            lambda member=member: club.opening(member, "points", rows, at(NOON), at(NOON)),
        )
    assert club.totals("points")["opened"] == 32


def test_points_of_an_opening_balance_wait_for_the_notice_that_the_programme_demands() -> None:
    club = Club(Expiry("after", 10, "days", notice_days=5))
    rows = [OpeningRow(5, at("2025-01-01"), date(2026, 2, 28))]
    club.opening("anna", "points", rows, at(NOON), at(NOON))
    assert club.dates == [(5, "2026-02-28")]
    club.notice("anna", "points", date(2026, 2, 28), at(NOON))
    assert club.next_due() == at("2026-03-06")


def test_an_opening_row_without_a_date_waits_for_expiry_to_be_switched_on() -> None:
    club = Club()
    club.opening("anna", "points", [OpeningRow(6, at("2025-01-01"))], at("2026-01-05"), at("2026-01-05"))
    assert club.dates == [(6, None)]
    club.revise(PointType("points", Expiry("after", 10, "days")), at(NOON))
    assert club.dates == [(6, "2026-03-11")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("original", [(3, "2026-03-11"), (2, "2027-03-01"), (1, "2026-03-14")]),
        ("new", [(3, "2026-03-15"), (2, "2026-03-15"), (1, "2026-03-15")]),
    ],
)
def test_transferred_points_keep_their_date_or_begin_anew(
    policy: str, expected: list[tuple[int, str]]
) -> None:
    club = Club(Expiry("after", 10, "days"), policies=Policies(transferred_expiry=policy), transferable=True)
    club.earn("r1", 3, NOON)
    club.earn("r2", 2, NOON, expiry=Expiry("after", 1, "years"))
    club.earn("r3", 1, "2026-03-04T12:00")
    now = at("2026-03-05T12:00")
    club.transfer("anna", "mark", "points", 6, now, now)
    lots = club.open_lots("mark", "points")
    assert {(lot.remaining, lot.expires_on.isoformat()) for lot in lots if lot.expires_on} == set(expected)
    assert [lot.earned_at for lot in lots if lot.remaining == 3] == [at(NOON)]
    assert club.anna == Buckets(0, 0, 0, 0)


def test_the_date_that_activity_gave_goes_along_and_the_takers_activity_moves_it() -> None:
    sliding = Expiry("activity", 10, "days", activities=("spend",))
    club = Club(sliding, transferable=True)
    club.earn("r1", 5, NOON)
    club.use("s1", 1, "2026-03-08T12:00")
    now = at("2026-03-09T12:00")
    club.transfer("anna", "mark", "points", 4, now, now)
    (lot,) = club.open_lots("mark", "points")
    assert lot.expires_on == date(2026, 3, 18)
    now = at("2026-03-10T12:00")
    club.spend("s2", "mark", "points", 1, now, now)
    (lot,) = club.open_lots("mark", "points")
    assert lot.expires_on == date(2026, 3, 20)


def test_transferred_points_without_an_end_get_one_when_expiry_is_switched_on() -> None:
    club = Club(transferable=True)
    club.earn("r1", 5, NOON)
    club.earn("r2", 6, NOON, expiry=Expiry())
    club.transfer("anna", "mark", "points", 11, at(NOON), at(NOON))
    club.revise(PointType("points", Expiry("after", 10, "days")), at("2026-03-02T12:00"))
    lots = club.open_lots("mark", "points")
    assert [(lot.remaining, lot.expires_on) for lot in lots] == [(5, date(2026, 3, 12)), (6, None)]


def test_a_transfer_pays_the_takers_debt() -> None:
    club = Club(transferable=True)
    club.earn("r1", 5, NOON)
    club.use("s1", 5, NOON)
    club.reverse("r1", 3, at(NOON), at(NOON))
    club.adjust("mark", "points", 4, at(NOON), at(NOON))
    club.transfer("mark", "anna", "points", 4, at(NOON), at(NOON))
    assert club.anna == Buckets(1, 0, 0, 0)
    assert club.buckets("mark", "points") == Buckets(0, 0, 0, 0)


def test_transfers_that_are_refused() -> None:
    club = Club(transferable=True)
    club.earn("r1", 5, NOON)
    club.adjust("anna", "miles", 5, at(NOON), at(NOON))
    refused(club, "not_transferable", lambda: club.transfer("anna", "mark", "miles", 1, at(NOON), at(NOON)))
    refused(club, "same_member", lambda: club.transfer("anna", "anna", "points", 1, at(NOON), at(NOON)))
    refused(
        club,
        "insufficient_points",
        lambda: club.transfer("anna", "mark", "points", 6, at(NOON), at(NOON)),
        possible=5,
    )


def test_points_become_points_of_another_type() -> None:
    club = Club(conversions=(Conversion("miles", take=3, give=2, smallest=6),))
    club.earn("r1", 20, NOON)
    club.convert("anna", "points", "miles", 9, at(NOON), at(NOON))
    assert club.anna == Buckets(11, 0, 0, 0)
    (lot,) = club.open_lots("anna", "miles")
    assert (lot.remaining, lot.expires_on) == (6, date(2026, 3, 11))
    assert (club.totals("points")["converted"], club.totals("miles")["converted"]) == (-9, 6)

    def convert(points: int, target: str = "miles") -> None:
        club.convert("anna", "points", target, points, at(NOON), at(NOON))

    refused(club, "not_convertible", lambda: convert(6, "points"))
    refused(club, "conversion_too_small", lambda: convert(3))
    refused(club, "conversion_not_whole", lambda: convert(7))
    refused(club, "insufficient_points", lambda: convert(12), possible=11)
    convert(6)
    assert club.anna == Buckets(5, 0, 0, 0)


def test_converted_points_pay_debt() -> None:
    club = Club(conversions=(Conversion("miles", take=1, give=2),))
    club.purchase("anna", "r1", [GivenAward("r1", "miles", 5)], at(NOON), at(NOON))
    club.spend("s1", "anna", "miles", 5, at(NOON), at(NOON))
    club.reverse("r1", 5, at(NOON), at(NOON))
    club.earn("r2", 3, NOON)
    club.convert("anna", "points", "miles", 3, at(NOON), at(NOON))
    assert club.buckets("anna", "miles") == Buckets(1, 0, 0, 0)


def test_forfeiting_some_or_all() -> None:
    club = Club()
    club.earn("r1", 9, NOON)
    club.earn("r2", 4, NOON, pending=Pending("days", 3))
    club.hold("h1", "anna", "points", 2, at("2027-01-01"), at(NOON), at(NOON))
    club.forfeit("anna", "points", at(NOON), 3)
    assert club.anna == Buckets(4, 4, 2, 0)
    refused(club, "insufficient_points", lambda: club.forfeit("anna", "points", at(NOON), 5), possible=4)
    club.forfeit("anna", "points", at(NOON))
    assert club.anna == Buckets(0, 0, 2, 0)
    assert club.totals("points")["forfeited"] == 11
    assert club.forfeit("anna", "points", at(NOON)) == []
