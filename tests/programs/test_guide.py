"""The example in the guide to the document is a document."""

from programs.engine.document import read_core
from programs.engine.policies import CHOICES
from programs.services.documents.yaml import parse
from tests.architecture.sources import ROOT

GUIDE = (ROOT / "docs" / "programme-document.md").read_text()


def test_the_example_can_be_loaded() -> None:
    example = GUIDE.split("```yaml\n")[1].split("```")[0]
    core = read_core(parse(example).data)
    assert [rule.key for rule in core.rules] == ["per-euro", "tea-time"]


def test_every_policy_and_choice_is_told() -> None:
    told = GUIDE[GUIDE.index("## Policies") : GUIDE.index("## The file")]
    for name, options in CHOICES.items():
        assert name in told
        assert [option.value for option in options if option.value not in told] == []
