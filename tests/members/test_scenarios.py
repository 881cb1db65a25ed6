"""Worked examples: all hold, each option has one that fails under the others, and nothing of them stays."""

import copy
import json
import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from loyalty.core.models import OutboxEvent
from members.engine.tiers import Mode
from members.models import Membership, Purchase
from members.services.scenarios import Scenario, read_file, run
from members.services.scenarios.steps.tiers import TierStep
from programs.engine.facts import LineKind
from programs.engine.ladders import AfterReturn, Ends, Falls, Starts
from programs.engine.point_types import BelowLowest
from programs.engine.policies import CHOICES
from programs.engine.rules import Combine, OnExcess, Stacking
from programs.engine.terms import Activity, OnTimeout, RoundUp
from programs.models import Programme

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "scenarios"
FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("policies/*.yaml")])
POLICIES = FOLDER / "policies"

Place = tuple[str | int, ...]
MAIN: Place = ("point_types", 0)
LADDER: Place = ("ladders", 0)


class Settings(dict[str, Any]):
    """An option that is several settings beside others; `of` all of which one of the options has."""

    of: tuple[str, ...] = ()


class EndOfTier(Settings):
    of = ("ends", "months")


class FallOfTier(Settings):
    of = ("falls", "fall_days")


def values(kind: type[StrEnum]) -> dict[str, Any]:
    return {option.value: option.value for option in kind}


def lists_of_one(kind: type[StrEnum]) -> dict[str, Any]:
    return {option.value: [option.value] for option in kind}


# Where an option stands in its example, and which options there are, by name.
OPTIONS: dict[str, tuple[Place, dict[str, Any]]] = {
    **{name: (("policies", name), values(kind)) for name, kind in CHOICES.items()},
    "earning_kinds": (
        ("policies", "earning_kinds"),
        {name: kinds for name, kinds in lists_of_one(LineKind).items() if name != LineKind.DISCOUNT},
    ),
    "stacking": (("groups", 0, "mode"), values(Stacking)),
    "combine": (("groups", 1, "combine"), values(Combine)),
    "on_excess": (("rules", 0, "caps", "on_excess"), values(OnExcess)),
    "line_filter": (
        ("rules", 0, "lines"),
        {
            "include": {"fact": "line.category", "is": "one_of", "value": ["tea"]},
            "exclude": {"fact": "line.category", "is": "none_of", "value": ["tea"]},
        },
    ),
    "minimum": (
        ("rules", 0, "when"),
        {
            "basket": {"fact": "basket.total", "is": "at_least", "value": "30.00"},
            "without_tax": {"fact": "basket.total_without_tax", "is": "at_least", "value": "30.00"},
            "lines": {
                "lines": {"fact": "line.category", "is": "equals", "value": "tea"},
                "of": "amount",
                "is": "at_least",
                "value": "30.00",
            },
        },
    ),
    "lowest_award": ((*MAIN, "limits", "lowest_award", "below"), values(BelowLowest)),
    "spendable": ((*MAIN, "spendable"), {"true": True, "false": False}),
    "money": (
        (*MAIN, "money"),
        {
            "block": {"points": 100, "amount": "1.00"},
            "half_block": {"points": 50, "amount": "0.50"},
            "lowest": {"points": 100, "amount": "1.00", "lowest": 600},
            "highest": {"points": 100, "amount": "1.00", "highest": 200},
            "share": {"points": 100, "amount": "1.00", "share": 50},
            "nothing": {"points": 100, "amount": "0.00"},
        },
    ),
    "transferable": ((*MAIN, "transferable"), {"true": True, "false": False}),
    "pending": (
        (*MAIN, "pending"),
        {
            "at_once": {"kind": "at_once"},
            "days": {"kind": "days", "days": 7},
            "date": {"kind": "date", "on": "2026-04-01"},
            "event": {"kind": "event", "event": "parcel"},
            "approval": {"kind": "at_once", "approval_above": 9},
        },
    ),
    "on_timeout": ((*MAIN, "pending", "on_timeout"), values(OnTimeout)),
    "expiry": (
        (*MAIN, "expiry"),
        {
            "never": {"kind": "never"},
            "days": {"kind": "after", "days": 30},
            "months": {"kind": "after", "months": 1},
            "years": {"kind": "after", "years": 1},
            "fixed": {"kind": "fixed", "dates": ["12-31"]},
            "activity": {"kind": "activity", "days": 30},
            "tier": {"kind": "tier", "ladder": "status", "tiers": ["gold"], "days": 30},
        },
    ),
    "notice_days": ((*MAIN, "expiry", "notice_days"), {"none": 0, "fourteen": 14}),
    "round_up": ((*MAIN, "expiry", "round_up"), {"none": None, **values(RoundUp)}),
    "activities": ((*MAIN, "expiry", "activities"), lists_of_one(Activity)),
    "tier_metric": (
        (*LADDER, "metric"),
        {
            "spend": {"of": "spend"},
            "points": {"of": "points", "point_type": "points"},
            "purchases": {"of": "purchases"},
            "visits": {"of": "visits"},
            "event": {"of": "event", "event": "stay", "field": "nights"},
        },
    ),
    "tier_window": (
        (*LADDER, "window"),
        {
            "calendar_year": {"kind": "calendar_year"},
            "membership_year": {"kind": "membership_year"},
            "rolling": {"kind": "rolling", "months": 3},
            "lifetime": {"kind": "lifetime"},
        },
    ),
    "tier_starts": ((*LADDER, "starts"), values(Starts)),
    "tier_ends": (
        LADDER,
        {
            end.value: EndOfTier(ends=end.value, **({"months": 12} if end is Ends.MONTHS_AFTER else {}))
            for end in Ends
        },
    ),
    "tier_falls": (
        LADDER,
        {
            fall.value: FallOfTier(
                falls=fall.value, **({"fall_days": 30} if fall is Falls.AFTER_DAYS else {})
            )
            for fall in Falls
        },
    ),
    "tier_after_return": ((*LADDER, "after_return"), values(AfterReturn)),
    "invitation": ((*LADDER, "tiers", 1, "invitation"), {"true": True, "false": False}),
}
SWITCHES = [
    pytest.param(policy, option, other, id=f"{policy}-{option}-to-{other}")
    for policy, (_path, options) in OPTIONS.items()
    for option in options
    for other in options
    if option != other
]


def example(policy: str, option: str) -> Scenario:
    return read_file(POLICIES / f"{policy}-{option}.yaml")


def value_at(document: Any, path: Place) -> Any:
    for part in path:
        document = document[part]
    return document


def spells_out(found: Any, option: Any) -> bool:
    if isinstance(option, Settings):
        return {name: found[name] for name in option.of if name in found} == option
    return bool(found == option)


def switched(scenario: Scenario, path: Place, option: Any) -> Scenario:
    document = copy.deepcopy(dict(scenario.document))
    if isinstance(option, Settings):
        settings = value_at(document, path)
        for name in option.of:
            settings.pop(name, None)
        settings |= option
        return replace(scenario, document=document)
    value_at(document, path[:-1])[path[-1]] = option
    return replace(scenario, document=document)


# --- all examples -----------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_example_holds(path: Path) -> None:
    outcome = run(read_file(path))
    assert [failure.as_dict() for failure in outcome.failures] == []
    assert outcome.steps


def test_ids_are_file_names_and_titles_are_sentences() -> None:
    scenarios = [read_file(path) for path in FILES]
    assert len({scenario.id for scenario in scenarios}) == len(scenarios)
    for path, scenario in zip(FILES, scenarios, strict=True):
        assert scenario.id.replace("-", "_") == path.stem.replace("-", "_")
        assert len(scenario.title) > 20


# --- each option of each policy ---------------------------------------------------------------------
def test_every_option_has_an_example_that_spells_it_out() -> None:
    wanted = {f"{policy}-{option}" for policy, (_path, options) in OPTIONS.items() for option in options}
    wanted |= {f"given_tier-{mode.value}" for mode in Mode}
    assert {path.stem for path in POLICIES.glob("*.yaml")} == wanted
    for policy, (path, options) in OPTIONS.items():
        for option, value in options.items():
            assert spells_out(value_at(example(policy, option).document, path), value)


@pytest.mark.django_db
@pytest.mark.parametrize(("policy", "option", "other"), SWITCHES)
def test_switching_an_option_makes_its_example_fail(policy: str, option: str, other: str) -> None:
    path, options = OPTIONS[policy]
    outcome = run(switched(example(policy, option), path, options[other]))
    assert {failure.kind for failure in outcome.failures} - {"verify"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mode", "other"), [(mode, other) for mode in Mode for other in Mode if mode is not other]
)
def test_switching_how_a_tier_is_given_makes_its_example_fail(mode: Mode, other: Mode) -> None:
    scenario = example("given_tier", mode.value)
    given, *others = scenario.steps
    assert isinstance(given.action, TierStep)
    assert given.action.kind is mode
    otherwise = replace(given, action=replace(given.action, kind=other))
    outcome = run(replace(scenario, steps=(otherwise, *others)))
    assert {failure.kind for failure in outcome.failures} - {"verify"}


# --- isolation --------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_nothing_stays_and_the_order_of_files_does_not_matter() -> None:
    tables = (Programme, Membership, Purchase, OutboxEvent)
    before = [table.objects.count() for table in tables]
    scenarios = [read_file(path) for path in FILES[-4:]]
    first = [run(scenario).as_dict() for scenario in scenarios]
    second = [run(scenario).as_dict() for scenario in reversed(scenarios)]
    assert first == second[::-1]
    assert [table.objects.count() for table in tables] == before


@pytest.mark.django_db
def test_events_of_the_company_are_not_handed_on_by_a_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty.core import clock, outbox
    from loyalty.core.choices import RunState
    from loyalty.core.models import HandlerRun

    seen: list[int] = []
    monkeypatch.setattr(
        outbox, "_handlers", {"programme.published": {"seen": lambda event: seen.append(event.pk)}}
    )
    now = read_file(FILES[0]).starts_at
    outbox.publish("programme.published", subject="mine", payload={}, occurred_at=now, recorded_at=now)
    mine = HandlerRun.objects.get()
    assert clock.now() > now
    assert run(read_file(FILES[0])).ok
    assert len(seen) == 1
    assert mine.event_id not in seen
    mine.refresh_from_db()
    assert (mine.state, mine.due_at) == (RunState.PENDING, now)


@pytest.mark.django_db
def test_a_handler_that_fails_fails_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty.core import outbox

    def explode(event: OutboxEvent) -> None:
        raise RuntimeError("no mail today")

    monkeypatch.setattr(outbox, "_handlers", {"purchase.recorded": {"mail": explode}})
    [failure] = run(read_file(POLICIES / "tax-excluded.yaml")).failures
    assert (failure.step, failure.what, failure.got) == (1, "mail", "RuntimeError: no mail today")


@pytest.mark.django_db
def test_a_broken_ledger_fails_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    from members.engine.ledger import Ledger

    whole = Ledger._post

    def skewed(self: Ledger, *arguments: Any, **options: Any) -> Any:
        row = whole(self, *arguments, **options)
        arguments[0].postings[-1] = row._replace(available_after=row.available_after + 1)
        return row

    monkeypatch.setattr(Ledger, "_post", skewed)
    failures = run(read_file(POLICIES / "tax-excluded.yaml")).failures
    assert {failure.kind for failure in failures} == {"verify"}
    assert any(failure.what.startswith("I2") for failure in failures)


def test_from_the_shell_nothing_is_left(committed_database: Any) -> None:
    command = [sys.executable, "manage.py", "scenario", str(FILES[0]), "--json"]
    environment = committed_database.environment()
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["ok"] is True
    assert not Programme.objects.exists()
    assert not Purchase.objects.exists()


@pytest.mark.django_db
def test_a_programme_of_that_name_in_the_company_is_left_alone() -> None:
    from loyalty.core import clock
    from programs.engine.document import read_core
    from programs.services.programmes import load_core

    path = POLICIES / "tax-excluded.yaml"
    scenario = read_file(path)
    load_core(read_core(scenario.document), now=clock.now(), publish=True)
    assert run(read_file(path)).ok
