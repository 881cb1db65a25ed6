"""The real services do what the model does, whatever happens in which order; and a machine that cannot fail is none.

Long runs: `make nightly`, 200 stories of 10,000 operations from a seed that the clock gives. STORIES and STEPS make it
shorter, FIRST_STORY=… tells a story again that failed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from time import time_ns
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from members.engine import due
from members.engine.books import Book, LotRow
from members.engine.ledger import Ledger
from members.services import extending, settling
from members.services.ledger import writing
from tests.state_machine.machine import LedgerMachine
from tests.state_machine.verbs import Verbs, step

USUAL = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_services_do_what_the_model_does() -> None:
    run_state_machine_as_test(LedgerMachine, settings=USUAL)


@pytest.mark.nightly
def test_long_stories_end_as_the_model_says(committed_database: Any) -> None:
    first = int(os.environ.get("FIRST_STORY", time_ns() // 10**9))
    for seed in range(first, first + int(os.environ.get("STORIES", "200"))):
        random = Random(seed)  # noqa: S311 - a story, no secret
        story = Verbs(random, key=f"club-{seed}", verify_every=100)
        try:
            for _each in range(int(os.environ.get("STEPS", "10000"))):
                step(story, random)
            story.finish()
        except BaseException as fault:
            fault.add_note(f"FIRST_STORY={seed} STORIES=1, step {story.steps}; it ended with")
            fault.add_note("\n".join(story.told[:1] + story.told[-30:]))
            raise


# --- faults that it must find -----------------------------------------------------------------------
def _allocation_forgotten(copy_rows: Callable[..., None]) -> Callable[..., None]:
    def forgetful(cursor: Any, table: str, columns: Any, rows: list[Any]) -> None:
        copy_rows(cursor, table, columns, rows[:-1] if table == "members_allocation" else rows)

    return forgetful


def _less_is_taken(reverse: Callable[..., int]) -> Callable[..., int]:
    def generous(self: Ledger, book: Book, amount: int, *rest: Any) -> int:
        return reverse(self, book, max(amount - 1, 1), *rest)

    return generous


def _more_comes_back(restore: Callable[..., Any]) -> Callable[..., Any]:
    def generous(self: Ledger, book: Book, amount: int, draws: Any, *rest: Any, **also: Any) -> Any:
        there = sum(draw.amount for draw in draws)
        return restore(self, book, min(amount + 1, there), draws, *rest, **also)

    return generous


def _hold_stays_open(release: Callable[..., Any]) -> Callable[..., Any]:
    def forgetful(self: Ledger, book: Book, hold: Any, amount: int, *rest: Any) -> Any:
        posting = release(self, book, hold, amount, *rest)
        hold.released -= amount
        return posting

    return forgetful


def _a_day_late(ends_at: Callable[..., datetime | None]) -> Callable[..., datetime | None]:
    def late(*about: Any) -> datetime | None:
        at = ends_at(*about)
        return at and at + timedelta(days=1)

    return late


def _order_turned(in_order: Callable[..., list[LotRow]]) -> Callable[..., list[LotRow]]:
    return lambda self, book: in_order(self, book)[::-1]


def _nothing(_done: Callable[..., None]) -> Callable[..., None]:
    return lambda *about, **also: None


FAULTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "an allocation is forgotten": (writing, "add_rows", _allocation_forgotten),
    "a return takes a point less": (Ledger, "reverse", _less_is_taken),
    "a return gives back a point more": (Ledger, "restore", _more_comes_back),
    "a hold can be freed twice": (Ledger, "release", _hold_stays_open),
    "points end a day late": (due, "ends_at", _a_day_late),
    "lots are spent in the wrong order": (Ledger, "in_order", _order_turned),
    "activity moves no end": (extending, "extend", _nothing),
    "expiry is never switched on": (settling, "_switch_on", _nothing),
    "holds do not change": (writing, "_write_holds", _nothing),
}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, planted = FAULTS[fault]
    monkeypatch.setattr(place, name, planted(getattr(place, name)))
    with pytest.raises((AssertionError, DatabaseError)):
        _short_stories(30)


def _short_stories(seeds: int) -> None:
    for seed in range(seeds):
        _short_story(seed)


def _short_story(seed: int) -> None:
    """As one of the machine's, from a seed: quicker than to have Hypothesis look for the shortest."""
    random = Random(seed)  # noqa: S311 - a story, no secret
    with transaction.atomic():
        story = Verbs(random)
        for _each in range(50):
            step(story, random)
        story.finish()
        transaction.set_rollback(True)
