"""Purchases, quotes and returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from members.services import purchases, returns
from members.services.scenarios.baskets import read_basket
from members.services.scenarios.naming import Known, member, moment, purchase
from members.services.scenarios.quoting import quote
from members.services.scenarios.world import Result, World
from programs.engine.facts import QUANTITY_DIGITS, Basket
from programs.engine.reader import Reader


@dataclass(frozen=True, slots=True)
class BuyStep:
    """A purchase as the till sends it; `ref` is its receipt number."""

    ref: str
    member: str
    basket: Basket

    @classmethod
    def read(cls, reader: Reader, known: Known) -> BuyStep:
        step = cls(
            ref=reader.text("ref", required=True, longest=100),
            member=member(reader, known),
            basket=read_basket(reader, known),
        )
        reader.finish()
        known.purchases.setdefault(step.ref, tuple(line.sku for line in step.basket.lines))
        return step

    @property
    def occurred_at(self) -> datetime:
        return self.basket.occurred_at

    def do(self, world: World, now: datetime) -> Result:
        partner = world.partner(self.basket.partner)
        recorded = purchases.record_purchase(
            membership=world.membership(self.member, now),
            basket=self.basket,
            receipt=self.ref,
            partner=partner,
            store=world.store(partner, self.basket.store),
            now=now,
        )
        world.purchases.setdefault(self.ref, recorded.document_id)
        return Result(awarded=recorded.awarded, pending=recorded.pending, evaluation=recorded.evaluation)


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """What a purchase would earn; changes nothing."""

    member: str
    basket: Basket

    @classmethod
    def read(cls, reader: Reader, known: Known) -> QuoteStep:
        step = cls(member=member(reader, known), basket=read_basket(reader, known))
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        evaluation = quote(membership=world.membership(self.member, now), basket=self.basket, now=now)
        totals: dict[str, int] = {}
        for award in evaluation.awards:
            totals[award.point_type] = totals.get(award.point_type, 0) + award.points
        return Result(awarded=totals, evaluation=evaluation)


@dataclass(frozen=True, slots=True)
class ReturnStep:
    """Goods that come back: all that is left of a purchase, or certain lines of it."""

    ref: str
    purchase: str
    occurred_at: datetime
    lines: tuple[returns.ReturnLine, ...] | None

    @classmethod
    def read(cls, reader: Reader, known: Known) -> ReturnStep:
        receipt = purchase(reader, known)
        skus = known.purchases.get(receipt)
        lines = [_returned_line(child, known, skus) for child in reader.children("lines", most=1_000)]
        step = cls(
            ref=reader.text("ref", longest=100),
            purchase=receipt,
            occurred_at=moment(reader, "occurred_at", known.zone, default=known.at),
            lines=tuple(lines) if reader.has("lines") else None,
        )
        reader.finish()
        return step

    def do(self, world: World, now: datetime) -> Result:
        returned = returns.record_return(
            purchase=world.purchase(self.purchase),
            number=self.ref or world.next_number("return"),
            now=now,
            occurred_at=self.occurred_at,
            lines=None if self.lines is None else list(self.lines),
        )
        return Result(
            awarded={key: -points for key, points in returned.taken.items()},
            restored=returned.restored,
            shortage=returned.shortage,
            lost=returned.lost,
        )


def _returned_line(reader: Reader, known: Known, skus: tuple[str, ...] | None) -> returns.ReturnLine:
    """A line by its article or its number on the receipt (from 1)."""
    position = 0
    if reader.has("line"):
        position = reader.integer("line", low=1, high=1_000_000) - 1
        if skus is not None and position >= len(skus):
            reader.fault("unknown_line", "line", value=str(position + 1))
    else:
        sku = reader.text("sku", required=True, longest=100)
        found = [at for at, each in enumerate(skus or ()) if each == sku]
        if sku and skus is not None and len(found) != 1:
            reader.fault("same_article" if found else "unknown_line", "sku", value=sku[:60])
        position = found[0] if found else 0
    quantity = reader.number("qty", QUANTITY_DIGITS, low=1) if reader.has("qty") else None
    amount = reader.number("amount", known.core.money_digits, low=1) if reader.has("amount") else None
    reader.finish()
    return returns.ReturnLine(position=position, quantity=quantity, amount=amount)
