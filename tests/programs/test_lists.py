"""Product lists and products in the back office: pages, words, changes, and putting products into a list."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from loyalty.core.models import User
from programs.admin.conditions import offers
from programs.admin.desk.tabs import tab_url
from programs.engine.lists import MOST_SKUS
from programs.engine.vocabulary import Scope
from programs.models import Partner, Product, ProductList, Programme
from programs.selectors.changes import changes
from programs.selectors.documents import export, working_core
from programs.selectors.lists import list_users, unknown_skus
from programs.selectors.parts import spoken_core
from programs.selectors.products import known_products
from programs.selectors.sentences import rule_sentence
from programs.services.documents.yaml import InvalidProgrammeFile
from programs.services.lists import ListRetired, add_to_list
from programs.services.programmes import load
from tests.programs.pages import fields_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLUB = """
programme: {key: club, name: {en: Club}, zone: Europe/Tallinn, currency: EUR, languages: [en]}
point_types: [{key: points, name: {en: Points}}]
lists:
  - {key: coffee-week, name: {en: Coffee week}, skus: [C-1, C-2]}
  - {key: sweets, name: {en: Sweets}, skus: [S-1]}
rules:
  - key: base
    title: {en: Base}
    effect: {kind: per_step, points: 1, step: "1.00"}
    lines: {fact: line.list, is: one_of, value: [coffee-week]}
  - key: two
    title: {en: Two}
    effect: {kind: fixed, points: 5}
    when: {lines: {all: [{fact: line.list, is: none_of, value: [coffee-week, sweets]}]}, is: at_least, value: 2}
"""


@pytest.fixture
def club() -> Programme:
    return load(CLUB, now=NOW).programme


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def coffee() -> ProductList:
    return ProductList.objects.get(key="coffee-week")


def product(sku: str, **values: Any) -> Product:
    return Product.objects.create(partner=Partner.objects.get(is_operator=True), sku=sku, **values)


def page_of(row: Any) -> str:
    return reverse(f"admin:programs_{row._meta.model_name}_change", args=[row.pk])


# --- words --------------------------------------------------------------------------------------------------
def test_a_rule_calls_its_lists_by_name(club: Programme) -> None:
    core = working_core(club)
    with override("en"):
        base, two = (rule_sentence(rule, core) for rule in core.rules)
    assert base.endswith("for lines where article is in “Coffee week”")
    assert two.endswith("when number of lines where article is not in “Coffee week”, “Sweets” is at least 2")


def test_sentences_need_no_articles(club: Programme) -> None:
    spoken = spoken_core(club)
    assert spoken is not None
    assert [(each.key, each.skus) for each in spoken.lists] == [("coffee-week", ()), ("sweets", ())]


def test_the_builder_offers_the_lists_of_the_programme(club: Programme) -> None:
    core = spoken_core(club)
    assert core is not None
    assert offers.values("line.list", core) == [("coffee-week", "Coffee week"), ("sweets", "Sweets")]
    offered = [name for _title, options in offers.facts(Scope.LINE, core) for name, _label in options]
    assert "line.list" in offered


def test_a_programme_without_lists_is_not_offered_to_ask_for_them() -> None:
    bare = load(CLUB.partition("lists:")[0], now=NOW).programme
    core = spoken_core(bare)
    assert core is not None
    offered = [name for _title, options in offers.facts(Scope.LINE, core) for name, _label in options]
    assert "line.sku" in offered
    assert "line.list" not in offered


def test_rules_that_ask_for_a_list(club: Programme) -> None:
    assert list_users(club) == {"coffee-week": ["Base", "Two"], "sweets": ["Two"]}


def test_a_file_is_written_as_it_was_read(club: Programme) -> None:
    text = export(club)
    assert "  skus:\n  - C-1\n  - C-2\n" in text
    assert not load(text, now=NOW).changed


def test_a_change_says_which_articles_come_and_go(club: Programme) -> None:
    before = working_core(club)
    load(CLUB.replace("[C-1, C-2]", "[C-2, C-3, C-4]"), now=NOW)
    with override("en"):
        [change] = changes(before, working_core(club))
    [line] = change.lines
    assert change.title == "Product list: Coffee week"
    assert (line.what, line.before, line.after) == (
        "Products",
        "2 articles, only here: C-1",
        "3 articles, only here: C-3, C-4",
    )


def test_a_new_list_says_its_first_articles(club: Programme) -> None:
    before = working_core(club)
    skus = ", ".join(f"N-{number:02}" for number in range(14))
    load(CLUB.replace("rules:", f"  - {{key: new, name: New, skus: [{skus}]}}\nrules:"), now=NOW)
    with override("en"):
        [change] = changes(before, working_core(club))
    assert change.lines[0].after.startswith("14 articles: N-00, N-01, ")
    assert change.lines[0].after.endswith("N-11, 2 more")


def test_articles_that_no_partner_sells_are_named(club: Programme) -> None:
    assert unknown_skus(["C-1", "C-2"]) == []  # there is nothing to compare with
    product("C-2")
    assert unknown_skus(["C-2", "C-9", "C-1"]) == ["C-1", "C-9"]
    assert unknown_skus([]) == []


# --- putting products into a list ---------------------------------------------------------------------------
def test_articles_are_added_once(club: Programme) -> None:
    assert add_to_list(coffee(), ["C-2", "C-3", "C-3", "A-1"], now=NOW) == 2
    assert coffee().settings["skus"] == ["A-1", "C-1", "C-2", "C-3"]
    assert add_to_list(coffee(), ["C-3"], now=NOW) == 0


def test_a_list_that_would_be_too_long_stays_as_it_is(club: Programme) -> None:
    with pytest.raises(InvalidProgrammeFile):
        add_to_list(coffee(), [f"N-{number}" for number in range(MOST_SKUS)], now=NOW)
    assert coffee().settings["skus"] == ["C-1", "C-2"]


def test_a_list_that_left_the_programme_takes_nothing(club: Programme) -> None:
    ProductList.objects.filter(key="coffee-week").update(retired_at=NOW)
    with pytest.raises(ListRetired):
        add_to_list(coffee(), ["C-3"], now=NOW)
    assert coffee().settings["skus"] == ["C-1", "C-2"]


# --- pages --------------------------------------------------------------------------------------------------
def test_the_page_of_lists_says_who_uses_them_and_what_is_not_known(club: Programme, boss: Client) -> None:
    product("C-1")
    page = boss.get(tab_url(club, "lists")).content.decode()
    for said in ("Coffee week", "coffee-week", "Base, Two", "Not among the products", "C-2"):
        assert said in page


def test_a_pasted_column_becomes_a_list(club: Programme, boss: Client) -> None:
    product("A-1")
    url = reverse("admin:programs_productlist_add") + f"?programme={club.pk}"
    fields = fields_of(boss.get(url).content.decode())
    fields["skus"] = ["B-2\r\n A-1 \r\n\r\nB-2\r\n"]
    fields["name_en" if "name_en" in fields else "name_0"] = ["Spring"]
    page = boss.post(url, fields, follow=True)
    assert ProductList.objects.get(key="spring").settings["skus"] == ["A-1", "B-2"]
    assert "1 article of the list is not among the products: B-2." in page.content.decode()


@pytest.mark.parametrize(
    ("skus", "said"),
    [
        ("", "skus"),
        ("x" * 201, "cannot be the number of an article"),
        ("\n".join(map(str, range(5001))), "5000"),
    ],
)
def test_a_list_that_cannot_be_is_refused_at_its_field(
    club: Programme, boss: Client, skus: str, said: str
) -> None:
    fields = fields_of(boss.get(page_of(coffee())).content.decode())
    page = boss.post(page_of(coffee()), {**fields, "skus": [skus]})
    assert said in str(page.context["errors"])
    assert coffee().settings["skus"] == ["C-1", "C-2"]


def test_a_list_that_a_rule_asks_for_stays(club: Programme, boss: Client) -> None:
    url = reverse("admin:programs_productlist_delete", args=[coffee().pk])
    page = boss.post(url, {"post": "yes"}, follow=True).content.decode()
    assert "There is no product list “coffee-week”." in page
    assert coffee().retired_at is None


def test_chosen_products_go_into_a_list(club: Programme, boss: Client) -> None:
    chosen = [product(sku) for sku in ("C-1", "K-1", "K-2")]
    product("other")
    url = reverse("admin:programs_product_changelist")
    asked = {"action": "into_list", "_selected_action": [each.pk for each in chosen], "select_across": "0"}
    page = boss.post(url, asked)
    assert "3 products are chosen." in page.content.decode()
    assert coffee().settings["skus"] == ["C-1", "C-2"]  # nothing yet
    answer = boss.post(url, {**asked, "to_list": coffee().pk}, follow=True)
    assert "2 articles were added to “Coffee week”." in answer.content.decode()
    assert coffee().settings["skus"] == ["C-1", "C-2", "K-1", "K-2"]


def test_everything_that_was_found_goes_into_a_list(club: Programme, boss: Client) -> None:
    for number in range(60):
        product(f"K-{number:02}", name="Coffee")
    first = product("other")
    url = reverse("admin:programs_product_changelist") + "?q=coffee"
    asked = {"action": "into_list", "_selected_action": [first.pk], "select_across": "1"}
    boss.post(url, {**asked, "to_list": coffee().pk})
    assert len(coffee().settings["skus"]) == 62


@pytest.mark.parametrize(("role", "may"), [("Marketing", True), ("Call centre", False), ("Auditor", False)])
def test_marketing_puts_products_into_lists_and_others_do_not(club: Programme, role: str, may: bool) -> None:
    person = User.objects.create_staff("mia@example.com", name="Mia")
    person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)
    one = product("K-1")
    asked = {"action": "into_list", "_selected_action": [one.pk], "to_list": coffee().pk}
    answer = client.post(reverse("admin:programs_product_changelist"), asked)
    assert answer.status_code == (302 if may else 403)
    assert ("K-1" in coffee().settings["skus"]) is may
    assert client.get(tab_url(club, "lists")).status_code == 200


# --- products -----------------------------------------------------------------------------------------------
def test_an_article_is_known_once_for_each_partner(club: Programme) -> None:
    product("A-1", brand="north")
    other = Partner.objects.create(code="other", name={"en": "Other"})
    Product.objects.create(partner=other, sku="A-1", brand="south")
    with pytest.raises(IntegrityError), transaction.atomic():
        product("A-1")
    assert known_products(other.pk, ["A-1", "B"])["A-1"].brand == "south"
    assert known_products(other.pk, []) == {}


def test_products_are_found_by_number_name_and_category(club: Programme, boss: Client) -> None:
    product("K-1", name="Espresso", category="coffee")
    product("T-1", name="Earl Grey", category="tea", labels=["bio", "new"])
    url = reverse("admin:programs_product_changelist")
    for asked, found in (("q=k-1", "K-1"), ("q=grey", "T-1"), ("category__icontains=tea", "T-1")):
        page = boss.get(f"{url}?{asked}")
        assert [each.sku for each in page.context["cl"].result_list] == [found]
    assert "bio, new" in boss.get(url).content.decode()


def test_a_product_keeps_its_number(club: Programme, boss: Client) -> None:
    one = product("K-1", name="Espresso")
    values = {"name": "Ristretto", "category": "coffee", "labels": "bio,new", "sku": "K-9"}
    assert boss.post(page_of(one), values).status_code == 302
    one.refresh_from_db()
    assert (one.sku, one.name, one.category, one.labels) == ("K-1", "Ristretto", "coffee", ["bio", "new"])
