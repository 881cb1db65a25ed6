"""The day on which a member was born, told later than on joining, or corrected."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from loyalty.core.exact import local_day
from members.models import Member, Membership, Person
from members.services import calendar
from members.services.ledger import Sheet
from members.services.problems import BirthDateAhead
from members.services.recording import Recorder


@transaction.atomic
def set_birth_date(*, member: Member, birth_date: date | None, now: datetime) -> None:
    """Set, correct or take out the birth date. What was due by the old one has come; a birthday of this day, or of so
    many days before as the rules allow, comes now, unless the member had one of that year.

    Raises BirthDateAhead; nothing is changed then.
    """
    memberships = list(
        Membership.objects.select_related("programme")
        .filter(member=member)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    today = max([local_day(now, ZoneInfo(each.programme.zone)) for each in memberships], default=now.date())
    if birth_date is not None and birth_date > today:
        raise BirthDateAhead
    opened: list[tuple[Recorder, Sheet]] = []
    for membership in memberships:
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        sheet = recorder.sheets[membership.pk]
        recorder.settle(sheet)
        opened.append((recorder, sheet))
    Person.objects.update_or_create(member=member, defaults={"birth_date": birth_date})
    for recorder, sheet in opened:
        if birth_date != sheet.birth_date:
            # The days up to now are looked at: none of them comes again by the new date.
            sheet.birth_date, sheet.touched = birth_date, True
            calendar.become_known(recorder, sheet, now)
            recorder.settle(sheet)
        recorder.flush()
