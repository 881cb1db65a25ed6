"""The worked rows and stories of the specification, row by row. Local time is that of Tallinn."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.state_machine.model import ProgrammeModel
from tests.state_machine.rows import Buckets, GivenAward, OpeningRow, Refused, Row
from tests.state_machine.terms import Expiry, Pending, PointType

TALLINN = ZoneInfo("Europe/Tallinn")
A_YEAR = Expiry("after", 12, "months")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TALLINN)


def club() -> ProgrammeModel:
    return ProgrammeModel(
        "Europe/Tallinn", [PointType("points", A_YEAR, transferable=True)], at("2026-01-01")
    )


def earn(
    model: ProgrammeModel, ref: str, points: int, text: str, pending: Pending | None = None
) -> list[Row]:
    award = GivenAward(ref, "points", points, pending=pending)
    return model.purchase("anna", ref, [award], at(text), at(text))


def with_25_of_100() -> ProgrammeModel:
    """L1: an award of 100 of which 25 are left."""
    model = club()
    earn(model, "r1", 100, "2026-01-10T10:00")
    model.spend("s1", "anna", "points", 75, at("2026-02-01T12:00"), at("2026-02-01T12:00"))
    assert model.buckets("anna", "points") == Buckets(25, 0, 0, 0)
    return model


def moves(rows: list[Row]) -> list[tuple[str, str, str, int]]:
    return [(row.kind, row.source, row.target, row.points) for row in rows]


def remaining(model: ProgrammeModel, member: str = "anna") -> list[tuple[int, int]]:
    return [(lot.number, lot.remaining) for lot in model.open_lots(member, "points")]


def test_four_worked_rows_of_one_lot() -> None:
    model = club()

    earned = earn(model, "r1", 100, "2026-01-10T10:00")
    assert moves(earned) == [("earn", "issuance", "available", 100)]
    assert model.buckets("anna", "points").available == 100
    assert model.version("anna", "points") == 1
    (lot,) = model.open_lots("anna", "points")
    assert (lot.remaining, lot.expires_on) == (100, date(2027, 1, 10))

    spent = model.spend("r2", "anna", "points", 30, at("2026-02-01T12:00"), at("2026-02-01T12:00"))
    assert moves(spent) == [("spend", "available", "redemption", 30)]
    assert spent[0].lots == ((lot.number, 30),)
    assert model.buckets("anna", "points").available == 70
    assert model.version("anna", "points") == 2
    assert remaining(model) == [(lot.number, 70)]

    taken = model.reverse("r1", 40, at("2026-02-05T09:00"), at("2026-02-05T09:00"))
    assert moves(taken) == [("reverse", "available", "issuance", 40)]
    assert taken[0].lots == ((lot.number, 40),)
    assert taken[0].answers == earned[0].number
    assert model.buckets("anna", "points").available == 30
    assert model.version("anna", "points") == 3
    assert remaining(model) == [(lot.number, 30)]

    model.advance(at("2027-01-12T00:00"))
    expired = model.journal[-1]
    assert moves([expired]) == [("expire", "available", "expiry", 30)]
    assert expired.lots == ((lot.number, 30),)
    assert expired.occurred_at == at("2027-01-11T00:00")
    assert model.buckets("anna", "points") == Buckets(0, 0, 0, 0)
    assert model.version("anna", "points") == 4
    assert remaining(model) == []
    assert model.totals("points") == {
        "issued": 100,
        "reversed": 40,
        "redeemed": 30,
        "expired": 30,
        "forfeited": 0,
        "adjusted": 0,
        "opened": 0,
        "converted": 0,
        "outstanding": 0,
    }


def test_a_return_of_more_than_there_is_leaves_a_debt_that_the_next_credit_pays() -> None:
    model = with_25_of_100()

    taken = model.reverse("r1", 40, at("2026-02-05T09:00"), at("2026-02-05T09:00"))
    assert moves(taken) == [
        ("reverse", "available", "issuance", 25),
        ("reverse", "debt", "issuance", 15),
    ]
    assert [row.lots for row in taken] == [((1, 25),), ()]
    assert model.balance("anna", "points") == -15
    assert model.buckets("anna", "points") == Buckets(0, 0, 0, 15)

    earned = earn(model, "r3", 50, "2026-03-01T10:00")
    assert moves(earned) == [
        ("earn", "issuance", "available", 50),
        ("debt_repay", "available", "debt", 15),
    ]
    assert earned[1].lots == ((2, 15),)
    assert earned[1].answers == taken[1].number
    assert model.balance("anna", "points") == 35
    assert remaining(model) == [(2, 35)]


def test_pending_points_that_are_returned_never_become_usable() -> None:
    model = with_25_of_100()

    earned = earn(model, "r3", 100, "2026-03-01T10:00", Pending("days", 14))
    assert moves(earned) == [("earn", "issuance", "pending", 100)]
    assert model.open_lots("anna", "points")[1].state == "pending"

    taken = model.reverse("r3", 100, at("2026-03-05T10:00"), at("2026-03-05T10:00"))
    assert moves(taken) == [("reverse", "pending", "issuance", 100)]
    assert taken[0].lots == ((2, 100),)
    assert model.buckets("anna", "points") == Buckets(25, 0, 0, 0)

    model.advance(at("2026-04-01T10:00"))
    assert "activate" not in {row.kind for row in model.journal}


def test_a_hold_is_captured_in_part_and_the_rest_released() -> None:
    model = with_25_of_100()
    noon = at("2026-03-01T12:00")

    held = model.hold("h1", "anna", "points", 20, at("2026-03-02"), noon, noon)
    assert moves(held) == [("hold", "available", "held", 20)]
    assert model.buckets("anna", "points") == Buckets(5, 0, 20, 0)
    captured = model.capture("c1", "h1", noon, noon, 12)
    assert moves(captured) == [("capture", "held", "redemption", 12)]
    assert model.buckets("anna", "points") == Buckets(5, 0, 8, 0)
    released = model.release("h1", noon, noon)
    assert moves(released) == [("release", "held", "available", 8)]
    assert {row.lots[0][0] for row in held + captured + released} == {1}
    assert model.buckets("anna", "points") == Buckets(13, 0, 0, 0)


def test_points_restored_past_their_date_expire_at_once_and_are_reported() -> None:
    model = club()
    earn(model, "r1", 10, "2026-01-10T10:00")
    model.spend("s1", "anna", "points", 10, at("2026-02-01T12:00"), at("2026-02-01T12:00"))
    earn(model, "r4", 25, "2026-12-01T10:00")
    a_year_later = at("2027-02-01T12:00")

    back = model.restore("s1", 10, a_year_later, a_year_later)
    assert moves(back) == [
        ("restore", "redemption", "available", 10),
        ("expire", "available", "expiry", 10),
    ]
    assert [row.lots for row in back] == [((1, 10),), ((1, 10),)]
    assert back.points("expire") == 10
    assert model.buckets("anna", "points") == Buckets(25, 0, 0, 0)
    assert remaining(model) == [(2, 25)]


def test_anna_gives_mark_twenty() -> None:
    model = with_25_of_100()
    noon = at("2026-03-01T12:00")

    given = model.transfer("anna", "mark", "points", 20, noon, noon)
    assert [(row.member, *move) for row, move in zip(given, moves(given), strict=True)] == [
        ("anna", "transfer_out", "available", "transit", 20),
        ("mark", "transfer_in", "transit", "available", 20),
    ]
    assert given[0].lots == ((1, 20),)
    (child,) = model.open_lots("mark", "points")
    assert (child.remaining, child.expires_on, child.earned_at) == (
        20,
        date(2027, 1, 10),
        at("2026-01-10T10:00"),
    )
    assert model.account("mark", "points").lots[0].parent == 1
    assert model.buckets("anna", "points").available == 5
    sums = model.sums_by_move("points")
    assert sums["transfer_out", "available", "transit"] == sums["transfer_in", "transit", "available"]


def test_an_opening_balance_has_a_lot_for_every_row() -> None:
    model = club()
    noon = at("2026-03-01T12:00")
    rows = [
        OpeningRow(100, at("2025-05-01T10:00"), date(2026, 4, 30)),
        OpeningRow(200, at("2025-12-01T10:00"), date(2026, 11, 30)),
    ]

    opened = model.opening("anna", "points", rows, noon, noon)
    assert moves(opened) == [
        ("opening", "opening", "available", 100),
        ("opening", "opening", "available", 200),
    ]
    assert [(lot.remaining, lot.earned_at, lot.expires_on) for lot in model.open_lots("anna", "points")] == [
        (100, at("2025-05-01T10:00"), date(2026, 4, 30)),
        (200, at("2025-12-01T10:00"), date(2026, 11, 30)),
    ]
    assert model.balance("anna", "points") == 300
    assert model.version("anna", "points") == 2

    model.spend("s1", "anna", "points", 1, noon, noon)
    before = model.state()
    with pytest.raises(Refused, match="opening_not_first"):
        model.opening("anna", "points", rows, noon, noon)
    assert model.state() == before


def test_a_merge_is_undone_with_what_is_left() -> None:
    model = with_25_of_100()
    earn(model, "r3", 40, "2026-02-10T10:00", Pending("days", 60))
    noon = at("2026-03-01T12:00")

    merged = model.merge("m1", "mark", "anna", noon)
    assert [(row.member, *move) for row, move in zip(merged, moves(merged), strict=True)] == [
        ("anna", "merge_out", "available", "transit", 25),
        ("mark", "merge_in", "transit", "available", 25),
        ("anna", "merge_out", "pending", "transit", 40),
        ("mark", "merge_in", "transit", "pending", 40),
    ]
    assert model.buckets("anna", "points") == Buckets(0, 0, 0, 0)
    assert model.buckets("mark", "points") == Buckets(25, 40, 0, 0)
    assert [lot.expires_on for lot in model.open_lots("mark", "points")] == [date(2027, 1, 10), None]
    model.spend("s2", "mark", "points", 10, noon, noon)
    returned = model.reverse("r3", 40, noon, noon)
    assert [(row.member, row.source) for row in returned] == [("mark", "pending")]

    model.unmerge("anna", noon)
    assert model.buckets("anna", "points") == Buckets(15, 0, 0, 0)
    assert model.buckets("mark", "points") == Buckets(0, 0, 0, 0)
    assert model.totals("points")["redeemed"] == 85


def test_a_debt_goes_with_a_merge_and_is_paid_by_what_the_other_has() -> None:
    model = with_25_of_100()
    noon = at("2026-03-01T12:00")
    model.reverse("r1", 40, noon, noon)
    model.adjust("mark", "points", 10, noon, noon)

    merged = model.merge("m1", "mark", "anna", noon)
    assert moves(merged) == [
        ("merge_out", "transit", "debt", 15),
        ("merge_in", "debt", "transit", 15),
        ("debt_repay", "available", "debt", 10),
    ]
    assert merged[2].answers == merged[1].number
    assert model.buckets("anna", "points") == Buckets(0, 0, 0, 0)
    assert model.buckets("mark", "points") == Buckets(0, 0, 0, 5)


def test_a_merge_is_refused_while_a_hold_is_open() -> None:
    model = with_25_of_100()
    noon = at("2026-03-01T12:00")
    model.hold("h1", "anna", "points", 5, at("2026-03-02"), noon, noon)
    before = model.state()
    with pytest.raises(Refused, match="hold_open"):
        model.merge("m1", "mark", "anna", noon)
    assert model.state() == before
