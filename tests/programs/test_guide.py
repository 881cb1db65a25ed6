"""The examples in the guide to the document are documents."""

import re

import pytest

from programs.engine.document import dump_core, read_core
from programs.engine.events import FieldType, Trigger
from programs.engine.ladders import AfterReturn, BenefitKind, Ends, Falls, MetricKind, Starts, WindowKind
from programs.engine.policies import CHOICES
from programs.engine.rules import EffectKind, Stacking
from programs.engine.terms import Activity, ExpiryKind, OnTimeout, PendingKind, RoundUp, Unit
from programs.services.documents.yaml import parse
from tests.architecture.sources import ROOT

GUIDE = (ROOT / "docs" / "programme-document.md").read_text()
FIRST, HEAD, *EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_first_example_can_be_loaded() -> None:
    core = read_core(parse(FIRST).data)
    assert [rule.key for rule in core.rules] == ["per-euro", "tea-time"]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_other_example_is_a_programme_with_the_lines_before_it(number: int) -> None:
    head, example = parse(HEAD).data, parse(EXAMPLES[number]).data
    assert isinstance(head, dict)
    assert isinstance(example, dict)
    core = read_core(head | example)
    assert read_core(dump_core(core)) == core
    assert set(example) <= set(dump_core(core))


def test_there_is_an_example_of_each_new_part() -> None:
    assert len(EXAMPLES) >= 6
    for part in (
        "events:",
        "ladders:",
        "lists:",
        "expiry:",
        "pending:",
        "conversions:",
        "money:",
        "trigger:",
        "benefits:",
    ):
        assert any(part in example for example in EXAMPLES), part


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Effects", [EffectKind]),
        ("What a rule waits for", [Trigger]),
        ("Events", [FieldType]),
        ("How long points last", [ExpiryKind, Unit, RoundUp, Activity]),
        ("When points can be used", [PendingKind, OnTimeout]),
        (
            "Ladders of tiers",
            [MetricKind, WindowKind, Starts, Ends, Falls, AfterReturn, BenefitKind],
        ),
    ],
)
def test_every_choice_is_told_under_its_heading(heading: str, kinds: list[type]) -> None:
    told = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    words = set(re.findall(r"[a-z_]+", told))
    assert [choice.value for kind in kinds for choice in kind if choice.value not in words] == []


def test_every_policy_and_choice_is_told() -> None:
    told = GUIDE[GUIDE.index("## Policies") : GUIDE.index("## The file")]
    words = set(re.findall(r"[a-z0-9_]+", told))
    for name, options in CHOICES.items():
        assert name in words
        assert [option.value for option in options if option.value not in words] == []
    assert [mode.value for mode in Stacking if mode.value not in FIRST] == []
