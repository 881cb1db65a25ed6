"""Scenario files that are not valid are refused, with the place and what was expected."""

from pathlib import Path

import pytest

from members.services.scenarios import InvalidScenario, read_text
from members.services.scenarios.steps import KINDS

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"

HEAD = """\
id: bad
title: A file with a mistake
programme:
  programme: {key: example, name: Example, zone: Europe/Tallinn, currency: EUR}
  point_types: [{key: points, name: Points}]
  rules:
    - {key: base, title: Points, effect: {kind: per_step, points: 1, step: "1.00"}}
steps:
"""
BUY = '  - {at: 2026-03-02T10:00, purchase: {ref: r1, member: anna, lines: [{sku: A, amount: "1.00"}]}}\n'


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("id: [", "bad_yaml", 2, 1),
        (HEAD, "missing", 8, 7),
        (HEAD.replace("title: A", "titel: A") + BUY, "unknown_key", 2, 1),
        (HEAD.replace("per_step", "per_stop") + BUY, "unknown_choice", 7, 49),
        (HEAD + "  - {at: 2026-03-02T10:00, dance: {with: anna}}\n", "unknown_step", 9, 28),
        (HEAD + "  - {at: 2026-03-02T10:00}\n", "one_step", 9, 5),
        (HEAD + "  - {at: tomorrow, advance: true}\n", "wrong_type", 9, 10),
        (HEAD + BUY + "  - {at: 2026-03-01T10:00, advance: true}\n", "not_in_order", 10, 10),
        (HEAD + BUY.replace('"1.00"', "1.00"), "unquoted_decimal", 9, 87),
        (HEAD + BUY.replace('"1.00"', '"1.005"'), "too_many_decimals", 9, 87),
        (HEAD + BUY.replace("sku: A", "sku: A, colour: red"), "unknown_key", 9, 79),
        (HEAD + BUY + "  - {at: 2026-03-03T10:00, return: {purchase: r2}}\n", "unknown_purchase", 10, 47),
        (
            HEAD + BUY + "  - {at: 2026-03-03T10:00, return: {purchase: r1, lines: [{sku: B}]}}\n",
            "unknown_line",
            10,
            65,
        ),
        (
            HEAD + BUY.replace("}]}}", "}]}, expect: {members: {mark: {balance: 1}}}}"),
            "unknown_member",
            9,
            117,
        ),
        (HEAD + BUY.replace("}]}}", "}]}, expect: {trace: [{rule: bonus}]}}"), "unknown_rule", 9, 122),
        (HEAD + BUY.replace("}]}}", "}]}, expect: {badges: 1}}"), "unknown_key", 9, 107),
        (HEAD + "  - {at: 2026-03-02T10:00, revise: {rules: [{key: other}]}}\n", "missing", 9, 44),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_text(text)
    found = [(error.code, error.line, error.column) for error in refused.value.errors]
    assert (code, line, column) in found, "\n".join(str(error) for error in refused.value.errors)
    assert all(str(error.message) for error in refused.value.errors)


def test_an_unknown_step_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_text(HEAD + "  - {at: 2026-03-02T10:00, dance: {with: anna}}\n")
    [error] = refused.value.errors
    assert ", ".join(sorted(KINDS)) in str(error.expected)


CLUB = """\
id: bad
title: A file with a mistake
programme:
  programme: {key: example, name: Example, zone: Europe/Tallinn, currency: EUR}
  point_types: [{key: points, name: Points}, {key: miles, name: Miles, decimals: 1}]
  events: [{key: stay, name: A stay, fields: [{key: nights, type: number, required: true}, {key: on, type: date}]}]
  ladders: [{key: status, name: Status, tiers: [{key: green, name: Green}, {key: gold, name: Gold, threshold: 9}]}]
members: [{ref: anna, enrolled_at: 2026-03-01T09:00}, {ref: mark, enrolled_at: 2026-03-01T09:00}]
steps:
  - {at: 2026-03-02T10:00, purchase: {ref: r1, member: anna, lines: [{sku: A, amount: 1}]}}
  - {at: 2026-03-02T11:00, hold: {ref: h1, member: anna, points: 1}}
"""


@pytest.mark.parametrize(
    ("step", "code", "column"),
    [
        ("event: {kind: birthday, member: anna}", "by_itself", 42),
        ("event: {kind: registration, member: anna}", "by_itself", 42),
        ("event: {kind: anniversary, member: anna}", "by_itself", 42),
        ("event: {kind: party, member: anna}", "unknown_event", 42),
        ("event: {member: anna}", "missing", 35),
        ("event: {kind: stay, member: anna}", "missing", 35),
        ("event: {kind: stay, member: anna, fields: {nights: two}}", "not_a_number", 79),
        ('event: {kind: stay, member: anna, fields: {nights: "1.2345"}}', "too_many_decimals", 79),
        ("event: {kind: stay, member: anna, fields: {nights: 2, on: soon}}", "wrong_type", 86),
        ("event: {kind: stay, member: anna, fields: {nights: 2, dogs: 1}}", "unknown_key", 82),
        ("event: {kind: stay, member: anna, fields: {nights: 2}, purchase: r9}", "unknown_purchase", 93),
        ("hold: {member: anna, points: 1}", "missing", 34),
        ("hold: {member: anna, points: 0, ref: h2}", "out_of_range", 57),
        ("hold: {member: anna, points: 1, ref: h2, until: later}", "wrong_type", 76),
        ("capture: {hold: h2}", "unknown_hold", 44),
        ("release: {points: 1}", "missing", 37),
        ("release: {hold: h1, points: 1, member: anna}", "unknown_key", 59),
        ("transfer: {from: anna, points: 1}", "missing", 38),
        ("transfer: {from: anna, to: mark, points: 1, point_type: stars}", "unknown_point_type", 84),
        ("convert: {member: anna, points: 1}", "missing", 37),
        ("convert: {member: anna, points: 1, to: stars}", "unknown_point_type", 67),
        ('convert: {member: anna, points: "1.5", to: miles}', "too_many_decimals", 60),
        ("open: {member: anna}", "missing", 34),
        ("open: {member: anna, lots: []}", "missing", 55),
        ("open: {member: anna, points: 1, lots: [{points: 1}]}", "unknown_key", 49),
        ("open: {member: anna, lots: [{points: 1, expires_on: never}]}", "wrong_type", 80),
        ("open: {member: anna, points: 1, occurred_at: 2026-01-01T10:00}", "unknown_key", 60),
        ("approve: {purchase: r9}", "unknown_purchase", 48),
        ("approve: {purchase: r1, reason: Good}", "unknown_key", 52),
        ("refuse: {}", "missing", 36),
        ("tier: {member: anna, tier: gold}", "missing", 34),
        ("tier: {member: anna, tier: black, reason: A gift}", "unknown_tier", 55),
        ("tier: {member: anna, ladder: stars, tier: gold, reason: A gift}", "unknown_ladder", 57),
        ("tier: {member: anna, tier: gold, kind: gift, reason: A gift}", "unknown_choice", 67),
        ("tier: {member: anna, tier: gold, until: later, reason: A gift}", "wrong_type", 68),
        ("tier_end: {grant: t9, reason: Over}", "unknown_grant", 46),
        ("advance: true, expect: {members: {anna: {tier: black}}}", "unknown_tier", 75),
        ("advance: true, expect: {members: {anna: {tier: {stars: gold}}}}", "unknown_key", 76),
        (
            "advance: true, expect: {members: {anna: {tier: {status: {tier: gold, until: ever}}}}}",
            "wrong_type",
            104,
        ),
        ("advance: true, expect: {members: {anna: {progress: {status: {to: black}}}}}", "unknown_tier", 93),
        (
            'advance: true, expect: {members: {anna: {progress: {status: {missing: "0.005"}}}}}',
            "too_many_decimals",
            98,
        ),
        ("advance: true, expect: {members: {anna: {lots: [{state: closed}]}}}", "unknown_choice", 84),
        ("advance: true, expect: {members: {anna: {lots: [{expires_on: ever}]}}}", "wrong_type", 89),
        ("advance: true, expect: {members: {anna: {lots: {stars: []}}}}", "unknown_key", 76),
        ('advance: true, expect: {members: {anna: {lots: [{held: "0.5"}]}}}', "too_many_decimals", 83),
        ("advance: true, expect: {members: {anna: {stamps: {coffee: 2}}}}", "unknown_key", 78),
        ("advance: true, expect: {members: {anna: {stamps: 2}}}", "wrong_type", 77),
        ("advance: true, expect: {forfeited: {stars: 1}}", "unknown_key", 64),
    ],
)
def test_a_mistake_in_a_step_is_told_with_its_place(step: str, code: str, column: int) -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_text(CLUB + f"  - {{at: 2026-03-03T10:00, {step}}}\n")
    found = [(error.code, error.line, error.column) for error in refused.value.errors]
    assert found == [(code, 12, column)], "\n".join(str(error) for error in refused.value.errors)
    assert str(refused.value.errors[0].message)


def test_a_birth_date_is_a_date() -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_text(CLUB.replace("{ref: anna,", "{ref: anna, birth_date: in spring,"))
    assert [(error.code, error.line, error.column) for error in refused.value.errors] == [
        ("wrong_type", 8, 35)
    ]


@pytest.mark.parametrize("value", ["{template: coffee-card}", "{file: nowhere.yaml}", "[]"])
def test_a_programme_that_is_not_there_is_refused(value: str) -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_text(f"id: bad\ntitle: No programme\nprogramme: {value}\nsteps: []\n", folder=FOLDER)
    assert refused.value.errors[0].line == 3
