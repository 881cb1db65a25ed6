"""Counters that rules look at, counted again from purchases and returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import Period, periods_between
from members.selectors.verification.results import Result, Scope, counted, faults_of, of_faults, rows_of
from members.selectors.verification.revisions import rulesets
from programs.engine.needs import limit_key
from programs.engine.ruleset import Ruleset

__all__ = ["counters"]

STATS = """
    SELECT CASE WHEN coalesce(s.purchases, 0) <> coalesce(b.purchases, 0)
                THEN coalesce(s.purchases, 0) || ' purchases counted, not ' || coalesce(b.purchases, 0)
                WHEN coalesce(s.amount, 0) <> coalesce(b.amount, 0)
                THEN 'purchases of ' || coalesce(s.amount, 0) || ' counted, not of ' || coalesce(b.amount, 0)
                ELSE 'another last purchase' END, 'membership', membership_id
      FROM stats s
      FULL JOIN (SELECT membership_id, count(*) AS purchases, sum(amount) AS amount, max(occurred_at) AS last
                   FROM purchase GROUP BY membership_id) b USING (membership_id)
     WHERE coalesce(s.purchases, 0) <> coalesce(b.purchases, 0)
        OR coalesce(s.amount, 0) <> coalesce(b.amount, 0) OR s.last_purchase_at IS DISTINCT FROM b.last
"""
# `given` is what purchases gave less what returns took, by member, name (a rule, or all rules of a point type) and
# the period of the purchase; only what the purchase's revision counts. A return takes points, not times.
GIVEN = """
    WITH part AS (
        SELECT b.membership_id, b.revision_id, b.occurred_at, a.rule, %(all_rules)s || a.type AS all_rules,
               a.points, 1 AS times
          FROM purchase b
         CROSS JOIN LATERAL jsonb_to_recordset(b.trace -> 'awards') a (rule text, type text, points bigint)
         UNION ALL
        SELECT b.membership_id, b.revision_id, b.occurred_at, a.rule, %(all_rules)s || a.type, -a.points, 0
          FROM returned r JOIN members_purchase b ON b.id = r.purchase_id
         CROSS JOIN LATERAL jsonb_to_recordset(r.trace) a (rule text, type text, points bigint)
    ), needed AS (
        SELECT * FROM unnest(%(revisions)s::bigint[], %(names)s::text[], %(calendars)s::int[],
                             %(for_usage)s::bool[], %(for_budget)s::bool[], %(for_last)s::bool[])
                   AS n (revision_id, name, calendar, for_usage, for_budget, for_last)
    ), calendar AS (
        SELECT calendar, array_agg(begins ORDER BY begins) AS begins, array_agg(key ORDER BY begins) AS keys
          FROM unnest(%(begun)s::int[], %(begins)s::timestamptz[], %(keys)s::text[]) AS p (calendar, begins, key)
         GROUP BY calendar
    ), given AS MATERIALIZED (
        SELECT part.membership_id, name, keys[width_bucket(occurred_at, begins)] AS period,
               sum(points) FILTER (WHERE for_usage) AS points, sum(times) FILTER (WHERE for_usage) AS times,
               sum(points) FILTER (WHERE for_budget) AS used,
               max(occurred_at) FILTER (WHERE for_last AND times > 0) AS last
          FROM part
          JOIN needed n ON n.revision_id = part.revision_id AND n.name IN (part.rule, part.all_rules)
          JOIN calendar USING (calendar)
         GROUP BY 1, 2, 3
    )
"""
COUNTERS = f"""
    {GIVEN}
    SELECT coalesce(name, rule) || ' in ' || coalesce(g.period, u.period)
           || CASE WHEN coalesce(u.points, 0) = coalesce(g.points, 0)
                    AND coalesce(u.times, 0) = coalesce(g.times, 0) THEN ': another last award'
                   ELSE format(': %%s points in %%s awards, not %%s in %%s', coalesce(u.points, 0),
                               coalesce(u.times, 0), coalesce(g.points, 0), coalesce(g.times, 0)) END,
           'membership', coalesce(g.membership_id, u.membership_id)
      FROM usage u
      FULL JOIN given g ON g.membership_id = u.membership_id AND g.name = u.rule AND g.period = u.period
     WHERE coalesce(u.points, 0) <> coalesce(g.points, 0) OR coalesce(u.times, 0) <> coalesce(g.times, 0)
        OR u.last_at IS DISTINCT FROM g.last
     UNION ALL
    SELECT format('%%s in %%s: %%s of the budget used, not %%s', coalesce(name, rule),
                  coalesce(g.period, u.period), coalesce(u.used, 0), coalesce(g.used, 0)),
           'programme', coalesce(g.programme_id, u.programme_id)
      FROM budget u
      FULL JOIN (SELECT programme_id, name, period, sum(used) AS used
                   FROM given JOIN members_membership m ON m.id = membership_id
                  GROUP BY programme_id, name, period) g
        ON g.programme_id = u.programme_id AND g.name = u.rule AND g.period = u.period
     WHERE coalesce(u.used, 0) <> coalesce(g.used, 0)
"""  # noqa: S608 - SQL of our own
CHECKED = """
    SELECT (SELECT count(*) FROM stats) + (SELECT count(*) FROM usage) + (SELECT count(*) FROM budget)
"""
SPAN = "SELECT min(occurred_at), max(occurred_at) FROM purchase"


def counters(scope: Scope) -> Result:
    """I16: what members bought, and what rules and budgets gave, is the sum of the purchases and returns."""
    bad, faults = faults_of(scope, STATS)
    more, found = faults_of(scope, COUNTERS, **_needed(scope), all_rules=limit_key(""))
    title = _("Every counter is what purchases and returns add up to")
    return of_faults("I16", title, counted(scope, CHECKED), [*faults, *found], bad + more)


def _needed(scope: Scope) -> dict[str, list[Any]]:
    """What the revisions of the purchases count, and the calendars for it, as columns.

    When a period begins is told to the database, so that it never reckons with other time zones than we do.
    """
    calendars: dict[tuple[Period, ZoneInfo], int] = {}
    needs = []
    for revision, ruleset in rulesets(scope):
        for name, period, *uses in _uses(ruleset):
            calendar = calendars.setdefault((period, ruleset.zone), len(calendars))
            needs.append((revision, name, calendar, *uses))
    [(first, last)] = rows_of(SPAN, scope)
    beginnings = [
        (number, begins, key)
        for (period, zone), number in calendars.items()
        for begins, key in periods_between(first, last, period, zone).items()
    ]
    return _columns("revisions names calendars for_usage for_budget for_last", needs) | _columns(
        "begun begins keys", beginnings
    )


def _uses(ruleset: Ruleset) -> Iterator[tuple[str, Period, bool, bool, bool]]:
    """What is counted under which name in which period: for usage, for a budget, as the last award."""
    needs = ruleset.needs
    last = {(rule, Period.LIFETIME) for rule in needs.last_award}
    for each in sorted(needs.usage | needs.budgets | last):
        yield (*each, each in needs.usage, each in needs.budgets, each in last)


def _columns(names: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names.split())
    return {name: list(column) for name, column in zip(names.split(), columns, strict=True)}
