"""Tiers: periods follow from the decisions, what decisions count from the documents, what is given from its grant."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from members.models import QualificationCounter
from members.selectors.qualification import recount
from members.selectors.verification.results import Fault, Result, Scope, counted, faults_of, of_faults
from programs.models import Programme
from programs.selectors.rulesets import timeline

__all__ = ["tiers"]

# A stretch begins where a decision changes tier or source, with what the last decision of that instant says.
PERIODS = """
    WITH decision AS (
        SELECT d.*, (lag(d.to_tier) OVER w, lag(d.source) OVER w) IS DISTINCT FROM (d.to_tier, d.source) AS changes
          FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id
         WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
        WINDOW w AS (PARTITION BY d.membership_id, d.ladder ORDER BY d.occurred_at, d.id)
    ), changed AS (
        SELECT DISTINCT ON (membership_id, ladder, occurred_at) *
          FROM (SELECT *, bool_or(changes) OVER (PARTITION BY membership_id, ladder, occurred_at) AS begins
                  FROM decision) d
         WHERE begins ORDER BY membership_id, ladder, occurred_at, id DESC
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
# What stands open on a ladder names the grants that run; a decision that began one says which tier until when.
GRANTS = """
    WITH granted AS (
        SELECT g.*, m.programme_id FROM members_tiergrant g JOIN members_membership m ON m.id = g.membership_id
         WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
    ), running AS (
        SELECT p.id, p.membership_id, p.ladder, g.reference
          FROM members_tierperiod p JOIN members_membership m ON m.id = p.membership_id
         CROSS JOIN LATERAL (
               SELECT jsonb_array_elements(p.state -> 'grants') ->> 'reference' AS reference
                UNION ALL SELECT p.state -> 'held' ->> 'grant') g
         WHERE upper_inf(p.valid) AND g.reference <> ''
           AND (%(programme)s::bigint IS NULL OR m.programme_id = %(programme)s)
    ), begun AS (
        SELECT d.* FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id
         WHERE d.reason IN ('lifted', 'grant_started') AND d.source IN ('manual', 'invitation')
           AND (%(programme)s::bigint IS NULL OR m.programme_id = %(programme)s)
    )
    SELECT 'runs, but was not given or is ended', 'tier period', r.id
      FROM running r LEFT JOIN granted g ON g.id::text = r.reference AND g.membership_id = r.membership_id
       AND g.ladder = r.ladder AND g.revoked_at IS NULL WHERE g.id IS NULL
     UNION ALL
    SELECT 'was given without an end, but does not run', 'tier given by hand', g.id
      FROM granted g LEFT JOIN running r ON r.reference = g.id::text
     WHERE g.until IS NULL AND g.revoked_at IS NULL AND g.mode <> 'lift' AND r.id IS NULL
     UNION ALL
    SELECT 'is not what was given', 'tier decision', d.id
      FROM begun d
     WHERE NOT EXISTS (
           SELECT FROM granted g
            WHERE g.membership_id = d.membership_id AND g.ladder = d.ladder AND g.recorded_at = d.recorded_at
              AND g.tier = d.to_tier AND (g.mode = 'lift') = (d.reason = 'lifted')
              AND (g.until IS NOT DISTINCT FROM d.ends_on OR (g.mode = 'lift' AND g.until IS NULL)))
     UNION ALL
    SELECT 'has not one document key', 'tier given by hand', g.id
      FROM granted g LEFT JOIN document_key k ON k.kind = 'tier' AND k.document_id = g.id AND k.member_id = g.member_id
     GROUP BY g.id HAVING count(k.id) <> 1
     UNION ALL
    SELECT 'is the key of no such tier given by hand, or of no such end', 'document key', k.id
      FROM document_key k LEFT JOIN granted g ON g.id = k.document_id AND g.member_id = k.member_id
       AND g.programme_id = k.programme_id AND (k.kind = 'tier' OR g.revoked_at IS NOT NULL)
     WHERE k.kind IN ('tier', 'tier_end') AND g.id IS NULL
     UNION ALL
    SELECT 'was ended without a document', 'tier given by hand', g.id
      FROM granted g LEFT JOIN document_key k ON k.kind = 'tier_end' AND k.document_id = g.id
     WHERE g.revoked_at IS NOT NULL AND k.id IS NULL
"""
# A document from before `tiers_until` is late on the ladders, so it is never before what was decided.
STANDING = """
    WITH decided AS (SELECT membership_id, max(occurred_at) AS at FROM members_tierdecision GROUP BY membership_id)
    SELECT 'stands as of before what was decided', 'membership', s.membership_id
      FROM stats s JOIN decided d USING (membership_id) WHERE s.tiers_until IS NULL OR s.tiers_until < d.at
"""
CHECKED = """
    SELECT count(*) FROM members_tierdecision d JOIN members_membership m ON m.id = d.membership_id
     WHERE %(programme)s::bigint IS NULL OR m.programme_id = %(programme)s
"""


def tiers(scope: Scope) -> Result:
    """I18: tier periods are what the decisions say, daily counters what purchases, returns and events add up to,
    what was given by hand is what runs, and tiers stand as of no earlier time than they were decided for."""
    bad, found = faults_of(scope, PERIODS, GRANTS, STANDING)
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
