"""Random programmes and documents, and the ways in which the same documents can come into the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction
from hypothesis import strategies as st

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

START = datetime(2025, 11, 3, 10, tzinfo=UTC)
SWITCH = START + timedelta(days=45)
MEMBERS = 3
DAYS = (0, 1, 2, 3, 10, 28, 40, 59, 60, 100, 200, 365, 400)
RETURNS = "receipt,line,amount,number,occurred_at"


# --- programmes -------------------------------------------------------------------------------------------------
def _one_of(*values: Any) -> Any:
    return st.sampled_from(values)


LASTING = _one_of(
    {"kind": "never"},
    {"kind": "after", "days": 30},
    {"kind": "after", "months": 1, "round_up": "month"},
    {"kind": "activity", "days": 40},
    {"kind": "fixed", "dates": ["12-31", "02-28"], "least_days": 5},
)
WAITING = _one_of({"kind": "at_once"}, {"kind": "days", "days": 14})
WINDOW = _one_of(
    {"kind": "calendar_year"},
    {"kind": "membership_year"},
    {"kind": "lifetime"},
    {"kind": "rolling", "months": 2},
)
METRIC = _one_of(
    {"of": "spend"}, {"of": "visits"}, {"of": "purchases"}, {"of": "points", "point_type": "points"}
)
FALLS = _one_of(
    {"ends": "end_of_period"},
    {"ends": "end_of_next_period", "grace_days": 20},
    {"ends": "months_after", "months": 1, "falls": "one_level"},
    {"ends": "anniversary", "starts": "next_period"},
    {"ends": "end_of_period", "after_return": "kept"},
    {"ends": "never", "falls": "at_once"},
    {"ends": "never", "falls": "after_days", "fall_days": 7},
)
POLICIES = st.fixed_dictionaries(
    {
        "spent_points": _one_of("debt", "clamp", "pending_only"),
        "restored_points": _one_of("original", "new"),
        "spending_order": _one_of("soonest", "oldest", "newest"),
        "expiry_day": _one_of("last_usable", "first_expired"),
        "expiry_from": _one_of("activation", "earning"),
        "lift_rate": _one_of("before", "new"),
        "bonus_after_return": _one_of("kept_in_proportion", "taken_back"),
    }
)


@st.composite
def programmes(draw: Any) -> dict[str, Any]:
    """Two point types, a ladder or two, rules that look at tiers and have limits."""
    ladders = [
        _ladder(key, draw(METRIC), draw(WINDOW), draw(FALLS))
        for key in ("status", "club")[: draw(st.integers(0, 2))]
    ]
    rules: list[dict[str, Any]] = [
        {"key": "base", "title": "Base", "effect": {"kind": "per_step", "points": 1, "step": "1.00"}},
        {
            "key": "stars",
            "title": "Stars",
            "point_type": "stars",
            "effect": {"kind": "percent", "percent": "10"},
        },
        {"key": "gift", "title": "Gift", "effect": {"kind": "fixed", "points": 7}, "caps": draw(CAPS)},
    ]
    if draw(st.booleans()):
        rules.append({"key": "own", "title": "Own", "effect": {"kind": "fixed", "points": 3},
                      "expiry": {"kind": "after", "days": 9}, "pending": {"kind": "days", "days": 2}})  # fmt: skip
    if draw(st.booleans()):
        yearly = {"key": "yearly", "title": "Yearly", "trigger": "anniversary"}
        rules.append({**yearly, "effect": {"kind": "fixed", "points": 70}})
    if ladders:
        wanted = {"fact": "member.tier", "is": "one_of", "value": ["silver", "gold"]}
        rules.append(
            {
                "key": "twice",
                "title": "Twice",
                "group": "status",
                "effect": {"kind": "multiplier", "factor": 2},
                "when": wanted,
            }
        )
        if draw(st.booleans()):
            reached = {"key": "risen", "title": "Risen", "trigger": "tier_reached"}
            rules.append({**reached, "effect": {"kind": "fixed", "points": 11}})
    return {
        "programme": {"key": "club", "name": "Club", "zone": "Europe/Tallinn", "currency": "EUR"},
        "point_types": [
            {"key": "points", "name": "Points", "expiry": draw(LASTING), "pending": draw(WAITING)},
            {"key": "stars", "name": "Stars", "expiry": draw(LASTING), "pending": draw(WAITING)},
        ],
        "ladders": ladders,
        "groups": [{"key": "base"}, {"key": "status"}],
        "rules": rules,
        "policies": draw(POLICIES),
    }


CAPS = _one_of(
    {"times": [{"per": "month", "times": 1}]},
    {"per_member": [{"per": "year", "points": 20}]},
    {"cooldown_hours": 36},
    {"per_member": [{"per": "day", "points": 10}], "on_excess": "reject"},
    {"budget": {"per": "year", "points": 20}},
)


def _ladder(
    key: str, metric: dict[str, str], window: dict[str, Any], falls: dict[str, Any]
) -> dict[str, Any]:
    low, high = {"visits": (2, 3), "purchases": (2, 4)}.get(metric["of"], (60, 150))
    tiers = [
        {"key": "base", "name": "Base"},
        {"key": "silver", "name": "Silver", "threshold": low},
        {"key": "gold", "name": "Gold", "threshold": high},
    ]
    falls = {**falls, "ends": "never"} if window["kind"] == "lifetime" else falls
    if falls["ends"] == "never":
        falls = {name: value for name, value in falls.items() if name not in ("grace_days", "months")}
    return {"key": key, "name": key.title(), "metric": metric, "window": window, **falls, "tiers": tiers}


# --- documents --------------------------------------------------------------------------------------------------
class Bought(NamedTuple):
    """A receipt of lines in cents; `late`: it comes with the second file."""

    who: int
    at: int
    amounts: tuple[int, ...]
    late: bool


class Brought(NamedTuple):
    """A return of one of the receipts so far: all that is left (0), or so many percent of its first line."""

    receipt: int
    after: int
    percent: int
    late: bool


class World(NamedTuple):
    programme: dict[str, Any]
    revised: bool
    bought: list[Bought]
    brought: list[Brought]
    first_file: int
    nights: list[int]
    chunk: int


bought = st.builds(
    Bought,
    st.integers(0, MEMBERS - 1),
    st.sampled_from(DAYS),
    st.lists(st.sampled_from([100, 999, 2500, 6000, 16000]), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
brought = st.builds(
    Brought, st.integers(0, 20), st.sampled_from([0, 1, 15, 70]), st.sampled_from([0, 30, 70]), st.booleans()
)
worlds = st.builds(
    World,
    programmes(),
    st.booleans(),
    st.lists(bought, min_size=2, max_size=8),
    st.lists(brought, max_size=4),
    st.sampled_from([20, 90, 210]),
    st.lists(st.integers(1, 800), max_size=5),
    st.sampled_from([1, 2, 5, 1_000]),
)


class Document(NamedTuple):
    """A receipt, or a return where it has a `receipt` to come back from."""

    who: int
    at: datetime
    number: str
    amounts: tuple[int, ...] = ()
    receipt: str = ""


class Delivery(NamedTuple):
    """A file: when it comes, and what is in it."""

    at: datetime
    documents: list[Document]


def moment(day: int, place: int) -> datetime:
    return START + timedelta(days=day, minutes=place)


END = moment(900, 0)


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
