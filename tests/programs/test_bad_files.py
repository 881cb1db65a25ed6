"""A file that cannot be taken: each thing wrong is told with its line and column, and nothing is written."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty.core.models import AuditEntry, OutboxEvent
from programs.models import Partner, Programme
from programs.services.documents.messages import EXPECTED_TYPES, MESSAGES, sentence_of
from programs.services.documents.yaml import InvalidProgrammeFile, parse
from programs.services.programmes import load
from tests.architecture.sources import ROOT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = (Path(__file__).parents[1] / "scenarios" / "programmes" / "grocery_points.yaml").read_text()
RULE = GOOD[GOOD.index("  - key: per-dollar") :]


def put(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after)


def many_conditions(number: int) -> str:
    leaf = "      - {fact: line.sku, is: equals, value: a}\n"
    return GOOD + "    lines:\n     any:\n" + leaf * number


def deep(levels: int) -> str:
    return GOOD + "    lines: " + "{not: " * levels + "{fact: line.sku, is: is_set}" + "}" * levels + "\n"


HOURS = """    schedule:
      hours:
        - {start: 09:00, end: 12:00}
        - {start: 11:00, end: 13:00}
"""

BAD = {
    # name: (file, code, line, column)
    "unknown key": (put("currency: USD", "currency: USD\n  colour: red"), "unknown_key", 8, 3),
    "unknown key at the top": (GOOD + "surprise: 1\n", "unknown_key", 18, 1),
    "missing": (put("  zone: America/New_York\n", ""), "missing", 3, 3),
    "duplicate code of a rule": (GOOD + RULE, "duplicate", 18, 10),
    "the same key twice": (
        put("audience: person", "audience: person\n  audience: company"),
        "duplicate_key",
        6,
        3,
    ),
    "text for a number": (put("decimals: 0", "decimals: two"), "wrong_type", 13, 15),
    "a list for settings": (put('{kind: per_step, points: 1, step: "1.00"}', "[1, 2]"), "wrong_type", 17, 13),
    "a mapping for a list": (GOOD[: GOOD.index("rules:")] + "rules: {a: 1}\n", "wrong_type", 14, 8),
    "nothing at all": ("", "missing", 1, 1),
    "a text as document": ("hello", "wrong_type", 1, 1),
    "unquoted decimal": (put('"1.00"', "1.00"), "unquoted_decimal", 17, 47),
    "exponent": (put('"1.00"', "1e3"), "unquoted_decimal", 17, 47),
    "not a number": (put('"1.00"', '"1,00"'), "not_a_number", 17, 47),
    "too many decimals": (put('"1.00"', '"1.005"'), "too_many_decimals", 17, 47),
    "nothing to divide by": (put('"1.00"', "0"), "out_of_range", 17, 47),
    "point type that is missing": (
        put("effect:", "point_type: miles\n    effect:"),
        "unknown_point_type",
        17,
        17,
    ),
    "group that is missing": (put("effect:", "group: other\n    effect:"), "unknown_group", 17, 12),
    "overlapping hours": (GOOD + HOURS, "overlap", 21, 19),
    "end before the beginning": (
        GOOD + "    schedule: {since: 2026-05-01T00:00, until: 2026-04-01T00:00}\n",
        "bad_range",
        18,
        48,
    ),
    "ten thousand conditions": (many_conditions(10_000), "too_many", 20, 7),
    "too many conditions in several lists": (
        GOOD
        + "    lines:\n     any:\n"
        + ("      - all:\n" + "          - {fact: line.sku, is: is_set}\n" * 300) * 2,
        "too_complex",
        None,
        None,
    ),
    "conditions too deep": (deep(30), "too_complex", 18, None),
    "nested too deeply": (deep(200), "too_deep", 18, None),
    "unknown fact": (
        GOOD + "    lines: {fact: line.colour, is: equals, value: red}\n",
        "unknown_fact",
        18,
        19,
    ),
    "fact of something else": (
        GOOD + "    lines: {fact: basket.total, is: at_least, value: 1}\n",
        "wrong_scope",
        18,
        19,
    ),
    "operator": (
        GOOD + "    lines: {fact: line.amount, is: starts_with, value: a}\n",
        "wrong_operator",
        18,
        36,
    ),
    "zone": (put("America/New_York", "America/Nowhere"), "bad_zone", 6, 9),
    "currency": (put("currency: USD", "currency: usd"), "bad_currency", 7, 13),
    "code": (put("key: per-dollar", "key: Per Dollar"), "bad_key", 15, 10),
    "choice": (put("audience: person", "audience: pets"), "unknown_choice", 5, 13),
    "anchor": (put("{en: Points}", "&a {en: Points}"), "alias", 11, 11),
    "alias": (put("{en: Points}", "*a"), "alias", 11, 11),
    "merge": (GOOD + "    <<: *a\n", "alias", 18, 9),
    "tag": (put("{en: Points}", "!!python/object:os.system {en: Points}"), "tag", 11, 11),
    "two documents": (GOOD + "---\na: 1\n", "several_documents", 18, 1),
    "not YAML": (GOOD + "  - [unclosed\n", "bad_yaml", None, None),
    "tabulator": (GOOD + "\t- key: x\n", "bad_yaml", 18, 1),
    "NUL": (GOOD.replace("Grocery points", "Gro\0cery"), "bad_characters", 4, 17),
    "half a character": (GOOD.replace("Grocery points", "Gro\ud800cery"), "bad_characters", 4, 17),
    "not UTF-8": (GOOD.replace("Grocery points", "Épicerie").encode("latin-1"), "not_utf8", 4, 14),
    "too large": (GOOD + "#" * 2_000_000, "file_too_large", 1, 1),
    "too many values": (GOOD + "    x: [" + "1," * 300_000 + "1]\n", "too_many", 18, None),
    "list as a name": (GOOD + "? [a, b]\n: 1\n", "bad_mapping_key", 18, 3),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD)
def test_each_fault_has_its_place_and_nothing_is_written(name: str) -> None:
    source, code, line, column = BAD[name]
    before = AuditEntry.objects.count()
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(source, now=NOW, file_name="bad.yaml", publish=True)
    problem = refused.value
    told = {error.code: error for error in problem.errors}
    assert code in told, problem.errors
    error = told[code]
    assert error.line is not None
    assert error.column is not None
    assert line is None or error.line == line
    assert column is None or error.column == column
    assert str(error.message)
    assert "%(" not in str(error)
    assert problem.exit_status == 2
    assert not Programme.objects.exists()
    assert not Partner.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db
def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    source = put("decimals: 0", "decimals: two").replace("audience: person", "audience: pets")
    with pytest.raises(InvalidProgrammeFile) as refused:
        load(source, now=NOW)
    assert [error.code for error in refused.value.errors] == ["unknown_choice", "wrong_type"]
    first, second = (str(error) for error in refused.value.errors)
    assert first.startswith("5:13: /programme/audience: “pets” is not one of the possible values.")
    assert first.endswith("(expected: one of person, company, employee)")
    assert second.endswith("(expected: a whole number)")


def test_only_plain_values_come_out_of_a_file() -> None:
    text = "a: [null, ~, true, false, 12, -3, +4, 012, yes, 2026-01-02, 12:30, 1.2.3, '1.5', \"\", 1_000]"
    assert parse(text).data == {
        "a": [
            None,
            None,
            True,
            False,
            12,
            -3,
            4,
            "012",
            "yes",
            "2026-01-02",
            "12:30",
            "1.2.3",
            "1.5",
            "",
            "1_000",
        ]
    }


def test_every_code_of_the_engine_has_a_sentence() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "programs" / "engine").glob("*.py"))
    codes = set(re.findall(r'[Ff]ault\(\s*"([a-z_]+)"', source))
    codes |= set(re.findall(r'"([a-z_]+)" if known is None else "([a-z_]+)"', source)[0])
    codes |= set(re.findall(r'InvalidNumber\("([a-z_]+)"\)', (ROOT / "loyalty/core/exact.py").read_text()))
    assert {"unknown_fact", "wrong_scope", "not_a_number", "wrong_type"} <= codes
    assert codes - set(MESSAGES) == set()
    expected = set(re.findall(r'expected="([a-z ]+)"', source))
    assert expected - set(EXPECTED_TYPES) == set()


def test_every_sentence_can_be_said_without_any_value() -> None:
    for code in MESSAGES:
        params = {"nodes": 1, "depth": 1, "digits": 1} if code in ("too_complex", "too_many_decimals") else {}
        sentence, expected = sentence_of(code, params, field="name")
        assert sentence
        assert "%(" not in sentence
        str(expected)
