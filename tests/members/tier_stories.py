"""Stories of one member on one ladder, told in lines, for tables of cases.

A step is "2026-03-01 buys 600", "… returns 600 of 2026-03-01", "… hands in 600 of 2026-03-01" (late), "… lift gold",
"… floor gold until 2026-06-30", "… fixed silver", "… revokes floor", or "… passes". Things happen at noon. A decision
reads "2026-03-01 base>silver reached 600 until 2027-12-31"; one that falls due has "0h" after its day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.core.exact import local_day, start_of_day
from members.engine.tiers import Decision, Grant, MemberLadder, Mode, join, revised
from programs.engine.ladders import Ladder, Metric, MetricKind, Tier

TALLINN = ZoneInfo("Europe/Tallinn")


def tier(key: str, threshold: int, *, invitation: bool = False) -> Tier:
    return Tier(key, (), threshold, invitation)


USUAL = (tier("base", 0), tier("silver", 500), tier("gold", 1000), tier("platinum", 2000))
# Black is by invitation; who is in it keeps it with 1500.
WITH_BLACK = (*USUAL[:3], tier("black", 1500, invitation=True), USUAL[3])
# The circle is by invitation and asks for nothing.
WITH_CIRCLE = (USUAL[0], tier("circle", 0, invitation=True), *USUAL[1:])


def ladder(
    *, tiers: tuple[Tier, ...] = USUAL, metric: MetricKind = MetricKind.SPEND, **options: Any
) -> Ladder:
    """The usual ladder: calendar year, at once, to the end of the next year, falls to what was earned."""
    return Ladder("club", (), Metric(metric), tiers, **options)


class Story:
    """One member, told what happens; `decisions` are all that were taken."""

    def __init__(self, terms: Ladder, joined: str = "2026-01-01", zone: ZoneInfo = TALLINN) -> None:
        self.zone = zone
        day = date.fromisoformat(joined)
        self.member: MemberLadder
        self.member, self.decisions = join(terms, zone, day, self.noon(day))

    def noon(self, day: date) -> datetime:
        return datetime.combine(day, time(12), tzinfo=self.zone).astimezone(UTC)

    def pass_to(self, day: date) -> None:
        self.decisions += self.member.fall_due(start_of_day(day, self.zone))

    def tell(self, *steps: str) -> Story:
        for step in steps:
            day = date.fromisoformat(step.split()[0])
            self.pass_to(day)
            self.decisions += self._step(day, step.split()[1:])
        return self

    def _step(self, day: date, words: list[str]) -> list[Decision]:
        at = self.noon(day)
        match words:
            case ["buys", amount]:
                return self.member.credit(day, int(amount), at)
            case ["hands", "in", amount, "of", bought]:
                bought_on = date.fromisoformat(bought)
                return self.member.credit(bought_on, int(amount), self.noon(bought_on), day)
            case ["returns", amount, "of", bought]:
                return self.member.returned(date.fromisoformat(bought), int(amount), at)
            case ["revokes", reference]:
                return self.member.revoke(reference, at)
            case ["passes"]:
                return []
            case [mode, given, *rest]:
                until = date.fromisoformat(rest[1]) if rest else None
                return self.member.grant(Grant(mode, Mode(mode), given, until), at)
        raise AssertionError(words)

    def revise(self, day: str, **changes: Any) -> Story:
        """A new revision of the ladder comes into force at noon of a day."""
        at = date.fromisoformat(day)
        self.pass_to(at)
        self.decisions += revised(self.member, replace(self.member.ladder, **changes), self.noon(at))
        return self

    @property
    def lines(self) -> list[str]:
        """The decisions after joining."""
        return [self.line(decision) for decision in self.decisions[1:]]

    def line(self, decision: Decision) -> str:
        day = local_day(decision.occurred_at, self.zone)
        due = " 0h" if decision.occurred_at == start_of_day(day, self.zone) else ""
        until = "" if decision.ends_on is None else f" until {decision.ends_on}"
        step = f"{decision.from_tier}>{decision.to_tier} {decision.reason} {decision.value}"
        return f"{day}{due} {step}{until}"

    def has(self, day: str) -> tuple[str, str | None]:
        """The tier and its last day at the beginning of a day."""
        self.pass_to(date.fromisoformat(day))
        state = self.member.state
        return state.tier, None if state.ends_on is None else str(state.ends_on)


def told(terms: Ladder, *steps: str, joined: str = "2026-01-01", zone: ZoneInfo = TALLINN) -> list[str]:
    return Story(terms, joined, zone).tell(*steps).lines
