"""Importing returns: bad files and rows are refused by name, and nothing comes back twice or by half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loyalty.core.models import ImportBatch
from loyalty.core.problems import InvalidFile
from members.models import Purchase, Return, StagedReceipt
from members.services.imports.batches import Options, StrictImportRefused
from members.services.imports.returns import import_returns
from members.services.purchases import record_purchase
from members.services.returns import record_return
from programs.models import Programme
from tests.members.club import NOON, balances, basket, club, counted, member, operator, query, written
from tests.members.files import BAD_FILES, FORMS, NOT_NUMBERS, command, faults, in_form

pytestmark = pytest.mark.django_db
HEADER = "receipt,line,sku,quantity,amount,number,occurred_at"
EVERYTHING = ("return", "posting", "lot", "allocation", "documentkey", "stagedreceipt")


def row(receipt: str = "r1", **cells: str) -> str:
    """A row of a file of returns; nothing but the receipt unless it is said."""
    values = dict.fromkeys(HEADER.split(","), "") | {"receipt": receipt, **cells}
    return ",".join(values.values())


@pytest.fixture
def programme() -> Programme:
    """Two receipts of 10 + 20 points: two pieces for 10.00 and two for 20.00."""
    made = club()
    anna = member(made)
    for number in ("r1", "r2"):
        record_purchase(
            membership=anna, basket=basket(1000, 2000, quantity=2000), receipt=number, partner=operator(),
            now=NOON,
        )  # fmt: skip
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "returns.csv"


def imported(programme: Programme, path: Path, **options: Any) -> ImportBatch:
    return import_returns(path=path, programme=programme, partner=operator(), options=Options(**options))


def taken(programme: Programme, path: Path, *rows: str, header: str = HEADER, **options: Any) -> list[int]:
    """Import rows: how many returns were posted, known before, in conflict, refused, and how many rows were bad."""
    counts = imported(programme, written(path, *rows, header=header), **options).counts
    return [counts[name] for name in ("posted", "already", "conflicts", "refused", "bad")]


# --- files ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_leaves_nothing(programme: Programme, file: Path, name: str) -> None:
    before = counted(*EVERYTHING)
    file.write_bytes(BAD_FILES[name](HEADER, row(sku="tea")))
    with pytest.raises(InvalidFile):
        imported(programme, file)
    assert (counted(*EVERYTHING), balances()) == (before, {"A-1": (60, 0)})


def test_a_file_that_is_missing_or_too_large(programme: Programme, file: Path) -> None:
    with pytest.raises(InvalidFile):
        imported(programme, file)
    with file.open("wb") as large:
        large.truncate(5 * 1024**3)
    with pytest.raises(InvalidFile):
        imported(programme, file)
    assert not ImportBatch.objects.exists()


def test_every_wrong_column_is_named(programme: Programme, file: Path) -> None:
    file.write_text("line,line,Receipt,attr_colour\n")
    with pytest.raises(InvalidFile) as refused:
        imported(programme, file)
    assert {(error.code, error.field) for error in refused.value.errors} == {
        ("double_column", "line"), ("unknown_column", "Receipt"), ("unknown_column", "attr_colour"),
        ("missing_column", "receipt"),
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_csv(programme: Programme, file: Path, form: str) -> None:
    file.write_bytes(in_form(form, HEADER, row(line="1"), row("чек"), row("r2", line="2", quantity="1")))
    batch = imported(programme, file)
    assert (batch.counts["rows"], batch.counts["posted"]) == (3, 2)
    assert faults(batch) == [(3, "unknown_receipt", "receipt")]
    assert balances() == {"A-1": (40, 0)}


def test_a_newline_in_quotes_and_columns_in_any_order(programme: Programme, file: Path) -> None:
    file.write_text('quantity,number,receipt,line\n1,"b\n1",r1,1\n1e3,b2,r1,1\n')
    batch = imported(programme, file)
    assert Return.objects.get().number == "b\n1"
    assert faults(batch) == [(4, "not_a_number", "quantity")]


def test_only_a_header(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, header=HEADER))
    assert set(batch.counts.values()) == {0}


def test_a_file_keeps_its_own_name_only(programme: Programme, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    written(tmp_path / "x", row(), header=HEADER)
    assert imported(programme, tmp_path / "a" / ".." / "x").file_name == "x"


# --- rows -----------------------------------------------------------------------------------------------------
NUMBERS = {
    f"{column} {text[:12]}": (row(**{"line": "1", column: text}), "not_a_number", column)
    for column in ("line", "quantity", "amount")
    for text in NOT_NUMBERS
}
BAD_ROWS: dict[str, tuple[str, str, str]] = {
    **NUMBERS,
    "half a line": (row(line="1.5"), "too_many_decimals", "line"),
    "four decimals of a quantity": (row(line="1", quantity="1.0005"), "too_many_decimals", "quantity"),
    "three decimals of money": (row(line="1", amount="1.005"), "too_many_decimals", "amount"),
    "enormous": (row(line="1", quantity="9" * 18), "not_a_number", "quantity"),
    "no such receipt": (row("r9"), "unknown_receipt", "receipt"),
    "no receipt": (row(""), "bad_text", "receipt"),
    "blanks around the receipt": (row(" r1"), "bad_text", "receipt"),
    "no such line": (row(line="3"), "unknown_line", "line"),
    "line 0": (row(line="0"), "unknown_line", "line"),
    "line -1": (row(line="-1"), "unknown_line", "line"),
    "no such article": (row(sku="tea"), "unknown_line", "sku"),
    "another article": (row(line="1", sku="sku1"), "unknown_line", "sku"),
    "a quantity of nothing named": (row(quantity="1"), "unknown_line", "sku"),
    "more than there is": (row(line="1", quantity="2.001"), "return_too_large", "quantity"),
    "more money than it cost": (row(line="1", amount="10.01"), "return_too_large", "amount"),
    "less than nothing": (row(line="1", quantity="-1"), "return_too_large", "quantity"),
    "nothing": (row(line="1", quantity="0"), "nothing_to_return", "receipt"),
    "short row": ("r1", "wrong_width", ""),
    "long row": (row() + ",", "wrong_width", ""),
    "NUL in the receipt": (row("r1\x00"), "bad_text", "receipt"),
    "NUL in the article": (row(sku="r1\x00"), "bad_text", "sku"),
    "long number": (row(number="x" * 101), "bad_text", "number"),
    "long article": (row(sku="x" * 201), "bad_text", "sku"),
    "30 February": (row(occurred_at="2026-02-30T10:00"), "bad_time", "occurred_at"),
    "the hour that spring skips": (row(occurred_at="2026-03-29T03:30"), "bad_time", "occurred_at"),
    "the future": (row(occurred_at="2999-01-01T10:00"), "in_future", "occurred_at"),
    "open quote": ('"r1,,,,', "unreadable", ""),
    "after a quote": ('"r1"x,,,,', "unreadable", ""),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named_and_takes_nothing(programme: Programme, file: Path, name: str) -> None:
    bad, code, column = BAD_ROWS[name]
    batch = imported(
        programme, written(file, row("r2", line="1", quantity="1"), row("r8"), bad, header=HEADER)
    )
    assert faults(batch)[-1] == (4, code, column)
    assert all(error.message and error.expected for error in batch.row_errors.all())
    assert (batch.counts["posted"], balances()) == (1, {"A-1": (55, 0)})


def test_the_rest_of_the_file_is_posted(programme: Programme, file: Path) -> None:
    rows = [row("r1", line="1"), row("r2", line="x"), row("r1", line="2"), row("r9"), row("r2", line="1")]
    assert taken(programme, file, *rows) == [3, 0, 0, 1, 1]
    assert balances() == {"A-1": (20, 0)}


def test_one_bad_row_refuses_its_whole_return(programme: Programme, file: Path) -> None:
    for bad in (row(line="2", quantity="9"), row(line="2", quantity="x"), row(line="3"), "r1"):
        batch = imported(programme, written(file, row(line="1"), bad, row(line="1"), header=HEADER))
        assert (len(faults(batch)), faults(batch)[0][0], batch.counts["posted"]) == (1, 3, 0)
    assert balances() == {"A-1": (60, 0)}


def test_what_would_have_been_possible_is_said(programme: Programme, file: Path) -> None:
    rows = [row(line="1", quantity="0.5"), row("r2"), row(line="1", quantity="1.501"), row("r2")]
    batch = imported(programme, written(file, *rows, header=HEADER))
    said = list(batch.row_errors.order_by("line").values_list("line", "code", "raw", "expected"))
    assert said == [
        (4, "return_too_large", "1.501", "0 to 1.500"),
        (5, "nothing_to_return", "r2", "something that has not come back yet"),
    ]


@pytest.mark.parametrize(
    ("header", "broken"),
    [("receipt,line", "r1"), ("receipt,line", "r1,2,x"), ("line,receipt", "r1"), ("line,receipt", "x,2,r1")],
)
def test_a_row_of_another_width_takes_its_return_along(
    programme: Programme, file: Path, header: str, broken: str
) -> None:
    """Before and after it; the receipt is found although a cell before it is missing or too many."""
    rows = [f"{receipt},{line}" for receipt, line in (("r2", 1), ("r1", 1), ("r1", 2), ("r2", 2))]
    if header.startswith("line"):
        rows = [",".join(reversed(each.split(","))) for each in rows]
    rows.insert(2, broken)
    assert taken(programme, file, *rows, header=header) == [2, 0, 0, 0, 1]
    assert Purchase.objects.get(number="r1").returns.count() == 0


def test_a_row_of_another_width_leaves_its_neighbours_alone(programme: Programme, file: Path) -> None:
    assert taken(programme, file, "r1,1", "r2", "r1,2", header="receipt,line") == [2, 0, 0, 0, 1]


@pytest.mark.parametrize("tail", [b'"r1', b"r1\xff,", b'r1,"x"y,'], ids=["open quote", "not UTF-8", "after"])
def test_what_cannot_be_read_does_not_halve_a_return(programme: Programme, file: Path, tail: bytes) -> None:
    """Far into the file, so that the rows before it were handed on already."""
    written(file, row("r2"), *[row(f"n{number}") for number in range(900)], row(line="1"), header=HEADER)
    file.write_bytes(file.read_bytes() + tail + b"\n")
    batch = imported(programme, file)
    assert faults(batch)[-1][1] == "unreadable"
    assert (batch.counts["posted"], balances()) == (1, {"A-1": (30, 0)})


# --- what a row means -----------------------------------------------------------------------------------------
def test_lines_parts_and_whole_receipts(programme: Programme, file: Path) -> None:
    rows = [row(line="1", quantity="1"), row(line="2"), row("r2", number="b2")]
    assert taken(programme, file, *rows) == [2, 0, 0, 0, 0]
    assert balances() == {"A-1": (5, 0)}
    assert query("SELECT number, amount FROM members_return WHERE amount = 3000") == [("b2", 3000)]


def test_articles_that_stand_once_on_the_receipt(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, "r1,sku1", "r2,tea", header="receipt,sku"))
    assert (batch.counts["posted"], faults(batch)) == (1, [(3, "unknown_line", "sku")])
    assert (batch.counts["amount"], Purchase.objects.get(number="r1").returns.get().amount) == (2000, 2000)


def test_so_far_counts_what_came_back_before(programme: Programme, file: Path) -> None:
    header = "receipt,line,quantity,so_far"
    assert taken(programme, file, "r1,1,1,yes", "r2,1,1,", "r1,1,1.5,yes", header=header) == [3, 0, 0, 0, 0]
    assert Purchase.objects.get(number="r1").returns.count() == 2
    assert query("SELECT sum(amount) FROM members_return") == [(1250,)]
    bad = imported(programme, written(file, "r1,1,1,no", "r1,1,2.5,yes", "r2,1,2,yes", header=header))
    assert faults(bad) == [(2, "unknown_choice", "so_far")]


def test_a_return_happens_at_one_time(programme: Programme, file: Path) -> None:
    rows = [row(line="1"), row(line="2", occurred_at="2026-03-03T10:00"), row("r2", line="1")]
    assert taken(programme, file, *rows) == [2, 0, 0, 0, 0]
    times = [
        str(when) for when in Return.objects.order_by("occurred_at").values_list("occurred_at", flat=True)
    ]
    assert times[0] == "2026-03-03 08:00:00+00:00"
    rows = [row("r2", line="2", occurred_at=f"2026-03-0{day}T10:00") for day in (4, 5)]
    batch = imported(programme, written(file, *rows, header=HEADER))
    assert (faults(batch), batch.counts["posted"]) == ([(3, "receipt_mixed", "occurred_at")], 0)


def test_a_members_returns_are_posted_in_the_order_of_time(programme: Programme, file: Path) -> None:
    """The receipt comes back whole on the second; nothing is left on the fifth."""
    late, early = (
        row(occurred_at=f"2026-03-{day}T10:00", line=line) for day, line in (("05", "1"), ("02", ""))
    )
    batch = imported(programme, written(file, late, row("r2"), early, header=HEADER))
    assert (batch.counts["posted"], faults(batch)) == (2, [(2, "nothing_to_return", "receipt")])


# --- which return is which ------------------------------------------------------------------------------------
def test_the_same_file_again_takes_nothing_more(programme: Programme, file: Path, tmp_path: Path) -> None:
    rows = [row(line="1", quantity="1"), row("r2", line="1", number="b2"), row(line="1", quantity="1")]
    assert taken(programme, file, *rows) == [3, 0, 0, 0, 0]
    before = counted(*EVERYTHING)
    assert taken(programme, file, *rows) == [0, 3, 0, 0, 0]
    assert taken(programme, tmp_path / "other.csv", *rows) == [0, 3, 0, 0, 0]
    assert (counted(*EVERYTHING), balances()) == (before, {"A-1": (40, 0)})


def test_a_corrected_file_posts_only_what_is_new(programme: Programme, file: Path) -> None:
    """Also when rows that were apart are neighbours now, or neighbours are apart."""
    part, one, two = row(line="2", quantity="0.5"), row("r2", line="1", quantity="1"), row("r2", line="2")
    assert taken(programme, file, part, row("r2", line="x"), row("r9"), part, one, two) == [3, 0, 0, 1, 1]
    corrected = [two, part, row(line="1", quantity="1"), part, one]
    assert taken(programme, file, *corrected) == [1, 2, 0, 0, 0]
    assert query("SELECT amount FROM members_return ORDER BY id") == [(500,), (500,), (2500,), (500,)]
    before = balances()
    for rows in (corrected, [part, part, one, two], [*corrected, part]):
        taken(programme, file, *rows)
    assert query("SELECT amount FROM members_return ORDER BY id")[4:] == [(500,)]
    assert balances() == {"A-1": (before["A-1"][0] - 5, 0)}


def test_rows_may_be_written_in_another_way(programme: Programme, file: Path) -> None:
    """It is the content that counts: order, columns, zeros, the line or its article."""
    rows = [row(line="1", quantity="1"), row("r2", sku="sku1", occurred_at="2026-03-03T10:00")]
    assert taken(programme, file, *rows) == [2, 0, 0, 0, 0]
    rows = ["r2,2,,2026-03-03T08:00+00:00", "r1,1,1.000,"]
    assert taken(programme, file, *rows, header="receipt,line,quantity,occurred_at") == [0, 2, 0, 0, 0]


@pytest.mark.parametrize(
    "rows", [["r1,1,1", "r2,2,", "r1,1,1"], ["r1,1,1", "r1,1,1"]], ids=["apart", "side by side"]
)
def test_two_equal_rows_are_two_real_returns(programme: Programme, file: Path, rows: list[str]) -> None:
    header = "receipt,line,quantity"
    taken(programme, file, *rows, header=header)
    assert query("SELECT sum(amount) FROM members_return WHERE amount <= 1000") == [(1000,)]
    before = balances()
    assert taken(programme, file, *rows, header=header)[0] == 0
    assert balances() == before


def test_one_more_equal_return_is_new(programme: Programme, file: Path) -> None:
    quarter, other = row(line="1", quantity="0.5"), row("r2", line="1", quantity="0.5")
    assert taken(programme, file, quarter, other) == [2, 0, 0, 0, 0]
    assert taken(programme, file, other, quarter, other, quarter) == [2, 2, 0, 0, 0]


@pytest.mark.parametrize(
    "other",
    [{"quantity": "1.5"}, {"line": "2"}, {"occurred_at": "2026-03-04T10:00"}, {"number": "b1"}],
    ids=str,
)
def test_what_says_something_else_is_another_return(
    programme: Programme, file: Path, other: dict[str, str]
) -> None:
    assert taken(programme, file, row(line="1", quantity="0.5")) == [1, 0, 0, 0, 0]
    assert taken(programme, file, row(**{"line": "1", "quantity": "0.5"} | other)) == [1, 0, 0, 0, 0]


def test_a_number_says_it_all(programme: Programme, file: Path) -> None:
    rows = [row(line="1", quantity="1", number="b1"), row("r2", line="1", quantity="1", number="b2")]
    assert taken(programme, file, *rows) == [2, 0, 0, 0, 0]
    changed = [row(line="1", quantity="0.5", number="b1"), row(line="1", quantity="1", number="b3"), rows[0]]
    batch = imported(programme, written(file, *changed, row("r1", line="2", number="b2"), header=HEADER))
    assert [batch.counts[name] for name in ("posted", "already", "conflicts")] == [1, 1, 2]
    assert faults(batch) == [(2, "duplicate_receipt", "number"), (5, "duplicate_receipt", "number")]
    assert balances() == {"A-1": (45, 0)}


def test_a_return_of_the_till_is_known_to_the_import(programme: Programme, file: Path) -> None:
    purchase = Purchase.objects.select_related("revision", "membership__programme").get(number="r1")
    record_return(purchase=purchase, number="b1", now=NOON)
    assert taken(programme, file, row(number="b1")) == [0, 1, 0, 0, 0]


# --- all or nothing, only looking -----------------------------------------------------------------------------
def test_strict_writes_nothing_unless_all_can_be_taken(programme: Programme, file: Path) -> None:
    before = counted(*EVERYTHING)
    for bad in (row("r2", line="x"), row("r9"), row("r2", quantity="9", line="1"), "r2"):
        with pytest.raises(StrictImportRefused):
            taken(programme, file, row(), bad, strict=True)
        batch = ImportBatch.objects.latest("id")
        assert (batch.state, len(faults(batch)), faults(batch)[0][0]) == ("failed", 1, 3)
        assert (counted(*EVERYTHING), balances()) == (before, {"A-1": (60, 0)})
    assert taken(programme, file, row(), row("r2", line="1"), strict=True) == [2, 0, 0, 0, 0]
    assert balances() == {"A-1": (20, 0)}


def test_a_dry_run_tells_the_same_and_changes_nothing(programme: Programme, file: Path) -> None:
    written(file, row(), row("r9"), row("r2", line="1"), row("r2", line="x"), row("r1"), header=HEADER)
    before = counted(*EVERYTHING)
    dry = imported(programme, file, dry_run=True)
    assert (counted(*EVERYTHING), balances()) == (before, {"A-1": (60, 0)})
    real = imported(programme, file)
    assert (dry.counts, faults(dry)) == (real.counts, faults(real))
    assert real.counts["posted"] == 1
    assert not StagedReceipt.objects.exists()


# --- the command ----------------------------------------------------------------------------------------------
def test_the_command_answers_in_json(programme: Programme, file: Path) -> None:
    written(file, row(line="1", quantity="1"), row("r2", line="1", quantity="1 000"), header=HEADER)
    status, out, _err = command("returns", str(file), "--programme", "club", "--json")
    answer = json.loads(out)
    assert (status, answer["posted"], answer["bad"], answer["amount"]) == (0, 1, 1, 500)
    assert answer["imported_before"] is None
    assert answer["errors"] == [{
        "line": 3, "code": "not_a_number", "field": "quantity", "message": "This is not a plain number.",
        "expected": "a plain number such as 12.50", "value": "1 000",
    }]  # fmt: skip


def test_the_command_says_that_a_file_was_imported_before(programme: Programme, file: Path) -> None:
    written(file, row(), header=HEADER)
    command("returns", str(file), "--programme", "club")
    when = ImportBatch.objects.get().finished_at
    assert when is not None
    _status, out, _err = command("returns", str(file), "--programme", "club")
    assert f"This file was imported before, on {when.isoformat()}." in out


def test_the_commands_exit_status(programme: Programme, file: Path) -> None:
    assert command("returns", str(file), "--programme", "club")[0] == 2
    written(file, row(line="x"), header=HEADER)
    status, _out, err = command("returns", str(file), "--programme", "club")
    assert (status, "'x'; expected: a plain number such as 12.50" in err) == (0, True)
    status, _out, err = command("returns", str(file), "--programme", "club", "--strict", "--json")
    refused = json.loads(err)
    assert (status, refused["code"], refused["bad"]) == (1, "strict_import_refused", 1)
    assert refused["errors"] == [{
        "code": "not_a_number", "message": "This is not a plain number.", "field": "line", "line": 2,
        "expected": "a plain number such as 12.50",
    }]  # fmt: skip
