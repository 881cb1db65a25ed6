"""Lots: what is left of every award."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.selectors.verification.results import Result, Scope, counted, faults_of

__all__ = ["lots"]

LOTS = """
    SELECT CASE WHEN l.remaining < 0 OR l.held < 0 OR l.remaining + l.held > l.amount
                THEN 'outside its amount'
                WHEN l.state = 'closed' AND l.remaining + l.held > 0 THEN 'closed but not empty'
                ELSE 'not what its postings left of it' END, 'lot', l.id
      FROM lot l
      LEFT JOIN (SELECT d.lot_id,
                        sum(d.amount * ((p.to_side IN ('available', 'pending'))::int
                                      - (p.from_side IN ('available', 'pending'))::int)) AS remaining,
                        sum(d.amount * ((p.to_side = 'held')::int - (p.from_side = 'held')::int)) AS held
                   FROM allocation d JOIN members_posting p ON p.id = d.posting_id
                  GROUP BY d.lot_id) moved ON moved.lot_id = l.id
     WHERE l.remaining < 0 OR l.held < 0 OR l.remaining + l.held > l.amount
        OR (l.state = 'closed' AND l.remaining + l.held > 0)
        OR l.remaining <> l.amount + coalesce(moved.remaining, 0) OR l.held <> coalesce(moved.held, 0)
"""
ACCOUNTS = """
    SELECT 'buckets are not the sum of the lots', 'account', a.id
      FROM account a
      LEFT JOIN (SELECT account_id, sum(remaining) FILTER (WHERE state = 'active') AS available,
                        sum(remaining) FILTER (WHERE state = 'pending') AS pending, sum(held) AS held
                   FROM lot GROUP BY account_id) l ON l.account_id = a.id
     WHERE a.available <> coalesce(l.available, 0) OR a.pending <> coalesce(l.pending, 0)
        OR a.held <> coalesce(l.held, 0)
"""
# A posting opens a lot, draws from lots or gives back to them; one that touches only debt does none of it.
POSTINGS = """
    SELECT 'lots opened and drawn are not its amount', 'posting', p.id
      FROM posting p
      LEFT JOIN (SELECT posting_id, sum(amount) AS amount FROM allocation GROUP BY posting_id) d
        ON d.posting_id = p.id
      LEFT JOIN (SELECT posting_id, sum(amount) AS amount FROM lot GROUP BY posting_id) o
        ON o.posting_id = p.id
     WHERE coalesce(d.amount, 0) + coalesce(o.amount, 0)
        <> CASE WHEN 'available' IN (p.from_side, p.to_side) OR 'pending' IN (p.from_side, p.to_side)
                  OR 'held' IN (p.from_side, p.to_side) THEN p.amount ELSE 0 END
"""
ELSEWHERE = """
    SELECT 'lot of another account', 'allocation', d.id
      FROM allocation d JOIN members_posting p ON p.id = d.posting_id JOIN members_lot l ON l.id = d.lot_id
     WHERE p.account_id <> l.account_id
     UNION ALL
    SELECT 'opened by a posting of another account', 'lot', l.id
      FROM lot l LEFT JOIN members_posting p ON p.id = l.posting_id
     WHERE p.account_id IS DISTINCT FROM l.account_id
"""


def lots(scope: Scope) -> Result:
    """I4: each lot is what its allocations left of it, and the lots of an account are its buckets."""
    bad, faults = faults_of(scope, LOTS, ACCOUNTS, POSTINGS, ELSEWHERE)
    checked = counted(scope, "SELECT (SELECT count(*) FROM lot) + (SELECT count(*) FROM allocation)")
    return Result("I4", _("What is left of every award adds up to the balance"), checked, bad, faults)
