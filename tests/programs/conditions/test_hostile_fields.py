"""What nobody's builder ever sent is refused with words, within a tenth of a second, and never breaks a page."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import cycle

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from loyalty.core.models import User
from programs.admin.conditions import ConditionField
from programs.admin.conditions.forms import MOST_FIELDS
from programs.engine.conditions import MOST_DEPTH, MOST_NODES, MOST_VALUES
from programs.models import Programme
from programs.services.programmes import load
from tests.members.club import RULES

pytestmark = pytest.mark.django_db
TEXTS = [
    "().__class__",
    "9**9**9",
    "__import__('os').system('id')",
    "{{ 7*7 }}{% debug %}",
    "<script>alert(1)</script>",
    "'; DROP TABLE members; --",
    "\x00",
    '"\\u0000"',
    '"\\ud800"',
    '"' * 100_000,
    "a" * 2_000_000,
    "1" * 1_000_000,
    "," * 1_000_000,
    " \n" * 500_000,
    '"a' * 300_000,
    "NaN",
]
LEAF = {
    "kind": "fact",
    "fact": "basket.total",
    "is": "at_least",
    "was": "basket.total at_least",
    "value": "1",
}


def fields(*nodes: tuple[str, dict[str, str]]) -> QueryDict:
    sent = QueryDict(mutable=True)
    for path, parts in nodes:
        for part, value in parts.items():
            sent[f"when-{path}-{part}"] = value
    return sent


def leaf(**parts: str) -> QueryDict:
    return fields(("0", {**LEAF, **parts}))


def many(count: int) -> QueryDict:
    return fields(("0", {"kind": "all"}), *((f"0.{place}", LEAF) for place in range(count)))


def deep(kind: str, levels: int) -> QueryDict:
    below = [(".".join("0" * (level + 1)), {"kind": kind}) for level in range(levels)]
    return fields(*below, (".".join("0" * (levels + 1)), LEAF))


HOSTILE: dict[str, QueryDict] = {
    **{
        f"{part} {number}": leaf(**{part: text})
        for part in ("fact", "is", "value")
        for number, text in enumerate(TEXTS)
    },
    **{
        f"list {number}": leaf(
            fact="purchase.store", was="purchase.store one_of", **{"is": "one_of", "value": text + ",\x00"}
        )
        for number, text in enumerate(TEXTS)
    },
    **{
        f"deep {kind} {levels}": deep(kind, levels)
        for kind in ("all", "not", "lines")
        for levels in (MOST_DEPTH, 1_000)
    },
    **{f"many {count}": many(count) for count in (MOST_NODES, 10_000)},
    "values": leaf(
        fact="purchase.store",
        was="purchase.store one_of",
        **{"is": "one_of", "value": "\n".join(str(each) for each in range(100_000))},
    ),
    "long name": leaf(fact="member.attribute.", attribute="x" * 5_000),
    "kind": fields(("0", {"kind": "all"}), ("0.0", {"kind": "exec"})),
    "line fact": leaf(fact="line.sku", **{"is": "equals"}),
    "twice not": fields(("0", {"kind": "not"}), ("0.0", LEAF), ("0.1", LEAF)),
    "gap": fields(("0", {"kind": "all"}), ("0.0", LEAF), ("0.2", LEAF)),
    "below a leaf": fields(("0", LEAF), ("0.0", LEAF)),
    "without a root": fields(("0.0", LEAF)),
}


@pytest.fixture
def programme() -> Programme:
    return load(RULES, now=datetime(2026, 1, 1, tzinfo=UTC)).programme


def test_there_are_dozens_of_them() -> None:
    assert len(HOSTILE) > 60


@pytest.mark.parametrize("name", list(HOSTILE))
def test_it_is_refused_with_words_at_once(name: str, programme: Programme) -> None:
    field = ConditionField()
    field.widget.programme = programme
    _ready = field.widget.core
    began = time.process_time()
    draft = field.widget.value_from_datadict(HOSTILE[name], {}, "when")
    with pytest.raises(ValidationError, match="The condition cannot be used yet"):
        field.clean(draft)
    assert time.process_time() - began < 0.1
    drawn = field.widget.render("when", draft)
    assert "conditions-fault" in drawn
    assert "<script>alert" not in drawn
    drawn.encode()


def test_no_operation_on_it_breaks_a_page(programme: Programme) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("anna@example.com"))
    operations = cycle(["refresh", "add:0", "move:0.0:0:0", "remove:0.0", "drop:0:0", "not:0", "down:0.0"])
    for name, sent in HOSTILE.items():
        asked = sent.copy()
        asked.update({"builder": "when", "scope": "purchase", "when-op": next(operations)})
        body = asked.urlencode()
        answer = client.post(
            reverse("conditions:operate", args=(programme.pk,)),
            body,
            content_type="application/x-www-form-urlencoded",
        )
        # What is more than a request may hold is refused before anybody reads it, also with words.
        too_much = len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE or len(asked) > MOST_FIELDS
        assert answer.status_code == (400 if too_much else 200), name
        assert ("It is too large or damaged" in answer.content.decode()) is too_much


@pytest.mark.parametrize(
    "operation", ["add:" + "0." * 5_000, ":::", "move:0:0:" + "9" * 5_000, "\x00", "drop:0:٣", "add:٠"]
)
def test_an_operation_that_means_nothing_changes_nothing(operation: str, programme: Programme) -> None:
    field = ConditionField()
    field.widget.programme = programme
    sent = leaf()
    before = field.widget.value_from_datadict(sent, {}, "when")
    sent["when-op"] = operation
    assert field.widget.value_from_datadict(sent, {}, "when").root == before.root


def test_the_largest_condition_and_list_are_taken(programme: Programme) -> None:
    field = ConditionField()
    field.widget.programme = programme
    largest = field.clean(field.widget.value_from_datadict(many(MOST_NODES - 1), {}, "when"))
    assert largest is not None
    assert len(largest["all"]) == MOST_NODES - 1
    stores = [f"S{number:04}" for number in range(MOST_VALUES)]
    listed = leaf(
        fact="purchase.store", was="purchase.store one_of", **{"is": "one_of", "value": "\n".join(stores)}
    )
    assert field.clean(field.widget.value_from_datadict(listed, {}, "when")) == {
        "fact": "purchase.store", "is": "one_of", "value": stores,
    }  # fmt: skip


def test_no_more_is_added_to_the_largest_condition(programme: Programme) -> None:
    field = ConditionField()
    field.widget.programme = programme
    sent = many(MOST_NODES - 1)
    sent["when-op"] = "add:0"
    draft = field.widget.value_from_datadict(sent, {}, "when")
    assert draft.notice == "The condition cannot become larger."
    assert draft.root is not None
    assert len(draft.root.children) == MOST_NODES - 1
