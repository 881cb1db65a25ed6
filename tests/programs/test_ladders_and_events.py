"""Ladders and events in the working copy and in what is published."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError

from programs.engine.document import dump_core, read_core
from programs.models import EventType, Revision, TierLadder
from programs.selectors.documents import as_yaml, differences, export, revision_document, working_document
from programs.selectors.rulesets import ruleset_at
from programs.services.documents.yaml import InvalidProgrammeFile
from programs.services.programmes import Loaded, load
from programs.services.publishing import publish, rollback
from tests.engine.whole import WHOLE

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
TEXT = as_yaml(read_core(WHOLE))
Change = Callable[[Any], Any]


def changed(change: Change) -> str:
    data = deepcopy(WHOLE)
    change(data)
    return as_yaml(read_core(data))


@pytest.fixture
def published() -> Loaded:
    return load(TEXT, now=NOW, publish=True)


def test_ladders_and_events_are_rows_with_their_names_in_order(published: Loaded) -> None:
    programme = published.programme
    assert [(row.key, str(row), row.position) for row in programme.ladders.all()] == [
        ("status", "Status", 0), ("nights", "Nights", 1), ("stars", "Stars", 2)
    ]  # fmt: skip
    assert [(row.key, str(row)) for row in programme.event_types.all()] == [
        ("stay", "Stay"),
        ("review", "Review"),
    ]
    assert working_document(programme)["ladders"] == dump_core(read_core(WHOLE))["ladders"]
    assert working_document(programme)["events"] == dump_core(read_core(WHOLE))["events"]


def test_the_working_copy_is_the_document_and_the_revision_too(published: Loaded) -> None:
    assert published.revision
    assert export(published.programme) == TEXT == export(published.programme, 1)
    again = load(TEXT, now=LATER, publish=True)
    assert (again.changed, again.revision) == (False, published.revision)
    assert differences(working_document(published.programme), revision_document(published.revision)) == []


def test_rows_of_published_ladders_and_events_are_never_deleted(published: Loaded) -> None:
    with pytest.raises(ProtectedError):
        published.programme.delete()
    assert (TierLadder.objects.count(), EventType.objects.count()) == (3, 2)


def without_stars(data: Any) -> None:
    del data["ladders"][2]


def without_reviews(data: Any) -> None:
    del data["events"][1], data["point_types"][1]["pending"]


def test_a_ladder_that_left_the_file_is_retired_and_comes_back(published: Loaded) -> None:
    load(changed(without_stars), now=LATER, publish=True)
    stars = TierLadder.objects.get(key="stars")
    assert stars.retired_at == LATER
    assert [each["key"] for each in working_document(published.programme)["ladders"]] == ["status", "nights"]
    assert [each.key for each in ruleset_at(published.programme.pk, LATER).ruleset.core.ladders] == [
        "status",
        "nights",
    ]
    back = load(TEXT, now=LATER + timedelta(days=1), publish=True)
    stars.refresh_from_db()
    assert stars.retired_at is None
    assert back.revision
    assert back.revision.sha256 == Revision.objects.get(number=1).sha256


def test_an_event_that_left_the_file_is_retired_and_comes_back(published: Loaded) -> None:
    load(changed(without_reviews), now=LATER)
    review = EventType.objects.get(key="review")
    assert review.retired_at == LATER
    assert load(TEXT, now=LATER).changed
    review.refresh_from_db()
    assert review.retired_at is None
    assert EventType.objects.count() == 2


def test_another_order_of_ladders_is_another_main_ladder(published: Loaded) -> None:
    def swapped(data: Any) -> None:
        data["ladders"].reverse()
        data["rules"][0]["when"]["value"] = ["two"]

    second = load(changed(swapped), now=LATER, publish=True).revision
    assert published.revision
    assert second
    assert second.logic_sha256 != published.revision.logic_sha256
    assert ("ladders.order", ["status", "nights", "stars"], ["stars", "nights", "status"]) in differences(
        revision_document(published.revision), revision_document(second)
    )
    assert [row.key for row in published.programme.ladders.all()] == ["stars", "nights", "status"]


def test_a_roll_back_brings_ladders_and_events_back(published: Loaded) -> None:
    def less(data: Any) -> None:
        without_stars(data)
        without_reviews(data)

    load(changed(less), now=LATER, publish=True)
    third = rollback(published.programme, 1, now=LATER + timedelta(hours=1))
    assert published.revision
    assert (third.number, third.sha256) == (3, published.revision.sha256)
    assert not TierLadder.objects.exclude(retired_at=None).exists()
    assert not EventType.objects.exclude(retired_at=None).exists()
    assert export(published.programme) == TEXT


def test_a_new_name_of_a_tier_is_no_new_behaviour_and_a_threshold_is(published: Loaded) -> None:
    assert published.revision
    named = changed(lambda data: data["ladders"][0]["tiers"][1].update(name="Golden"))
    renamed = load(named, now=LATER, publish=True).revision
    assert renamed
    assert (renamed.origin, renamed.logic_sha256) == ("texts", published.revision.logic_sha256)
    raised = changed(lambda data: data["ladders"][0]["tiers"][1].update(threshold="600.00"))
    higher = load(raised, now=LATER + timedelta(hours=1), publish=True).revision
    assert higher
    assert higher.logic_sha256 != published.revision.logic_sha256
    assert ("ladders[status].tiers[gold].threshold", "500.50", "600.00") in differences(
        revision_document(published.revision), revision_document(higher)
    )


# --- what may change of what was published ------------------------------------------------------------------
def by_points(data: Any) -> None:
    data["ladders"][0] |= {"metric": {"of": "points", "point_type": "stars"}}


def for_life(data: Any) -> None:
    data["ladders"][0] |= {"window": {"kind": "lifetime"}, "ends": "never", "falls": "never"}


def other_tiers(data: Any) -> None:
    data["ladders"][0]["tiers"][2] = {"key": "diamond", "name": "Diamond", "threshold": "900"}
    data["point_types"][2]["expiry"]["tiers"] = data["rules"][0]["when"]["value"] = ["gold", "diamond"]


def more_fields(data: Any) -> None:
    data["events"][0]["fields"] += [{"key": "guests", "type": "number"}]
    data["events"][0] |= {"quantity": "guests"}


def fewer_fields(data: Any) -> None:
    data["events"][0]["fields"][3] = {"key": "departure", "type": "date", "required": True}
    data["rules"][7]["when"]["all"][2]["any"].pop()


@pytest.mark.parametrize("change", [by_points, for_life, other_tiers, more_fields, fewer_fields])
def test_how_tiers_are_reached_and_what_is_sent_may_change(published: Loaded, change: Change) -> None:
    revision = load(changed(change), now=LATER, publish=True).revision
    assert revision
    assert revision.number == 2
    assert export(published.programme) == changed(change)
    assert ruleset_at(published.programme.pk, NOW).number == 1


def retyped(data: Any) -> None:
    data["events"][0]["fields"][2]["type"] = "number"
    data["rules"][7]["when"]["all"][2]["any"].pop(0)


def test_a_field_of_a_published_event_keeps_its_type(published: Loaded) -> None:
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(changed(retyped), now=LATER)
    [error] = refused.value.errors
    assert (error.code, error.pointer) == ("field_type_fixed", "/events/0/fields/2/type")
    assert error.message == "A field of a published event keeps its type: take another code for a new one."
    assert export(published.programme) == TEXT


def test_a_field_keeps_its_type_also_while_it_is_gone(published: Loaded) -> None:
    def gone(data: Any) -> None:
        del data["events"][0]["fields"][2]
        data["rules"][7]["when"]["all"][2]["any"].pop(0)

    load(changed(gone), now=LATER, publish=True)
    with pytest.raises(InvalidProgrammeFile):
        load(changed(retyped), now=LATER + timedelta(days=1))
    assert load(TEXT, now=LATER + timedelta(days=1)).changed


def test_before_the_first_revision_and_for_another_event_a_type_is_free() -> None:
    programme = load(TEXT, now=NOW).programme
    load(changed(retyped), now=NOW)
    publish(programme, now=NOW)

    def renamed(data: Any) -> None:
        retyped(data)
        data["events"][1]["fields"] = [{"key": "room", "type": "text"}]

    assert load(changed(renamed), now=LATER).changed
