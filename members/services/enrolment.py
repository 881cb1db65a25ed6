"""Joining a programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from members.choices import IdentifierKind, MembershipStatus
from members.models import Identifier, Member, Membership, Person
from members.services import referrals
from members.services.recording import Recorder
from programs.models import Programme


def enrol(
    *,
    programme: Programme,
    number: str,
    now: datetime,
    joined_at: datetime | None = None,
    channel: str = "",
    attributes: Mapping[str, str] | None = None,
    birth_date: date | None = None,
    referrer: Membership | None = None,
) -> Membership:
    """Make the holder of a card number a member of the programme; a known holder joins with the member they have.
    Enrolling twice gives the membership that is there. `referrer` brought the new member.

    Raises SelfReferral, AlreadyMember, and of the referrer UnknownMember and MembershipClosed; nothing is changed then.
    """

    def join() -> Membership:
        with transaction.atomic():
            if referrer is not None:
                referrals.check_referrer(programme, number, referrer)
            membership = enrol_many(
                programme=programme,
                numbers=[number],
                now=now,
                joined_at={number: joined_at or now},
                channel=channel,
                attributes={number: attributes or {}},
                birth_dates={number: birth_date},
            )[number]
            if referrer is not None:
                referrals.remember(membership, referrer)
            welcome(programme, [membership], now)
            return membership

    try:
        return join()
    except IntegrityError:
        return join()  # somebody was faster with the same number: its holder is known now


def welcome(programme: Programme, memberships: Sequence[Membership], now: datetime) -> None:
    """Do what joining brings: the first tier of each ladder, and what the rules of the programme give. Whoever records
    something for a new member does it, too."""
    # As of joining: receipts of members who joined long ago may still come.
    recorder = Recorder(programme, now, in_order=True)
    if not recorder.calendar and not recorder.ladders:
        return
    recorder.open([membership.pk for membership in memberships])
    for sheet in recorder.sheets.values():
        recorder.settle(sheet)
    recorder.flush()


@transaction.atomic
def enrol_many(
    *,
    programme: Programme,
    numbers: Sequence[str],
    now: datetime,
    joined_at: Mapping[str, datetime],
    channel: str = "",
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    birth_dates: Mapping[str, date | None] | None = None,
) -> dict[str, Membership]:
    """Enrol many card numbers at once; returns the membership of each."""
    known = {
        identifier.value: identifier.member_id
        for identifier in Identifier.objects.filter(value__in=numbers, is_active=True).order_by("id")
    }
    strangers = [number for number in numbers if number not in known]
    members = Member.objects.bulk_create([Member() for _ in strangers])
    Person.objects.bulk_create(
        [
            Person(
                member=member,
                attributes=dict((attributes or {}).get(number, {})),
                birth_date=(birth_dates or {}).get(number),
            )
            for member, number in zip(members, strangers, strict=True)
        ]
    )
    Identifier.objects.bulk_create(
        [
            Identifier(member=member, kind=IdentifierKind.CARD, value=number)
            for member, number in zip(members, strangers, strict=True)
        ]
    )
    known |= {number: member.pk for member, number in zip(members, strangers, strict=True)}
    Membership.objects.bulk_create(
        [
            Membership(
                member_id=known[number],
                programme=programme,
                number=number,
                status=MembershipStatus.ACTIVE,
                joined_at=joined_at.get(number, now),
                channel=channel,
            )
            for number in numbers
        ],
        ignore_conflicts=True,
    )
    by_member = {
        membership.member_id: membership
        for membership in Membership.objects.filter(programme=programme, member_id__in=known.values())
    }
    return {number: by_member[known[number]] for number in numbers}
