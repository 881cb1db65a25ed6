"""Points with 0 to 4 decimals and units in three languages, in explanations, on pages and in what was paid."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from members.admin.statement import in_units
from members.models import Membership, Purchase
from members.models.ledger import Account
from members.selectors.explain import explain
from members.selectors.explain.words import in_words
from members.selectors.statement import accounts_with_types
from members.services.purchases import record_purchase
from programs.engine.facts import Basket, Line
from programs.engine.terms import ExpiryKind
from programs.models import Programme
from programs.selectors.rulesets import ruleset_at
from programs.selectors.terms import terms_in_words
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, member, operator

LATE = datetime(2026, 9, 1, tzinfo=UTC)
PROGRAMME = """
programme: {key: mobile, name: Mobile, zone: Europe/Tallinn, currency: EUR, languages: [en, ru, et]}
point_types:
  - key: stamps
    name: {en: Stamps, ru: Штампы, et: Templid}
    unit:
      en: {one: stamp, other: stamps}
      ru: {one: штамп, few: штампа, many: штампов, other: штампа}
      et: {one: tempel, other: templit}
  - key: minutes
    name: {en: Minutes, ru: Минуты, et: Minutid}
    unit:
      en: {one: minute, other: minutes}
      ru: {one: минута, few: минуты, many: минут, other: минуты}
      et: {one: minut, other: minutit}
    decimals: 1
    money: {points: "10.0", amount: "0.50", lowest: "21.0"}
  - key: cashback
    name: {en: Cashback, ru: Кэшбэк, et: Raha tagasi}
    unit:
      en: {one: euro, other: euros}
      ru: {one: евро, few: евро, many: евро, other: евро}
      et: {one: euro, other: eurot}
    decimals: 2
  - key: litres
    name: {en: Litres, ru: Литры, et: Liitrid}
    unit:
      en: {one: litre, other: litres}
      ru: {one: литр, few: литра, many: литров, other: литра}
      et: {one: liiter, other: liitrit}
    decimals: 3
  - key: gigabytes
    name: {en: Gigabytes, ru: Гигабайты, et: Gigabaidid}
    unit:
      en: {one: gigabyte, other: gigabytes}
      ru: {one: гигабайт, few: гигабайта, many: гигабайт, other: гигабайта}
      et: {one: gigabait, other: gigabaiti}
    decimals: 4
rules:
"""
RULES = "".join(
    f"  - {{key: {key}, title: {key}, point_type: {key}, effect: {{kind: per_unit, points: '{points}'}}}}\n"
    for key, points in (
        ("stamps", "1"), ("minutes", "0.5"), ("cashback", "0.01"), ("litres", "0.125"), ("gigabytes", "1.0001"),
    )
)  # fmt: skip
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def programme(db: None) -> Programme:
    return load(PROGRAMME + RULES, now=FIRST, publish=True, effective_from=FIRST).programme


def bought(membership: Membership, pieces: int, receipt: str = "r1") -> Purchase:
    basket = Basket(NOON, (Line("CARD", pieces * 1_000, 1_000),))
    recorded = record_purchase(
        membership=membership, basket=basket, receipt=receipt, partner=operator(), now=NOON
    )
    return Purchase.objects.select_related("membership__programme", "partner", "store", "revision").get(
        pk=recorded.document_id
    )


def balances_in(membership: Membership, language: str) -> list[str]:
    with override(language):
        return [
            in_units(account.available, account.point_type).replace(SPACE, " ")
            for account in accounts_with_types().filter(membership=membership)
        ]


@pytest.mark.parametrize(
    ("pieces", "english", "russian", "estonian"),
    [
        (1, "1 stamp", "1 штамп", "1 tempel"),
        (2, "2 stamps", "2 штампа", "2 templit"),
        (5, "5 stamps", "5 штампов", "5 templit"),
        (11, "11 stamps", "11 штампов", "11 templit"),
        (21, "21 stamps", "21 штамп", "21 templit"),
        (22, "22 stamps", "22 штампа", "22 templit"),
    ],
)
def test_whole_points_take_the_form_of_the_language(
    programme: Programme, pieces: int, english: str, russian: str, estonian: str
) -> None:
    anna = member(programme)
    purchase = bought(anna, pieces)
    for language, words in (("en", english), ("ru", russian), ("et", estonian)):
        assert balances_in(anna, language)[0] == words
        told = in_words(explain(purchase), language)
        assert words in told.summary.replace(SPACE, " "), told.summary
        assert any(f"stamps: {words}" in line.replace(SPACE, " ") for line in told.awards), told.awards


def test_points_with_decimals_keep_them_all_in_every_language(programme: Programme) -> None:
    anna = member(programme)
    bought(anna, 3)
    assert balances_in(anna, "en") == [
        "3 stamps",
        "1.5 minutes",
        "0.03 euros",
        "0.375 litres",
        "3.0003 gigabytes",
    ]
    assert balances_in(anna, "ru") == [
        "3 штампа",
        "1,5 минуты",
        "0,03 евро",
        "0,375 литра",
        "3,0003 гигабайта",
    ]
    assert balances_in(anna, "et") == [
        "3 templit",
        "1,5 minutit",
        "0,03 eurot",
        "0,375 liitrit",
        "3,0003 gigabaiti",
    ]
    available = Account.objects.filter(membership=anna).order_by("point_type__position")
    assert list(available.values_list("available", flat=True)) == [3, 15, 3, 375, 30_003]


def test_what_points_pay_is_told_with_their_unit(programme: Programme) -> None:
    core = ruleset_at(programme.pk, LATE).ruleset.core
    item = core.point_type("minutes")
    assert item is not None
    assert item.expiry.kind is ExpiryKind.NEVER
    for language, units in (("en", ("10.0 minutes", "21.0 minutes")), ("ru", ("10,0 минуты", "21,0 минуты"))):
        with override(language):
            said = terms_in_words(item, core)[-1][1].replace(SPACE, " ")
        assert all(unit in said for unit in units), said
