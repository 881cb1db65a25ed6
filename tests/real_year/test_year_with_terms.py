"""The real grocery year with tiers, expiry and redemptions, against the independent calculation: every member, at
the end of the year and a year later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from django.db import connection

from loyalty.core import clock
from members.engine.books import Cause
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.imports.batches import Options
from members.services.imports.purchases import PurchaseImport
from members.services.imports.reading import RowFault
from members.services.keeping import digest_of, keep_key
from members.services.recording import Recorder
from programs.models import Partner, Programme
from programs.services.programmes import load
from tests.databases import CommittedDatabase
from tests.real_year import oracle, prepare
from tests.real_year.terms import END_OF_NEXT_YEAR, END_OF_YEAR, REDEEMED_AT_ONCE, Terms, calculate

pytestmark = pytest.mark.real_year
DOCUMENT = Path(__file__).parent.parent / "scenarios" / "programmes" / "grocery_tiers.yaml"
HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "120")) or None
BEFORE = datetime(2016, 1, 1, tzinfo=UTC)
AFTER_THE_LAST = END_OF_YEAR - timedelta(minutes=30)
# Where members stand at an instant, all of it read from the rows of what happened until then.
STANDING = """
SELECT m.number,
       coalesce(sum(p.amount) FILTER (WHERE p.kind = 'earn'), 0)::bigint,
       coalesce(sum(p.amount) FILTER (WHERE p.kind = 'expire'), 0)::bigint,
       coalesce(sum(p.amount) FILTER (WHERE p.kind = 'spend'), 0)::bigint,
       coalesce(max(a.available), 0)::bigint,
       (SELECT t.tier FROM members_tierperiod t
         WHERE t.membership_id = m.id AND t.ladder = 'status' AND t.valid @> %(at)s::timestamptz)
  FROM members_membership m
  LEFT JOIN members_account a ON a.membership_id = m.id
  LEFT JOIN members_posting p ON p.account_id = a.id
 WHERE m.programme_id = %(programme)s
 GROUP BY m.id
"""
ALL_TERMS = {
    "tiers": Terms(),
    "multipliers": Terms(multipliers=True),
    "expiry": Terms(expiry=True),
    "expiry and redemptions": Terms(expiry=True, redeeming=True),
    "everything": Terms(multipliers=True, expiry=True, redeeming=True),
}


class RedeemingImport(PurchaseImport):
    """An import in which members spend 500 points just before each receipt, where they have them."""

    def _record(
        self, recorder: Recorder, sheet: Any, head: tuple[Any, str, int], *rest: Any
    ) -> RowFault | None:
        occurred_at, receipt, _line = head
        recorder.settle(sheet, occurred_at)
        if recorder.book(sheet, "points").available >= REDEEMED_AT_ONCE:
            cause = Cause(
                next(recorder.operations),
                occurred_at,
                recorder.now,
                partner=self.partner.pk,
                reference=receipt,
            )
            recorder.spend(sheet, "points", REDEEMED_AT_ONCE, cause)
            posting = recorder.book(sheet, "points").postings[-1]
            digest = digest_of(receipt)
            keep_key(
                recorder.rows, self.programme, sheet, "spend", receipt, digest, posting.id, self.partner.pk
            )
        return super()._record(recorder, sheet, head, *rest)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "year.csv"
    prepare.write_purchases(path, limit_households=HOUSEHOLDS)
    return path


@pytest.fixture(scope="module")
def table() -> Iterator[pd.DataFrame]:
    return oracle.baskets(limit_households=HOUSEHOLDS)


def programme_with(terms: Terms) -> Programme:
    document = yaml.safe_load(DOCUMENT.read_text())
    if not terms.multipliers:
        document["rules"] = document["rules"][:1]
    if not terms.expiry:
        del document["point_types"][0]["expiry"]
    return load(yaml.safe_dump(document), now=BEFORE, publish=True, effective_from=BEFORE).programme


def standing(programme: Programme, instant: datetime) -> dict[str, tuple[Any, ...]]:
    """Issued, expired, redeemed, balance and tier of every member."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"programme": programme.pk, "at": instant})
        return {number: tuple(figures) for number, *figures in cursor.fetchall()}


@pytest.mark.parametrize("terms", ALL_TERMS.values(), ids=ALL_TERMS)
def test_every_member_agrees_with_the_calculation(
    committed_database: CommittedDatabase, file: Path, table: pd.DataFrame, terms: Terms
) -> None:
    programme = programme_with(terms)
    way = RedeemingImport if terms.redeeming else PurchaseImport
    with clock.at(AFTER_THE_LAST):
        batch = way(file, programme, Partner.objects.get(is_operator=True), Options(enrol=True), None).run()
    assert not batch.row_errors.exists()
    assert batch.counts["posted"] == batch.counts["documents"] == len(table)
    for instant in (END_OF_YEAR, END_OF_NEXT_YEAR):
        advance(programme, instant)
        expected = calculate(table, terms, instant)
        assert standing(programme, instant) == {
            number: member.figures(instant) for number, member in expected.items()
        }
    result = verify(programme)
    assert result.ok, [each.as_dict() for each in result.results if not each.ok]
