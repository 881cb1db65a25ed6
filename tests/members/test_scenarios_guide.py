"""The examples in the guide hold, and show every step and every expectation."""

import re
from typing import Any

import pytest

from members.services.scenarios import read_text, run
from members.services.scenarios.expectations import BUCKETS, LOT_POINTS, TOTALS
from members.services.scenarios.steps import KINDS
from programs.services.documents.yaml import parse
from tests.architecture.sources import ROOT

GUIDE = (ROOT / "docs" / "scenarios.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
# What is not compared but named by its own keys: members by name, lots, stamps, reasons.
OTHERS = (
    "awarded",
    "refused",
    "members",
    "trace",
    "lots",
    "stamps",
    "tier",
    "state",
    "earned_on",
    "expires_on",
    "partner",
)


@pytest.mark.django_db
@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0].removeprefix("id: "))
def test_the_examples_hold(text: str) -> None:
    assert [failure.as_dict() for failure in run(read_text(text)).failures] == []


def test_every_step_is_told_and_shown() -> None:
    told = GUIDE[GUIDE.index("## Steps") : GUIDE.index("## Expectations")]
    assert [kind for kind in KINDS if f"`{kind}`" not in told] == []
    shown = {step.kind for text in EXAMPLES for step in read_text(text).steps}
    assert shown == set(KINDS)


def test_every_expectation_is_told_and_shown() -> None:
    told = GUIDE[GUIDE.index("## Expectations") : GUIDE.index("## Points that wait")]
    names = {*BUCKETS, *TOTALS, *LOT_POINTS, *OTHERS}
    assert [name for name in sorted(names) if f"`{name}`" not in told] == []
    shown = {name for text in EXAMPLES for name in expected_names(parse(text).data)}
    assert names <= shown


def expected_names(document: Any, inside: bool = False) -> set[str]:
    """The names under `expect` anywhere in a file."""
    if isinstance(document, list):
        return {name for item in document for name in expected_names(item, inside)}
    if not isinstance(document, dict):
        return set()
    found = set(document) if inside else set()
    for name, value in document.items():
        found |= expected_names(value, inside or name == "expect")
    return found
