"""Which memberships have something that falls due by an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from loyalty.core.exact import local_day
from programs.models import Programme
from programs.selectors.rulesets import Activated, in_force, timeline

__all__ = ["PlainExpiry", "due_memberships", "plain_expiries"]

# Lots and holds by their indexes; an extended lot is not due, whatever its own day says.
_LOTS = """
SELECT a.membership_id FROM members_lot l JOIN members_account a ON a.id = l.account_id
 WHERE l.state = 'active' AND l.expires_at <= %(until)s AND l.remaining > 0
   AND NOT (l.extendable AND a.extended_to IS NOT NULL AND a.extended_to >= %(today)s)
UNION
"""
_OTHERS = """
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
# Lots whose end is simply their own, in memberships of which nothing else is due. `special` ones hang on a notice or on
# what the member does, or ended before the programme had rules.
_PLAIN = """
WITH others (membership_id) AS MATERIALIZED ({others}), due AS MATERIALIZED (
    SELECT a.membership_id, l.id, l.notice_days > 0 OR l.expires_at < %(first)s
           OR (l.extendable AND coalesce(a.extended_to > l.expires_on, false)) AS special
      FROM members_lot l JOIN members_account a ON a.id = l.account_id
     WHERE l.state = 'active' AND l.expires_at <= %(until)s AND l.remaining > 0
)
SELECT m.id, m.version, array_agg(due.id)
  FROM due JOIN members_membership m ON m.id = due.membership_id AND m.programme_id = %(programme)s
 WHERE NOT EXISTS (SELECT FROM others WHERE others.membership_id = m.id)
 GROUP BY m.id HAVING NOT bool_or(special) ORDER BY m.id
"""


class PlainExpiry(NamedTuple):
    """A membership as it was looked at, and its lots that expire."""

    membership: int
    version: int
    lots: list[int]


def due_memberships(programme: Programme, until: datetime) -> list[int]:
    """Memberships of a programme, in the order of their ids. Raises NoRevision before the first one."""
    parts, values = _parts(programme, timeline(programme.pk), until)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.membership_id FROM ({_LOTS}{parts}) AS d (membership_id)"  # noqa: S608 - our own parts
            " JOIN members_membership m ON m.id = d.membership_id AND m.programme_id = %(programme)s ORDER BY 1",
            values,
        )
        return [row[0] for row in cursor.fetchall()]


def plain_expiries(programme: Programme, until: datetime) -> list[PlainExpiry]:
    """Memberships of which nothing is due but lots that simply expire, in the order of their ids."""
    stretches = timeline(programme.pk)
    parts, values = _parts(programme, stretches, until)
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN.format(others=parts), {**values, "first": stretches[0].effective_from})
        return [PlainExpiry(*row) for row in cursor.fetchall()]


def _parts(
    programme: Programme, stretches: Sequence[Activated], until: datetime
) -> tuple[str, dict[str, Any]]:
    """The queries for everything but lots that expire, and their values."""
    now = in_force(stretches, until)
    core, zone = now.ruleset.core, now.ruleset.zone
    expiring = [item.key for item in core.point_types if item.expiry.kind.value != "never"]
    ladders = [ladder.key for ladder in core.ladders]
    parts = [_OTHERS]
    if expiring:
        parts.append(_OPEN_ENDED)
    if any(stretch.ruleset.calendar for stretch in stretches):
        parts.append(_CALENDAR)
    if ladders:
        parts.append(_LADDERS)
    return "".join(parts), {
        "until": until,
        "today": local_day(until, zone),
        "zone": str(zone),
        "programme": programme.pk,
        "ladders": ladders,
        "revision": now.revision_id,
        "expiring": list(programme.point_types.filter(key__in=expiring).values_list("pk", flat=True)),
    }
