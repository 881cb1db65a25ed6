"""Importing products: articles that are new are added, those that are said otherwise are changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from loyalty.core.models import ImportBatch
from members.models import StagedReceipt
from members.services.imports.batches import FileImport, Options, Progress, Staged
from members.services.imports.product_rows import ProductReader
from members.services.imports.reading import Reader, RowFault, is_key
from programs.models import Partner, Product, Programme

FIELDS = ("name", "category", "department", "brand", "labels")


def import_products(
    *, path: Path, programme: Programme, partner: Partner, options: Options, progress: Progress | None = None
) -> ImportBatch:
    """Import a file. Raises InvalidFile, ImportRunning, StrictImportRefused; row faults stand in the batch."""
    return ProductImport(path, programme, partner, options, progress).run()


class ProductImport(FileImport):
    """The products are the partner's, whatever the programme: it says only whose imports this one waits for."""

    kind = "products"
    counted = ("rows", "added", "changed", "unchanged", "bad")
    chunk = 3_000

    def reader(self) -> Reader:
        return ProductReader(self.path, self.now)

    def settle(self, reader: Reader) -> None:
        assert isinstance(reader, ProductReader)
        bad = [sku for sku in reader.bad_skus if is_key(sku)]
        if bad:
            StagedReceipt.objects.filter(batch=self.batch, receipt__in=bad).delete()

    def post(self, rows: list[Staged]) -> list[RowFault]:
        """What a file has no column for stays as it is; an empty cell says that there is nothing."""
        said: dict[str, dict[str, Any]] = {row.receipt: orjson.loads(row.lines)[0] for row in rows}
        locked = Product.objects.select_for_update().filter(partner=self.partner, sku__in=said)
        known = {row.pop("sku"): row for row in locked.values("sku", *FIELDS)}
        counts = self.batch.counts
        written = []
        for sku, values in said.items():
            before = known.get(sku)
            after = values if before is None else before | values
            if before == after:
                counts["unchanged"] += 1
                continue
            counts["added" if before is None else "changed"] += 1
            written.append(Product(partner=self.partner, sku=sku, **after))
        Product.objects.bulk_create(
            written, update_conflicts=True, unique_fields=["sku", "partner"], update_fields=FIELDS
        )
        return []
