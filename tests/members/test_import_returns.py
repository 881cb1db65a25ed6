"""Importing returns: a bad row never takes back something else than it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty.core.models import ImportBatch
from loyalty.core.problems import InvalidFile
from members.models import Purchase
from members.services.imports.batches import Options, StrictImportRefused
from members.services.imports.returns import import_returns
from members.services.purchases import record_purchase
from programs.models import Programme
from tests.members.club import NOON, balances, basket, club, counted, member, operator, written

pytestmark = pytest.mark.django_db
HEADER = "receipt,line,quantity,number,occurred_at"


@pytest.fixture
def programme() -> Programme:
    """Two receipts of 10 + 20 points."""
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


def faults(batch: ImportBatch) -> list[tuple[int, str]]:
    return list(batch.row_errors.order_by("line").values_list("line", "code"))


def test_lines_parts_and_whole_receipts(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, "r1,1,1,,", "r1,2,,,", "r2,,,b2,", header=HEADER))
    assert (batch.counts["posted"], batch.counts["documents"], faults(batch)) == (2, 2, [])
    assert balances() == {"A-1": (5, 0)}


def test_the_same_file_twice_takes_nothing_more(programme: Programme, file: Path) -> None:
    written(file, "r1,1,1,,", "r2,1,1,b2,", header=HEADER)
    imported(programme, file)
    before = balances()
    again = imported(programme, file)
    assert (again.counts["posted"], again.counts["already"], balances()) == (0, 2, before)


BAD_ROWS = {
    "no such receipt": ("r9,,,,", "unknown_receipt"),
    "no receipt": (",,,,", "unknown_receipt"),
    "no such line": ("r1,3,,,", "unknown_line"),
    "line 0": ("r1,0,,,", "unknown_line"),
    "line of words": ("r1,first,,,", "not_a_number"),
    "too much": ("r1,1,3,,", "return_too_large"),
    "less than nothing": ("r1,1,-1,,", "return_too_large"),
    "nothing": ("r1,1,0,,", "nothing_to_return"),
    "comma": ('r1,1,"1,5",,', "not_a_number"),
    "exponent": ("r1,1,1e0,,", "not_a_number"),
    "other digits": ("r1,1,١,,", "not_a_number"),
    "enormous": ("r1,1,999999999999999999,,", "not_a_number"),
    "short row": ("r1", "wrong_width"),
    "long row": ("r1,,,,,", "wrong_width"),
    "NUL": ("r1\x00,,,,", "bad_text"),
    "long number": (f"r1,,,{'x' * 101},", "bad_text"),
    "30 February": ("r1,,,,2026-02-30T10:00", "bad_time"),
    "the future": ("r1,,,,2999-01-01T10:00", "in_future"),
    "open quote": ('"r1,,,,', "unreadable"),
    "after a quote": ('"r1"x,,,,', "unreadable"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named_and_takes_nothing(programme: Programme, file: Path, name: str) -> None:
    bad, code = BAD_ROWS[name]
    batch = imported(programme, written(file, "r2,1,1,,", "r9,,,,", bad, header=HEADER))
    assert (faults(batch)[-1][1], batch.counts["posted"]) == (code, 1)
    assert balances() == {"A-1": (55, 0)}


def test_one_bad_row_refuses_its_whole_return(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, "r1,1,,,", "r1,2,9,,", "r2,1,,,", header=HEADER))
    assert (faults(batch), batch.counts["posted"]) == ([(2, "return_too_large")], 1)
    assert balances() == {"A-1": (50, 0)}


def test_what_cannot_be_read_does_not_halve_a_return(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, "r2,1,,,", "r1,1,,,", '"r1"x,2,,,', header=HEADER))
    assert ([code for _line, code in faults(batch)], batch.counts["posted"]) == (["unreadable"], 1)
    assert balances() == {"A-1": (50, 0)}


def test_strict_and_dry_run_write_nothing(programme: Programme, file: Path) -> None:
    written(file, "r1,,,,", "r9,,,,", header=HEADER)
    dry = imported(programme, file, dry_run=True)
    assert (dry.counts["posted"], dry.counts["bad"], counted("return")) == (1, 1, [0])
    with pytest.raises(StrictImportRefused):
        imported(programme, file, strict=True)
    assert (balances(), counted("return")) == ({"A-1": (60, 0)}, [0])


@pytest.mark.parametrize(
    "content", [b"", b"line\n1\n", b"receipt,receipt\n", b"receipt,colour\n", b"Receipt\n"]
)
def test_a_bad_file_is_refused(programme: Programme, file: Path, content: bytes) -> None:
    with pytest.raises(InvalidFile):
        imported(programme, file)
    file.write_bytes(content)
    with pytest.raises(InvalidFile):
        imported(programme, file)


def test_a_receipts_rows_are_addressed_by_sku_if_it_stands_once(programme: Programme, file: Path) -> None:
    batch = imported(programme, written(file, "r1,sku1", "r2,tea", header="receipt,sku"))
    assert (batch.counts["posted"], faults(batch)) == (1, [(3, "unknown_line")])
    assert Purchase.objects.get(number="r1").returns.get().amount == 2000
