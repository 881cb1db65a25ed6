"""Documents that were written to do harm are refused, each within a tenth of a second."""

import time
from typing import Any

import pytest

from programs.engine.conditions import MOST_DEPTH, MOST_NODES
from tests.engine.building import Document, faults, fixed, ruleset
from tests.engine.test_document import FULL, WHEN, changed

LEAF = {"fact": "basket.total", "is": "at_least", "value": "1"}
BOMB = 1 << 4_000_000


def deep(kind: str, levels: int) -> Any:
    node: Any = dict(LEAF)
    for _level in range(levels):
        node = {kind: node} if kind in ("not", "lines") else {kind: [node]}
    return node


def laughing() -> Document:
    """Nine levels of ten times the same node: a thousand million when written out."""
    node: Document = dict(LEAF)
    for _level in range(9):
        node = {"all": [node] * 10}
    return node


def endless() -> Document:
    node: Document = {}
    node["any"] = [node, node]
    return node


TEXTS = [
    "().__class__",
    '"x"*10**10',
    "9**9**9",
    "(a+)+$",
    "1/0",
    "__import__('os').system('id')",
    "{{ 7*7 }}",
    "${jndi:ldap://x}",
    "'; DROP TABLE members; --",
    "a" * 5_000_000,
    "\x00",
    "\ud800",
    "NaN",
    "-0x1p-1074",
]
VALUES = [
    *TEXTS,
    BOMB,
    -BOMB,
    1e308,
    float("nan"),
    float("inf"),
    True,
    b"x",
    [[]],
    {"a": {}},
    {1: 2},
    object(),
]
PLACES = [
    WHEN,
    "rules.0.lines",
    "rules.0.when.all.0.value",
    "rules.0.when.all.0.fact",
    "rules.0.when.all.0.is",
    "rules.0.effect.points",
    "rules.0.schedule.since",
    "programme.zone",
    "point_types.0.decimals",
]
HOSTILE = [
    *[(path, value) for path in PLACES for value in VALUES],
    *[
        (WHEN, deep(kind, levels))
        for kind in ("all", "any", "not", "lines")
        for levels in (MOST_DEPTH, 900, 100_000)
    ],
    *[(WHEN, {kind: [LEAF] * count}) for kind in ("all", "any") for count in (MOST_NODES, 10_000)],
    (WHEN, {"all": [{"any": [LEAF] * 100}] * 100}),
    (WHEN, laughing()),
    (WHEN, endless()),
    ("rules", [dict(FULL["rules"][0])] * 10_000),
    ("groups", [{"key": "base"}] * 10_000),
    ("point_types", [{"key": "a", "name": "b"}] * 10_000),
    ("rules.0.schedule.hours", [{}] * 10_000),
    ("rules.0.caps.per_member", [{}] * 10_000),
    ("programme.languages", ["en"] * 10_000),
    ("rules", {"all": 1}),
    ("rules", [[]] * 500),
]


def test_there_are_two_hundred_hostile_documents() -> None:
    assert len(HOSTILE) >= 200


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_document_is_refused_at_once(number: int) -> None:
    path, value = HOSTILE[number]
    data = dict(FULL) if path in FULL else changed(path, None)
    place: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        place = place[step]
    place[last] = value
    began = time.process_time()
    found = faults(data)
    took = time.process_time() - began
    assert found, (path, str(type(value)))
    assert took < 0.1


def test_a_condition_of_the_largest_size_is_read_and_compiled_at_once() -> None:
    began = time.process_time()
    for node in (deep("all", MOST_DEPTH - 1), {"all": [LEAF] * (MOST_NODES - 1)}):
        assert faults(changed(WHEN, node)) == []
    assert time.process_time() - began < 0.1
    assert ruleset(fixed(when=deep("not", MOST_DEPTH - 1))).rules["bonus"].when is not None
