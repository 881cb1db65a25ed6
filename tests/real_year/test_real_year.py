"""The real grocery year, imported, against the independent calculation: totals and every member."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loyalty.core import clock
from members.models import Membership, MemberStats
from members.selectors.reports import totals
from members.services.imports.batches import Options
from members.services.imports.purchases import import_purchases
from programs.models import Partner, Programme
from programs.services.programmes import load
from tests.databases import CommittedDatabase
from tests.real_year import oracle, prepare

DOCUMENTS = Path(__file__).parent.parent / "scenarios" / "programmes"
# All 2,469 with HOUSEHOLDS=0 (make nightly); a part of the year keeps the usual run short.
HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "120")) or None


def _import(file: Path, document: str) -> Programme:
    now = clock.now()
    text = (DOCUMENTS / document).read_text()
    loaded = load(text, now=now, publish=True, effective_from=now.replace(year=2016))
    programme = loaded.programme
    partner = Partner.objects.get(is_operator=True)
    batch = import_purchases(path=file, programme=programme, partner=partner, options=Options(enrol=True))
    assert not batch.row_errors.exists()
    assert batch.counts["posted"] == batch.counts["documents"]
    return programme


def _compare(programme: Programme, expected: oracle.YearFigures) -> None:
    point_type = programme.point_types.get().key
    assert [(row.point_type, row.issued) for row in totals(programme)] == [(point_type, expected.issued)]
    stats = {
        row.membership_id: (row.purchases, row.amount)
        for row in MemberStats.objects.filter(membership__programme=programme)
    }
    memberships = Membership.objects.filter(programme=programme).prefetch_related("accounts")
    mine = {
        membership.number: (
            *stats[membership.pk],
            sum(account.available for account in membership.accounts.all()),
        )
        for membership in memberships
    }
    assert mine == {
        number: (figures.purchases, figures.amount, figures.issued)
        for number, figures in expected.members.items()
    }


@pytest.mark.real_year
def test_both_programmes_agree_with_the_calculation_for_every_member(
    committed_database: CommittedDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "year.csv"
    prepare.write_purchases(file, limit_households=HOUSEHOLDS)
    table = oracle.baskets(limit_households=HOUSEHOLDS)
    _compare(_import(file, "grocery_points.yaml"), oracle.points_programme(table=table))
    _compare(_import(file, "grocery_cashback.yaml"), oracle.cashback_programme(table=table))
