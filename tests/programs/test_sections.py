"""An app above adds its own section to the document: it is checked, frozen, exported and compared like the core."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from programs.engine import sections
from programs.engine.document import Core
from programs.engine.reader import Reader
from programs.models import Programme
from programs.selectors.documents import differences, export, revision_document
from programs.services.documents.yaml import InvalidProgrammeFile
from programs.services.programmes import load

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FILE = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
rules: [{key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}}]
"""
GIFTS = "gifts: {title: {en: Gifts}, dearest: 500}\n"


def _read(reader: Reader, core: Core) -> tuple[tuple[tuple[str, str], ...], int]:
    return tuple(reader.words("title").items()), reader.integer("dearest", low=1, high=1_000)


def _dump(value: Any, core: Core) -> dict[str, Any]:
    return {"title": dict(value[0]), "dearest": value[1]}


@pytest.fixture(autouse=True)
def gifts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_sections", {})
    sections.contribute(sections.Section("gifts", _read, _dump))


@pytest.mark.django_db
def test_a_section_is_frozen_with_a_fingerprint_of_its_own() -> None:
    plain = load(FILE, now=NOW, publish=True).revision
    with_gifts = load(FILE + GIFTS, now=NOW.replace(hour=1), publish=True).revision
    assert plain is not None
    assert with_gifts is not None
    assert sorted(with_gifts.sections) == ["core", "gifts"]
    assert with_gifts.sections["core"] == plain.sections["core"]
    assert revision_document(with_gifts)["gifts"] == {"title": {"en": "Gifts"}, "dearest": 500}


@pytest.mark.django_db
def test_an_exported_section_loads_again_to_the_same_revision() -> None:
    first = load(FILE + GIFTS, now=NOW, publish=True)
    again = load(export(first.programme), now=NOW.replace(hour=1), publish=True)
    assert again.revision == first.revision
    assert not again.changed


@pytest.mark.django_db
def test_words_of_a_section_are_no_new_behaviour() -> None:
    first = load(FILE + GIFTS, now=NOW, publish=True).revision
    other = load(FILE + GIFTS.replace("Gifts}", "Presents}"), now=NOW.replace(hour=1), publish=True).revision
    dearer = load(FILE + GIFTS.replace("500", "600"), now=NOW.replace(hour=2), publish=True).revision
    assert first is not None
    assert other is not None
    assert dearer is not None
    assert first.sha256 != other.sha256
    assert first.logic_sha256 == other.logic_sha256 != dearer.logic_sha256
    changed = differences(revision_document(first), revision_document(dearer))
    assert ("gifts.dearest", 500, 600) in changed


@pytest.mark.django_db
def test_faults_of_a_section_are_told_with_their_place_and_nothing_is_written() -> None:
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(FILE + "gifts: {title: {en: Gifts}, dearest: 5000, colour: red}\n", now=NOW)
    assert [(error.code, error.pointer, error.line) for error in refused.value.errors] == [
        ("out_of_range", "/gifts/dearest", 5),
        ("unknown_key", "/gifts/colour", 5),
    ]
    assert not Programme.objects.exists()


@pytest.mark.django_db
def test_a_section_that_leaves_the_file_is_retired_and_may_come_back() -> None:
    programme = load(FILE + GIFTS, now=NOW).programme
    load(FILE, now=NOW)
    assert "gifts" not in export(programme)
    load(FILE + GIFTS, now=NOW)
    assert programme.sections.get().retired_at is None


@pytest.mark.django_db
def test_a_section_that_no_app_declares_is_an_unknown_key() -> None:
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(FILE + "gift: {}\n", now=NOW)
    assert [error.code for error in refused.value.errors] == ["unknown_key"]
