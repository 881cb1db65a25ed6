"""Documents as text: what is written is read back, frozen text has one form, differences are told by key."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from programs.selectors.canonical import canonical, fingerprint
from programs.selectors.documents import WIDTH, _Dumper, differences
from programs.services.documents.yaml import parse

PLAIN = st.text() | st.integers(-(10**30), 10**30) | st.booleans() | st.none()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_the_writer_and_the_reader_of_files_agree(value: object) -> None:
    written = yaml.dump({"key": value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    assert canonical(parse(written).data) == canonical({"key": value})


@pytest.mark.parametrize(
    "text", ["1.50", "12", "1e5", ".5", "null", "true", "~", "", "0x1F", "1_0", "yes", "é", "=", "<<"]
)
def test_a_text_stays_a_text(text: str) -> None:
    written = yaml.dump([text], Dumper=_Dumper, allow_unicode=True)
    assert parse(written).data == [text]


def test_frozen_text_has_one_form() -> None:
    assert canonical({"b": [1, "e\u0301"], "a": None}) == '{"a":null,"b":[1,"é"]}'
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert json.loads(canonical({"a": True})) == {"a": True}
    with pytest.raises(TypeError):
        canonical({"a": 1.5})


def test_differences_are_told_by_key() -> None:
    before = {"rules": [{"key": "a", "points": 1}, {"key": "b"}, {"key": "c"}], "zone": "UTC", "caps": [1]}
    after = {"rules": [{"key": "b"}, {"key": "a", "points": 2}, {"key": "d"}], "zone": "UTC", "caps": [2]}
    assert differences(before, after) == [
        ("rules[a].points", 1, 2),
        ("rules[c]", {"key": "c"}, None),
        ("rules[d]", None, {"key": "d"}),
        ("rules.order", ["a", "b"], ["b", "a"]),
        ("caps", [1], [2]),
    ]
    assert differences(before, before) == []
