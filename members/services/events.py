"""Events: what happens besides purchases, as it was sent by a partner or comes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from members.choices import DocumentKind, MembershipStatus
from members.models import DocumentKey, Event, Membership, Purchase
from members.services import keeping
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.problems import InvalidEvent, MembershipClosed, UnknownEvent, UnknownPurchase
from members.services.purchases import awarded_in
from members.services.recording import Recorded, Recorder
from members.services.settling import free_waiting
from programs.engine.events import EventType, Trigger, read_payload, trigger_key
from programs.engine.facts import Basket, Line
from programs.engine.reader import Reader
from programs.models import Partner
from programs.services.documents.reading import error_of


def record_event(
    *,
    membership: Membership,
    kind: str,
    number: str,
    partner: Partner,
    now: datetime,
    fields: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    receipt: str = "",
) -> Recorded:
    """Record an event of the programme (its key is `kind`) once per number. `fields` are as the programme declares
    them; `receipt` names the purchase whose waiting points the event frees (none: all that wait for it). What lapsed
    before the event was recorded stays lapsed, also if it had happened in time.

    Raises UnknownEvent, InvalidEvent, UnknownPurchase, MembershipClosed, DuplicateReceipt, NoRevision; nothing is
    changed then.
    """
    moment = occurred_at or now
    recorder = Recorder(membership.programme, now)
    core = recorder.ruleset_at(moment).ruleset.core
    event = core.event(kind)
    if event is None:
        raise UnknownEvent
    payload = checked_payload(event, fields or {}, core.money_digits)
    basket = event_basket(event, payload, moment, partner.code)
    digest = keeping.digest_of("event", kind, membership.number, moment.isoformat(), payload, receipt)
    said = Said(membership.programme, partner.pk, DocumentKind.EVENT, number, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Recorded:
        [sheet] = sheets
        if sheet.status not in (MembershipStatus.ACTIVE, MembershipStatus.LEAVING):
            raise MembershipClosed
        purchase = _purchase(membership, partner, receipt)
        recorder.settle(sheet)
        # What the event itself earns is none of what waited for it.
        free_waiting(recorder, sheet, basket.trigger, moment, purchase)
        recorded = recorder.event(sheet, basket, number, partner.pk, digest)
        recorder.settle(sheet)
        return recorded

    return post_once(said, now, [membership], do, _again)


def checked_payload(event: EventType, fields: Mapping[str, Any], money_digits: int) -> dict[str, Any]:
    """The fields of an event as they are kept. Raises InvalidEvent with every fault."""
    reader = Reader(fields)
    payload = read_payload(event, reader, money_digits)
    reader.finish()
    if reader.faults:
        raise InvalidEvent(errors=[error_of(fault) for fault in reader.faults])
    return payload


def event_basket(event: EventType, payload: Mapping[str, Any], occurred_at: datetime, partner: str) -> Basket:
    """An event as rules see it: a receipt of one line with the event's amount and quantity."""
    line = Line(event.key, payload.get(event.quantity, 0), payload.get(event.amount, 0))
    trigger = trigger_key(Trigger.EVENT, event.key)
    return Basket(occurred_at, (line,), partner=partner, trigger=trigger, payload=payload)


def _purchase(membership: Membership, partner: Partner, receipt: str) -> int | None:
    if not receipt:
        return None
    found = Purchase.objects.filter(membership=membership, partner=partner, number=receipt).only("pk").first()
    if found is None:
        raise UnknownPurchase
    return found.pk


def _again(key: DocumentKey) -> Recorded:
    event = Event.objects.only("trace").get(pk=key.document_id)
    return Recorded(key.document_id, key.member_id, awarded_in(event.trace), repeated=True)
