"""What points pay of a bill: the balance, then the share of the bill, then whole blocks, then the lowest payment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.engine.document import dump_core, read_core
from programs.engine.money import NOTHING, WHOLE_BILL, Payment, Rate
from programs.engine.reader import InvalidDocument
from tests.engine.building import document

EURO = Rate(points=100, amount=100)


@pytest.mark.parametrize(
    ("rate", "balance", "bill", "paid"),
    [
        (EURO, 550, 1_000, Payment(500, 500)),
        (EURO, 550, 499, Payment(400, 400)),
        (EURO, 99, 1_000, NOTHING),
        (EURO, 0, 1_000, NOTHING),
        (EURO, -200, 1_000, NOTHING),
        (EURO, 550, 0, NOTHING),
        (Rate(1, 1), 1_240, 100_000, Payment(1_240, 1_240)),
        (Rate(3, 1), 10, 100, Payment(9, 3)),
        (Rate(100, 0), 550, 1_000, NOTHING),
        (Rate(100, 100, lowest=500), 550, 1_000, Payment(500, 500)),
        (Rate(100, 100, lowest=501), 550, 1_000, NOTHING),
        (Rate(100, 100, highest=350), 550, 1_000, Payment(300, 300)),
        (Rate(100, 100, share=5_000), 550, 999, Payment(400, 400)),
        # The share leaves 2.99: two blocks, which is less than the lowest payment of three.
        (Rate(100, 100, lowest=300, share=3_000), 5_000, 999, NOTHING),
    ],
)
def test_what_is_possible(rate: Rate, balance: int, bill: int, paid: Payment) -> None:
    assert rate.possible(balance, bill) == paid


def test_an_amount_that_is_no_whole_block_costs_the_whole_block() -> None:
    assert EURO.cost(250) == 300
    assert EURO.cost(300) == 300
    assert EURO.with_amount(250, 550, 1_000) == Payment(300, 250)
    assert EURO.with_amount(501, 550, 1_000) == Payment(500, 500)
    assert Rate(100, 100, lowest=400).with_amount(250, 550, 1_000) == NOTHING


def test_points_that_make_no_whole_block_are_left() -> None:
    assert EURO.with_points(250, 550, 1_000) == Payment(200, 200)
    assert EURO.with_points(900, 550, 1_000) == Payment(500, 500)


def test_what_a_balance_is_worth_does_not_look_at_bills() -> None:
    assert Rate(100, 100, lowest=5_000, share=1).worth(1_240) == 1_200
    assert Rate(1, 1).worth(1_240) == 1_240
    assert EURO.worth(-50) == 0
    assert Rate(100, 0).worth(500) == 0


rates = st.builds(
    Rate,
    points=st.integers(1, 50),
    amount=st.integers(0, 50),
    lowest=st.integers(0, 200),
    highest=st.none() | st.integers(1, 400),
    share=st.integers(1, WHOLE_BILL),
)
quantities = st.integers(-5, 600)


def by_trying(rate: Rate, balance: int, bill: int) -> Payment:
    """The same by looking at every number of blocks."""
    best = NOTHING
    for blocks in range(1, 700):
        points, amount = blocks * rate.points, blocks * rate.amount
        allowed = (
            amount > 0
            and rate.lowest <= points <= balance
            and (rate.highest is None or points <= rate.highest)
            and amount * 10_000 <= bill * rate.share
        )
        best = Payment(points, amount) if allowed else best
    return best


@given(rates, quantities, quantities)
def test_nothing_more_would_be_possible(rate: Rate, balance: int, bill: int) -> None:
    assert rate.possible(balance, bill) == by_trying(rate, balance, bill)


@given(rates, quantities, quantities, st.integers(1, 600))
def test_an_amount_is_covered_exactly_or_by_the_most_that_is_possible(
    rate: Rate, balance: int, bill: int, asked: int
) -> None:
    most = rate.possible(balance, bill)
    paid = rate.with_amount(asked, balance, bill)
    if asked > most.amount:
        assert paid == most
    elif paid != NOTHING:
        assert paid.amount == asked
        # The fewest whole blocks that are worth it.
        assert paid.points % rate.points == 0
        assert paid.points // rate.points * rate.amount >= asked
        assert (paid.points // rate.points - 1) * rate.amount < asked
    assert paid.points <= most.points
    assert paid.amount <= max(bill, 0)


@given(rates, quantities, quantities, st.integers(1, 600))
def test_points_asked_for_are_never_exceeded(rate: Rate, balance: int, bill: int, asked: int) -> None:
    paid = rate.with_points(asked, balance, bill)
    assert paid.points <= asked
    assert paid.amount <= rate.possible(balance, bill).amount


@given(rates, quantities, quantities, st.integers(0, 50), st.integers(0, 50))
def test_more_points_or_a_larger_bill_never_pay_less(
    rate: Rate, balance: int, bill: int, more: int, larger: int
) -> None:
    assert rate.possible(balance, bill).amount <= rate.possible(balance + more, bill + larger).amount


# --- the document -----------------------------------------------------------------------------------
def with_money(**settings: Any) -> dict[str, Any]:
    return document(decimals=1, money=settings)


def test_every_setting_is_read_and_written() -> None:
    settings = {"points": "10.0", "amount": "1.00", "lowest": "20.5", "highest": "500.0", "share": "33.33"}
    core = read_core(with_money(**settings))
    assert core.main.money == Rate(points=100, amount=100, lowest=205, highest=5_000, share=3_333)
    assert dump_core(core)["point_types"][0]["money"] == settings
    assert read_core(dump_core(core)) == core


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        ({"amount": "1.00"}, "missing", "points"),
        ({"points": 100}, "missing", "amount"),
        ({"points": 0, "amount": "1.00"}, "out_of_range", "points"),
        ({"points": 100, "amount": "-1.00"}, "out_of_range", "amount"),
        ({"points": 100, "amount": "1.001"}, "too_many_decimals", "amount"),
        ({"points": 100, "amount": "1.00", "share": "100.01"}, "out_of_range", "share"),
        ({"points": 100, "amount": "1.00", "share": 0}, "out_of_range", "share"),
        ({"points": 100, "amount": "1.00", "lowest": 300, "highest": 200}, "bad_range", "highest"),
        ({"points": 100, "amount": "1.00", "highest": 99}, "bad_range", "highest"),
        ({"points": 100, "amount": "1.00", "most": 9}, "unknown_key", "most"),
    ],
)
def test_what_means_nothing_is_a_fault(settings: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(InvalidDocument) as found:
        read_core(with_money(**settings))
    assert [(fault.code, fault.path[-1]) for fault in found.value.faults] == [(code, field)]
