"""Tiers: periods follow from the decisions, and what decisions count follows from the documents."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from members.models import QualificationCounter
from members.selectors.qualification import recount
from members.selectors.verification.results import Fault, Result, Scope, counted, faults_of, of_faults
from programs.models import Programme
from programs.selectors.rulesets import timeline

__all__ = ["tiers"]

# Of several decisions of one instant the last one counts; a stretch begins where tier or source change.
PERIODS = """
    WITH decision AS (
        SELECT DISTINCT ON (d.membership_id, d.ladder, d.occurred_at) d.*
          FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id
         WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
         ORDER BY d.membership_id, d.ladder, d.occurred_at, d.id DESC
    ), changed AS (
        SELECT * FROM (
            SELECT *, lag(to_tier) OVER w AS tier_before, lag(source) OVER w AS source_before FROM decision
            WINDOW w AS (PARTITION BY membership_id, ladder ORDER BY occurred_at)) d
         WHERE to_tier IS DISTINCT FROM tier_before OR source IS DISTINCT FROM source_before
    ), expected AS (
        SELECT membership_id, ladder, to_tier AS tier, source,
               tstzrange(occurred_at, lead(occurred_at) OVER (PARTITION BY membership_id, ladder ORDER BY occurred_at))
               AS valid FROM changed
    ), kept AS (
        SELECT p.* FROM members_tierperiod p JOIN members_membership m ON m.id = p.membership_id
         WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
    )
    SELECT 'not what the decisions made of it', 'tier period', k.id
      FROM kept k LEFT JOIN expected e USING (membership_id, ladder, tier, source, valid) WHERE e.ladder IS NULL
     UNION ALL
    SELECT 'decided, but there is no such period', 'membership', e.membership_id
      FROM expected e LEFT JOIN kept k USING (membership_id, ladder, tier, source, valid) WHERE k.id IS NULL
"""
CHECKED = """
    SELECT count(*) FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id
     WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
"""


def tiers(scope: Scope) -> Result:
    """I18: tier periods are what the decisions say, daily counters what purchases, returns and events add up to."""
    bad, found = faults_of(scope, PERIODS)
    programmes = Programme.objects.order_by("pk")
    if scope.programme is not None:
        programmes = programmes.filter(pk=scope.programme)
    wrong = [fault for programme in programmes for fault in _counters(programme)]
    title = _("Every tier follows from what was decided and counted")
    return of_faults("I18", title, counted(scope, CHECKED), [*found, *wrong], bad + len(wrong))


def _counters(programme: Programme) -> list[Fault]:
    ladders = [ladder for stretch in timeline(programme.pk) for ladder in stretch.ruleset.core.ladders]
    faults = []
    for metric in sorted({ladder.metric.counter for ladder in ladders}):
        rows = QualificationCounter.objects.filter(membership__programme=programme, metric=metric)
        kept = {(row[0], row[1]): row[2] for row in rows.values_list("membership_id", "day", "value")}
        standing = {membership for membership, _day in kept}
        for key, value in recount(metric, programme.pk, ZoneInfo(programme.zone)).items():
            found = kept.pop(key, 0)
            # Who has not been looked at since the ladder began is counted then.
            if found != value and key[0] in standing:
                faults.append(Fault(f"{metric} on {key[1]} is {found}, not {value}", "membership", key[0]))
        faults += [
            Fault(f"{metric} on {day} is {value}, not 0", "membership", membership)
            for (membership, day), value in kept.items()
            if value
        ]
    return faults
