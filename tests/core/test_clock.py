"""Time is read in one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from loyalty.core import clock

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_the_hands_can_be_set_and_spring_back() -> None:
    with clock.at(NOON):
        assert clock.now() == NOON
        with clock.at(NOON.astimezone(timezone(timedelta(hours=3))) + timedelta(days=1)):
            assert clock.now() == NOON + timedelta(days=1)
            assert clock.now().tzinfo is UTC
        assert clock.now() == NOON
    assert not clock.is_fixed()


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2026, 5, 1, 12)):  # noqa: DTZ001
        pass


@pytest.mark.django_db
def test_otherwise_the_database_tells_the_time() -> None:
    first, second = clock.now(), clock.now()
    assert first < second
    assert first.tzinfo is UTC
    with clock.at(NOON):
        assert clock.real_now() > second
