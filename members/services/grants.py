"""Tiers given by hand: at least a tier, exactly a tier, or a lift; until a day, and ended before it if need be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from loyalty.core.exact import add_months, local_day
from loyalty.core.models import User
from members.choices import DocumentKind, GrantMode, MembershipStatus
from members.engine.tiers import Grant, Mode
from members.models import DocumentKey, Membership, TierGrant
from members.services import keeping, tiering
from members.services.ledger import Sheet
from members.services.once import Said, post_once
from members.services.problems import (
    EndOutOfRange,
    GrantOver,
    MembershipClosed,
    ReasonNeeded,
    UnknownGrant,
    UnknownLadder,
    UnknownTier,
)
from members.services.recording import Recorder
from programs.engine.document import Core
from programs.engine.ladders import Ladder
from programs.models import Partner

LONGEST_MONTHS = 1200
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Given:
    """A tier that was given: its number, for ending it early."""

    grant_id: int
    repeated: bool = False


def give_tier(
    *,
    membership: Membership,
    tier: str,
    mode: GrantMode,
    reason: str,
    partner: Partner,
    reference: str,
    now: datetime,
    ladder: str | None = None,
    until: date | None = None,
    actor: User | None = None,
) -> Given:
    """Give a tier of a ladder (none: the main one) from now until the end of a day (none: until it is ended; a lift
    then lasts as if it had been reached today), once per reference.

    Raises UnknownLadder, UnknownTier, EndOutOfRange, ReasonNeeded, MembershipClosed, DuplicateReceipt, NoRevision.
    """
    reason = reason.strip()
    digest = keeping.digest_of(
        "tier", membership.number, ladder, tier, mode.value, until and until.isoformat(), reason
    )
    said = Said(membership.programme, partner.pk, DocumentKind.TIER, reference, digest, membership.member_id)

    def do(recorder: Recorder, sheets: list[Sheet]) -> Given:
        [sheet] = sheets
        if sheet.status not in (MembershipStatus.ACTIVE, MembershipStatus.LEAVING):
            raise MembershipClosed
        stretch = recorder.ruleset_at(now)
        chosen = _ladder(stretch.ruleset.core, ladder)
        if chosen.position(tier) < 0:
            raise UnknownTier(options=[each.key for each in chosen.tiers])
        _check_end(until, local_day(now, recorder.zone))
        _check_reason(reason)
        recorder.settle(sheet)
        standing = sheet.standings.get(chosen.key)
        if standing is None:  # who joins later is on no ladder yet
            raise MembershipClosed
        row = TierGrant.objects.create(
            member_id=sheet.member,
            membership=membership,
            ladder=chosen.key,
            tier=tier,
            mode=mode,
            starts_at=now,
            until=until,
            reason=reason,
            actor=actor,
            recorded_at=now,
            revision_id=stretch.revision_id,
        )
        tiering.give(recorder, sheet, standing, Grant(str(row.pk), Mode(mode.value), tier, until))
        keeping.keep_key(
            recorder.rows, membership.programme, sheet, said.kind.value, reference, digest, row.pk, partner.pk
        )
        recorder.settle(sheet)
        return Given(row.pk)

    return post_once(said, now, [membership], do, _again)


def end_tier(
    *,
    membership: Membership,
    grant_id: int,
    reason: str,
    partner: Partner,
    reference: str,
    now: datetime,
    actor: User | None = None,
) -> Given:
    """End a tier that was given before its time, once per reference; the member has what was earned, or given
    otherwise. Raises UnknownGrant, GrantOver, ReasonNeeded, DuplicateReceipt."""
    reason = reason.strip()
    digest = keeping.digest_of("tier_end", membership.number, grant_id, reason)
    said = Said(
        membership.programme, partner.pk, DocumentKind.TIER_END, reference, digest, membership.member_id
    )

    def do(recorder: Recorder, sheets: list[Sheet]) -> Given:
        [sheet] = sheets
        row = TierGrant.objects.filter(pk=grant_id, membership=membership).first()
        if row is None:
            raise UnknownGrant
        _check_reason(reason)
        recorder.settle(sheet)
        standing = sheet.standings.get(row.ladder)
        if standing is None or not standing.ladder.state.has_grant(str(row.pk)):
            raise GrantOver
        tiering.take_back(recorder, sheet, standing, str(row.pk))
        TierGrant.objects.filter(pk=row.pk).update(revoked_at=now, revoked_by=actor, revoked_because=reason)
        keeping.keep_key(
            recorder.rows, membership.programme, sheet, said.kind.value, reference, digest, row.pk, partner.pk
        )
        recorder.settle(sheet)
        return Given(row.pk)

    return post_once(said, now, [membership], do, _again)


def _again(key: DocumentKey) -> Given:
    return Given(key.document_id, repeated=True)


def _ladder(core: Core, key: str | None) -> Ladder:
    found = core.ladder(key) if key else next(iter(core.ladders), None)
    if found is None:
        raise UnknownLadder(options=[each.key for each in core.ladders])
    return found


def _check_end(until: date | None, today: date) -> None:
    latest = add_months(today, LONGEST_MONTHS)
    if until is not None and not today <= until <= latest:
        raise EndOutOfRange(earliest=today.isoformat(), latest=latest.isoformat())


def _check_reason(reason: str) -> None:
    if not reason or len(reason) > LONGEST_REASON:
        raise ReasonNeeded
