"""Movements of points, the buckets they lead to, and what answers what."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.models.ledger import MOVES
from members.selectors.verification.results import Result, Scope, counted, faults_of

__all__ = ["answers", "buckets", "holds", "moves", "reproducible"]

UNKNOWN_MOVES = """
    SELECT 'unknown move', 'posting', id FROM posting
     WHERE kind || '/' || from_side || '/' || to_side <> ALL (%(moves)s) OR from_side = to_side OR amount <= 0
"""
STRAY_POSTINGS = """
    SELECT CASE WHEN a.id IS NULL THEN 'account is missing'
                WHEN a.member_id <> p.member_id THEN 'account of another member'
                ELSE 'other point type than its account' END, 'posting', p.id
      FROM posting p LEFT JOIN account a ON a.id = p.account_id
     WHERE a.id IS NULL OR a.member_id <> p.member_id OR a.point_type_id <> p.point_type_id
"""
STRAY_ACCOUNTS = """
    SELECT 'membership of another member or programme', 'account', a.id
      FROM account a
      LEFT JOIN members_membership m ON m.id = a.membership_id AND m.member_id = a.member_id
      LEFT JOIN programs_pointtype t ON t.id = a.point_type_id AND t.programme_id = m.programme_id
     WHERE m.id IS NULL OR t.id IS NULL
"""


def moves(scope: Scope) -> Result:
    """I1: each posting is balanced by construction, so points are neither lost nor made between accounts."""
    known = ["/".join(move) for move in MOVES]
    bad, faults = faults_of(scope, UNKNOWN_MOVES, STRAY_POSTINGS, STRAY_ACCOUNTS, TRANSIT, moves=known)
    checked = counted(scope, "SELECT count(*) FROM posting")
    return Result(
        "I1", _("Every movement of points is a known one, within one account"), checked, bad, faults
    )


RUNNING_SUMS = """
    SELECT CASE WHEN version <> place THEN 'gap in the versions' ELSE 'buckets after it are not the sum' END,
           'posting', id
      FROM (SELECT id, version, available_after, pending_after, held_after, debt_after,
                   row_number() OVER chain AS place,
                   sum(d_available) OVER chain AS available, sum(d_pending) OVER chain AS pending,
                   sum(d_held) OVER chain AS held, sum(d_debt) OVER chain AS debt
              FROM posting WINDOW chain AS (PARTITION BY account_id ORDER BY version, id)) p
     WHERE version <> place OR available_after <> available OR pending_after <> pending
        OR held_after <> held OR debt_after <> debt
"""
ACCOUNT_SUMS = """
    SELECT CASE WHEN a.version <> coalesce(p.version, 0) THEN 'version is not the last posting''s'
                ELSE 'buckets are not the sum of the postings' END, 'account', a.id
      FROM account a
      LEFT JOIN (SELECT account_id, max(version) AS version, sum(d_available) AS available,
                        sum(d_pending) AS pending, sum(d_held) AS held, sum(d_debt) AS debt
                   FROM posting GROUP BY account_id) p ON p.account_id = a.id
     WHERE a.version <> coalesce(p.version, 0)
        OR a.available <> coalesce(p.available, 0) OR a.pending <> coalesce(p.pending, 0)
        OR a.held <> coalesce(p.held, 0) OR a.debt <> coalesce(p.debt, 0)
"""


def buckets(scope: Scope) -> Result:
    """I2: account = buckets after its last posting = running sums of its postings, versions 1, 2, 3 …"""
    bad, faults = faults_of(scope, RUNNING_SUMS, ACCOUNT_SUMS)
    checked = counted(scope, "SELECT (SELECT count(*) FROM posting) + (SELECT count(*) FROM account)")
    return Result("I2", _("Every balance is the sum of its movements"), checked, bad, faults)


TOO_MUCH_ANSWERED = """
    SELECT 'more is undone or paid than there was', 'posting', q.id
      FROM posting q JOIN (SELECT answers_id, sum(amount) AS amount FROM posting
                            WHERE answers_id IS NOT NULL
                            GROUP BY answers_id, CASE kind WHEN 'release' THEN 'capture' ELSE kind END) s
                       ON s.answers_id = q.id
     WHERE s.amount > q.amount
"""
# Only a debt may be answered that itself answers something: by its repayment.
WRONG_ANSWERS = """
    SELECT CASE WHEN p.answers_id IS NULL THEN 'does not say what it undoes'
                ELSE 'undoes or pays the wrong posting' END, 'posting', p.id
      FROM posting p LEFT JOIN members_posting q ON q.id = p.answers_id
     WHERE (p.kind IN ('reverse', 'restore', 'debt_repay', 'activate', 'capture', 'release')
            OR p.answers_id IS NOT NULL)
       AND (q.id IS NULL OR q.account_id <> p.account_id OR q.version >= p.version
            OR (CASE p.kind WHEN 'reverse' THEN q.kind = 'earn'
                            WHEN 'restore' THEN q.kind IN ('spend', 'capture')
                            WHEN 'activate' THEN q.kind = 'earn' AND q.to_side = 'pending'
                            WHEN 'capture' THEN q.kind = 'hold'
                            WHEN 'release' THEN q.kind = 'hold'
                            WHEN 'debt_repay' THEN q.kind = 'reverse' AND q.from_side = 'debt'
                            ELSE false END) IS NOT TRUE)
"""
UNPAID_SHORTAGES = """
    SELECT 'debt is not what remains of the shortages', 'account', a.id
      FROM account a
      LEFT JOIN (SELECT account_id,
                        sum(amount) FILTER (WHERE kind = 'reverse' AND from_side = 'debt') AS owed,
                        sum(amount) FILTER (WHERE kind = 'debt_repay') AS paid
                   FROM posting GROUP BY account_id) p ON p.account_id = a.id
     WHERE a.debt <> coalesce(p.owed, 0) - coalesce(p.paid, 0)
"""


# A hold is what its postings say, and open as long as something is held.
HOLDS = """
    SELECT CASE WHEN h.id IS NULL THEN 'held without a hold' ELSE 'not what its postings say' END, 'posting', p.id
      FROM posting p
      LEFT JOIN members_hold h ON h.posting_id = p.id
      LEFT JOIN (SELECT answers_id, sum(amount) FILTER (WHERE kind = 'capture') AS captured,
                        sum(amount) FILTER (WHERE kind = 'release') AS released
                   FROM posting WHERE kind IN ('capture', 'release') GROUP BY answers_id) used
        ON used.answers_id = p.id
     WHERE p.kind = 'hold'
       AND (h.id IS NULL OR h.amount <> p.amount OR h.account_id <> p.account_id
            OR h.captured <> coalesce(used.captured, 0) OR h.released <> coalesce(used.released, 0))
"""


def holds(scope: Scope) -> Result:
    """I8: what was held was used, given back, or is still held."""
    bad, faults = faults_of(scope, HOLDS)
    checked = counted(scope, "SELECT count(*) FROM posting WHERE kind = 'hold'")
    return Result("I8", _("Held points are used, given back, or still held"), checked, bad, faults)


# Within the programme nothing is on the way: what one member gave another received, and what was converted arrived.
TRANSIT = """
    SELECT 'given and received differ', 'point type', t.id
      FROM programs_pointtype t
      JOIN (SELECT point_type_id, sum(CASE kind WHEN 'transfer_out' THEN amount ELSE -amount END) AS amount
              FROM posting WHERE kind IN ('transfer_out', 'transfer_in') GROUP BY 1) p ON p.point_type_id = t.id
     WHERE p.amount <> 0
"""


PAYMENTS = """
    SELECT 'stands for money and was not spent', 'posting', p.id
      FROM members_payment y JOIN posting p ON p.id = y.posting_id WHERE p.kind <> 'spend'
"""


def answers(scope: Scope) -> Result:
    """I6: nothing is taken back, given back or repaid beyond what there was, nor a reversal reversed."""
    bad, faults = faults_of(scope, TOO_MUCH_ANSWERED, WRONG_ANSWERS, UNPAID_SHORTAGES, PAYMENTS)
    checked = counted(scope, "SELECT count(*) FROM posting WHERE answers_id IS NOT NULL")
    return Result("I6", _("No more is taken back or repaid than there was"), checked, bad, faults)


ORDER_OF_RECORDING = """
    SELECT 'recorded before or with the one before it', 'posting', id
      FROM (SELECT id, recorded_at, lag(recorded_at) OVER chain AS before
              FROM posting WINDOW chain AS (PARTITION BY account_id ORDER BY version, id)) p
     WHERE recorded_at <= before
"""
LAST_CHANGE = """
    SELECT 'last change is not the last posting''s', 'account', a.id
      FROM account a LEFT JOIN (SELECT account_id, max(recorded_at) AS recorded_at
                                  FROM posting GROUP BY account_id) p ON p.account_id = a.id
     WHERE a.last_recorded_at IS DISTINCT FROM p.recorded_at
"""


def reproducible(scope: Scope) -> Result:
    """I12: postings were recorded in the order of their versions. Together with I2 this makes the last
    posting recorded up to an instant the same answer whenever it is asked."""
    bad, faults = faults_of(scope, ORDER_OF_RECORDING, LAST_CHANGE)
    checked = counted(scope, "SELECT count(*) FROM posting")
    return Result("I12", _("Every past balance can be told again"), checked, bad, faults)
