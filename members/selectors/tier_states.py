"""Between where a member stands on a ladder, as stored with the open tier period, and as the engine sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from members.engine.tiers import Grant, LadderState, Mode, Source, Upcoming, Validity

__all__ = ["state_document", "stored_state"]


def state_document(state: LadderState) -> dict[str, Any]:
    """A state as plain data; what is empty is left out."""
    written: dict[str, Any] = {
        "earned": _written(state.earned),
        "tier": state.tier,
        "source": state.source.value,
        "since": state.since.isoformat(),
        "decided_at": state.decided_at.isoformat(),
        "ends_on": _day(state.ends_on),
        "held": None if state.held is None else _written(state.held),
        "upcoming": None if state.upcoming is None else _written(state.upcoming),
        "sinks_on": _day(state.sinks_on),
        "falls_on": _day(state.falls_on),
        "grants": [_written(grant) for grant in state.grants],
    }
    return {name: value for name, value in written.items() if value not in (None, [])}


def stored_state(stored: Mapping[str, Any]) -> LadderState:
    """The state that was stored."""
    held, upcoming = stored.get("held"), stored.get("upcoming")
    return LadderState(
        earned=_validity(stored["earned"]),
        tier=stored["tier"],
        source=Source(stored["source"]),
        since=datetime.fromisoformat(stored["since"]),
        decided_at=datetime.fromisoformat(stored["decided_at"]),
        ends_on=_parsed(stored.get("ends_on")),
        held=None if held is None else _validity(held),
        upcoming=None if upcoming is None else _upcoming(upcoming),
        sinks_on=_parsed(stored.get("sinks_on")),
        falls_on=_parsed(stored.get("falls_on")),
        grants=[_grant(each) for each in stored.get("grants", ())],
    )


def _written(value: Validity | Upcoming | Grant) -> dict[str, Any]:
    fields = value._asdict()
    return {name: _day(item) if isinstance(item, date) else item for name, item in fields.items() if item}


def _validity(stored: Mapping[str, Any]) -> Validity:
    return Validity(
        stored["tier"],
        Source(stored["source"]),
        _parsed(stored.get("qualified_on")),
        _parsed(stored.get("ends_on")),
        stored.get("grace_days", 0),
        stored.get("grant", ""),
    )


def _upcoming(stored: Mapping[str, Any]) -> Upcoming:
    starts, qualified = _parsed(stored["starts_on"]), _parsed(stored["qualified_on"])
    assert starts is not None
    assert qualified is not None
    return Upcoming(stored["tier"], Source(stored["source"]), starts, qualified)


def _grant(stored: Mapping[str, Any]) -> Grant:
    return Grant(
        stored["reference"],
        Mode(stored["mode"]),
        stored["tier"],
        _parsed(stored.get("until")),
        Source(stored["source"]),
    )


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _parsed(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
