"""The table of policies says what the code knows: every setting, every option, the usual ones, and their examples."""

from __future__ import annotations

import re
from enum import StrEnum

from members.engine.tiers import Mode
from members.services.scenarios import read_file
from programs.engine.ladders import AfterReturn, Ends, Falls, Ladder, Metric, MetricKind, Starts, WindowKind
from programs.engine.point_types import Limits, PointType
from programs.engine.policies import CHOICES, DEFAULTS
from programs.engine.reader import Reader
from programs.engine.rules import Caps, RuleGroup
from programs.engine.terms import NEVER, Pending, read_expiry
from tests.architecture.sources import ROOT
from tests.members.test_scenarios import FOLDER, OPTIONS, POLICIES

GUIDE = (ROOT / "docs" / "policies.md").read_text()
ROW = re.compile(
    r"^\|[^|]*\|[^|]*\| (\**)([a-z0-9_]+)\1 \| ([^|]+) \| ([a-z_]+)-([a-z0-9_]+) \|$", re.MULTILINE
)
# (setting, option) -> whether it is the usual one, and what it means.
ROWS = {
    (setting, option): (bool(bold), meaning)
    for bold, option, meaning, setting, named in ROW.findall(GUIDE)
    if named == option
}


def names(kind: type[StrEnum]) -> set[str]:
    return {option.value for option in kind}


# Options of tiers, as the engine knows them.
OF_TIERS = {
    "tier_metric": names(MetricKind),
    "tier_window": names(WindowKind),
    "tier_starts": names(Starts),
    "tier_ends": names(Ends),
    "tier_falls": names(Falls),
    "tier_after_return": names(AfterReturn),
    "invitation": {"true", "false"},
    "given_tier": names(Mode),
}
LADDER = Ladder("status", (), Metric(), ())
POINTS = PointType("points", (), ())
ACTIVE = read_expiry(Reader({"kind": "activity", "days": 30}))
USUAL: dict[str, set[str]] = {
    **{name: {getattr(DEFAULTS, name).value} for name in CHOICES},
    "earning_kinds": {kind.value for kind in DEFAULTS.earning_kinds},
    "stacking": {RuleGroup("base").mode.value},
    "combine": {RuleGroup("base").combine.value},
    "on_excess": {Caps().on_excess.value},
    "lowest_award": {Limits().below_lowest.value},
    "pending": {POINTS.pending.kind.value},
    "on_timeout": {Pending().on_timeout.value},
    "expiry": {POINTS.expiry.kind.value},
    "round_up": {"none" if NEVER.round_up is None else NEVER.round_up.value},
    "activities": {activity.value for activity in ACTIVE.activities},
    "notice_days": {"none" if ACTIVE.notice_days == 0 else str(ACTIVE.notice_days)},
    "spendable": {str(POINTS.spendable).lower()},
    "transferable": {str(POINTS.transferable).lower()},
    "tier_metric": {LADDER.metric.kind.value},
    "tier_window": {LADDER.window.value},
    "tier_starts": {LADDER.starts.value},
    "tier_ends": {LADDER.ends.value},
    "tier_falls": {LADDER.falls.value},
    "tier_after_return": {LADDER.after_return.value},
    "invitation": {"false"},
    "given_tier": {Mode.FLOOR.value},
}


def test_the_table_has_every_setting_and_option_and_no_other() -> None:
    known = {**OF_TIERS, **{name: set(CHOICES[name]) for name in CHOICES}}
    known |= {policy: set(options) for policy, (_place, options) in OPTIONS.items()}
    told: dict[str, set[str]] = {}
    for setting, option in ROWS:
        told.setdefault(setting, set()).add(option)
    assert told == known


def test_the_usual_options_are_bold() -> None:
    bold: dict[str, set[str]] = {}
    for (setting, option), (usual, _meaning) in ROWS.items():
        if usual:
            bold.setdefault(setting, set()).add(option)
    assert bold == USUAL


def test_every_example_is_told_in_its_own_words() -> None:
    examples = {path.stem: read_file(path).title for path in POLICIES.glob("*.yaml")}
    told = {f"{setting}-{option}": meaning for (setting, option), (_usual, meaning) in ROWS.items()}
    assert {name: told.get(name) for name in examples} == examples


def test_every_line_of_a_table_is_read_and_every_other_example_is_there() -> None:
    lines = [line for line in GUIDE.splitlines() if line.startswith("|") and line.count("|") == 6]
    heads = [line for line in lines if line.startswith(("| What |", "|---"))]
    assert len(lines) - len(heads) == len(ROWS)
    named = re.findall(r"\| ([a-z_]+) \|$", GUIDE, re.MULTILINE)
    assert len(named) >= 20
    assert [name for name in named if not (FOLDER / f"{name}.yaml").exists()] == []
