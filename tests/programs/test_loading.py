"""A programme file becomes a working copy and, published, a frozen revision; once more, nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from loyalty.core.models import AuditEntry, OutboxEvent
from programs.choices import ProgrammeStatus
from programs.engine.conditions import Leaf
from programs.models import Coalition, Partner, Programme, Revision, RevisionActivation, Rule, Source
from programs.selectors.documents import differences, export, programme_by_key, revision_document
from programs.selectors.rulesets import NoRevision, in_force, ruleset_at, timeline
from programs.services.documents.yaml import InvalidProgrammeFile
from programs.services.programmes import load
from programs.services.publishing import (
    ActivationInForce,
    ActivationInThePast,
    ActivationTaken,
    ProgrammeClosed,
    go_live,
    publish,
    rollback,
    withdraw,
)

pytestmark = pytest.mark.django_db
EXAMPLES = Path(__file__).parents[1] / "scenarios" / "programmes"
POINTS = (EXAMPLES / "grocery_points.yaml").read_text()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def changed(before: str, after: str) -> str:
    assert before in POINTS
    return POINTS.replace(before, after)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_an_exported_file_loads_to_the_same_fingerprint(name: str) -> None:
    first = load((EXAMPLES / name).read_bytes(), now=NOW, publish=True)
    text = export(first.programme)
    again = load(text, now=LATER, publish=True)
    assert not again.changed
    assert again.revision == first.revision
    assert export(again.programme) == text
    assert export(again.programme, 1) == text


def test_loading_makes_the_hidden_coalition_and_the_working_copy() -> None:
    loaded = load(POINTS, now=NOW)
    assert loaded.changed
    assert loaded.revision is None
    assert loaded.programme.status == ProgrammeStatus.DRAFT
    assert Partner.objects.get(is_operator=True).code == "main"
    assert Source.objects.get().code == "main"
    assert Coalition.objects.get().operator == Partner.objects.get()
    assert [rule.key for rule in Rule.objects.all()] == ["per-dollar"]


def test_loading_again_writes_nothing() -> None:
    load(POINTS, now=NOW, publish=True)
    entries, events = AuditEntry.objects.count(), OutboxEvent.objects.count()
    again = load(POINTS, now=LATER, publish=True)
    assert not again.changed
    assert Revision.objects.count() == RevisionActivation.objects.count() == 1
    assert (AuditEntry.objects.count(), OutboxEvent.objects.count()) == (entries, events)


def test_a_rule_that_left_the_file_is_retired_and_comes_back() -> None:
    second = POINTS + POINTS[POINTS.index("  - key: per-dollar") :].replace("per-dollar", "another")
    load(second, now=NOW)
    programme = load(POINTS, now=LATER).programme
    retired = Rule.objects.get(key="another")
    assert retired.retired_at == LATER
    assert "another" not in export(programme)
    load(second, now=LATER)
    retired.refresh_from_db()
    assert retired.retired_at is None
    assert Rule.objects.count() == 2


def test_a_new_title_is_a_new_revision_of_the_same_behaviour() -> None:
    first = load(POINTS, now=NOW, publish=True).revision
    second = load(changed("{en: One point for", "{en: A point for"), now=LATER, publish=True).revision
    assert first
    assert second
    assert second.sha256 != first.sha256
    assert second.logic_sha256 == first.logic_sha256
    assert (second.number, second.parent, second.origin) == (2, first, "texts")
    assert differences(revision_document(first), revision_document(second)) == [
        ("rules[per-dollar].title.en", "One point for every full dollar", "A point for every full dollar")
    ]


def test_new_behaviour_has_both_fingerprints_new() -> None:
    first = load(POINTS, now=NOW, publish=True).revision
    second = load(changed('step: "1.00"', 'step: "2.00"'), now=LATER, publish=True).revision
    assert first
    assert second
    assert second.origin == "edit"
    assert second.logic_sha256 != first.logic_sha256
    assert second.sections != first.sections


def test_publishing_tells_others_and_sets_the_status() -> None:
    loaded = load(POINTS, now=NOW, publish=True)
    assert loaded.revision
    event = OutboxEvent.objects.get(name="programme.published")
    assert event.payload == {
        "programme": loaded.programme.pk, "revision": loaded.revision.pk, "number": 1
    }  # fmt: skip
    assert Programme.objects.get().status == ProgrammeStatus.LIVE


def test_the_first_revision_may_start_in_the_past_and_no_later_one() -> None:
    past = NOW - timedelta(days=400)
    programme = load(POINTS, now=NOW, publish=True, effective_from=past).programme
    assert ruleset_at(programme.pk, past).number == 1
    with pytest.raises(NoRevision):
        ruleset_at(programme.pk, past - timedelta(seconds=1))
    with pytest.raises(ActivationInThePast):
        load(changed('"1.00"', '"2.00"'), now=NOW, publish=True, effective_from=NOW - timedelta(hours=1))
    assert Revision.objects.count() == 1
    assert "1.00" in export(programme_by_key("grocery-points"))


def test_a_future_revision_waits_and_may_be_withdrawn() -> None:
    programme = load(POINTS, now=NOW, publish=True).programme
    second = changed('"1.00"', '"2.00"')
    loaded = load(second, now=NOW, publish=True, effective_from=LATER)
    assert ruleset_at(programme.pk, LATER - timedelta(microseconds=1)).number == 1
    assert ruleset_at(programme.pk, LATER).number == 2
    with pytest.raises(ActivationTaken):
        load(changed('"1.00"', '"3.00"'), now=NOW, publish=True, effective_from=LATER)
    assert loaded.revision
    activation = loaded.revision.activations.get()
    withdraw(activation, now=NOW)
    assert ruleset_at(programme.pk, LATER).number == 1
    with pytest.raises(ActivationInForce):
        withdraw(programme.activations.get(withdrawn_at=None), now=LATER)
    # The same document may be scheduled again: it is still the same revision.
    assert load(second, now=NOW, publish=True, effective_from=LATER).revision == loaded.revision


def test_a_programme_scheduled_from_the_start_is_not_live() -> None:
    programme = load(POINTS, now=NOW, publish=True, effective_from=LATER).programme
    assert programme.status == ProgrammeStatus.SCHEDULED
    assert go_live(now=NOW) == 0
    assert go_live(now=LATER) == 1
    programme.refresh_from_db()
    assert programme.status == ProgrammeStatus.LIVE


def test_a_timeline_gives_the_stretch_of_an_instant() -> None:
    programme = load(POINTS, now=NOW, publish=True).programme
    load(changed('"1.00"', '"2.00"'), now=LATER, publish=True)
    stretches = timeline(programme.pk)
    assert [each.effective_from for each in stretches] == [NOW, LATER]
    starts, revision_id, ruleset = in_force(stretches, LATER - timedelta(seconds=1))
    assert starts == NOW
    assert revision_id == Revision.objects.get(number=1).pk
    assert ruleset.core.rules[0].effect.step == 100
    assert in_force(stretches, LATER).ruleset.core.rules[0].effect.step == 200
    with pytest.raises(NoRevision):
        in_force(stretches, NOW - timedelta(seconds=1))


def test_rolling_back_is_a_new_revision_with_the_older_document() -> None:
    first = load(POINTS, now=NOW, publish=True)
    load(changed('"1.00"', '"2.00"'), now=LATER, publish=True)
    third = rollback(first.programme, 1, now=LATER + timedelta(hours=1))
    assert first.revision
    assert (third.number, third.origin, third.sha256) == (3, "rollback", first.revision.sha256)
    assert 'step: "1.00"' in export(first.programme) or "step: '1.00'" in export(first.programme)


def test_publishing_the_working_copy_alone() -> None:
    programme = load(POINTS, now=NOW).programme
    revision = publish(programme, now=NOW)
    assert publish(programme, now=LATER) == revision


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [("decimals: 0", "decimals: 2", "decimals_fixed"), ("currency: USD", "currency: EUR", "currency_fixed")],
)
def test_the_size_of_kept_amounts_never_changes(before: str, after: str, code: str) -> None:
    load(changed(before, after), now=NOW)  # before the first revision everything may change
    load(POINTS, now=NOW, publish=True)
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(changed(before, after), now=LATER)
    [error] = refused.value.errors
    assert error.code == code
    assert error.line == next(n for n, line in enumerate(POINTS.splitlines(), 1) if before in line)


def test_the_cashback_example_leaves_out_fuel() -> None:
    programme = load((EXAMPLES / "grocery_cashback.yaml").read_bytes(), now=NOW, publish=True).programme
    [rule] = ruleset_at(programme.pk, NOW).ruleset.core.rules
    assert isinstance(rule.lines, Leaf)
    assert rule.lines.value == ("FUEL",)


def test_a_closed_programme_is_not_published_again() -> None:
    programme = load(POINTS, now=NOW).programme
    Programme.objects.update(status=ProgrammeStatus.CLOSED)
    with pytest.raises(ProgrammeClosed):
        publish(programme, now=NOW)


def test_the_database_itself_refuses_what_must_never_be() -> None:
    first = load(POINTS, now=NOW, publish=True)
    other = load(changed("key: grocery-points", "key: other"), now=NOW, publish=True)
    revision = first.revision
    back_dated = {"effective_from": NOW, "recorded_at": LATER, "revision": revision}
    refusals: list[tuple[type[Exception], Callable[[], object]]] = [
        (DatabaseError, lambda: Revision.objects.update(number=7)),
        (DatabaseError, lambda: Revision.objects.all().delete()),
        (DatabaseError, lambda: RevisionActivation.objects.update(effective_from=LATER)),
        (
            IntegrityError,
            lambda: RevisionActivation.objects.create(
                programme=other.programme, revision=revision, effective_from=LATER, recorded_at=NOW
            ),
        ),
        (DatabaseError, lambda: RevisionActivation.objects.create(programme=first.programme, **back_dated)),
        (IntegrityError, lambda: Partner.objects.create(code="second", is_operator=True)),
    ]
    for kind, act in refusals:
        with pytest.raises(kind), transaction.atomic():
            act()
    activation = RevisionActivation.objects.get(programme=first.programme)
    assert activation.revision == revision


def test_two_programmes_share_the_hidden_coalition() -> None:
    first = load(POINTS, now=NOW).programme
    second = load((EXAMPLES / "grocery_cashback.yaml").read_bytes(), now=NOW).programme
    assert first.coalition == second.coalition
    assert Partner.objects.count() == 1
