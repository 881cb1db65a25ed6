"""The small world of one scenario while it runs: its programme, members, partners and receipts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import NotFound
from members.models import Membership, Purchase
from members.selectors.scenarios import Posted, last_posting, posted_since
from members.services import enrolment
from members.services.scenarios.naming import MAIN_PARTNER
from programs.engine.document import Core, read_core
from programs.engine.drafts import Evaluation
from programs.models import Partner, Programme, Store
from programs.services.partners import ensure_partner
from programs.services.programmes import load_core

Named = dict[str, tuple[str, int]]  # by the name in the file: the member and the number
Remembered = tuple[dict[str, int], dict[str, int], Named, Named, Mapping[str, Any], Core]


class PurchaseNotRecorded(NotFound):
    """A step is about a purchase that was refused before."""

    code = "purchase_not_recorded"
    title = _("This purchase was refused before.")


class HoldNotRecorded(NotFound):
    """A step is about a hold that was refused before."""

    code = "hold_not_recorded"
    title = _("This hold was refused before.")


class TierNotGiven(NotFound):
    """A step is about a tier that was refused before."""

    code = "tier_not_given"
    title = _("This tier was refused before.")


@dataclass(frozen=True, slots=True)
class Result:
    """What a step did, in the smallest units by point type. `evaluation` only where rules were asked; `activated`,
    `expired` and `forfeited` also by what fell due before it. `paid` is money that points stood for, `possible` what a
    refusal says would be possible."""

    awarded: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    released: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)
    converted: Mapping[str, int] = field(default_factory=dict)
    opened: Mapping[str, int] = field(default_factory=dict)
    restored: Mapping[str, int] = field(default_factory=dict)
    shortage: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    activated: Mapping[str, int] = field(default_factory=dict)
    expired: Mapping[str, int] = field(default_factory=dict)
    forfeited: Mapping[str, int] = field(default_factory=dict)
    paid: int | None = None
    possible: int | None = None
    evaluation: Evaluation | None = None
    refused: str = ""


class World:
    """One programme under a code that nobody else has, in a transaction that is rolled back."""

    def __init__(self, document: Mapping[str, Any], starts_at: datetime) -> None:
        self.document = document
        self.now = starts_at
        self.key = _free_key(read_core(document).key)
        self.memberships: dict[str, int] = {}
        self.purchases: dict[str, int] = {}
        self.holds: Named = {}
        self.grants: Named = {}
        self._numbers = 0
        self._first_posting = 0
        self.core: Core
        self.programme: Programme
        self.publish(document, starts_at)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.core.zone)

    def publish(self, document: Mapping[str, Any], now: datetime) -> None:
        """Take a document and put it in force now."""
        core = replace(read_core(document), key=self.key)
        self.programme = load_core(core, now=now, publish=True, effective_from=now).programme
        self.document, self.core = document, core

    def membership(
        self,
        ref: str,
        now: datetime,
        attributes: Mapping[str, str] | None = None,
        birth_date: date | None = None,
    ) -> Membership:
        """A member by the name in the file; who was not there yet joins now."""
        known = self.memberships.get(ref)
        if known is not None:
            return Membership.objects.get(pk=known)
        fresh = enrolment.enrol(
            programme=self.programme,
            number=self.number(ref),
            now=now,
            joined_at=now,
            attributes=attributes,
            birth_date=birth_date,
        )
        self.memberships[ref] = fresh.pk
        return fresh

    def number(self, ref: str) -> str:
        """The card of a member; no card of the company has such a number."""
        return f"{self.key}/{ref}"

    def refer(self, referrer: Membership, friend: str, now: datetime) -> None:
        """A friend joins whom a member brought."""
        fresh = enrolment.enrol(
            programme=self.programme, number=self.number(friend), now=now, joined_at=now, referrer=referrer
        )
        self.memberships[friend] = fresh.pk

    def remember(self) -> Remembered:
        """What to go back to when a step that begins now is refused."""
        self._first_posting = last_posting() + 1
        named = dict(self.holds), dict(self.grants)
        return dict(self.memberships), dict(self.purchases), *named, self.document, self.core

    def go_back(self, remembered: Remembered) -> None:
        self.memberships, self.purchases, self.holds, self.grants, self.document, self.core = remembered

    def posted(self) -> Posted:
        """What has been posted since the step began, by itself or not."""
        return posted_since(self._first_posting, list(self.memberships.values()))

    def partner(self, code: str) -> Partner:
        """A partner by code, made when there is none; `main` runs the programme."""
        if code == MAIN_PARTNER:
            return Partner.objects.get(is_operator=True)
        return ensure_partner(code)

    def store(self, partner: Partner, code: str) -> Store | None:
        if not code:
            return None
        return Store.objects.get_or_create(partner=partner, code=code, defaults={"name": {"*": code}})[0]

    def purchase(self, ref: str) -> Purchase:
        """A purchase by its receipt number. Raises PurchaseNotRecorded."""
        if ref not in self.purchases:
            raise PurchaseNotRecorded
        return Purchase.objects.get(pk=self.purchases[ref])

    def hold(self, ref: str) -> tuple[str, int]:
        """The member and number of a hold by its name. Raises HoldNotRecorded."""
        if ref not in self.holds:
            raise HoldNotRecorded
        return self.holds[ref]

    def grant(self, ref: str) -> tuple[str, int]:
        """The member and number of a tier given by hand, by its name. Raises TierNotGiven."""
        if ref not in self.grants:
            raise TierNotGiven
        return self.grants[ref]

    def next_number(self, kind: str) -> str:
        """A number for a document that has none in the file."""
        self._numbers += 1
        return f"{kind}-{self._numbers}"


def _free_key(key: str) -> str:
    """The code of the document, or one like it when a programme of this company has it already."""
    free, number = key, 1
    while Programme.objects.filter(key=free).exists():
        number += 1
        free = f"{key[:40]}-{number}"
    return free
