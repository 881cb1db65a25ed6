"""Importing purchases: bad files and rows are refused by name, and nothing is guessed, lost or doubled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loyalty.core.models import ImportBatch
from loyalty.core.problems import InvalidFile
from members.models import Membership, Purchase, StagedReceipt
from members.services.imports.batches import Options, StrictImportRefused
from members.services.imports.purchases import import_purchases
from members.services.purchases import record_purchase
from programs.engine.facts import Basket, Line
from programs.models import Programme, Store
from tests.members.club import HEADER, NOON, balances, club, counted, member, operator, row, written
from tests.members.files import BAD_FILES, FORMS, NOT_NUMBERS, command, faults, in_form

pytestmark = pytest.mark.django_db
EVERYTHING = ("membership", "member", "identifier", "account", "purchase", "posting", "lot", "documentkey")


@pytest.fixture
def programme() -> Programme:
    made = club()
    member(made)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receipts.csv"


def imported(programme: Programme, path: Path, **options: Any) -> ImportBatch:
    return import_purchases(path=path, programme=programme, partner=operator(), options=Options(**options))


# --- files ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_leaves_nothing(programme: Programme, file: Path, name: str) -> None:
    file.write_bytes(BAD_FILES[name](HEADER, row()))
    with pytest.raises(InvalidFile):
        imported(programme, file, enrol=True)
    assert counted("purchase", "posting", "stagedreceipt") == [0, 0, 0]
    assert Membership.objects.count() == 1


def test_a_file_that_is_not_there(programme: Programme, file: Path) -> None:
    with pytest.raises(InvalidFile):
        imported(programme, file)


def test_every_wrong_column_is_named(programme: Programme, file: Path) -> None:
    file.write_text("receipt,receipt,Member,occurred_at,store,sku,quantity,amount\n")
    with pytest.raises(InvalidFile) as refused:
        imported(programme, file)
    found = {(error.code, error.field) for error in refused.value.errors}
    assert found == {("double_column", "receipt"), ("unknown_column", "Member"), ("missing_column", "member")}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_csv(programme: Programme, file: Path, form: str) -> None:
    file.write_bytes(in_form(form, HEADER, row("r1"), row("r2", sku="чай")))
    batch = imported(programme, file)
    assert (batch.counts["rows"], batch.counts["posted"], faults(batch)) == (2, 2, [])
    assert balances() == {"A-1": (20, 0)}


def test_a_newline_in_quotes_and_columns_in_any_order(programme: Programme, file: Path) -> None:
    file.write_text(
        "amount,sku,receipt,member,occurred_at,store,quantity\n"
        '1.00,"green\ntea",r1,A-1,2026-03-02T12:00,s1,1\n'
        "x,tea,r2,A-1,2026-03-02T12:00,s1,1\n"
    )
    batch = imported(programme, file)
    assert Purchase.objects.get().lines[0]["sku"] == "green\ntea"
    assert faults(batch) == [(4, "not_a_number", "amount")]


def test_only_a_header(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file))
    assert set(batch.counts.values()) == {0}


# --- rows -----------------------------------------------------------------------------------------------------
BAD_ROWS: dict[str, tuple[str, str]] = {
    **{f"amount {text[:12]}": (row(amount=text), "not_a_number") for text in [*NOT_NUMBERS, ""]},
    **{f"quantity {text[:12]}": (row(quantity=text), "not_a_number") for text in [*NOT_NUMBERS, ""]},
    "three decimals of money": (row(amount="1.005"), "too_many_decimals"),
    "larger than any number stored": (row(amount="99999999999999999999"), "not_a_number"),
    "larger quantity": (row(quantity="99999999999999999999"), "not_a_number"),
    "more than a sum could hold": (row(amount="9" * 18), "not_a_number"),
    "NUL": (row(sku="a\x00b"), "bad_text"),
    "NUL in the receipt": (row("a\x00b"), "bad_text"),
    "NUL in the member": (row(member="a\x00b"), "bad_text"),
    "long text": (row(sku="x" * 201), "bad_text"),
    "no member": (row(member=""), "bad_text"),
    "blanks around the member": (row(member=" A-1"), "bad_text"),
    "no receipt": (row(""), "bad_text"),
    "no time": (row(occurred_at=""), "bad_time"),
    "only a day": (row(occurred_at="2026-03-02"), "bad_time"),
    "30 February": (row(occurred_at="2026-02-30T10:00"), "bad_time"),
    "25 o'clock": (row(occurred_at="2026-03-02T25:00"), "bad_time"),
    "the hour that spring skips": (row(occurred_at="2026-03-29T03:30"), "bad_time"),
    "American": (row(occurred_at="03/02/2026 10:00 AM"), "bad_time"),
    "other digits": (row(occurred_at="٢٠٢٦-03-02T12:00"), "bad_time"),
    "before the first day with an offset": (row(occurred_at="0001-01-01T00:00+14:00"), "bad_time"),
    "the first day": (row(occurred_at="0001-01-01T00:00"), "bad_time"),
    "the last day": (row(occurred_at="9999-12-31T23:59-12:00"), "bad_time"),
    "far in the future": (row(occurred_at="2999-01-01T00:00"), "in_future"),
    "too few cells": ("r1,2026-03-02T12:00", "wrong_width"),
    "too many cells": (row() + ",x", "wrong_width"),
    "nobody": (row(member="B-2"), "unknown_member"),
    "before the rules": (row(occurred_at="2024-03-02T12:00"), "no_revision"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named_and_the_rest_posts(programme: Programme, file: Path, name: str) -> None:
    bad, code = BAD_ROWS[name]
    batch = imported(programme, written(file, row("before"), bad, row("after")))
    assert [fault[:2] for fault in faults(batch)] == [(3, code)]
    assert (batch.counts["rows"], batch.counts["posted"]) == (3, 2)
    assert balances() == {"A-1": (20, 0)}
    assert all(error.message for error in batch.row_errors.all())


def test_a_receipt_with_one_bad_row_is_not_posted_by_half(programme: Programme, file: Path) -> None:
    rows = [row("r1"), row("r1", amount="x"), row("r1"), row("r2"), row("r1")]
    batch = imported(programme, written(file, *rows))
    assert [purchase.number for purchase in Purchase.objects.all()] == ["r2"]
    assert batch.counts["bad"] == 1


@pytest.mark.parametrize(
    "other", [{"member": "B-2"}, {"occurred_at": "2026-03-02T12:01"}, {"store": "s2"}], ids=str
)
def test_a_mixed_receipt_is_refused_whole(programme: Programme, file: Path, other: dict[str, str]) -> None:
    member(programme, "B-2")
    batch = imported(programme, written(file, row("r1"), row("r2"), row("r1", **other)))
    assert faults(batch) == [(4, "receipt_mixed", "receipt")]
    assert [purchase.number for purchase in Purchase.objects.all()] == ["r2"]


@pytest.mark.parametrize("broken", ["tea,x,r1,{}", "tea,r1,{},x", "r1,{}", "tea,r1"])
def test_a_row_of_another_width_takes_its_receipt_along(
    programme: Programme, file: Path, broken: str
) -> None:
    """The receipt is found although a cell before it is missing or too many."""
    header = "sku,receipt,occurred_at,member,store,quantity,amount"
    rest = "2026-03-02T12:00,A-1,s1,1,10.00"
    batch = imported(programme, written(file, f"tea,r1,{rest}", broken.format(rest), header=header))
    assert batch.counts["posted"] == 0
    assert faults(batch) == [(3, "wrong_width", "")]


@pytest.mark.parametrize("tail", [b'"r1', b"r1\xff,", b'r1,"x"y,'], ids=["open quote", "not UTF-8", "after"])
def test_what_cannot_be_read_does_not_halve_a_receipt(programme: Programme, file: Path, tail: bytes) -> None:
    """Far into the file, so that the rows before it were handed on already."""
    lines = [row(f"n{number}") for number in range(2_000)] + [row("r1"), row("r1")]
    written(file, *lines)
    file.write_bytes(file.read_bytes() + tail + b"\n")
    batch = imported(programme, file)
    assert [code for _line, code, _field in faults(batch)] == ["unreadable"]
    assert not Purchase.objects.filter(number="r1").exists()


def test_two_equal_rows_are_two_lines(programme: Programme, file: Path) -> None:
    imported(programme, written(file, row(), row()))
    assert len(Purchase.objects.get().lines) == 2
    assert balances() == {"A-1": (20, 0)}


def test_rows_of_a_receipt_that_stand_apart_are_one_purchase(programme: Programme, file: Path) -> None:
    imported(programme, written(file, row("r1", amount="0.50"), row("r2"), row("r1", amount="0.50")))
    assert balances() == {"A-1": (11, 0)}


def test_formulas_stay_text(programme: Programme, file: Path) -> None:
    imported(programme, written(file, row(sku="=cmd|'/C calc'!A0")))
    assert Purchase.objects.get().lines[0]["sku"] == "=cmd|'/C calc'!A0"


# --- again, all or nothing, only looking ----------------------------------------------------------------------
def test_the_same_file_twice_posts_nothing(programme: Programme, file: Path) -> None:
    written(file, row("r1"), row("r2"))
    imported(programme, file)
    before = counted(*EVERYTHING)
    batch = imported(programme, file)
    assert {name: batch.counts[name] for name in ("documents", "posted", "already", "conflicts")} == {
        "documents": 2, "posted": 0, "already": 2, "conflicts": 0,
    }  # fmt: skip
    assert counted(*EVERYTHING) == before


@pytest.mark.parametrize(
    "other", [{"amount": "10.01"}, {"sku": "x"}, {"member": "B-2"}, {"store": "s2"}], ids=str
)
def test_a_known_receipt_that_says_something_else(
    programme: Programme, file: Path, other: dict[str, str]
) -> None:
    member(programme, "B-2")
    imported(programme, written(file, row()))
    batch = imported(programme, written(file, row(**other)))
    assert (batch.counts["posted"], batch.counts["conflicts"]) == (0, 1)
    assert faults(batch) == [(2, "duplicate_receipt", "receipt")]
    assert balances() == {"A-1": (10, 0)}


def test_a_receipt_of_the_till_is_known_to_the_import(programme: Programme, file: Path) -> None:
    store = Store.objects.create(partner=operator(), code="s1")
    line = Line("tea", 1500, 1000, category="hot", labels=frozenset("ab"), discount=50, attributes={"c": "d"})
    record_purchase(
        membership=Membership.objects.get(), basket=Basket(NOON, (line,), till="4"), receipt="r1",
        partner=operator(), store=store, now=NOON,
    )  # fmt: skip
    header = f"{HEADER},till,category,label,discount,attr_c"
    cells = row(occurred_at="2026-03-02T14:00", quantity="1.5") + ",4,hot,b|a,0.50,d"
    batch = imported(programme, written(file, cells, header=header))
    assert (batch.counts["already"], batch.counts["conflicts"]) == (1, 0)


def test_strict_writes_nothing(programme: Programme, file: Path) -> None:
    before = counted(*EVERYTHING)
    for bad in (row("r2", amount="x"), row("r2", member="B-2"), row("r2", occurred_at="2024-01-01T00:00")):
        with pytest.raises(StrictImportRefused):
            imported(programme, written(file, row("r1"), bad), strict=True)
        batch = ImportBatch.objects.latest("id")
        assert (batch.state, len(faults(batch))) == ("failed", 1)
        assert counted(*EVERYTHING) == before
        assert not StagedReceipt.objects.exists()


def test_strict_takes_a_good_file(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, row("r1"), row("r2")), strict=True)
    assert (batch.counts["posted"], batch.counts["documents"], batch.state) == (2, 2, "done")
    assert balances() == {"A-1": (20, 0)}


def test_a_dry_run_tells_the_same_and_changes_nothing(programme: Programme, file: Path) -> None:
    written(file, row("r1"), row("r2", member="B-2", store="s9"), row("r3", amount="x"), row("r1"))
    before = counted(*EVERYTHING)
    dry = imported(programme, file, enrol=True, dry_run=True)
    assert counted(*EVERYTHING) == before
    assert not Store.objects.exists()
    assert not StagedReceipt.objects.exists()
    real = imported(programme, file, enrol=True)
    assert dry.counts == real.counts
    assert faults(dry) == faults(real)
    assert real.counts["enrolled"] == 1


def test_unknown_members_join_only_if_asked(programme: Programme, file: Path) -> None:
    written(file, row("r1", member="B-2", occurred_at="2026-02-01T10:00"), row("r2", member="B-2"))
    batch = imported(programme, file)
    assert (batch.counts["posted"], batch.counts["refused"]) == (0, 2)
    assert faults(batch)[0][1] == "unknown_member"
    again = imported(programme, file, enrol=True)
    assert (again.counts["posted"], again.counts["enrolled"]) == (2, 1)
    assert Membership.objects.get(number="B-2").joined_at.isoformat() == "2026-02-01T08:00:00+00:00"


def test_a_lost_import_of_another_partner_is_not_continued(programme: Programme, file: Path) -> None:
    written(file, row())
    batch = imported(programme, file, dry_run=True)
    ImportBatch.objects.filter(pk=batch.pk).update(state="posting", options={"partner": "other"})
    assert imported(programme, file).pk != batch.pk


# --- the command ----------------------------------------------------------------------------------------------
def test_the_command_answers_in_json(programme: Programme, file: Path) -> None:
    written(file, row("r1"), row("r2", amount="1e3"))
    status, out, _err = command("purchases", str(file), "--programme", "club", "--json")
    answer = json.loads(out)
    assert status == 0
    assert (answer["file"], answer["posted"], answer["bad"], answer["amount"]) == ("receipts.csv", 1, 1, 1000)
    assert answer["errors"] == [{
        "line": 3, "code": "not_a_number", "field": "amount", "message": "This is not a plain number.",
        "expected": "a plain number such as 12.50", "value": "1e3",
    }]  # fmt: skip


def test_the_commands_exit_status(programme: Programme, file: Path) -> None:
    assert command("purchases", str(file), "--programme", "club")[0] == 2
    written(file, row("r1", amount="x"))
    assert command("purchases", str(file), "--programme", "club")[0] == 0
    status, _out, err = command("purchases", str(file), "--programme", "club", "--strict", "--json")
    assert (status, json.loads(err)["code"]) == (1, "strict_import_refused")
    for wrong in (["--programme", "no"], ["--programme", "club", "--partner", "no"],
                  ["--programme", "club", "--timezone", "Mars/One"]):  # fmt: skip
        assert command("purchases", str(file), *wrong)[0] == 1
