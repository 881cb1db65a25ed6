"""The reader: every fault has a code and a place, and nothing that is wrong passes silently."""

from typing import Any

import pytest

from loyalty.core.exact import Rounding
from programs.engine.reader import MAX_INTEGER, InvalidDocument, Reader, minute_of_day, printable, shown
from tests.engine.building import document, fixed, percent, ruleset

HUGE = 1 << 4_000_000  # more digits than Python would write


def kind_of(value: Any) -> str:
    return type(value).__name__  # the values themselves are too long to name a test


def one(data: Any, method: str, *arguments: Any, **options: Any) -> tuple[Any, list[str]]:
    reader = Reader(data)
    value = getattr(reader, method)(*arguments, **options)
    return value, [fault.code for fault in reader.faults]


@pytest.mark.parametrize(
    ("data", "value", "codes"),
    [
        ({"x": "word"}, "word", []),
        ({"x": "ünïcödé 🙂"}, "ünïcödé 🙂", []),
        ({}, "", ["missing"]),
        ({"x": None}, "", ["missing"]),
        ({"x": ""}, "", ["missing"]),
        ({"x": 5}, "", ["wrong_type"]),
        ({"x": ["a"]}, "", ["wrong_type"]),
        ({"x": "y" * 501}, "", ["too_long"]),
        ({"x": "a\x00b"}, "", ["bad_characters"]),
        ({"x": "a\ud800"}, "", ["bad_characters"]),
    ],
    ids=kind_of,
)
def test_texts(data: Any, value: str, codes: list[str]) -> None:
    assert one(data, "text", "x", required=True) == (value, codes)


@pytest.mark.parametrize("word", ["A", "1a", "-a", "a b", "ä", "a" * 51, "a\n", "a.b", ""])
def test_bad_keys(word: str) -> None:
    assert "bad_key" in one({"key": word}, "key")[1]
    assert "bad_key" in one({"key": word}, "key", required=False)[1]


@pytest.mark.parametrize("word", ["a", "a-b_c9", "a" * 50])
def test_good_keys(word: str) -> None:
    assert one({"key": word}, "key") == (word, [])


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (0, []),
        (4, []),
        (5, ["out_of_range"]),
        (-1, ["out_of_range"]),
        (True, ["wrong_type"]),
        ("3", ["wrong_type"]),
        (1.0, ["wrong_type"]),
        (HUGE, ["out_of_range"]),
        (None, ["missing"]),
    ],
    ids=kind_of,
)
def test_integers(value: Any, codes: list[str]) -> None:
    assert one({"x": value}, "integer", "x", low=0, high=4)[1] == codes


@pytest.mark.parametrize(
    ("value", "number", "codes"),
    [
        ("1.50", 150, []),
        (2, 200, []),
        ("0.001", 0, ["too_many_decimals"]),
        (1.5, 0, ["wrong_type"]),
        (True, 0, ["wrong_type"]),
        ("9**9", 0, ["not_a_number"]),
        ("1e5", 0, ["not_a_number"]),
        ("nan", 0, ["not_a_number"]),
        ("-1", 0, ["out_of_range"]),
        (-1, 0, ["out_of_range"]),
        (HUGE, 0, ["out_of_range"]),
        (-HUGE, 0, ["out_of_range"]),
        ("9" * 18, 0, ["out_of_range"]),
        ("9" * 5_000_000, 0, ["not_a_number"]),
        (MAX_INTEGER // 100, MAX_INTEGER // 100 * 100, []),
        (MAX_INTEGER // 100 + 1, 0, ["out_of_range"]),
    ],
    ids=kind_of,
)
def test_numbers(value: Any, number: int, codes: list[str]) -> None:
    assert one({"x": value}, "number", "x", 2, low=0) == (number, codes)


@pytest.mark.parametrize(
    "value", [HUGE, ["floor"], {"floor": 1}, "FLOOR", 1.5, True, b"floor", "f" * 10**6], ids=kind_of
)
def test_a_wrong_choice_is_shown_short(value: Any) -> None:
    reader = Reader({"x": value})
    assert reader.choice("x", Rounding) is Rounding.FLOOR
    fault = reader.faults[0]
    assert fault.code == "unknown_choice"
    assert len(fault.params["value"]) <= 60
    assert fault.params["options"] == ["floor", "half_up", "half_even", "half_down", "ceiling"]
    assert fault.path == ("x",)


def test_booleans() -> None:
    assert one({"x": False}, "boolean", "x", default=True) == (False, [])
    assert one({}, "boolean", "x", default=True) == (True, [])
    assert one({"x": "no"}, "boolean", "x", default=True) == (True, ["wrong_type"])
    assert one({"x": 0}, "boolean", "x", default=True) == (True, ["wrong_type"])


@pytest.mark.parametrize(
    "text", ["25:00", "9:30", "09:60", "09:30:15", "09:30+02:00", "T09:30", "0930", "٠٩:30", ""]
)
def test_times_have_no_seconds_and_no_offset(text: str) -> None:
    assert one({"x": text}, "time", "x")[1] == ["wrong_type"]
    with pytest.raises(ValueError, match=r".*"):
        minute_of_day(text)


def test_times_and_dates() -> None:
    assert one({"x": "09:30"}, "time", "x") == (570, [])
    assert str(one({"x": "2026-02-28"}, "date", "x")[0]) == "2026-02-28"
    assert one({"x": "2026-02-29"}, "date", "x")[1] == ["wrong_type"]
    assert one({"x": 20260228}, "date", "x")[1] == ["wrong_type"]
    for text in (
        "2026-W05",
        "2026-W05-1",
        "20260228",
        "2026-2-28",
        "2026-02-28T10:00",
        "２０２６-02-28",
        "2026-059",
    ):
        assert one({"x": text}, "date", "x") == (None, ["wrong_type"]), text
    assert str(one({"x": "2026-02-28T10:00"}, "moment", "x")[0]) == "2026-02-28 10:00:00"
    assert str(one({"x": "2026-02-28"}, "moment", "x")[0]) == "2026-02-28 00:00:00"
    for text in ("soon", "2026-W05-1T10:00", "20260228T1000", "2026-02-30T10:00", "2026-02-28T25:00"):
        assert one({"x": text}, "moment", "x") == (None, ["wrong_type"]), text


@pytest.mark.parametrize(
    ("value", "words", "codes"),
    [
        ("Points", {"*": "Points"}, []),
        ({"en": "Points", "ru": "Баллы"}, {"en": "Points", "ru": "Баллы"}, []),
        ({}, {}, ["missing"]),
        ("", {"*": ""}, ["missing"]),
        ({"en": ""}, {"en": ""}, ["missing"]),
        ({"en": 1}, {}, ["wrong_type"]),
        ({1: "a"}, {}, ["wrong_type"]),
        (["a"], {}, ["wrong_type"]),
        ("a\x00", {"*": "a\x00"}, ["bad_characters"]),
        ("a" * 10_001, {}, ["too_long"]),
        (None, {}, ["missing"]),
    ],
    ids=kind_of,
)
def test_translated_words(value: Any, words: dict[str, str], codes: list[str]) -> None:
    assert one({"x": value}, "words", "x", required=True) == (words, codes)


def test_lists() -> None:
    assert one({"x": ["a", "b"]}, "texts", "x") == (("a", "b"), [])
    assert one({"x": "a"}, "texts", "x") == ((), ["wrong_type"])
    assert one({"x": ["a", 1]}, "texts", "x") == ((), ["wrong_type"])
    assert one({"x": ["a", "b"]}, "texts", "x", longest=1) == ((), ["too_many"])
    reader = Reader({"x": [{"key": "a"}, {"key": "B"}, "c"]}, ("top",))
    keys = [child.key() for child in reader.children("x", most=3)]
    assert keys == ["a", "B", ""]
    assert [(fault.code, fault.path) for fault in reader.faults] == [
        ("bad_key", ("top", "x", 1, "key")),
        ("wrong_type", ("top", "x", 2)),
        ("missing", ("top", "x", 2, "key")),
    ]


def test_what_nobody_asked_for_is_refused_with_what_there_is() -> None:
    reader = Reader({"key": "a", "kye": "b"})
    reader.key()
    reader.finish()
    assert [(fault.code, fault.path, dict(fault.params)) for fault in reader.faults] == [
        ("unknown_key", ("kye",), {"known": ["key"]})
    ]


@pytest.mark.parametrize("data", [None, [], "text", 5, 1.5, True])
def test_what_is_no_mapping_is_refused(data: Any) -> None:
    assert [fault.code for fault in Reader(data).faults] == ["wrong_type"]


def test_keys_that_are_no_texts_are_refused() -> None:
    reader = Reader({1: "a", None: "b", "key": "c", HUGE: "d"})
    assert reader.key() == "c"
    reader.finish()
    assert [(fault.code, fault.path) for fault in reader.faults] == [("wrong_type", ())]


def test_shown_values_are_short_and_cheap() -> None:
    assert shown("a" * 100) == "a" * 60
    assert shown(12) == "12"
    assert shown(HUGE) == "int"
    assert shown([HUGE]) == "list"
    assert shown(True) == "True"
    assert printable("a\nb")


def test_the_error_names_the_first_fault() -> None:
    with pytest.raises(InvalidDocument, match=r"2 faults, first: .*unknown_key"):
        ruleset({**fixed(), "x": 1}, {**percent(), "y": 2})
    assert document()["programme"]["key"] == "shop"
