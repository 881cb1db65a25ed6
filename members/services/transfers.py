"""Points that one member gives to another, and points that become points of another type."""

from __future__ import annotations

from datetime import datetime

from loyalty.core.exact import end_of_day, split
from loyalty.core.models import User
from members.choices import DocumentKind
from members.engine.books import Book, Cause, Draw, NotEnough, Terms
from members.models import DocumentKey, Membership, Transfer
from members.selectors.accounts import converted_amount
from members.services import extending, keeping
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.problems import InsufficientPoints, NotConvertible, NotTransferable, UnknownPointType
from members.services.recording import Recorder
from programs.engine.point_types import MOST_DECIMALS, PointType
from programs.engine.policies import TransferredExpiry
from programs.engine.ruleset import Ruleset
from programs.engine.terms import Activity
from programs.models import Partner
from programs.selectors.rulesets import Activated


def transfer(
    *,
    giver: Membership,
    receiver: Membership,
    points: int,
    partner: Partner,
    reference: str,
    now: datetime,
    point_type: str | None = None,
    reason: str = "",
    actor: User | None = None,
) -> int:
    """Give points (smallest unit) to another member of the programme, once per reference. Returns what was given.

    The receiver's lots keep issuer, revision and time of earning, and by policy their end. Raises InsufficientPoints,
    NotTransferable (also to oneself), DuplicateReceipt.
    """
    if points <= 0:
        raise ValueError("points must be positive")
    if giver.programme_id != receiver.programme_id or giver.pk == receiver.pk:
        raise NotTransferable
    digest = keeping.digest_of("transfer", giver.number, receiver.number, point_type, points)
    said = Said(giver.programme, partner.pk, DocumentKind.TRANSFER, reference, digest, giver.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> int:
        source, target = sheets
        for sheet in sheets:
            recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        item = _point_type(stretch.ruleset, point_type)
        if not item.transferable:
            raise NotTransferable
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, partner.pk, reference=reference,
            reason=reason, actor=actor.pk if actor else None,
        )  # fmt: skip
        out, into = recorder.book(source, item.key), recorder.book(target, item.key)
        _move(recorder, out, into, points, stretch, item, cause)
        for sheet, book in ((source, out), (target, into)):
            sheet.touched = True
            extending.active(recorder, sheet, book, Activity.TRANSFER, now, stretch.ruleset)
        row = Transfer.objects.create(
            giver=giver, receiver=receiver, point_type_id=out.point_type, amount=points, number=reference,
            reason=reason, actor=actor, operation=cause.operation, occurred_at=now, recorded_at=now,
        )  # fmt: skip
        keeping.keep_key(
            recorder.rows, giver.programme, source, "transfer", reference, digest, row.pk, partner.pk
        )
        for sheet in sheets:
            recorder.settle(sheet)
        return points

    def again(key: DocumentKey) -> int:
        return Transfer.objects.get(pk=key.document_id).amount

    return post_once(said, now, [giver, receiver], do, again)


def _move(
    recorder: Recorder, out: Book, into: Book, points: int, stretch: Activated, item: PointType, cause: Cause
) -> None:
    ledger = recorder.ledger(stretch.ruleset)
    try:
        draws = ledger.transfer_out(out, points, cause)
    except NotEnough as refusal:
        raise InsufficientPoints(possible=refusal.possible) from None
    anew = stretch.ruleset.policies.transferred_expiry is TransferredExpiry.NEW
    for draw in draws:
        lot = out.lots[draw.lot]
        if anew:
            terms = recorder.promise(stretch, item.key).usable(cause.occurred_at)
        else:
            terms = _kept(out, draw, stretch.ruleset)
        ledger.transfer_in(into, draw.amount, lot, cause, terms)


def _kept(book: Book, draw: Draw, ruleset: Ruleset) -> Terms:
    """The terms of a lot as they are for its owner: with the end that activity has moved."""
    lot = book.lots[draw.lot]
    last = book.last_day_of(lot) or lot.terms.expires_on
    terms = lot.terms._replace(expires_on=last)
    return terms if last is None else terms._replace(expires_at=end_of_day(last, ruleset.zone))


def convert(
    *,
    membership: Membership,
    points: int,
    to: str,
    partner: Partner,
    reference: str,
    now: datetime,
    point_type: str | None = None,
) -> int:
    """Turn points into points of the type `to` at the programme's rate, once per reference. Returns what came of them
    (smallest unit of the other type).

    Raises InsufficientPoints, NotConvertible (no such conversion, or not a whole multiple of it), DuplicateReceipt.
    """
    if points <= 0:
        raise ValueError("points must be positive")
    digest = keeping.digest_of("convert", membership.number, point_type, points, to)
    said = Said(
        membership.programme, partner.pk, DocumentKind.CONVERSION, reference, digest, membership.member_id
    )

    def do(recorder: Recorder, sheets: list[Sheet]) -> int:
        [sheet] = sheets
        recorder.settle(sheet)
        stretch = recorder.ruleset_at(now)
        item, target = _point_type(stretch.ruleset, point_type), _point_type(stretch.ruleset, to)
        given = _given(item, target, points)
        cause = Cause(
            next(recorder.operations), now, now, stretch.revision_id, partner.pk, reference=reference
        )
        out, into = recorder.book(sheet, item.key), recorder.book(sheet, to)
        ledger = recorder.ledger(stretch.ruleset)
        try:
            draws = ledger.convert_out(out, points, cause)
        except NotEnough as refusal:
            raise InsufficientPoints(possible=refusal.possible) from None
        drawn = out.postings[-1]
        issuers: dict[int, int] = {}
        for draw in draws:
            issuer = out.lots[draw.lot].issuer
            issuers[issuer] = issuers.get(issuer, 0) + draw.amount
        terms = recorder.promise(stretch, to).usable(now)
        # Who funded the points funds what comes of them, each a share by largest remainder.
        for issuer, part in zip(issuers, split(given, list(issuers.values())), strict=True):
            if part:
                ledger.convert_in(into, part, issuer, cause, terms)
        sheet.touched = True
        keeping.keep_key(
            recorder.rows, membership.programme, sheet, "conversion", reference, digest, drawn.id, partner.pk
        )
        recorder.settle(sheet)
        return given

    return post_once(said, now, [membership], do, lambda key: converted_amount(key.document_id))


def _point_type(ruleset: Ruleset, key: str | None) -> PointType:
    item = ruleset.core.main if key is None else ruleset.core.point_type(key)
    if item is None:
        raise UnknownPointType(key or "")
    return item


def _given(item: PointType, target: PointType, points: int) -> int:
    conversion = item.conversion(target.key)
    if conversion is None:
        raise NotConvertible
    if points % conversion.take or points < conversion.smallest:
        raise NotConvertible(step=conversion.take, smallest=conversion.smallest)
    unit: int = 10 ** (MOST_DECIMALS - target.decimals)
    return points // conversion.take * conversion.give // unit
