"""Which memberships have something that falls due by an instant."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from loyalty.core.exact import local_day
from programs.models import Programme
from programs.selectors.rulesets import in_force, timeline

__all__ = ["due_memberships"]

# Lots and holds by their indexes; an extended lot is not due, whatever its own day says.
_ACCOUNTS = """
SELECT a.membership_id FROM members_lot l JOIN members_account a ON a.id = l.account_id
 WHERE l.state = 'active' AND l.expires_at <= %(until)s AND l.remaining > 0
   AND NOT (l.extendable AND a.extended_to IS NOT NULL AND a.extended_to >= %(today)s)
UNION
SELECT a.membership_id FROM members_lot l JOIN members_account a ON a.id = l.account_id
 WHERE l.state = 'pending' AND l.activates_at <= %(until)s AND l.awaits = ''
UNION
SELECT a.membership_id FROM members_lot l JOIN members_account a ON a.id = l.account_id
 WHERE l.state = 'pending' AND l.lapses_at <= %(until)s AND l.awaits <> ''
UNION
SELECT a.membership_id FROM members_hold h JOIN members_account a ON a.id = h.account_id
 WHERE h.state = 'open' AND h.expires_at <= %(until)s
UNION
SELECT p.membership_id FROM members_tierperiod p WHERE p.due_at <= %(until)s
"""
# Points without an end whose type has got one since.
_OPEN_ENDED = """
UNION
SELECT a.membership_id FROM members_lot l JOIN members_account a ON a.id = l.account_id
 WHERE l.state = 'active' AND l.expires_on IS NULL AND l.rule = '' AND a.point_type_id = ANY(%(expiring)s)
"""
# Joining that nobody looked at; birthdays and anniversaries after the day up to which they were looked at. A day too
# many is looked at in vain.
_CALENDAR = """
UNION
SELECT m.id FROM members_membership m
  LEFT JOIN members_memberstats s ON s.membership_id = m.id
  LEFT JOIN members_person p ON p.member_id = m.member_id
  CROSS JOIN LATERAL (
      SELECT coalesce(s.calendar_until, (m.joined_at AT TIME ZONE %(zone)s)::date) AS looked) seen
  CROSS JOIN LATERAL (VALUES (p.birth_date), ((m.joined_at AT TIME ZONE %(zone)s)::date)) AS yearly (day)
 WHERE m.programme_id = %(programme)s AND yearly.day IS NOT NULL
   AND (s.calendar_until IS NULL
        OR (yearly.day + (1 + extract(year FROM age(seen.looked, yearly.day))) * interval '1 year')::date <= %(today)s)
"""


# Where a membership stands on a ladder by another revision than the one in force, or not at all yet.
_LADDERS = """
UNION
SELECT m.id FROM members_membership m
  CROSS JOIN unnest(%(ladders)s::text[]) AS l (key)
  LEFT JOIN members_tierperiod p ON p.membership_id = m.id AND p.ladder = l.key AND upper_inf(p.valid)
 WHERE m.programme_id = %(programme)s AND m.joined_at <= %(until)s
   AND (p.id IS NULL OR p.revision_id <> %(revision)s)
"""


def due_memberships(programme: Programme, until: datetime) -> list[int]:
    """Memberships of a programme, in the order of their ids. Raises NoRevision before the first one."""
    stretches = timeline(programme.pk)
    ruleset = in_force(stretches, until).ruleset
    expiring = [item.key for item in ruleset.core.point_types if item.expiry.kind.value != "never"]
    parts = [_ACCOUNTS]
    if expiring:
        parts.append(_OPEN_ENDED)
    if any(stretch.ruleset.calendar for stretch in stretches):
        parts.append(_CALENDAR)
    ladders = [ladder.key for ladder in ruleset.core.ladders]
    if ladders:
        parts.append(_LADDERS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.membership_id FROM ({''.join(parts)}) AS d (membership_id)"  # noqa: S608 - our own parts
            " JOIN members_membership m ON m.id = d.membership_id AND m.programme_id = %(programme)s ORDER BY 1",
            {
                "until": until,
                "today": local_day(until, ruleset.zone),
                "zone": str(ruleset.zone),
                "programme": programme.pk,
                "ladders": ladders,
                "revision": in_force(stretches, until).revision_id,
                "expiring": list(programme.point_types.filter(key__in=expiring).values_list("pk", flat=True)),
            },
        )
        return [row[0] for row in cursor.fetchall()]
