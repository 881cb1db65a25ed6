"""Conditions, rules and policies in words."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from programs.engine import policies as engine_policies
from programs.engine.conditions import read_condition
from programs.engine.document import Core, read_core
from programs.engine.facts import LineKind
from programs.engine.reader import Reader
from programs.engine.vocabulary import FACTS, Operator, Scope
from programs.models import Rule
from programs.selectors import policies, sentences
from programs.selectors.documents import rule_in_words
from programs.selectors.sentences import rule_sentence, sentence
from programs.services.documents.yaml import parse
from programs.services.programmes import load

EXAMPLES = Path(__file__).parents[1] / "scenarios" / "programmes"
POINTS = (EXAMPLES / "grocery_points.yaml").read_text()


def core(more: str = "") -> Core:
    return read_core(parse(POINTS + more).data)


def said(text: str, scope: Scope = Scope.PURCHASE) -> str:
    reader = Reader(parse(text).data)
    condition = read_condition(reader, scope, 2)
    assert reader.faults == []
    return sentence(condition, "en", core())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{fact: basket.total, is: at_least, value: '20.00'}", "basket total is at least $20.00"),
        ("{fact: basket.quantity, is: more_than, value: '1.5'}", "number of items is more than 1.5"),
        ("{fact: basket.quantity, is: equals, value: 10}", "number of items is 10"),
        (
            "{fact: purchase.weekday, is: one_of, value: [sat, sun]}",
            "day of the week is one of Saturday, Sunday",
        ),
        (
            "{fact: purchase.time, is: between, value: ['09:00', '11:30']}",
            "time of day is from 09:00 to 11:30",
        ),
        ("{fact: member.attribute.city, is: equals, value: Tartu}", "city is Tartu"),
        ("{fact: member.age, is: is_set}", "age is known"),
        ("{not: {fact: member.age, is: at_least, value: 18}}", "not (age is at least 18)"),
        (
            "{lines: {fact: line.category, is: one_of, value: [tea, coffee]}, of: amount, value: 5}",
            "amount of the lines where category is one of coffee, tea is at least $5.00",
        ),
        (
            (
                "all: [{fact: basket.total, is: at_least, value: 20},"
                " {any: [{fact: purchase.store, is: equals, value: a}, {fact: purchase.till, is: is_set}]}]"
            ),
            "basket total is at least $20.00 and (store is a or till is known)",
        ),
    ],
)
def test_a_condition_in_words(text: str, words: str) -> None:
    assert said(text) == words


def test_the_example_of_the_file_format() -> None:
    lines = "{fact: line.category, is: one_of, value: [tea, coffee]}"
    assert said(lines, Scope.LINE) == "category is one of coffee, tea"
    assert sentence(None, "en", core()) == ""


def test_a_rule_in_words() -> None:
    [rule] = core().rules
    assert rule_sentence(rule, core(), "en") == "1\N{NO-BREAK SPACE}point for every full $1.00"
    whole = core(
        "    when: {fact: basket.total, is: at_least, value: 20}\n"
        "    lines: {fact: line.category, is: equals, value: tea}\n"
        "    schedule: {since: 2026-05-01T00:00, weekdays: [mon], hours: [{start: 09:00, end: 11:00}]}\n"
        "    caps: {per_purchase: 50, times: [{per: day, times: 1}], per_member: [{per: month, points: 100}],"
        " cooldown_hours: 2, budget: {points: 9000}}\n"
        "    enabled: false\n"
    )
    assert rule_sentence(whole.rules[0], whole, "en") == (
        "switched off: 1\N{NO-BREAK SPACE}point for every full $1.00, for lines where category is tea,"
        " when basket total is at least $20.00, from 1 May 2026, 00:00, on Monday, at 09:00–11:00,"
        " at most 50\N{NO-BREAK SPACE}points a purchase, at most 100\N{NO-BREAK SPACE}points a month for each member,"
        " once a day for each member, not again for 2 hours,"
        " at most 9,000\N{NO-BREAK SPACE}points in all for all members together"
    )


@pytest.mark.django_db
def test_a_row_of_the_working_copy_in_words() -> None:
    load((EXAMPLES / "grocery_cashback.yaml").read_text(), now=datetime(2026, 1, 1, tzinfo=UTC))
    rule = Rule.objects.get()
    assert rule_in_words(rule, "en") == "1.5 % as Cashback, for lines where department is none of FUEL"
    rule.settings = {"key": "broken"}
    assert rule_in_words(rule, "en") == "One and a half per cent back"


def test_everything_has_a_name() -> None:
    assert set(sentences.FACTS) == set(FACTS)
    assert set(sentences.OPERATORS) == set(Operator)


def test_every_choice_of_every_policy_has_words() -> None:
    choices: dict[str, Any] = dict(engine_policies.CHOICES)
    assert [each.name for each in fields(engine_policies.Policies)] == list(policies.POLICIES)
    for name, options in choices.items():
        assert {option.value for option in options} == set(policies.POLICIES[name][1]), name
    assert set(policies.POLICIES["earning_kinds"][1]) == {*LineKind} - {LineKind.DISCOUNT}


def test_policies_in_words() -> None:
    lines = policies.policies_in_words(engine_policies.dump_policies(engine_policies.DEFAULTS))
    shuffled = dict(reversed(engine_policies.dump_policies(engine_policies.DEFAULTS).items()))
    assert policies.policies_in_words(shuffled) == lines
    assert lines[0] == ("Points are earned on prices", "with tax")
    assert lines[-1] == ("Points are earned on", "delivery, products")
