"""The rows of a file of products: every row is an article of one partner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from members.services.imports.reading import LONGEST_CELL, BadRow, Fragment, Reader, is_key

REQUIRED = ("sku",)
OPTIONAL = ("name", "category", "department", "brand", "label")


class ProductReader(Reader):
    """An article that stands there twice with different words is not taken at all (`bad_skus`), nor is one with a row
    that cannot be used."""

    def __init__(self, path: Path, now: datetime) -> None:
        super().__init__(path, REQUIRED, OPTIONAL)
        self.now = now
        self.bad_skus: set[str] = set()
        self._rows_of: dict[str, int] = {}  # fingerprints of the rows so far

    def __iter__(self) -> Iterator[Fragment]:
        sku_at = self.at["sku"]
        words_at = [(name, self.at[name]) for name in OPTIONAL[:-1] if name in self.at]
        label_at = self.at.get("label")
        for line, row in self.rows():
            if row is None:
                return
            if len(row) != len(self.header):
                self.note(self.wrong_width(line, row))
                self.bad_skus |= self.possible_cells("sku", row)
                continue
            sku = row[sku_at]
            if not self._is_fine(row, line, sku):
                self.bad_skus.add(sku)
                continue
            product: dict[str, Any] = {name: row[index] for name, index in words_at}
            if label_at is not None:
                product["labels"] = sorted(set(row[label_at].split("|")) - {""})
            print_of_row = hash(tuple(row))
            if sku not in self._rows_of:
                self._rows_of[sku] = print_of_row
                yield Fragment(sku, sku, self.now, line, {}, [product])
            elif self._rows_of[sku] != print_of_row:
                self.note(BadRow(line, "product_mixed", "sku", sku, "one row per article"))
                self.bad_skus.add(sku)

    def _is_fine(self, row: list[str], line: int, sku: str) -> bool:
        if not is_key(sku):
            self.note(BadRow(line, "bad_text", "sku", sku, "1-100 characters without outer blanks"))
            return False
        for index, cell in enumerate(row):
            if len(cell) > LONGEST_CELL or "\x00" in cell:
                self.note(
                    BadRow(line, "bad_text", self.header[index], cell, f"up to {LONGEST_CELL} characters")
                )
                return False
        return True
