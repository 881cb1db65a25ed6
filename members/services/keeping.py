"""The rows of documents: the purchase or event itself, its business key, and the message to whoever listens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from loyalty.core.outbox import Event
from members.engine.books import Cause
from members.selectors.baskets import award_document, header_document, line_document, tender_documents
from members.services.ledger import Rows, Sheet
from programs.engine.drafts import Evaluation
from programs.engine.facts import Basket
from programs.models import Programme

SYSTEM = "system"  # the source of what comes by itself: birthdays, anniversaries
# A friend whom a member brought bought something, and returned what had counted.
REFERRAL_BOUGHT, REFERRAL_RETURNED = "referral.bought", "referral.returned"


def content_digest(number: str, basket: Basket, lines: bytes | None = None) -> bytes:
    """SHA-256 of what a receipt says, to tell a repetition from another receipt with the same number. `lines` are
    the stored lines as JSON where the caller has them already."""
    moment = basket.occurred_at.astimezone(UTC).isoformat()
    head = [number, moment, basket.store, header_document(basket), tender_documents(basket)]
    digest = hashlib.sha256(orjson.dumps(head))
    digest.update(lines_json(basket) if lines is None else lines)
    return digest.digest()


def lines_json(basket: Basket) -> bytes:
    """The lines as they are stored."""
    return orjson.dumps([line_document(line) for line in basket.lines])


def trace_json(evaluation: Evaluation, lots: Mapping[int, int]) -> str:
    """The calculation as it is stored; `lots` says which of several postings of a point type an award is in."""
    awards = []
    for award in evaluation.awards:
        document = award_document(award)
        if lots.get(award.number):
            document["lot"] = lots[award.number]
        awards.append(document)
    skips = [tuple(skip) if skip.about else skip[:2] for skip in evaluation.skips]
    return orjson.dumps({"awards": awards, "skips": skips}).decode()


def keep_purchase(
    rows: Rows,
    programme: Programme,
    sheet: Sheet,
    basket: Basket,
    receipt: str,
    store: int | None,
    digest: bytes,
    lines: bytes,
    facts: Mapping[str, Any],
    trace: str,
    cause: Cause,
) -> None:
    """The row of a purchase with its key and message."""
    number, partner = cause.purchase or 0, cause.partner or 0
    rows.purchases.append(
        (
            number,
            sheet.member,
            sheet.membership,
            receipt,
            basket.occurred_at,
            cause.recorded_at,
            cause.operation,
            partner,
            store,
            cause.revision,
            programme.currency,
            sum([line.amount for line in basket.lines]),
            lines.decode(),
            orjson.dumps(tender_documents(basket)).decode(),
            orjson.dumps(header_document(basket)).decode(),
            orjson.dumps(facts).decode(),
            trace,
        )
    )
    keep_key(rows, programme, sheet, "purchase", receipt, digest, number, partner)
    payload = {"purchase": number, "membership": sheet.membership, "programme": programme.pk}
    publish(rows, sheet, "purchase.recorded", payload, cause)


def keep_event(
    rows: Rows,
    programme: Programme,
    sheet: Sheet,
    basket: Basket,
    number: str,
    digest: bytes,
    facts: Mapping[str, Any],
    trace: str,
    cause: Cause,
    source: str,
) -> None:
    """The row of an event with its key and message."""
    document, partner = cause.event or 0, cause.partner or 0
    rows.happenings.append(
        (
            document,
            sheet.member,
            sheet.membership,
            number,
            basket.occurred_at,
            cause.recorded_at,
            cause.operation,
            partner,
            basket.trigger,
            cause.revision,
            orjson.dumps(dict(basket.payload)).decode(),
            orjson.dumps(facts).decode(),
            trace,
        )
    )
    keep_key(rows, programme, sheet, "event", number, digest, document, partner, source)
    payload = {"event": document, "kind": basket.trigger, "membership": sheet.membership}
    publish(rows, sheet, "event.recorded", payload, cause)


def keep_key(
    rows: Rows,
    programme: Programme,
    sheet: Sheet,
    kind: str,
    number: str,
    digest: bytes,
    document: int,
    partner: int,
    source: str = "main",
) -> None:
    """The business key of a document: it posts once, for ever."""
    rows.keys.append((programme.pk, partner, source, kind, number, digest, sheet.member, document))


def publish(rows: Rows, sheet: Sheet, name: str, payload: Mapping[str, Any], cause: Cause) -> None:
    """A message about a document of a membership, handed on after the commit."""
    tell(rows, sheet, name, payload, cause.occurred_at, cause.recorded_at)


def tell(
    rows: Rows,
    sheet: Sheet,
    name: str,
    payload: Mapping[str, Any],
    occurred_at: datetime,
    recorded_at: datetime,
) -> None:
    """A message about a membership, handed on after the commit."""
    subject = f"membership:{sheet.membership}"
    rows.events.append(Event(name, subject, dict(payload), occurred_at, recorded_at))


def digest_of(*said: Any) -> bytes:
    """SHA-256 of what a document without lines says."""
    return hashlib.sha256(orjson.dumps(said)).digest()


def numbered(parts: Sequence[Any]) -> str:
    """The number of something that comes by itself: "birthday:2027:417"."""
    return ":".join(str(part) for part in parts)
