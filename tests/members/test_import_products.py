"""Importing products: upserts, faults by line, nothing twice; and what receipts then take from products."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import ImportBatch, User
from loyalty.core.problems import InvalidFile
from members.models import Purchase, StagedReceipt, Upload
from members.services.filling import filled
from members.services.imports import sheets
from members.services.imports.batches import Options, StrictImportRefused
from members.services.imports.products import ProductImport, import_products
from members.services.imports.purchases import import_purchases
from members.services.purchases import record_purchase
from programs.engine.facts import Basket, Line
from programs.models import Partner, Product, Programme
from programs.selectors.products import Known
from tests.members.club import HEADER as RECEIPTS
from tests.members.club import NOON, balances, club, member, operator, row, written
from tests.members.files import BAD_FILES, FORMS, Killed, command, dies_after, faults, in_form

pytestmark = pytest.mark.django_db
HEADER = "sku,name,category,department,brand,label"
TEA = "T-1,Earl Grey,tea,drinks,North,bio|new"
MILK = "M-1,Milk,dairy,,,"


@pytest.fixture
def programme() -> Programme:
    made = club()
    member(made)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.csv"


def imported(programme: Programme, path: Path, **options: Any) -> ImportBatch:
    return import_products(path=path, programme=programme, partner=operator(), options=Options(**options))


def found() -> dict[str, tuple[str, str, str, str, list[str]]]:
    return {
        each.sku: (each.name, each.category, each.department, each.brand, each.labels)
        for each in Product.objects.filter(partner__is_operator=True)
    }


def counts(batch: ImportBatch) -> tuple[int, ...]:
    return tuple(batch.counts[name] for name in ("rows", "added", "changed", "unchanged", "bad"))


# --- files --------------------------------------------------------------------------------------------------
def test_a_file_becomes_products_and_once_more_changes_nothing(programme: Programme, file: Path) -> None:
    written(file, TEA, MILK, header=HEADER)
    assert counts(imported(programme, file)) == (2, 2, 0, 0, 0)
    tea = ("Earl Grey", "tea", "drinks", "North", ["bio", "new"])
    assert found() == {"T-1": tea, "M-1": ("Milk", "dairy", "", "", [])}
    before = list(Product.objects.values())
    assert counts(imported(programme, file)) == (2, 0, 0, 2, 0)
    assert list(Product.objects.values()) == before
    assert not StagedReceipt.objects.exists()


def test_what_a_file_has_no_column_for_stays_and_an_empty_cell_takes_away(
    programme: Programme, file: Path
) -> None:
    imported(programme, written(file, TEA, header=HEADER))
    batch = imported(programme, written(file, "T-1,South,", header="sku,brand,label"))
    assert counts(batch) == (1, 0, 1, 0, 0)
    assert found() == {"T-1": ("Earl Grey", "tea", "drinks", "South", [])}


def test_products_of_another_partner_are_others(programme: Programme, file: Path) -> None:
    other = Partner.objects.create(code="other", name={"en": "Other"})
    imported(programme, written(file, TEA, header=HEADER))
    import_products(
        path=written(file, "T-1,Their tea", header="sku,name"),
        programme=programme, partner=other, options=Options(),
    )  # fmt: skip
    assert found()["T-1"][0] == "Earl Grey"
    assert Product.objects.get(partner=other).name == "Their tea"


@pytest.mark.parametrize("name", sorted(set(BAD_FILES) - {"double column"}))
def test_a_bad_file_is_refused_and_leaves_nothing(programme: Programme, file: Path, name: str) -> None:
    file.write_bytes(BAD_FILES[name](HEADER, TEA.replace("Earl Grey", "чай")))
    with pytest.raises(InvalidFile):
        imported(programme, file)
    assert not Product.objects.exists()


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_csv(programme: Programme, file: Path, form: str) -> None:
    file.write_bytes(in_form(form, "sku,name", "T-1,чай", "M-1,milk"))
    assert counts(imported(programme, file)) == (2, 2, 0, 0, 0)
    assert found()["T-1"][0] == "чай"


@pytest.mark.parametrize(
    ("bad", "code", "column"),
    [
        (",Nameless,,,,", "bad_text", "sku"),
        (" B,Blank,,,,", "bad_text", "sku"),
        (f"{'x' * 101},Long,,,,", "bad_text", "sku"),
        (f"B,{'x' * 201},,,,", "bad_text", "name"),
        ("B,a\x00b,,,,", "bad_text", "name"),
        ("B,too few", "wrong_width", ""),
        ("B,too,many,,,,,", "wrong_width", ""),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_taken(
    programme: Programme, file: Path, bad: str, code: str, column: str
) -> None:
    batch = imported(programme, written(file, TEA, bad, MILK, header=HEADER))
    assert faults(batch) == [(3, code, column)]
    assert counts(batch) == (3, 2, 0, 0, 1)
    assert set(found()) == {"T-1", "M-1"}


def test_an_article_said_twice_with_other_words_is_not_taken(programme: Programme, file: Path) -> None:
    rows = (TEA, MILK, TEA.replace("tea", "coffee"), MILK)
    batch = imported(programme, written(file, *rows, header=HEADER))
    assert faults(batch) == [(4, "product_mixed", "sku")]
    assert set(found()) == {"M-1"}
    assert [error.message for error in batch.row_errors.all()] != [""]


def test_a_dry_run_says_what_would_happen(programme: Programme, file: Path) -> None:
    imported(programme, written(file, TEA, header=HEADER))
    batch = imported(programme, written(file, TEA.replace("tea", "x"), MILK, header=HEADER), dry_run=True)
    assert counts(batch) == (2, 1, 1, 0, 0)
    assert set(found()) == {"T-1"}


def test_all_or_nothing(programme: Programme, file: Path) -> None:
    with pytest.raises(StrictImportRefused):
        imported(programme, written(file, TEA, ",x,,,,", header=HEADER), strict=True)
    assert not Product.objects.exists()


def test_an_import_that_was_killed_goes_on(
    programme: Programme, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductImport, "chunk", 3)
    written(file, *(f"P-{number}" for number in range(10)), header="sku")
    with pytest.raises(Killed):
        import_products(
            path=file, programme=programme, partner=operator(), options=Options(), progress=dies_after(1)
        )
    assert 0 < Product.objects.count() < 10
    assert counts(imported(programme, file)) == (10, 10, 0, 0, 0)
    assert Product.objects.count() == 10


def test_the_command_takes_products_in(programme: Programme, file: Path) -> None:
    written(file, TEA, header=HEADER)
    status, answer, _complaints = command("products", str(file), "--programme", "club", "--json")
    assert status == 0
    assert json.loads(answer)["added"] == 1
    status, _answer, complaints = command("products", str(file), "--programme", "club", "--enrol")
    assert (status, complaints) == (1, "Only purchases make somebody join: leave --enrol out.\n")


# --- the pages ----------------------------------------------------------------------------------------------
def test_columns_of_products_are_proposed() -> None:
    header = ["Артикул", "Название", "Категория", "Бренд", "Tags", "Цена"]
    assert sheets.proposed(header, "products") == ["sku", "name", "category", "brand", "label", ""]


def test_a_file_is_sent_tried_and_taken_in(programme: Programme, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    sent = SimpleUploadedFile("goods.csv", "Артикул;Название\nT-1;Чай\n".encode())
    data = {"kind": "products", "programme": programme.pk, "partner": operator().pk, "file": sent}
    page = boss.post(reverse("admin:members_upload_add"), data, follow=True)
    upload = Upload.objects.get()
    assert {"decimals", "moments", "enrol"}.isdisjoint(page.context["form"].fields)
    url = reverse("admin:members_upload_change", args=[upload.pk])
    chosen = {"encoding": upload.encoding, "column_0": "sku", "column_1": "name"}
    for do, there in (("try", False), ("take", True)):
        assert boss.post(url, {**chosen, "do": do}).status_code == 302
        upload.refresh_from_db()
        assert upload.job is not None
        jobs.run(upload.job.pk)
        upload.job.refresh_from_db()
        assert upload.job.state == JobState.DONE
        assert Product.objects.exists() is there
    page = boss.get(url)
    assert "See the products" in page.content.decode()
    assert found()["T-1"][0] == "Чай"


# --- what receipts take from products -----------------------------------------------------------------------
KNOWN = Known("tea", "drinks", "North", frozenset({"bio"}))


@pytest.mark.parametrize(
    ("line", "complete"),
    [
        (Line("T-1", 1, 1), Line("T-1", 1, 1, "tea", "drinks", "North", frozenset({"bio"}))),
        (Line("T-1", 1, 1, "hot"), Line("T-1", 1, 1, "hot", "drinks", "North", frozenset({"bio"}))),
        (
            Line("T-1", 1, 1, labels=frozenset({"x"})),
            Line("T-1", 1, 1, "tea", "drinks", "North", frozenset({"x"})),
        ),
        (Line("", 1, 1), Line("", 1, 1)),
        (Line("t-1", 1, 1), Line("t-1", 1, 1)),
    ],
)
def test_only_what_the_till_leaves_out_is_filled(line: Line, complete: Line) -> None:
    assert filled(Basket(NOON, (line,)), {"T-1": KNOWN}).lines == (complete,)


def test_a_basket_with_nothing_to_add_stays_the_same() -> None:
    basket = Basket(NOON, (Line("T-1", 1, 1, *KNOWN), Line("B", 1, 1)))
    assert filled(basket, {"T-1": KNOWN}) is basket
    assert filled(basket, {}) is basket


def tea_club() -> Programme:
    rules = """  - {key: tea, title: Tea, effect: {kind: fixed, points: 50},
     when: {lines: {fact: line.category, is: equals, value: tea}}}
"""
    made = club(rules)
    member(made)
    Product.objects.create(
        partner=operator(), sku="tea", category="tea", brand="North", labels=["bio"], name="Earl Grey"
    )
    return made


def test_rules_see_what_the_products_say_whatever_the_way_a_receipt_comes(file: Path) -> None:
    programme = tea_club()
    membership = programme.memberships.get()
    basket = Basket(NOON, (Line("tea", 1000, 1000),))
    once = record_purchase(membership=membership, basket=basket, receipt="r1", partner=operator(), now=NOON)
    assert once.awarded == {"points": 60}
    import_purchases(
        path=written(file, row("r2"), row("r3", sku="pen")),
        programme=programme, partner=operator(), options=Options(),
    )  # fmt: skip
    assert balances() == {"A-1": (130, 0)}
    stored = [purchase.lines[0] for purchase in Purchase.objects.order_by("number")]
    told = {"category": "tea", "brand": "North", "labels": ["bio"]}
    assert stored[0] == stored[1] == {"sku": "tea", "qty": 1000, "amount": 1000, **told}
    assert stored[2] == {"sku": "pen", "qty": 1000, "amount": 1000}


def test_a_receipt_is_the_same_whatever_became_of_the_products(file: Path) -> None:
    programme = tea_club()
    written(file, row("r1"))
    import_purchases(path=file, programme=programme, partner=operator(), options=Options())
    before = Purchase.objects.values().get()
    Product.objects.update(category="coffee")
    again = import_purchases(path=file, programme=programme, partner=operator(), options=Options())
    assert (again.counts["already"], again.counts["conflicts"]) == (1, 0)
    basket = Basket(NOON, (Line("tea", 1000, 1000),))
    once = record_purchase(
        membership=programme.memberships.get(), basket=basket, receipt="x1", partner=operator(), now=NOON
    )
    assert once.awarded == {"points": 10}
    Product.objects.update(category="tea")
    repeated = record_purchase(
        membership=programme.memberships.get(), basket=basket, receipt="x1", partner=operator(), now=NOON
    )
    assert (repeated.repeated, repeated.awarded) == (True, {"points": 10})
    assert Purchase.objects.values().get(number="r1") == before


def test_an_import_asks_for_products_once_a_chunk(file: Path) -> None:
    programme = tea_club()
    rows = [row(f"r{number}", sku=f"s{number}") for number in range(40)]
    with CaptureQueriesContext(connection) as asked:
        import_purchases(
            path=written(file, *rows, header=RECEIPTS),
            programme=programme, partner=operator(), options=Options(),
        )  # fmt: skip
    assert sum("programs_product" in each["sql"] for each in asked.captured_queries) == 1
