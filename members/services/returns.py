"""One return, in a transaction of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import orjson

from members.choices import DocumentKind
from members.models import DocumentKey, Purchase, Return
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.recording import Recorder
from members.services.returning import Returned, ReturnLine, open_reversers

__all__ = ["ReturnLine", "Returned", "record_return", "return_digest"]


def return_digest(purchase: Purchase, lines: Sequence[ReturnLine] | None) -> bytes:
    """SHA-256 of what a return says."""
    said = None if lines is None else [list(line) for line in lines]
    return hashlib.sha256(orjson.dumps([purchase.number, said])).digest()


def record_return(
    *,
    purchase: Purchase,
    number: str,
    now: datetime,
    occurred_at: datetime | None = None,
    lines: Sequence[ReturnLine] | None = None,
) -> Returned:
    """Record a return once; without lines all that is left of the purchase comes back.

    Raises ReturnTooLarge, NothingToReturn, DuplicateReceipt; nothing is changed then.
    """
    digest = return_digest(purchase, lines)
    membership = purchase.membership
    programme = membership.programme
    said = Said(programme, purchase.partner_id, DocumentKind.RETURN, number, digest, purchase.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Returned:
        reverser = open_reversers(recorder, [purchase])[purchase.pk]
        return reverser.record(number, occurred_at or now, lines, digest)

    return post_once(said, now, [membership], do, _again)


def _again(key: DocumentKey) -> Returned:
    first = Return.objects.only("amount", "trace").get(pk=key.document_id)
    taken: dict[str, int] = {}
    lost: dict[str, int] = {}
    for entry in first.trace:
        point_type, let_off = entry["type"], entry.get("lost", 0)
        taken[point_type] = taken.get(point_type, 0) + entry["points"] - let_off
        if let_off:
            lost[point_type] = lost.get(point_type, 0) + let_off
    return Returned(key.document_id, first.amount, taken, {}, {}, lost, repeated=True)
