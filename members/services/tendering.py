"""Points among the ways in which a purchase was paid: what they cost, and whether they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.services.ledger import Sheet
from members.services.problems import InsufficientPoints, PaymentNotPossible
from programs.engine.facts import Basket, Tender, TenderKind
from programs.engine.money import Rate
from programs.engine.ruleset import Ruleset

if TYPE_CHECKING:
    from members.services.recording import Recorder


def priced(recorder: Recorder, sheet: Sheet, basket: Basket, ruleset: Ruleset) -> Basket:
    """The basket with the points that its tenders cost. Where the programme says what points are worth, they cost what
    it says; other points cost what the till says.

    A purchase is never clamped: the till has taken the rest of the bill in money. Raises InsufficientPoints,
    NotSpendable, PaymentNotPossible.
    """
    if not any(tender.kind == TenderKind.POINTS for tender in basket.tenders):
        return basket
    tenders = list(basket.tenders)
    places: dict[str, list[int]] = {}
    for at, tender in enumerate(tenders):
        if tender.kind == TenderKind.POINTS:
            tenders[at] = tender._replace(point_type=tender.point_type or ruleset.core.main.key)
            places.setdefault(tenders[at].point_type, []).append(at)
    bill = sum(line.amount for line in basket.lines)
    for point_type, mine in places.items():
        available = recorder.book(sheet, point_type).available
        recorder.check_spendable(point_type, ruleset)
        item = ruleset.core.point_type(point_type)
        if item is not None and item.money is not None:
            costs = _costs(item.money, [tenders[at] for at in mine], available, bill)
            for at, points in zip(mine, costs, strict=True):
                tenders[at] = tenders[at]._replace(points=points)
        elif sum(tenders[at].points for at in mine) > available:
            raise InsufficientPoints(possible=available)
    return basket._replace(tenders=tuple(tenders))


def _costs(rate: Rate, tenders: list[Tender], available: int, bill: int) -> list[int]:
    """The points of each tender. Points that the till names must be what they cost."""
    most = rate.possible(available, bill)
    if most.amount:
        costs = [rate.cost(tender.amount) for tender in tenders]
        agreed = all(tender.points in (0, cost) for tender, cost in zip(tenders, costs, strict=True))
        amount = sum(tender.amount for tender in tenders)
        if agreed and rate.lowest <= sum(costs) <= most.points and amount <= most.amount:
            return costs
    raise PaymentNotPossible(possible=most.points, amount=most.amount)
