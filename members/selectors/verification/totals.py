"""The reports say what the ledger says."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext_lazy as _

from members.selectors import reports
from members.selectors.verification.results import Fault, Result, Scope, of_faults, rows_of
from programs.models import PointType, Programme

__all__ = ["reconciled"]

FIGURES = ("issued", "reversed", "redeemed", "expired", "adjusted", "outstanding")
Figures = dict[tuple[str, str], int]

MOVES = """
    SELECT a.point_type_id, p.kind, p.to_side, sum(p.amount)
      FROM posting p JOIN account a ON a.id = p.account_id GROUP BY 1, 2, 3
"""
PURCHASES = "SELECT count(*), coalesce(sum(amount), 0) FROM purchase"
# Which figure a kind belongs to, and with which sign it counts as outstanding.
KINDS = {
    "earn": ("issued", 1),
    "reverse": ("reversed", -1),
    "spend": ("redeemed", -1),
    "capture": ("redeemed", -1),
    "expire": ("expired", -1),
    "forfeit": ("expired", -1),
}
# What else comes or goes; moves between a member's own buckets are none of it.
OTHERS = ("adjust", "opening", "transfer_in", "transfer_out", "convert_in", "convert_out")


def reconciled(scope: Scope) -> Result:
    """I15: report of totals = sum of the report of balances = the ledger's rows, for each programme."""
    programmes = Programme.objects.order_by("pk")
    if scope.programme is not None:
        programmes = programmes.filter(pk=scope.programme)
    checked, faults = 0, []
    for programme in programmes:
        count, wrong = _compare(programme)
        checked += count
        faults += wrong
    return of_faults("I15", _("The reports say what the ledger says"), checked, faults)


def _compare(programme: Programme) -> tuple[int, list[Fault]]:
    expected, sold = _from_ledger(programme)
    whole = reports.totals(programme)
    months = reports.totals(programme, by=reports.By.MONTH)
    seen = {
        "totals": _sums(whole),
        "totals by month": _sums(months) | _closing(months),
        "totals by store": _sums(reports.totals(programme, by=reports.By.STORE)),
        "totals by rule": _sums(reports.totals(programme, by=reports.By.RULE)),
        "balances": _from_balances(programme),
    }
    faults = [
        Fault(
            f"{report}: {figure} of {key} is {figures.get((key, figure), 0)}, not {value}",
            "programme",
            programme.pk,
        )
        for report, figures in seen.items()
        for (key, figure), value in expected.items()
        if figures.get((key, figure), 0) != value
    ]
    main = whole[0].point_type if whole else ""
    for report, rows in (("totals", whole), ("totals by month", months)):
        listed = [(row.purchases, row.amount) for row in rows if row.point_type == main]
        if whole and (sum(n for n, _a in listed), sum(a for _n, a in listed)) != sold:
            faults.append(Fault(f"{report}: purchases are not those recorded", "programme", programme.pk))
    return len(expected) * len(seen) + 2, faults


def _from_ledger(programme: Programme) -> tuple[Figures, tuple[int, int]]:
    """The figures by point type and name, and the number and sum of the purchases."""
    scope = Scope(programme=programme.pk)
    keys = dict(PointType.objects.filter(programme=programme).values_list("pk", "key"))
    figures: Figures = {(key, figure): 0 for key in keys.values() for figure in FIGURES}
    for point_type, kind, to_side, total in rows_of(MOVES, scope):
        key, amount = keys.get(point_type, ""), int(total)
        figure, sign = KINDS.get(kind, ("", 0))
        if kind == "restore":
            figure, sign, amount = "redeemed", -1, -amount
        elif kind in OTHERS:
            figure, sign, amount = "adjusted", 1, amount if to_side == "available" else -amount
        if figure:
            figures[key, figure] = figures.get((key, figure), 0) + amount
            figures[key, "outstanding"] = figures.get((key, "outstanding"), 0) + sign * amount
    [(purchases, amount)] = rows_of(PURCHASES, scope)
    return figures, (int(purchases), int(amount))


def _sums(rows: list[reports.TotalsRow]) -> Figures:
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums.update({(row.point_type, figure): getattr(row, figure) for figure in FIGURES})
    return dict(sums)


def _closing(rows: list[reports.TotalsRow]) -> Figures:
    """What is outstanding at the end of the last period; the rows come in the order of time."""
    return {(row.point_type, "outstanding"): row.outstanding for row in rows}


def _from_balances(programme: Programme) -> Figures:
    """Sums over all members. Outstanding is what the members have, pending and held points included."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in reports.balances(programme):
        for figure in FIGURES[1:-1]:
            sums[row.point_type, figure] += getattr(row, figure)
        sums[row.point_type, "issued"] += row.earned
        sums[row.point_type, "outstanding"] += row.balance + row.pending + row.held
    return dict(sums)
