"""The terms of a lot: from what a programme promises to instants and days."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty.core.exact import end_of_day, local_day, start_of_day
from members.engine.books import APPROVAL, Terms
from programs.engine.policies import ExpiryDay, ExpiryFrom, Policies
from programs.engine.reader import Reader
from programs.engine.terms import (
    AT_ONCE,
    Expiry,
    ExpiryKind,
    OnTimeout,
    Pending,
    PendingKind,
    dump_expiry,
    read_expiry,
)


class Promise:
    """What a programme promises about points that are earned by one rule (or by any, or without one).

    `own` when a rule says so itself: then "never" means never, whatever the point type does later.
    """

    __slots__ = ("expiry", "own", "pending", "policies", "zone")

    def __init__(
        self, expiry: Expiry, pending: Pending, policies: Policies, zone: ZoneInfo, *, own: bool = False
    ) -> None:
        self.expiry = expiry
        self.pending = pending
        self.policies = policies
        self.zone = zone
        self.own = own

    def terms(self, occurred_at: datetime, points: int) -> tuple[Terms, bool]:
        """The terms of points that are earned at an instant, and whether they are pending."""
        day = local_day(occurred_at, self.zone)
        if self.pending == AT_ONCE:
            return self._dated(Terms(), day), False
        waiting = self._waiting(day, points)
        if waiting.activates_at is None and not waiting.awaits:
            return self._dated(waiting, day), False
        if self.policies.expiry_from is ExpiryFrom.EARNING:
            return self._dated(waiting, day), True
        if waiting.activates_at is not None:
            return self._dated(waiting, local_day(waiting.activates_at, self.zone)), True
        return self._undated(waiting), True

    def usable(self, occurred_at: datetime) -> Terms:
        """The terms of points that can be used at once whatever awards do: adjustments, conversions, restorals."""
        return self._dated(Terms(), local_day(occurred_at, self.zone))

    def _waiting(self, day: date, points: int) -> Terms:
        pending = self.pending
        if pending.approval_above is not None and points > pending.approval_above:
            return Terms(awaits=APPROVAL)
        if pending.kind is PendingKind.DAYS:
            return Terms(activates_at=start_of_day(day + timedelta(days=pending.days), self.zone))
        if pending.kind is PendingKind.DATE and pending.on is not None and pending.on > day:
            return Terms(activates_at=start_of_day(pending.on, self.zone))
        if pending.kind is PendingKind.EVENT:
            timeout = None
            if pending.timeout_days:
                timeout = start_of_day(day + timedelta(days=pending.timeout_days), self.zone)
            lapse = pending.on_timeout is OnTimeout.LAPSE
            return Terms(awaits=f"event:{pending.event}", lapses_at=timeout, lapse=lapse)
        return Terms()

    def _dated(self, terms: Terms, start: date) -> Terms:
        if self.expiry.kind is ExpiryKind.NEVER:
            return self._undated(terms)
        return dated(terms, self.expiry, start, self.policies.expiry_day, self.zone)

    def _undated(self, terms: Terms) -> Terms:
        """Terms without an end so far. Only a rule's own "never" is kept: expiry may be switched on for the others."""
        if self.expiry.kind is ExpiryKind.NEVER and not self.own:
            return terms
        return terms._replace(rule=json.dumps(dump_expiry(self.expiry)))


def dated(terms: Terms, expiry: Expiry, start: date, mode: ExpiryDay, zone: ZoneInfo) -> Terms:
    """Terms with the end of points whose time starts on `start`."""
    last = last_usable_day(expiry, start, mode)
    if last is None:
        return terms
    return terms._replace(
        expires_on=last,
        expires_at=end_of_day(last, zone),
        extendable=expiry.extendable,
        notice_days=expiry.notice_days,
    )


def last_usable_day(expiry: Expiry, start: date, mode: ExpiryDay) -> date | None:
    """The last day on which points can be used whose time starts on `start`; None: there is none."""
    last = expiry.last_day(start)
    if last is None or mode is ExpiryDay.LAST_USABLE:
        return last
    return max(last - timedelta(days=1), start)


def stored_expiry(terms: Terms) -> Expiry | None:
    """The expiry that is kept with a lot whose end was not known when it was earned."""
    return read_expiry(Reader(json.loads(terms.rule))) if terms.rule else None
