"""Events reach each handler exactly once, or wait, or are given up in sight of everybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from loyalty.core import clock, outbox
from loyalty.core.choices import RunState
from loyalty.core.models import HandlerRun, OutboxEvent

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A registry of its own."""
    registry: dict[str, Any] = {}
    monkeypatch.setattr(outbox, "_handlers", registry)
    return registry


@pytest.fixture
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


def publish(**fields: Any) -> OutboxEvent:
    defaults: dict[str, Any] = {
        "subject": "membership:1",
        "payload": {"purchase": 5, "partner": "main", "lines": [1, 2]},
        "occurred_at": NOON,
        "recorded_at": NOON,
    }
    return outbox.publish("purchase.recorded", **(defaults | fields))


def mark(event: OutboxEvent) -> None:
    """A handler whose effect can be counted."""
    Group.objects.create(name=f"heard {event.pk}")


def fail_after_writing(event: OutboxEvent) -> None:
    mark(event)
    raise ZeroDivisionError("no luck")


@pytest.mark.django_db
def test_each_handler_gets_the_event_once(at_noon: None) -> None:
    heard: list[tuple[str, int]] = []
    outbox.handler("purchase.recorded")(lambda event: heard.append(("first", event.payload["purchase"])))

    @outbox.handler("purchase.recorded", "return.recorded")
    def second(event: OutboxEvent) -> None:
        heard.append(("second", event.payload["purchase"]))

    publish()
    assert outbox.relay() == 2
    assert sorted(heard) == [("first", 5), ("second", 5)]
    assert outbox.relay() == 0
    assert set(HandlerRun.objects.values_list("state", "attempts")) == {(RunState.DONE, 1)}


@pytest.mark.django_db
def test_a_rolled_back_transaction_tells_nothing(at_noon: None) -> None:
    outbox.handler("purchase.recorded")(mark)
    with pytest.raises(ZeroDivisionError):
        _publish_and_fail()
    assert not OutboxEvent.objects.exists()
    assert outbox.relay() == 0


@transaction.atomic
def _publish_and_fail() -> None:
    publish()
    raise ZeroDivisionError


@pytest.mark.django_db
def test_a_failing_handler_leaves_no_effect_and_waits_longer_each_time() -> None:
    outbox.handler("purchase.recorded")(fail_after_writing)
    publish()
    now, delays = NOON, []
    for _attempt in range(outbox.MOST_ATTEMPTS):
        with clock.at(now):
            assert outbox.relay() == 1
            assert outbox.relay() == 0
        run = HandlerRun.objects.get()
        delays.append(run.due_at - now)
        now = run.due_at
    assert delays[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert (run.state, run.attempts) == (RunState.FAILED, 10)
    assert run.error == "ZeroDivisionError: no luck"
    assert not Group.objects.filter(name__startswith="heard").exists()


@pytest.mark.django_db
def test_a_given_up_run_can_be_tried_again(at_noon: None, handlers: dict[str, Any]) -> None:
    outbox.handler("purchase.recorded")(fail_after_writing)
    event = publish()
    HandlerRun.objects.update(state=RunState.FAILED, attempts=10)
    name = HandlerRun.objects.get().handler
    handlers["purchase.recorded"][name] = mark
    assert outbox.try_again(HandlerRun.objects.all()) == 1
    assert outbox.relay() == 1
    assert Group.objects.get(name__startswith="heard").name == f"heard {event.pk}"


@pytest.mark.django_db
def test_a_handler_that_is_gone_is_an_error_that_can_be_seen(at_noon: None, handlers: dict[str, Any]) -> None:
    outbox.handler("purchase.recorded")(mark)
    publish()
    handlers.clear()
    assert outbox.relay() == 1
    assert "No handler of that name" in HandlerRun.objects.get().error


@pytest.mark.django_db
def test_many_events_take_few_statements(at_noon: None, django_assert_max_num_queries: Any) -> None:
    outbox.handler("purchase.recorded")(mark)
    events = [
        outbox.Event("purchase.recorded", f"membership:{n}", {"n": n}, NOON, NOON, n) for n in range(2000)
    ]
    with django_assert_max_num_queries(8):
        outbox.publish_many(events)
    assert HandlerRun.objects.count() == 2000


@pytest.mark.django_db
def test_rows_for_copy_are_what_publishing_writes(at_noon: None) -> None:
    outbox.handler("purchase.recorded")(mark)
    event = outbox.Event("purchase.recorded", "membership:1", {"purchase": 5}, NOON, NOON, 3)
    [event_row], [run_row] = outbox.rows_for([event], [1_000_000_000])
    with connection.cursor() as cursor:
        for table, columns, row in (
            ("core_outboxevent", outbox.EVENT_COLUMNS, event_row),
            ("core_handlerrun", outbox.RUN_COLUMNS, run_row),
        ):
            values = ["{}" if isinstance(value, dict) else value for value in row]
            places = ", ".join(["%s"] * len(values))
            cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", values)
    assert outbox.relay() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("value", [1.5, {"name": "Anna"}, NOON])
def test_the_payload_holds_ids_only(value: Any) -> None:
    with pytest.raises(TypeError, match="ids"):
        publish(payload={"x": value})


@pytest.mark.django_db
def test_a_broker_that_is_down_is_not_noticed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("celery.current_app.send_task", broken, raising=False)
    monkeypatch.setattr(outbox, "_poked", {"at": -100.0})
    outbox.handler("purchase.recorded")(mark)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        publish()
    assert len(callbacks) == 1


def test_relays_at_once_share_the_work(committed_database: Any) -> None:
    outbox.handler("purchase.recorded")(mark)
    outbox.publish_many(
        [outbox.Event("purchase.recorded", f"membership:{n}", {}, NOON, NOON) for n in range(60)]
    )
    taken: list[int] = []

    def work() -> None:
        try:
            taken.append(outbox.relay(100))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 60
    assert Group.objects.filter(name__startswith="heard").count() == 60
