"""Purchases, returns and events: recorded once, told to others once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.models import DocumentKey
from members.selectors.verification.results import Result, Scope, counted, faults_of, of_faults
from members.selectors.verification.structure import missing_constraints

__all__ = ["events", "keys"]

DOCUMENTS_WITHOUT_KEY = """
    SELECT CASE WHEN k.keys IS NULL THEN 'has no document key' ELSE 'has several document keys' END,
           d.kind, d.id
      FROM (SELECT 'purchase' AS kind, id FROM purchase UNION ALL SELECT 'return', id FROM returned
             UNION ALL SELECT 'event', id FROM happening) d
      LEFT JOIN (SELECT kind, document_id, count(*) AS keys FROM document_key GROUP BY kind, document_id) k
        ON k.kind = d.kind AND k.document_id = d.id
     WHERE k.keys IS DISTINCT FROM 1
"""
KEYS_WITHOUT_DOCUMENT = """
    SELECT 'is the key of no such document', 'document key', k.id
      FROM document_key k
      LEFT JOIN (SELECT 'purchase' AS kind, b.id, b.member_id, b.number, m.programme_id
                   FROM purchase b JOIN members_membership m ON m.id = b.membership_id
                  UNION ALL
                 SELECT 'return', r.id, r.member_id, r.number, m.programme_id
                   FROM returned r JOIN members_membership m ON m.id = r.membership_id
                  UNION ALL
                 SELECT 'event', e.id, e.member_id, e.number, m.programme_id
                   FROM happening e JOIN members_membership m ON m.id = e.membership_id) d
        ON d.kind = k.kind AND d.id = k.document_id AND d.member_id = k.member_id AND d.number = k.number
       AND d.programme_id = k.programme_id
     WHERE k.kind IN ('purchase', 'return', 'event') AND d.id IS NULL
"""
DOUBLE_KEYS = """
    SELECT 'same key as another', 'document key', max(id)
      FROM document_key GROUP BY programme_id, partner_id, source, kind, number HAVING count(*) > 1
"""


def keys(scope: Scope) -> Result:
    """I5: a receipt posts once: one key for each document, and a database that refuses a second one."""
    missing = missing_constraints(DocumentKey)
    bad, faults = faults_of(scope, DOCUMENTS_WITHOUT_KEY, KEYS_WITHOUT_DOCUMENT, DOUBLE_KEYS)
    checked = counted(scope, "SELECT count(*) FROM document_key")
    title = _("Every receipt is there once")
    return of_faults("I5", title, checked, [*missing, *faults], bad + len(missing))


# The payload names the document, the subject its membership.
EVENTS = """
    SELECT CASE WHEN e.events IS NULL THEN 'nobody was told of it'
                WHEN e.events > 1 THEN 'told more than once'
                ELSE 'told of another membership' END, d.kind, d.id
      FROM (SELECT 'purchase' AS kind, id, membership_id FROM purchase
             UNION ALL SELECT 'return', id, membership_id FROM returned
             UNION ALL SELECT 'event', id, membership_id FROM happening) d
      LEFT JOIN (SELECT split_part(name, '.', 1) AS kind, payload ->> split_part(name, '.', 1) AS document,
                        count(*) AS events, min(subject) AS subject
                   FROM core_outboxevent WHERE name IN ('purchase.recorded', 'return.recorded', 'event.recorded')
                  GROUP BY 1, 2) e
        ON e.kind = d.kind AND e.document = d.id::text
     WHERE e.events IS DISTINCT FROM 1 OR e.subject <> 'membership:' || d.membership_id
"""
EVENTS_OF_NOTHING = """
    SELECT 'tells of no such document', 'event', e.id
      FROM core_outboxevent e
      LEFT JOIN (SELECT 'purchase.recorded' AS name, id::text AS document FROM members_purchase
                  UNION ALL SELECT 'return.recorded', id::text FROM members_return
                  UNION ALL SELECT 'event.recorded', id::text FROM members_event) d
        ON d.name = e.name AND d.document = e.payload ->> split_part(e.name, '.', 1)
     WHERE e.name IN ('purchase.recorded', 'return.recorded', 'event.recorded') AND d.document IS NULL
"""


def events(scope: Scope) -> Result:
    """I13: each purchase, return and event was told exactly once (the outbox is looked at whole, in any scope)."""
    bad, faults = faults_of(scope, EVENTS, EVENTS_OF_NOTHING)
    checked = counted(scope, "SELECT (SELECT count(*) FROM purchase) + (SELECT count(*) FROM returned)")
    return Result("I13", _("Every purchase, return and event was told to others once"), checked, bad, faults)
