"""A membership's points as staff read them: what there is, where it came from, what moved it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from loyalty.core.models import ImportBatch
from loyalty.core.translated import format_quantity
from members.choices import LotState, Side
from members.engine.books import FOREVER
from members.models import Event, Member, Membership, Purchase, Return, Transfer
from members.models.ledger import Account, Hold, Lot, LotTerms, Posting
from programs.models import PointType

__all__ = [
    "Outstanding",
    "accounts_with_types",
    "approximate_count",
    "balance_in_words",
    "causes_of",
    "change_of",
    "last_day_of",
    "last_events",
    "last_holds",
    "last_import",
    "last_postings",
    "last_purchases",
    "last_transfers",
    "later_ends",
    "members",
    "open_lots",
    "outstanding",
    "postings_of",
    "purchases_since",
]

COUNTED_BY_THE_PLANNER = 20_000


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What members hold of a point type, in its smallest unit: everything they have less what they owe."""

    point_type: PointType
    points: int
    debt: int


def accounts_with_types() -> QuerySet[Account]:
    """Accounts with their point types, the main one first: to be fetched together with memberships."""
    return Account.objects.select_related("point_type").order_by("point_type__position", "point_type_id")


def balance_in_words(accounts: Sequence[Account]) -> str:
    """What the member sees: "1,240", with the name of the points where there are several kinds."""
    if len(accounts) == 1:
        return _balance(accounts[0])
    return ", ".join(f"{account.point_type}: {_balance(account)}" for account in accounts)


def _balance(account: Account) -> str:
    return format_quantity(account.available - account.debt, account.point_type.decimals)


def causes_of(rows: QuerySet[Any], posting: str = "") -> QuerySet[Any]:
    """Rows with what caused them: the purchase, return or event of their posting (`posting`: the way to it)."""
    way = f"{posting}__" if posting else ""
    light = rows.select_related(f"{way}purchase", f"{way}returned", f"{way}event__revision", f"{way}payment")
    heavy = {
        "purchase": ("lines", "facts", "tenders", "trace"),
        "returned": ("lines", "trace"),
        "event": ("payload", "facts", "trace", "revision__canonical"),
    }
    return light.defer(*(f"{way}{document}__{name}" for document, names in heavy.items() for name in names))


def open_lots(accounts: Sequence[Account], most: int) -> list[Lot]:
    """Points that are not used up, the soonest to expire first."""
    rows = Lot.objects.select_related("issuer", "account__point_type", "revision").defer(
        "revision__canonical"
    )
    rows = causes_of(rows, "posting").filter(account__in=accounts).exclude(state=LotState.CLOSED)
    return list(rows.order_by(F("expires_on").asc(nulls_last=True), "earned_at", "id")[:most])


def last_day_of(lot: Lot) -> date | None:
    """The last usable day of a lot, with the extension of its account; None for one without an end."""
    last, extended = lot.expires_on, lot.account.extended_to
    if last is None or not lot.extendable or extended is None:
        return last
    return None if extended == FOREVER else max(last, extended)


def later_ends(lot: Lot) -> list[LotTerms]:
    """The ends that a lot got after it was earned, in order."""
    return list(lot.later_terms.order_by("id"))


def last_postings(accounts: Sequence[Account], most: int) -> list[Posting]:
    """The latest movements over all accounts, the latest first."""
    found: list[Posting] = []
    for account in accounts:
        rows = causes_of(Posting.objects.select_related("point_type", "partner", "actor"))
        found.extend(rows.filter(account=account).order_by("-version")[:most])
    found.sort(key=lambda posting: (posting.recorded_at, posting.pk), reverse=True)
    return found[:most]


def postings_of(document: Purchase | Return | Event) -> list[Posting]:
    """What a purchase, return or event did to the points of its member, in order."""
    rows = causes_of(Posting.objects.select_related("point_type")).order_by("id")
    if isinstance(document, Purchase):
        return list(rows.filter(purchase=document))
    if isinstance(document, Event):
        return list(rows.filter(event=document))
    # There is no index by return: the account's postings of its operation are few.
    accounts = Account.objects.filter(membership_id=document.membership_id)
    return list(rows.filter(account__in=accounts, returned=document))


def change_of(posting: Posting) -> int:
    """What a posting did to the balance that the member sees (available less debt): signed points."""
    signs = {Side.AVAILABLE: 1, Side.DEBT: 1}
    return posting.amount * (signs.get(Side(posting.to_side), 0) - signs.get(Side(posting.from_side), 0))


def last_purchases(membership: Membership, most: int) -> list[Purchase]:
    """The latest purchases by time of purchase."""
    rows = Purchase.objects.select_related("store", "partner", "revision").filter(membership=membership)
    return list(rows.defer("lines", "facts", "revision__canonical").order_by("-occurred_at", "-id")[:most])


def last_holds(accounts: Sequence[Account], most: int) -> list[Hold]:
    """Points set aside, the latest first."""
    rows = Hold.objects.select_related("account__point_type", "posting").filter(account__in=accounts)
    return list(rows.order_by("-id")[:most])


def last_events(membership: Membership, most: int) -> list[Event]:
    """The latest events by the time at which they happened."""
    rows = Event.objects.select_related("revision", "partner").filter(membership=membership)
    return list(rows.defer("payload", "facts", "revision__canonical").order_by("-occurred_at", "-id")[:most])


def last_transfers(membership: Membership, most: int) -> list[Transfer]:
    """Points given to and received from other members, the latest first."""
    rows = Transfer.objects.select_related("giver", "receiver", "point_type", "actor")
    return list(rows.filter(Q(giver=membership) | Q(receiver=membership)).order_by("-id")[:most])


# --- figures of everybody ------------------------------------------------------------------------
def approximate_count(rows: QuerySet[Any]) -> int:
    """How many rows: as the planner expects, and exactly when it expects few."""
    [plan] = json.loads(rows.order_by().values("pk").explain(format="json"))
    expected = int(plan["Plan"]["Plan Rows"])
    return expected if expected > COUNTED_BY_THE_PLANNER else rows.count()


def purchases_since(now: datetime, days: int) -> int:
    """About how many purchases were made in the last days."""
    return approximate_count(Purchase.objects.filter(occurred_at__gt=now - timedelta(days=days)))


def members() -> int:
    """About how many members there are."""
    return approximate_count(Member.objects.all())


def outstanding() -> list[Outstanding]:
    """Points in members' hands by point type; types nobody has are left out."""
    sums = Account.objects.values("point_type").annotate(
        points=Sum(F("available") + F("pending") + F("held")), debt=Sum("debt")
    )
    by_type = {row["point_type"]: row for row in sums}
    types = (
        PointType.objects.filter(pk__in=by_type).select_related("programme").order_by("programme", "position")
    )
    return [
        Outstanding(kind, by_type[kind.pk]["points"] - by_type[kind.pk]["debt"], by_type[kind.pk]["debt"])
        for kind in types.order_by("programme", "position")
    ]


def last_import() -> ImportBatch | None:
    """The file taken in last."""
    return ImportBatch.objects.order_by("-id").first()
