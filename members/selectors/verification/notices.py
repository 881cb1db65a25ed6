"""Promised notices: nothing expires without one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.selectors.verification.results import Result, Scope, counted, faults_of

__all__ = ["notices"]

# A notice of the lot's own end, or of the later one to which activity moved it, so many days before the points went.
UNTOLD = """
    SELECT 'expired without its notice', 'posting', p.id
      FROM posting p
      JOIN members_allocation d ON d.posting_id = p.id
      JOIN members_lot l ON l.id = d.lot_id AND l.notice_days > 0
      JOIN account a ON a.id = p.account_id
      JOIN members_membership m ON m.id = a.membership_id
      JOIN programs_programme g ON g.id = m.programme_id
     WHERE p.kind = 'expire'
       AND NOT EXISTS (
           SELECT FROM members_expirynotice n
            WHERE n.account_id = p.account_id
              AND (n.expires_on = l.expires_on OR (l.extendable AND n.expires_on > l.expires_on))
              AND (n.delivered_at AT TIME ZONE g.zone)::date + l.notice_days
                  <= (p.occurred_at AT TIME ZONE g.zone)::date)
"""
PROMISED = "SELECT count(*) FROM lot WHERE notice_days > 0"


def notices(scope: Scope) -> Result:
    """I19: where a notice before expiry is promised, nothing expired without it."""
    bad, faults = faults_of(scope, UNTOLD)
    return Result("I19", _("Nothing expired without its notice"), counted(scope, PROMISED), bad, faults)
