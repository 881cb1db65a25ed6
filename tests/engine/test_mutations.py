"""A document with everything in it, spoilt in one place: it is refused with a place for each fault, or read and
written back the same; nothing else ever happens."""

import time
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from programs.engine.document import dump_core, read_core
from programs.engine.reader import InvalidDocument
from programs.engine.ruleset import Ruleset
from tests.engine.building import Document
from tests.engine.test_hostile import BOMB, TEXTS
from tests.engine.whole import WHOLE

Path = tuple[str | int, ...]


def places(node: Any, path: Path = ()) -> list[Path]:
    """Every place of a document, the whole first."""
    inner: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for step, child in inner for place in places(child, (*path, step)))]


PLACES = [place for place in places(WHOLE) if place]
NEW = [place for place in PLACES if place[0] in ("point_types", "events", "ladders", "lists", "rules")]


def spoilt(place: Path, value: Any) -> Document:
    """The document with this value in one place; `...` takes the place out."""
    data = deepcopy(WHOLE)
    target: Any = data
    for step in place[:-1]:
        target = target[step]
    if value is ...:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return data


def check(data: Document) -> bool:
    """Whether the document is read (or something is wrong with it that has no code or place)."""
    began = time.process_time()
    try:
        core = read_core(data)
    except InvalidDocument as invalid:
        return not all(fault.code and fault.path for fault in invalid.faults)
    finally:
        assert time.process_time() - began < 0.5
    written = dump_core(core)
    assert read_core(written) == core
    assert dump_core(read_core(written)) == written
    Ruleset(core)
    return True


def test_there_are_many_places() -> None:
    assert len(NEW) > 200


def test_a_document_with_everything_comes_back_the_same() -> None:
    assert check(deepcopy(WHOLE))


def test_any_place_may_be_missing() -> None:
    read = [place for place in PLACES if check(spoilt(place, ...))]
    assert ("ladders", 1, "grace_days") in read
    assert ("ladders", 0, "tiers", 1, "benefits") in read
    assert ("point_types", 0, "expiry", "round_up") in read
    assert ("ladders", 0, "metric", "of") not in read
    assert ("ladders", 0, "tiers", 0) not in read
    assert ("point_types", 0, "expiry", "kind") not in read
    assert ("events", 0, "fields", 0) not in read


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([1 << 14_000, 0.5, float("nan"), b"x", *(text for text in TEXTS if len(text) < 99)])
    | st.text(max_size=9)
    | st.sampled_from(
        ["never", "fixed", "gold", "status", "stay", "12-31", "at_once", "event", "rolling", "12"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["kind", "of", "key", "name", "months", "tiers", "event", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@generated(st.sampled_from(NEW), JUNK)
def test_any_place_may_hold_anything(place: Path, value: Any) -> None:
    check(spoilt(place, value))


@pytest.mark.parametrize(
    "value", [BOMB, -BOMB, TEXTS[9], object()], ids=["large", "small", "long", "strange"]
)
def test_no_place_takes_a_bomb(value: Any) -> None:
    assert len(TEXTS[9]) == 5_000_000
    assert [place for place in NEW if check(spoilt(place, value))] == []


@settings(max_examples=200)
@generated(st.sampled_from(NEW), st.sampled_from(NEW))
def test_any_part_may_stand_in_the_place_of_another(place: Path, other: Path) -> None:
    value: Any = WHOLE
    for step in other:
        value = value[step]
    check(spoilt(place, deepcopy(value)))


@pytest.mark.parametrize("name", ["events", "ladders"])
def test_endless_lists_are_refused_at_once(name: str) -> None:
    assert not check(spoilt((name,), WHOLE[name] * 10_000))
    assert not check(spoilt((name, 0, "name"), {f"l{number}": "x" * 20_000 for number in range(100)}))


@pytest.mark.parametrize(
    ("place", "count"),
    [
        (("ladders", 0, "tiers"), 10_000),
        (("ladders", 0, "tiers", 1, "benefits"), 10_000),
        (("events", 0, "fields"), 10_000),
        (("point_types", 1, "conversions"), 10_000),
        (("point_types", 1, "expiry", "dates"), 10_000),
        (("point_types", 2, "expiry", "tiers"), 10_000),
        (("point_types", 3, "expiry", "activities"), 10_000),
    ],
)
def test_endless_parts_are_refused_at_once(place: Path, count: int) -> None:
    value: Any = WHOLE
    for step in place:
        value = value[step]
    assert not check(spoilt(place, list(value) * count))
