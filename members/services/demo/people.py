"""The members of the demo company: invented names in three languages, with cards."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from django.db import transaction

from members.models import Membership, Person
from members.services.enrolment import enrol_many
from programs.models import Programme

FIRST_CARD = 4_600_000

_NAMES = {
    "et": (
        "Maarja Kadri Liis Triin Piret Anu Kersti Mart Jaan Priit Tõnu Rein Siim Andres Kaarel Veiko".split(),
        "Kaskmäe Lehtsaar Põldoja Rannaku Tammeste Uibopuu Saarepera Järvekülg Kivisilla Metsaveer".split(),
    ),
    "ru": (
        "Анна Ольга Ирина Светлана Мария Юлия Вера Иван Сергей Павел Дмитрий Олег Никита Виктор Юрий".split(),
        "Береженко Заречных Луговец Мостовик Речкало Соловейко Тропинюк Черемух Яснобор Кленовых".split(),
    ),
    "en": (
        "Grace Emily Alice Ruth Nora Jane Clara Tom Henry Oliver Jack Simon Peter Adam Lucas Brian".split(),
        "Applegarth Brookmere Dunnfield Fairwick Harrowby Larkham Millbrae Northgate Penrowe Wexmoor".split(),
    ),
}
_CITIES = ("Tallinn", "Tallinn", "Tallinn", "Tartu", "Tartu", "Pärnu", "Narva")


class Customer(NamedTuple):
    """One invented customer; `habit` is how eagerly they shop, in purchases a year."""

    card: str
    first_name: str
    last_name: str
    language: str
    city: str
    birth_date: date
    joined: date
    habit: int


def invent(count: int, start: date, seed: int) -> list[Customer]:
    """The customers of a year beginning with `start`; the same for the same arguments."""
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    customers = []
    for number in range(count):
        language = rng.choices(("et", "ru", "en"), (55, 30, 15))[0]
        first_names, last_names = _NAMES[language]
        # Two thirds were members from the first day, the others joined in the course of the first ten months.
        joined = start if rng.random() < 0.67 else start + timedelta(days=rng.randrange(300))
        customers.append(
            Customer(
                card=str(FIRST_CARD + number),
                first_name=rng.choice(first_names),
                last_name=rng.choice(last_names),
                language=language,
                city=rng.choice(_CITIES),
                birth_date=date(1945, 1, 1) + timedelta(days=rng.randrange(60 * 365)),
                joined=joined,
                habit=max(2, min(90, round(rng.lognormvariate(3.25, 0.6)))),
            )
        )
    return customers


@transaction.atomic
def enrol_customers(programme: Programme, customers: list[Customer], now: datetime) -> int:
    """Make those customers members who are not yet; returns how many joined."""
    known = set(Membership.objects.filter(programme=programme).values_list("number", flat=True))
    fresh = {customer.card: customer for customer in customers if customer.card not in known}
    if not fresh:
        return 0
    memberships = enrol_many(
        programme=programme,
        numbers=list(fresh),
        now=now,
        joined_at={card: datetime.combine(customer.joined, time(5), UTC) for card, customer in fresh.items()},
        channel="store",
        attributes={card: {"city": customer.city} for card, customer in fresh.items()},
    )
    people = {
        person.member_id: person
        for person in Person.objects.filter(member__in=[each.member_id for each in memberships.values()])
    }
    for card, membership in memberships.items():
        person, customer = people[membership.member_id], fresh[card]
        person.first_name, person.last_name = customer.first_name, customer.last_name
        person.birth_date, person.language = customer.birth_date, customer.language
    Person.objects.bulk_update(
        people.values(), ["first_name", "last_name", "birth_date", "language"], batch_size=500
    )
    return len(fresh)
