"""Calculations: what is written with purchases and returns about their points is what was posted."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.selectors.verification.results import Result, Scope, counted, faults_of
from members.selectors.verification.revisions import rulesets
from programs.engine.policies import SpentPoints

__all__ = ["calculations"]

AWARDS = """
    SELECT format('gave %%s %%s, not the %%s of its calculation', coalesce(p.points, 0), t.key,
                  coalesce(c.points, 0)), kind, document_id
      FROM (SELECT CASE WHEN p.event_id IS NULL THEN 'purchase' ELSE 'event' END AS kind,
                   coalesce(p.event_id, p.purchase_id) AS document_id, a.point_type_id, sum(p.amount) AS points
              FROM posting p JOIN account a ON a.id = p.account_id WHERE p.kind = 'earn' GROUP BY 1, 2, 3) p
      FULL JOIN (SELECT b.kind, b.id AS document_id, t.id AS point_type_id, sum(a.points) AS points
                   FROM (SELECT 'purchase' AS kind, id, membership_id, trace FROM purchase
                          UNION ALL SELECT 'event', id, membership_id, trace FROM happening) b
                  CROSS JOIN LATERAL jsonb_to_recordset(b.trace -> 'awards') a (type text, points bigint)
                   JOIN members_membership m ON m.id = b.membership_id
                   LEFT JOIN programs_pointtype t ON t.programme_id = m.programme_id AND t.key = a.type
                  GROUP BY 1, 2, 3) c USING (kind, document_id, point_type_id)
      LEFT JOIN programs_pointtype t ON t.id = point_type_id
     WHERE p.points IS DISTINCT FROM c.points
"""
# Where spent points are let go, less is taken than the goods had earned. What was lost unused is not taken at all.
TAKINGS = """
    SELECT format('took %%s %%s, not the %%s of its calculation', coalesce(p.points, 0), t.key,
                  coalesce(c.points, 0)), 'return', returned_id
      FROM (SELECT p.returned_id, a.point_type_id, sum(p.amount) AS points
              FROM posting p JOIN account a ON a.id = p.account_id WHERE p.kind = 'reverse' GROUP BY 1, 2) p
      FULL JOIN (SELECT r.id AS returned_id, t.id AS point_type_id,
                        nullif(sum(a.points - coalesce(a.lost, 0)), 0) AS points,
                        bool_or(b.revision_id = ANY (%(clamping)s)) AS may_be_less
                   FROM returned r
                  CROSS JOIN LATERAL jsonb_to_recordset(r.trace) a (type text, points bigint, lost bigint)
                   JOIN members_purchase b ON b.id = r.purchase_id
                   JOIN members_membership m ON m.id = r.membership_id
                   LEFT JOIN programs_pointtype t ON t.programme_id = m.programme_id AND t.key = a.type
                  GROUP BY 1, 2) c USING (returned_id, point_type_id)
      LEFT JOIN programs_pointtype t ON t.id = point_type_id
     WHERE p.points IS DISTINCT FROM c.points
       AND NOT (coalesce(may_be_less, false) AND coalesce(p.points, 0) < c.points)
"""
# What is let off has gone from the lots of the purchase.
LET_OFF = """
    SELECT format('let off %%s %%s, of which %%s had gone', c.lost, t.key, coalesce(g.gone, 0)), 'purchase', c.purchase_id
      FROM (SELECT r.purchase_id, t.id AS point_type_id, sum(a.lost) AS lost
              FROM returned r
             CROSS JOIN LATERAL jsonb_to_recordset(r.trace) a (type text, lost bigint)
              JOIN members_membership m ON m.id = r.membership_id
              JOIN programs_pointtype t ON t.programme_id = m.programme_id AND t.key = a.type
             WHERE a.lost IS NOT NULL GROUP BY 1, 2) c
      JOIN programs_pointtype t ON t.id = c.point_type_id
     CROSS JOIN LATERAL (
           SELECT sum(d.amount) AS gone
             FROM members_posting e JOIN members_lot l ON l.posting_id = e.id
             JOIN members_allocation d ON d.lot_id = l.id
             JOIN members_posting p ON p.id = d.posting_id AND p.kind IN ('expire', 'forfeit')
            WHERE e.purchase_id = c.purchase_id AND e.kind = 'earn' AND e.point_type_id = c.point_type_id) g
     WHERE c.lost > coalesce(g.gone, 0)
"""


def calculations(scope: Scope) -> Result:
    """I17: purchases and events gave and returns took what their calculations say, rule by rule."""
    clamping = [
        revision
        for revision, ruleset in rulesets(scope)
        if ruleset.policies.spent_points is not SpentPoints.DEBT
    ]
    bad, faults = faults_of(scope, AWARDS, TAKINGS, LET_OFF, clamping=clamping)
    checked = counted(scope, "SELECT (SELECT count(*) FROM purchase) + (SELECT count(*) FROM returned)")
    title = _("Every purchase and return moved the points of its calculation")
    return Result("I17", title, checked, bad, faults)
