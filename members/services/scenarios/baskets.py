"""A receipt as it is written in a scenario."""

from __future__ import annotations

from datetime import datetime

from members.services.scenarios.naming import MAIN_PARTNER, Known, digits, moment, point_type
from programs.engine.facts import NOTHING, QUANTITY_DIGITS, Basket, Line, LineKind, Tender, TenderKind
from programs.engine.reader import Reader

MOST_LINES = 1_000
ONE_UNIT = 10**QUANTITY_DIGITS


def read_basket(reader: Reader, known: Known) -> Basket:
    """Lines and how they were paid; money is text with decimals, a quantity not written is one unit."""
    occurred_at: datetime = moment(reader, "occurred_at", known.zone, default=known.at)
    lines = tuple(_line(child, known) for child in reader.children("lines", most=MOST_LINES))
    if not lines and not reader.has("lines"):
        reader.fault("missing", "lines")
    return Basket(
        occurred_at=occurred_at,
        lines=lines,
        partner=reader.text("partner", default=MAIN_PARTNER, longest=50),
        store=reader.text("store", longest=50),
        channel=reader.text("channel", longest=20),
        payment=reader.text("payment", longest=50),
        till=reader.text("till", longest=50),
        cashier=reader.text("cashier", longest=50),
        tenders=tuple(_tender(child, known) for child in reader.children("tenders", most=20)),
    )


def _line(reader: Reader, known: Known) -> Line:
    money = known.core.money_digits
    attributes = reader.child("attributes")
    line = Line(
        sku=reader.text("sku", longest=100),
        quantity=reader.number("qty", QUANTITY_DIGITS, required=False, default=ONE_UNIT),
        amount=reader.number("amount", money),
        category=reader.text("category", longest=100),
        department=reader.text("department", longest=100),
        brand=reader.text("brand", longest=100),
        labels=frozenset(reader.texts("labels")),
        kind=reader.choice("kind", LineKind, default=LineKind.PRODUCT).value,
        discount=reader.number("discount", money, required=False),
        tax=reader.number("tax", money, required=False),
        attributes=NOTHING
        if attributes is None
        else {name: attributes.text(name) for name in attributes.data},
    )
    reader.finish()
    return line


def _tender(reader: Reader, known: Known) -> Tender:
    """A part of the bill paid otherwise than with money."""
    kind = reader.choice("kind", TenderKind)
    amount = reader.number("amount", known.core.money_digits, low=1)
    key, points = "", 0
    if kind is TenderKind.POINTS:
        key = point_type(reader, known)
        item = known.core.point_type(key)
        priced = item is not None and item.money is not None
        points = reader.number("points", digits(known, key), low=1, required=not priced)
    tender = Tender(kind.value, amount, key, points, reader.text("method", longest=50))
    reader.finish()
    return tender
