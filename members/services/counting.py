"""Counters that rules look at: purchases, what rules have given, and what is used of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.core.exact import EVER, local_day, period_key
from members.services.ledger import Rows, Sheet
from programs.engine.drafts import Award
from programs.engine.facts import Usage
from programs.engine.needs import limit_key
from programs.engine.ruleset import Ruleset

_UNUSED = Usage()


class Counters:
    """The counters of one programme while documents are recorded; they are written with the rows."""

    def __init__(self, programme: int, rows: Rows) -> None:
        self.programme = programme
        self.rows = rows

    def budgets(self, ruleset: Ruleset, occurred_at: datetime) -> dict[tuple[str, str], int]:
        """What limited budgets have given so far; the counters are locked, always in the same order."""
        if not ruleset.needs.budgets:
            return {}
        day = local_day(occurred_at, ruleset.zone)
        used = {}
        for rule, period in sorted((rule, period_key(day, period)) for rule, period in ruleset.needs.budgets):
            counter = (self.programme, rule, period)
            if counter not in self.rows.budgets:
                with connection.cursor() as cursor:
                    cursor.execute(
                        """
                        INSERT INTO members_budgetcounter (programme_id, rule, period, used) VALUES (%s, %s, %s, 0)
                        ON CONFLICT (programme_id, rule, period) DO UPDATE SET used = members_budgetcounter.used
                        RETURNING used
                        """,
                        counter,
                    )
                    self.rows.budgets[counter] = cursor.fetchone()[0]
            used[rule, period] = self.rows.budgets[counter]
        return used

    def awards(self, sheet: Sheet, awards: Sequence[Award], occurred_at: datetime, ruleset: Ruleset) -> None:
        """Count what a document was given."""
        for award in awards:
            self.usage(sheet, award, award.points, 1, occurred_at, ruleset)
            if award.rule in ruleset.needs.last_award:
                earlier = sheet.last_award.get(award.rule, occurred_at)
                sheet.last_award[award.rule] = max(earlier, occurred_at)
                if (award.rule, EVER) not in sheet.usage:
                    sheet.usage[award.rule, EVER] = _UNUSED
                sheet.changed_usage.add((award.rule, EVER))

    def usage(
        self, sheet: Sheet, award: Any, points: int, times: int, occurred_at: datetime, ruleset: Ruleset
    ) -> None:
        """Add points (negative for returns) to the counters of a rule and of its point type's limits, in the
        periods of the document. `award` has `rule` and `point_type`."""
        needs = ruleset.needs
        if not needs.usage and not needs.budgets:
            return
        day = local_day(occurred_at, ruleset.zone)
        names = (award.rule, limit_key(award.point_type))
        for name, period in needs.usage:
            if name in names:
                key = (name, period_key(day, period))
                used = sheet.usage.get(key, _UNUSED)
                sheet.usage[key] = Usage(used.points + points, used.times + times)
                sheet.changed_usage.add(key)
        for name, period in needs.budgets:
            if name in names:
                counter = (self.programme, name, period_key(day, period))
                if counter not in self.rows.budgets:
                    self.budgets(ruleset, occurred_at)
                self.rows.budgets[counter] += points


def purchases_before(sheet: Sheet, occurred_at: datetime) -> tuple[int, datetime | None]:
    """How many purchases there were before a document by time of purchase, and the last of them."""
    if sheet.last_purchase_at is None or occurred_at >= sheet.last_purchase_at:
        return sheet.purchases, sheet.last_purchase_at
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), max(occurred_at) FROM members_purchase WHERE membership_id = %s AND occurred_at <= %s",
            [sheet.membership, occurred_at],
        )
        count, last = cursor.fetchone()
    waiting = [moment for moment in sheet.recorded if moment <= occurred_at]
    times = [moment for moment in (last, *waiting) if moment is not None]
    return count + len(waiting), max(times, default=None)


def count_purchase(sheet: Sheet, occurred_at: datetime, amount: int) -> None:
    """One more purchase of a membership."""
    sheet.touched = True
    sheet.recorded.append(occurred_at)
    sheet.purchases += 1
    sheet.amount += amount
    if sheet.last_purchase_at is None or occurred_at > sheet.last_purchase_at:
        sheet.last_purchase_at = occurred_at
