"""Why a receipt earned what it earned: every outcome of the engine has words that a person understands."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.translation import override

import programs.engine
from loyalty.core.exact import Period
from members.models import Member, Membership, Purchase, Return
from members.selectors.baskets import award_document, header_document, line_document, tender_documents
from members.selectors.explain import as_data, explain, in_words
from members.selectors.explain.conditions import FACT_NAMES, SENTENCES, condition_in_words
from members.selectors.explain.words import CAPS, REASONS
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket, Line, MemberFacts, Tender
from programs.engine.vocabulary import FACTS, Operator
from programs.models import Partner, Programme
from programs.selectors.rulesets import ruleset_at
from programs.services.partners import ensure_partner
from programs.services.programmes import load

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)
# A Monday, noon in Tallinn.
NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)

HEAD = """
programme: {key: club, name: {en: Coffee club, ru: Клуб кофе}, zone: Europe/Tallinn, currency: EUR}
point_types:
  - key: points
    name: {en: Points, ru: Баллы}
    unit:
      en: {one: point, other: points}
      ru: {one: балл, few: балла, many: баллов, other: балла}
LIMITS
groups: [{key: base}, {key: first, mode: first_match}, {key: best, mode: best_of}, {key: boost}]
rules:
  - {key: base, title: {en: Base points, ru: За покупку}, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
LINES = (
    Line("COF", 2000, 1200, category="coffee", department="GROCERY"),
    Line("MILK", 1500, 300, category="dairy"),
)


def publish(rules: str = "", limits: str = "") -> Programme:
    text = HEAD.replace("LIMITS", f"    limits: {limits}" if limits else "") + rules
    ensure_partner("main", name="Main Shop", is_operator=True)
    return load(text, now=START, publish=True, effective_from=START).programme


def buy(
    programme: Programme, *, number: str = "r1", lines: tuple[Line, ...] = LINES, **extra: Any
) -> Purchase:
    """A purchase row as the engine judges it, without the ledger."""
    partner = Partner.objects.get(is_operator=True)
    member = MemberFacts(joined_on=START.date(), **extra.pop("member", {}))
    basket = Basket(NOON, lines, partner=partner.code, **extra)
    active = ruleset_at(programme.pk, NOON)
    evaluation = evaluate(basket, member, active.ruleset)
    membership = Membership.objects.filter(programme=programme).first() or Membership.objects.create(
        member=Member.objects.create(), programme=programme, number="7001", joined_at=START
    )
    return Purchase.objects.create(
        member=membership.member,
        membership=membership,
        number=number,
        occurred_at=NOON,
        recorded_at=NOON,
        operation=1,
        partner=partner,
        revision_id=active.revision_id,
        currency="EUR",
        amount=sum(line.amount for line in lines),
        lines=[line_document(line) for line in lines],
        tenders=tender_documents(basket),
        header=header_document(basket),
        facts={"purchases": member.purchases, "joined": START.date().isoformat()},
        trace={
            "awards": [award_document(award) for award in evaluation.awards],
            "skips": [list(skip if skip.about else skip[:2]) for skip in evaluation.skips],
        },
    )


def told(purchase: Purchase, language: str = "en") -> str:
    words = in_words(explain(purchase), language)
    return "\n".join([words.summary, *words.awards, *words.skips, *words.tenders, *words.returns])


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


RULE = "  - {key: extra, title: {en: Extra}, effect: {kind: fixed, points: 5}, %s}\n"
CASES = {
    "base": ("", "", {}, "Base points: 15 points from €15.00 (1 point for every full €1.00)"),
    "bonus": (RULE % "enabled: true", "", {}, "Extra: 5 points"),
    "percent": (
        "  - {key: cash, title: {en: Back}, effect: {kind: percent, percent: '10'}}\n",
        "",
        {},
        "Back: 1 point from €15.00 (10 %)",
    ),
    "per unit": (
        (
            "  - {key: unit, title: {en: Bags}, effect: {kind: per_unit, points: 3},"
            " lines: {fact: line.category, is: equals, value: coffee}}\n"
        ),
        "",
        {},
        "Bags: 6 points for a quantity of 2 (3 points for every whole unit)",
    ),
    "multiplier": (
        "  - {key: x2, title: {en: Double}, group: boost, effect: {kind: multiplier, factor: '2'}}\n",
        "",
        {},
        "Double: 15 points on top (× 2)",
    ),
    "failed condition": (
        RULE % 'when: {fact: basket.total, is: at_least, value: "40.00"}',
        "",
        {},
        "Extra: only if basket total is at least €40.00; this purchase had €15.00",
    ),
    "failed condition inside": (
        RULE % "when: {all: [{fact: basket.lines, is: at_least, value: 1},"
        " {fact: purchase.channel, is: equals, value: web}]}",
        "",
        {"channel": "shop"},
        "Extra: only if channel is “web”; this purchase had “shop”",
    ),
    "failed alternative": (
        RULE % "when: {any: [{fact: purchase.weekday, is: one_of, value: [sat, sun]},"
        ' {fact: basket.total, is: more_than, value: "99"}]}',
        "",
        {},
        "Extra: only if day of the week is one of Saturday, Sunday or basket total is more than €99.00",
    ),
    "failed negation": (
        RULE % "when: {not: {fact: purchase.payment, is: equals, value: cash}}",
        "",
        {"payment": "cash"},
        "Extra: only if it is not so that way of paying is “cash”; this purchase had “cash”",
    ),
    "failed sum": (
        RULE % "when: {lines: {fact: line.category, is: equals, value: coffee}, of: quantity,"
        " is: at_least, value: 3}",
        "",
        {},
        "Extra: only if quantity of lines with category is “coffee” is at least 3; this purchase had 2",
    ),
    "unknown": (
        RULE % "when: {fact: purchase.till, is: equals, value: T1}",
        "",
        {},
        "Extra: only if till is “T1”; not known for this purchase",
    ),
    "personal": (
        RULE % "when: {fact: member.age, is: at_least, value: 18}",
        "",
        {},
        "Extra: only if age of the member is at least 18\n",
    ),
    "no lines": (
        RULE % "lines: {fact: line.category, is: equals, value: tea}",
        "",
        {},
        "Extra: no line of the receipt is one that it looks at",
    ),
    "ended": (RULE % "schedule: {until: '2026-02-01T00:00:00'}", "", {}, "Extra: it had ended"),
    "weekday": (
        RULE % "schedule: {weekdays: [tue]}",
        "",
        {},
        "Extra: it does not run on this day of the week",
    ),
    "after the first": (
        (RULE % "group: first").replace("extra", "one").replace("Extra", "One") + RULE % "group: first",
        "",
        {},
        "Extra: only the first rule of its group that gives something counts (One)",
    ),
    "beaten": (
        (RULE % "group: best")
        + "  - {key: more, title: {en: More}, group: best, effect: {kind: fixed, points: 9}}\n",
        "",
        {},
        "Extra: another rule of its group gave more (More)",
    ),
    "capped": (
        RULE % "caps: {per_purchase: 3}",
        "",
        {},
        "Extra: 3 points; it would be 5 points, but for the most that this rule gives for a purchase",
    ),
    "used up": (
        "",
        "{highest_balance: 10}",
        {"member": {"balances": {"points": 10}}},
        "Base points: already used up: the highest balance that a member can have",
    ),
    "below step": (
        "  - {key: big, title: {en: Big}, effect: {kind: per_step, points: 9, step: '99'}}\n",
        "",
        {},
        "Big: the purchase is too small for it",
    ),
    "paid with points": (
        "",
        "",
        {"tenders": (Tender("points", 500, "points", 50),)},
        "Paid with points: €5.00 (50 points)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_outcome_is_told(name: str) -> None:
    rules, limits, extra, expected = CASES[name]
    assert expected in plain(told(buy(publish(rules, limits), **extra))) + "\n"


def test_a_receipt_head_to_foot() -> None:
    purchase = buy(publish(RULE % "lines: {fact: line.category, is: equals, value: coffee}"), till="4")
    words = in_words(explain(purchase), "en")
    assert words.title == "Receipt r1"
    assert plain(words.summary) == "This purchase earned 20 points."
    assert dict(words.head)["Programme"] == "Coffee club, revision 1"
    assert dict(words.head)["Till"] == "4"
    assert "12:00" in dict(words.head)["Bought"]
    assert [plain(cell) for cell in words.rows[0]] == [
        "1", "COF", "coffee", "2", "€12.00", "Base points: 12 points; Extra: 5 points",
    ]  # fmt: skip
    assert [plain(cell) for cell in words.rows[1]][3:] == ["1.5", "€3.00", "Base points: 3 points"]


def test_words_of_the_programme_follow_the_language() -> None:
    purchase = buy(publish())
    assert "За покупку: 15 баллов" in plain(told(purchase, "ru"))
    assert "15 points" in plain(told(purchase, "et")), "without a text in the language the English one stands"


def test_what_returns_took_back() -> None:
    purchase = buy(publish())
    Return.objects.create(
        member=purchase.member,
        membership=purchase.membership,
        number="ret1",
        occurred_at=NOON,
        recorded_at=NOON,
        operation=2,
        purchase=purchase,
        amount=750,
        lines=[{"line": 0, "qty": 1000, "share": "1/2"}, {"line": 1, "qty": 1500, "share": "1"}],
        trace=[{"no": 1, "rule": "base", "type": "points", "points": 9}],
    )
    text = plain(told(purchase))
    assert "earned 15 points; returns took back 9 points, which leaves 6 points." in text
    assert "Return ret1" in text
    assert "lines: 1 (part 1/2), 2; taken back: Base points: 9 points" in text


def test_the_data_for_machines_has_codes_and_whole_numbers() -> None:
    purchase = buy(publish(RULE % 'when: {fact: basket.total, is: at_least, value: "40.00"}'))
    data = json.loads(json.dumps(as_data(explain(purchase)), default=str))
    assert data["awards"][0]["points"] == 15
    assert data["lines"][0]["points"] == {"1": 12}
    [skip] = data["skips"]
    assert (skip["code"], skip["seen"]) == ("when", "15.00")
    assert skip["condition"] == {"fact": "basket.total", "is": "at_least", "value": "40.00"}
    assert data["words"]["title"] == "Receipt r1"


# --- the command ----------------------------------------------------------------------------------
def command(*args: str) -> tuple[str, str, int]:
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command("explain", *args, stdout=out, stderr=err)
    except SystemExit as left:
        status = int(left.code or 0)
    return plain(out.getvalue()), err.getvalue(), status


def test_the_command_tells_a_receipt_in_a_language() -> None:
    buy(publish())
    out, _err, status = command("r1")
    assert status == 0
    assert "Base points: 15 points from €15.00" in out
    assert "COF" in out
    assert "За покупку" in command("r1", "--language", "ru")[0]
    assert json.loads(command("r1", "--json")[0])[0]["receipt"] == "r1"


def test_an_unknown_receipt_is_a_sentence_and_a_status() -> None:
    buy(publish())
    assert command("nowhere") == ("", "No receipt “nowhere” was recorded.\n", 1)
    assert command("r1", "--programme", "other")[2] == 1


# --- nothing without words ------------------------------------------------------------------------
def codes_of_the_engine() -> Iterator[str]:
    """Every code that the engine can give for a rule that gave nothing or less."""
    for path in Path(programs.engine.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = {"_skip": 1, "Skip": 1, "cut_to": 1}.get(name)
                if place is not None and len(node.args) > place:
                    yield from texts(node.args[place])
            elif isinstance(node, ast.FunctionDef) and node.name in (
                "blocked",
                "compile_schedule",
                "_room",
                "_limits",
            ):
                for inner in ast.walk(node):
                    if isinstance(inner, (ast.Return, ast.Yield)) and inner.value is not None:
                        yield from texts(inner.value)
            elif isinstance(node, ast.Assign) and "cut" in ast.dump(node.targets[0]):
                yield from texts(node.value)


def texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.JoinedStr):
            head = str(getattr(inner.values[0], "value", ""))
            yield from (head + period.value for period in Period)
            return
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value:
            yield inner.value


def test_every_code_of_the_engine_has_words() -> None:
    codes = set(codes_of_the_engine())
    assert {
        "when",
        "no_lines",
        "cooldown",
        "weekday",
        "cap:line",
        "cap:month",
        "limit:balance",
        "raised",
    } <= codes
    assert codes <= {*REASONS, *CAPS}


def test_every_fact_and_operator_has_words() -> None:
    assert set(FACT_NAMES) == set(FACTS)
    assert set(SENTENCES) == {operator.value for operator in Operator}
    for operator in Operator:
        value = ["1.00", "2.00"] if operator is Operator.BETWEEN else "1.00"
        with override("en"):
            sentence = condition_in_words(
                {"fact": "basket.total", "is": operator.value, "value": value}, "EUR"
            )
        assert sentence.startswith("basket total ")


def test_attributes_and_long_lists_in_words() -> None:
    values = [f"C{number}" for number in range(20)]
    sentence = condition_in_words({"fact": "line.attribute.origin", "is": "one_of", "value": values}, "EUR")
    assert sentence.startswith("the line’s attribute “origin” is one of “C0”, “C1”")
    assert sentence.endswith("“C7” and 12 more")
