"""Random programmes and documents, and the ways in which the same documents can come into the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from loyalty.core import clock
from loyalty.core.exact import format_decimal
from loyalty.core.problems import Problem
from members.models import Membership, MemberStats, Purchase
from members.services.advancing import advance
from members.services.imports.batches import Options
from members.services.imports.purchases import PurchaseImport, import_purchases
from members.services.imports.returns import ReturnImport, import_returns
from members.services.purchases import record_purchase
from members.services.recording import Recorder
from members.services.returns import ReturnLine, record_return
from programs.engine.facts import Basket, Line
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import FIRST, member, operator, written
from tests.members.worlds import END, MEMBERS, RETURNS, START, SWITCH, Delivery, Document, World, moment


def deliveries(world: World) -> list[Delivery]:
    """Receipts, returns, later receipts among which there are late ones, and the rest of the returns. The documents of
    a file are in the order of time."""
    middle, end = moment(world.first_file, 500), moment(500, 500)
    files: dict[tuple[datetime, bool], list[Document]] = {
        (at, back): [] for at in (middle, end) for back in (False, True)
    }
    receipts: list[Document] = []
    for place, each in enumerate(world.bought):
        document = Document(each.who, moment(each.at, place), f"r{place}", each.amounts)
        receipts.append(document)
        files[end if each.late or document.at > middle else middle, False].append(document)
    known = {document.number for document in files[middle, False]}
    for place, back in enumerate(world.brought):
        sold = receipts[back.receipt % len(receipts)]
        at = sold.at + timedelta(days=back.after, seconds=place + 1)
        amounts = (sold.amounts[0] * back.percent // 100,) if back.percent else ()
        first = sold.number in known and at <= middle and not back.late
        document = Document(sold.who, at, f"b{place}", amounts, sold.number)
        files[middle if first else end, True].append(document)
    return [
        Delivery(at, sorted(documents, key=lambda each: (each.at, each.number)))
        for (at, _back), documents in files.items()
        if documents
    ]


# --- ways -------------------------------------------------------------------------------------------------------
def build(world: World) -> Programme:
    programme = load(json.dumps(world.programme), now=FIRST, publish=True, effective_from=FIRST).programme
    if world.revised:
        document = json.loads(json.dumps(world.programme))
        document["rules"][0]["effect"]["points"] = 2
        document["point_types"][0]["expiry"] = {"kind": "after", "days": 20}
        for ladder in document["ladders"]:
            ladder["tiers"][2]["threshold"] += 1
        load(json.dumps(document), now=FIRST, publish=True, effective_from=SWITCH)
    for number in range(MEMBERS):
        member(programme, f"M{number}")
    return programme


def imported(
    files: list[Delivery], chunk: int, programme: Programme, folder: Path, days: Sequence[int] = ()
) -> None:
    """By files, so many documents a chunk. Before a file, the nights until it comes."""
    nights = Nights(programme, days)
    for place, delivery in enumerate(files):
        nights.until(delivery.at)
        _take(delivery, folder / f"{place}.csv", chunk, programme)
    nights.until(END)


def _take(delivery: Delivery, path: Path, chunk: int, programme: Programme) -> None:
    arguments: dict[str, Any] = {
        "path": path, "programme": programme, "partner": operator(), "options": Options(),
    }  # fmt: skip
    with clock.at(delivery.at), _chunks_of(chunk):
        if delivery.documents[0].receipt:
            written(path, *map(_return_row, delivery.documents), header=RETURNS)
            import_returns(**arguments)
        else:
            written(path, *(row for each in delivery.documents for row in _rows(each)))
            assert import_purchases(**arguments).counts["posted"] == len(delivery.documents)


def in_the_order_of_files(files: list[Delivery], programme: Programme, days: Sequence[int]) -> None:
    """What a file means, document by document: each when it happened, or, where the tiers of its member stand as of
    later already, as a late one then; at the end of the file, what is due by then on the members in it."""
    nights = Nights(programme, days)
    for delivery in files:
        nights.until(delivery.at)
        documents = sorted(delivery.documents, key=lambda each: each.who)
        for document in documents:
            stats = MemberStats.objects.filter(membership__number=f"M{document.who}")
            stands = stats.values_list("tiers_until", flat=True).first()
            now = document.at if stands is None else max(document.at, stands)
            with suppress(Problem), transaction.atomic():
                _record(document, programme, now)
        for who in sorted({document.who for document in documents}):
            look(programme, delivery.at, Membership.objects.get(programme=programme, number=f"M{who}").pk)
    nights.until(END)


class Nights:
    """The nights in which the job runs."""

    def __init__(self, programme: Programme, days: Sequence[int]) -> None:
        self.programme = programme
        self.left = sorted({*(moment(each, 700) for each in days), END})

    def until(self, now: datetime) -> None:
        while self.left and self.left[0] <= now:
            advance(self.programme, self.left.pop(0))


def one_after_the_other(
    files: list[Delivery], days: list[int], programme: Programme, night: Callable[[Programme, datetime], None]
) -> None:
    """Each document by itself when it happens, or when it is told of late. In between, nights."""
    floor, nights = START, sorted({moment(each, 700) for each in days})
    for delivery in files:
        for document in delivery.documents:
            now = max(floor, document.at)
            while nights and nights[0] <= now:
                night(programme, nights.pop(0))
            # Refused in a file too: too much of it, or nothing left.
            with suppress(Problem), transaction.atomic():
                _record(document, programme, now)
        floor = max(floor, delivery.at)
        while nights and nights[0] <= floor:
            night(programme, nights.pop(0))
    night(programme, END)


def late(programme: Programme, until: datetime) -> None:
    """Nothing is done in the nights, all of it at the end."""
    if until == END:
        advance(programme, until)


def in_time(programme: Programme, until: datetime) -> None:
    advance(programme, until)


def touched(programme: Programme, until: datetime) -> None:
    """Every membership is looked at by itself, whatever is due."""
    for key in Membership.objects.filter(programme=programme).order_by("pk").values_list("pk", flat=True):
        look(programme, until, key)


def look(programme: Programme, until: datetime, membership: int) -> None:
    """Do what is due on a membership."""
    recorder = Recorder(programme, until, in_order=True)
    recorder.open([membership])
    recorder.settle(recorder.sheets[membership])
    recorder.flush()


def _record(document: Document, programme: Programme, now: datetime) -> None:
    if not document.receipt:
        lines = tuple(Line(f"s{place}", 1000, amount) for place, amount in enumerate(document.amounts))
        record_purchase(
            membership=Membership.objects.get(programme=programme, number=f"M{document.who}"),
            basket=Basket(document.at, lines), receipt=document.number, partner=operator(), now=now,
        )  # fmt: skip
        return
    purchase = Purchase.objects.select_related("revision", "membership__programme").get(
        number=document.receipt
    )
    back = [ReturnLine(0, None, document.amounts[0])] if document.amounts else None
    record_return(purchase=purchase, number=document.number, now=now, occurred_at=document.at, lines=back)


def _rows(document: Document) -> Iterator[str]:
    for place, amount in enumerate(document.amounts):
        cells = (document.number, document.at.isoformat(), f"M{document.who}", "", f"s{place}", "1")
        yield ",".join([*cells, format_decimal(amount, 2)])


def _return_row(document: Document) -> str:
    line, amount = ("1", format_decimal(document.amounts[0], 2)) if document.amounts else ("", "")
    return f"{document.receipt},{line},{amount},{document.number},{document.at.isoformat()}"


class _chunks_of:  # noqa: N801 - reads as a sentence
    """Within this block imports post so many documents at a time."""

    def __init__(self, size: int) -> None:
        self.size, self.usual = size, (PurchaseImport.chunk, ReturnImport.chunk)

    def __enter__(self) -> None:
        PurchaseImport.chunk = ReturnImport.chunk = self.size

    def __exit__(self, *_error: object) -> None:
        PurchaseImport.chunk, ReturnImport.chunk = self.usual
