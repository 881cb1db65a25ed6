"""Telling others what happened, after it is certain that it did.

`publish()` writes the event and one pending run per handler in the caller's transaction: a rolled-back
transaction tells nothing, a committed one is never forgotten. `relay()` does the runs, each in a transaction
of its own together with its mark of being done, so a handler's effect on the database happens exactly once.
Order is by due time; there is no watermark over ids, because a lower id may be committed later than a higher
one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from celery import current_app
from django.db import transaction

from loyalty.core import audit, clock
from loyalty.core.choices import RunState
from loyalty.core.models import HandlerRun, OutboxEvent

log = logging.getLogger(__name__)

Handler = Callable[[OutboxEvent], None]
_AnyHandler = TypeVar("_AnyHandler", bound=Handler)

MOST_ATTEMPTS = 10
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=6)
BATCH = 1000
POKE_EVERY_SECONDS = 0.5

EVENT_COLUMNS = ("id", "name", "subject", "sequence", "payload", "occurred_at", "recorded_at")
RUN_COLUMNS = ("event_id", "handler", "state", "attempts", "due_at", "error")

_handlers: dict[str, dict[str, Handler]] = {}
_poked = {"at": 0.0}


@dataclass(frozen=True, slots=True)
class Event:
    """What a publisher says. `payload` holds ids, codes and whole numbers only; `sequence` counts per
    subject."""

    name: str
    subject: str
    payload: dict[str, Any]
    occurred_at: datetime
    recorded_at: datetime
    sequence: int | None = None


# --- handlers ----------------------------------------------------------------------------------------------


def handler(*names: str) -> Callable[[_AnyHandler], _AnyHandler]:
    """Decorator: call this function once for each event of these names. It may be retried until it
    succeeds."""

    def register(function: _AnyHandler) -> _AnyHandler:
        for name in names:
            _handlers.setdefault(name, {})[f"{function.__module__}:{function.__qualname__}"] = function
        return function

    return register


def handlers_of(name: str) -> list[str]:
    """Names of the handlers registered for an event."""
    return sorted(_handlers.get(name, {}))


# --- publishing --------------------------------------------------------------------------------------------


def publish(
    name: str,
    *,
    subject: str,
    payload: dict[str, Any],
    occurred_at: datetime,
    recorded_at: datetime,
    sequence: int | None = None,
) -> OutboxEvent:
    """Write one event and its pending runs in the caller's transaction."""
    [event] = publish_many([Event(name, subject, payload, occurred_at, recorded_at, sequence)])
    return event


def publish_many(events: Sequence[Event]) -> list[OutboxEvent]:
    """Write many events and their runs in a few statements, in the caller's transaction."""
    for event in events:
        _check_payload(event)
    rows = OutboxEvent.objects.bulk_create(
        [
            OutboxEvent(
                name=event.name,
                subject=event.subject,
                sequence=event.sequence,
                payload=event.payload,
                occurred_at=event.occurred_at,
                recorded_at=event.recorded_at,
            )
            for event in events
        ],
        batch_size=BATCH,
    )
    runs = [
        HandlerRun(event=row, handler=each, due_at=row.recorded_at)
        for row in rows
        for each in handlers_of(row.name)
    ]
    if runs:
        HandlerRun.objects.bulk_create(runs, batch_size=BATCH)
        poke_after_commit()
    return rows


def rows_for(
    events: Sequence[Event], ids: Sequence[int]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows for COPY: events in the order of EVENT_COLUMNS, runs in the order of RUN_COLUMNS.

    `payload` is left a dict: the writer says how it dumps JSON. The writer calls `poke_after_commit()`.
    """
    event_rows: list[tuple[Any, ...]] = []
    run_rows: list[tuple[Any, ...]] = []
    for key, event in zip(ids, events, strict=True):
        _check_payload(event)
        event_rows.append(
            (
                key,
                event.name,
                event.subject,
                event.sequence,
                event.payload,
                event.occurred_at,
                event.recorded_at,
            )
        )
        run_rows.extend(
            (key, each, RunState.PENDING.value, 0, event.recorded_at, "") for each in handlers_of(event.name)
        )
    return event_rows, run_rows


def _check_payload(event: Event) -> None:
    for name, value in event.payload.items():
        members = value if isinstance(value, list | tuple) else [value]
        if any(each is not None and not isinstance(each, int | str | bool) for each in members):
            raise TypeError(f"The payload of {event.name} holds ids, codes and whole numbers only: {name}")


def poke_after_commit() -> None:
    """Wake the relay once the present transaction is committed."""
    transaction.on_commit(_poke, robust=True)


def _poke() -> None:
    """Beat wakes the relay anyway, so a poke may be skipped and a broker that is down must not be noticed."""
    if time.monotonic() - _poked["at"] < POKE_EVERY_SECONDS:
        return
    _poked["at"] = time.monotonic()
    try:
        current_app.send_task("core.relay_outbox", retry=False)
    except Exception:
        log.warning("The relay could not be woken; it will run by the clock.", exc_info=True)


# --- relaying ----------------------------------------------------------------------------------------------


def relay(limit: int = 100) -> int:
    """Do up to `limit` runs that are due; several relays may run at once. Returns how many were taken."""
    for taken in range(limit):
        if not _relay_one():
            return taken
    return limit


def _relay_one() -> bool:
    with transaction.atomic():
        now = clock.now()
        run = (
            HandlerRun.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=RunState.PENDING, due_at__lte=now)
            .select_related("event")
            .order_by("due_at", "id")
            .first()
        )
        if run is None:
            return False
        try:
            with transaction.atomic(), audit.context(source=run.handler):
                _function_of(run)(run.event)
        except Exception as error:
            log.warning("Handler %s failed on event %s", run.handler, run.event_id, exc_info=True)
            _note_failure(run, error, now)
        else:
            run.state, run.error, run.finished_at = RunState.DONE, "", now
        run.attempts += 1
        run.save(update_fields=["state", "attempts", "due_at", "error", "finished_at"])
    return True


def _function_of(run: HandlerRun) -> Handler:
    function = _handlers.get(run.event.name, {}).get(run.handler)
    if function is None:
        raise LookupError(f"No handler of that name is installed: {run.handler}")
    return function


def _note_failure(run: HandlerRun, error: Exception, now: datetime) -> None:
    run.error = f"{type(error).__name__}: {error}"[:2000]
    if run.attempts + 1 >= MOST_ATTEMPTS:
        run.state, run.finished_at = RunState.FAILED, now
    else:
        run.due_at = now + min(FIRST_DELAY * 2**run.attempts, LONGEST_DELAY)


def try_again(runs: Iterable[HandlerRun]) -> int:
    """Put runs that were given up back in line. Returns how many were."""
    keys = [run.pk for run in runs]
    with transaction.atomic():
        count = HandlerRun.objects.filter(pk__in=keys, state=RunState.FAILED).update(
            state=RunState.PENDING, attempts=0, due_at=clock.now(), finished_at=None
        )
        poke_after_commit()
    return count
