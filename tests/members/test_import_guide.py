"""The guide to files of receipts, returns and products names every column, and its examples can be taken in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty.core import clock
from members.models import Purchase, Return
from members.services.imports import product_rows, purchase_rows, return_rows
from members.services.imports.batches import Options
from members.services.imports.products import import_products
from members.services.imports.purchases import import_purchases
from members.services.imports.returns import import_returns
from programs.engine.facts import LineKind
from tests.architecture.sources import ROOT
from tests.members.club import club, operator

GUIDE = (ROOT / "docs" / "imports.md").read_text()
PURCHASES, RETURNS, PRODUCTS = (
    GUIDE[: GUIDE.index("## Returns")],
    GUIDE[GUIDE.index("## Returns") : GUIDE.index("## Products")],
    GUIDE[GUIDE.index("## Products") :],
)


def example(text: str, path: Path) -> Path:
    path.write_text(text.partition("```csv\n")[2].partition("```")[0])
    return path


def test_every_column_and_kind_is_told() -> None:
    for columns, told in (
        ((*purchase_rows.REQUIRED, *purchase_rows.OPTIONAL), PURCHASES),
        ((*return_rows.REQUIRED, *return_rows.OPTIONAL), RETURNS),
        ((*product_rows.REQUIRED, *product_rows.OPTIONAL), PRODUCTS),
    ):
        assert [name for name in columns if f"`{name}`" not in told] == []
    assert [kind for kind in LineKind if kind not in PURCHASES] == []


@pytest.mark.django_db
def test_the_examples_can_be_taken_in(tmp_path: Path) -> None:
    programme, receipts = club(), example(PURCHASES, tmp_path / "receipts.csv")
    with clock.at(datetime(2026, 3, 10, tzinfo=UTC)):
        batch = import_purchases(
            path=receipts, programme=programme, partner=operator(), options=Options(enrol=True)
        )
        assert (batch.counts["posted"], batch.counts["bad"], batch.counts["refused"]) == (1, 0, 0)
        back = example(RETURNS, tmp_path / "returns.csv")
        batch = import_returns(path=back, programme=programme, partner=operator(), options=Options())
    assert (batch.counts["posted"], batch.counts["bad"]) == (1, 0)
    goods = example(PRODUCTS, tmp_path / "products.csv")
    batch = import_products(path=goods, programme=programme, partner=operator(), options=Options())
    assert (batch.counts["added"], batch.counts["bad"]) == (2, 0)
    assert (Purchase.objects.get().amount, Return.objects.get().number) == (1090, "b-77")
