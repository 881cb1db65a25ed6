"""Worked examples: kept and run against the working copy; red ones stand in the way of publishing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import Job
from members.selectors.examples import KINDS, run_in_words
from members.services import examples
from members.services.examples import ExampleExists, run_all, save_example
from members.services.scenarios import InvalidScenario
from members.services.scenarios.steps import KINDS as STEPS
from programs.choices import ExampleState
from programs.models import Programme, Revision, WorkedExample
from programs.selectors.documents import working_core
from programs.services import readiness
from programs.services.programmes import load
from programs.services.readiness import NotReady
from tests.members.club import NOON, RULES

pytestmark = pytest.mark.django_db
SOURCE = """
id: tea
title: Ten euros of tea bring ten points
steps:
  - at: 2026-03-02T10:00
    purchase: {ref: r1, member: anna, lines: [{sku: TEA, amount: "10.00"}]}
    expect: {awarded: 10, members: {anna: {balance: 10}}}
"""
WRONG = SOURCE.replace("awarded: 10", "awarded: 11").replace("id: tea", "id: wrong")
TWICE = RULES.replace("points: 1", "points: 2")


@pytest.fixture
def draft() -> Programme:
    return load(RULES, now=NOON).programme


def test_every_step_has_words() -> None:
    assert set(STEPS) <= set(KINDS)


def test_an_example_is_run_when_it_is_saved_and_nothing_but_its_result_stays(draft: Programme) -> None:
    before = {model: model._default_manager.count() for model in apps.get_models()}
    example = save_example(draft, SOURCE, now=NOON)
    after = {model: model._default_manager.count() for model in apps.get_models()}
    changed = {
        model._meta.label: after[model] - before[model] for model in after if after[model] != before[model]
    }
    assert changed == {"core.AuditEntry": 1, "programs.WorkedExample": 1}
    assert (example.key, example.state, str(example)) == ("tea", "green", "Ten euros of tea bring ten points")
    assert WorkedExample.objects.get().run_at == NOON


def test_a_red_example_tells_the_step_what_was_expected_what_came_and_why(draft: Programme) -> None:
    example = save_example(draft, WRONG, now=NOON)
    assert example.state == ExampleState.RED
    [step] = run_in_words(example.report, working_core(draft))
    assert (step.kind, step.at, step.done) == (
        "Purchase",
        "2026-03-02 10:00",
        "given: 10\N{NO-BREAK SPACE}Points",
    )
    assert step.reasons == ["1 point for each euro: 10\N{NO-BREAK SPACE}Points"]
    [missed] = step.missed
    assert (missed.what, missed.expected, missed.got) == ("Points given", "11", "10")


def test_text_with_faults_is_refused_by_line_and_column_and_nothing_is_kept(draft: Programme) -> None:
    example = save_example(draft, SOURCE, now=NOON)
    with pytest.raises(InvalidScenario) as refused:
        save_example(draft, SOURCE.replace("awarded", "avarded"), now=NOON, example=example)
    assert [(error.line, error.column, error.code) for error in refused.value.errors] == [
        (6, 14, "unknown_key")
    ]
    with pytest.raises(InvalidScenario):
        save_example(draft, "programme: {}\n" + SOURCE, now=NOON)
    assert WorkedExample.objects.get().source == SOURCE.strip() + "\n"


def test_two_examples_of_a_programme_cannot_have_the_same_id(draft: Programme) -> None:
    save_example(draft, SOURCE, now=NOON)
    with pytest.raises(ExampleExists):
        save_example(draft, SOURCE.replace("awarded: 10", "awarded: 11"), now=NOON)
    assert WorkedExample.objects.get().state == ExampleState.GREEN
    other = load(RULES.replace("key: club", "key: other"), now=NOON).programme
    save_example(other, SOURCE, now=NOON)
    assert WorkedExample.objects.count() == 2


def test_an_example_is_outdated_when_points_are_decided_otherwise_and_not_when_texts_change(
    draft: Programme,
) -> None:
    save_example(draft, SOURCE, now=NOON)
    load(RULES.replace("title: 1 point", "title: One point"), now=NOON)
    assert examples.outdated(draft) == []
    load(TWICE, now=NOON)
    assert [each.key for each in examples.outdated(draft)] == ["tea"]


def test_what_was_changed_since_is_run_again_before_publishing(draft: Programme) -> None:
    save_example(draft, SOURCE, now=NOON)
    assert readiness.blockers(draft, now=NOON) == []
    load(TWICE, now=NOON)
    [blocker] = readiness.blockers(draft, now=NOON)
    assert (blocker.code, blocker.tab) == ("example_red", "examples")
    assert str(blocker.message) == "The example “Ten euros of tea bring ten points” does not hold."
    load(RULES, now=NOON)
    assert readiness.blockers(draft, now=NOON) == []


def test_red_examples_refuse_publishing_and_nothing_is_changed(draft: Programme) -> None:
    save_example(draft, SOURCE, now=NOON)
    with pytest.raises(NotReady) as refused:
        load(TWICE, now=NOON, publish=True, if_ready=True)
    assert [str(error.code) for error in refused.value.errors] == ["example_red"]
    assert Revision.objects.count() == 0
    assert draft.rules.get().settings["effect"]["points"] == "1"
    loaded = load(RULES, now=NOON, publish=True, if_ready=True)
    assert loaded.revision is not None


def test_the_command_publishes_despite_red_examples_only_when_told(draft: Programme, tmp_path: Path) -> None:
    save_example(draft, SOURCE, now=NOON)
    file = tmp_path / "club.yaml"
    file.write_text(TWICE)

    def command(*more: str) -> int:
        try:
            call_command(
                "programme", "load", str(file), "--publish", *more, stdout=StringIO(), stderr=StringIO()
            )
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    assert (command(), Revision.objects.count()) == (1, 0)
    assert (command("--despite-examples"), Revision.objects.count()) == (0, 1)


def test_an_example_of_a_rule_that_is_gone_turns_red_and_says_so(draft: Programme) -> None:
    more = "  - {key: tea, title: Tea, effect: {kind: fixed, points: 1}}\n"
    load(RULES + more, now=NOON)
    source = SOURCE.replace("awarded: 10,", "awarded: 11, trace: [{rule: tea, points: 1}],").replace(
        ": 10}", ": 11}"
    )
    assert save_example(draft, source, now=NOON).state == ExampleState.GREEN
    load(RULES, now=NOON)
    run_all(draft, now=NOON)
    example = WorkedExample.objects.get()
    assert example.state == ExampleState.RED
    assert [error["code"] for error in example.report["errors"]] == ["unknown_rule"]


def test_long_lists_are_run_by_a_worker(draft: Programme, monkeypatch: Any) -> None:
    monkeypatch.setattr(examples, "MOST_AT_ONCE", 1)
    save_example(draft, SOURCE, now=NOON)
    save_example(draft, WRONG, now=NOON)
    WorkedExample.objects.update(state=ExampleState.NEVER)
    job = run_all(draft, now=NOON)
    assert job is not None
    assert set(WorkedExample.objects.values_list("state", flat=True)) == {"never"}
    jobs.run(job.pk)
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.error_count, done.done) == (JobState.DONE, 1, 2)
    assert dict(WorkedExample.objects.values_list("key", "state")) == {"tea": "green", "wrong": "red"}


TIERS = """ladders:
  - key: status
    name: Status
    tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "10.00"}]
"""


@pytest.mark.parametrize("tier", ["gold", "{status: gold}"])
def test_the_tier_of_a_member_can_be_expected(draft: Programme, tier: str) -> None:
    load(RULES + TIERS, now=NOON)
    source = SOURCE.replace("{balance: 10}", f"{{balance: 10, tier: {tier}}}")
    assert save_example(draft, source, now=NOON).state == ExampleState.GREEN
    other = source.replace("gold", "base").replace("id: tea", "id: base")
    red = save_example(draft, other, now=NOON)
    [step] = run_in_words(red.report, working_core(draft))
    assert [(each.what, each.expected, each.got) for each in step.missed] == [
        ("anna: Tier (status)", "Base", "Gold")
    ]


@pytest.mark.parametrize(("tier", "code"), [("silver", "unknown_tier"), ("{other: gold}", "unknown_key")])
def test_a_tier_that_is_not_there_cannot_be_expected(draft: Programme, tier: str, code: str) -> None:
    load(RULES + TIERS, now=NOON)
    with pytest.raises(InvalidScenario) as refused:
        save_example(draft, SOURCE.replace("{balance: 10}", f"{{tier: {tier}}}"), now=NOON)
    assert [error.code for error in refused.value.errors] == [code]


def test_without_a_ladder_no_tier_can_be_expected(draft: Programme) -> None:
    with pytest.raises(InvalidScenario) as refused:
        save_example(draft, SOURCE.replace("{balance: 10}", "{tier: gold}"), now=NOON)
    assert [error.code for error in refused.value.errors] == ["unknown_ladder", "unknown_key"]
