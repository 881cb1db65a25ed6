"""Worked examples of a programme: kept, run against the working copy, and asked before it is published.

A run leaves nothing behind but its result. A result holds for the working copy as it was then; when that decides
about points otherwise since, the example has to be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import clock, jobs
from loyalty.core.models import Job, User
from loyalty.core.problems import Conflict, InvalidFile
from loyalty.core.translated import TranslatedText
from members.services.scenarios import Scenario, read_text
from members.services.scenarios import run as run_scenario
from programs.choices import ExampleState
from programs.engine.reader import InvalidDocument
from programs.models import Programme, WorkedExample
from programs.selectors.canonical import freeze
from programs.selectors.documents import working_core, working_document
from programs.services import readiness
from programs.services.documents.reading import invalid_file
from programs.services.documents.yaml import parse
from programs.services.readiness import Blocker

KIND = "members.run_examples"
TAB = "examples"
# More than these take longer than anybody wants to wait for a page.
MOST_AT_ONCE = 20


class ExampleExists(Conflict):
    """Another example of the programme has this code."""

    code = "example_exists"
    title = gettext_lazy("Another example of this programme has the same id.")


# --- keeping ----------------------------------------------------------------------------------------------
def read_example(programme: Programme, source: str) -> Scenario:
    """An example as a scenario about the working copy. Raises InvalidScenario with every fault by line and column,
    and InvalidProgrammeFile when the working copy itself has faults."""
    try:
        working_core(programme)
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults) from None
    return read_text(source, programme=working_document(programme))


def save_example(
    programme: Programme, source: str, *, now: datetime, example: WorkedExample | None = None
) -> WorkedExample:
    """Keep an example and run it. Raises as `read_example`, and ExampleExists; then nothing is kept."""
    source = source.replace("\r\n", "\n").strip() + "\n"
    scenario = read_example(programme, source)
    title = parse(source).data["title"]
    with transaction.atomic():
        Programme.objects.select_for_update().get(pk=programme.pk)
        others = WorkedExample.objects.filter(programme=programme)
        last = others.aggregate(last=Max("position"))["last"]
        row = example or WorkedExample(programme=programme, position=0 if last is None else last + 1)
        if others.filter(key=scenario.id).exclude(pk=row.pk).exists():
            raise ExampleExists
        row.key, row.source = scenario.id, source
        row.title = TranslatedText(title if isinstance(title, Mapping) else {"*": title})
        row.state, row.report = ExampleState.NEVER, {}
        row.save()
    run_examples(programme, [row], now=now)
    return row


def free_key(programme: Programme, wanted: str) -> str:
    """A code for an example that no other one of the programme has."""
    taken = set(WorkedExample.objects.filter(programme=programme).values_list("key", flat=True))
    key, number = wanted, 1
    while key in taken:
        number += 1
        key = f"{wanted[:40]}-{number}"
    return key


# --- running ----------------------------------------------------------------------------------------------
def fingerprint(programme: Programme) -> str:
    """What decides about points in the working copy; empty while it has faults."""
    try:
        return freeze(working_core(programme)).logic_sha256
    except InvalidDocument:
        return ""


def outdated(programme: Programme) -> list[WorkedExample]:
    """The examples whose result says nothing about the working copy as it is now."""
    current = fingerprint(programme)
    return [
        each
        for each in WorkedExample.objects.filter(programme=programme).order_by("position", "id")
        if each.state == ExampleState.NEVER or not current or each.logic_sha256 != current
    ]


def run_examples(
    programme: Programme,
    examples: Iterable[WorkedExample],
    *,
    now: datetime,
    each_done: Callable[[int], None] = lambda _done: None,
) -> None:
    """Run examples against the working copy and keep what came of it."""
    current = fingerprint(programme)
    for done, example in enumerate(examples, 1):
        example.report = report = _run(programme, example.source)
        example.state = (
            ExampleState.RED if report.get("failures") or "errors" in report else ExampleState.GREEN
        )
        example.run_at, example.logic_sha256 = now, current
        WorkedExample.objects.filter(pk=example.pk).update(
            report=report, state=example.state, run_at=now, logic_sha256=current
        )
        each_done(done)


def _run(programme: Programme, source: str) -> dict[str, Any]:
    """What each step did and what was not as expected, or what is wrong with the text."""
    try:
        outcome = run_scenario(read_example(programme, source), with_verification=False)
    except InvalidFile as invalid:
        return {"errors": [error.as_dict() for error in invalid.errors]}
    found = outcome.as_dict()
    return {"steps": found["steps"], "failures": found["failures"]}


def run_all(programme: Programme, *, now: datetime, requested_by: User | None = None) -> Job | None:
    """Run every example of a programme now; a long list is run by a worker, whose job is returned."""
    examples = list(programme.examples.order_by("position", "id"))
    if len(examples) > MOST_AT_ONCE:
        return jobs.enqueue(KIND, requested_by=requested_by, programme=programme.pk)
    run_examples(programme, examples, now=now)
    return None


@jobs.kind(KIND, label=gettext_lazy("Run of worked examples"))
def run_job(job: jobs.Run) -> dict[str, Any]:
    """Run every example of the programme named in the settings."""
    programme = Programme.objects.get(pk=job.args["programme"])
    examples = list(programme.examples.order_by("position", "id"))
    run_examples(
        programme, examples, now=clock.now(), each_done=lambda done: job.progress(done, len(examples))
    )
    red = sum(each.state == ExampleState.RED for each in examples)
    job.errors = red
    job.message = _("Everything holds.") if not red else ""
    return {"programme": programme.key, "examples": len(examples), "red": red}


# --- publishing -------------------------------------------------------------------------------------------
@readiness.contribute
def examples_hold(programme: Programme, now: datetime) -> list[Blocker]:
    """Examples that do not hold stand in the way of publishing; what was changed since is run again first."""
    run_examples(programme, outdated(programme), now=now)
    red = WorkedExample.objects.filter(programme=programme, state=ExampleState.RED).order_by("position", "id")
    return [
        Blocker(
            "example_red",
            _("The example “%(title)s” does not hold.") % {"title": each},
            TAB,
            f"example={each.pk}",
        )
        for each in red
    ]
