"""Making the demo company, step by step; a run that was broken off is continued by the next one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core import jobs
from loyalty.core.models import Approval, User
from loyalty.core.problems import Conflict
from members.models import Membership
from members.services import verification
from members.services.adjusting import give_or_ask
from members.services.adjustments import adjust
from members.services.advancing import advance
from members.services.demo import desk, history, people, receipts
from members.services.demo.assortment import SHOPS
from members.services.demo.staff import CALL_CENTRE, MARKETING, add_staff, staff_exists
from members.services.imports.batches import Options
from members.services.imports.purchases import import_purchases
from programs.models import Partner, Programme, Store
from programs.services.partners import OPERATOR_CODE, ensure_partner
from programs.services.programmes import load

PROGRAMME_FILE = Path(__file__).with_name("programme.yaml")
PROGRAMME_KEY = "marta-club"
ZONE = ZoneInfo("Europe/Tallinn")
COMPANY_NAME = {"en": "Marta", "ru": "Марта", "et": "Marta"}
SEED = 2018
MEMBERS = 1_500
ADJUSTMENTS = (
    (100, "Apology for a spoiled cake"),
    (50, "Card did not work at the till"),
    (250, "Won the spring drawing competition"),
    (75, "Points of a receipt that the till lost"),
    (30, "Thanks for a good idea"),
)

Teller = Callable[[str], None]


class OtherCompany(Conflict):
    code = "other_company"
    title = _("This database has programmes of its own already; the demo company needs an empty one.")


@dataclass(slots=True)
class Summary:
    """What was made, and in how many seconds each step."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def prepare(*, now: datetime, members: int = MEMBERS, tell: Teller = lambda _text: None) -> Summary | None:
    """Make the demo company with a year of history up to the day before `now`; None when it is there already.

    The same day and number of members give the same history. Raises OtherCompany in a database in use,
    except on a developer's machine.
    """
    if staff_exists():
        return None
    # Its passwords are known to everybody: they must not open what a real company keeps.
    if not settings.DEBUG and Programme.objects.exclude(key=PROGRAMME_KEY).exists():
        raise OtherCompany
    return _Company(now, members, tell).make()


class _Company:
    def __init__(self, now: datetime, members: int, tell: Teller) -> None:
        self.now, self.members, self.tell = now, members, tell
        self.few = max(2, members // 100)
        self.summary = Summary()

    def make(self) -> Summary:
        self._step("programme", self._programme)
        self._step("products", self._products)
        self._step("worked examples", self._examples)
        self._step("members", self._people)
        self._step("opening balances", self._openings)
        self._step("receipts", self._receipts)
        self._step("redemptions", self._redemptions)
        self._step("returns", self._returns)
        self._step("memberships with something due", self._due)
        self._step("transfers", self._transfers)
        self._step("holds", self._holds)
        self._step("adjustments", self._staff)
        return self.summary

    def _step(self, name: str, run: Callable[[], int]) -> None:
        started = time.monotonic()
        count = run()
        seconds = time.monotonic() - started
        self.summary.counts[name], self.summary.seconds[name] = count, seconds
        self.tell(f"{count:>8,} {name} ({seconds:.1f} s)")

    def _programme(self) -> int:
        self.partner = _partner()
        self.programme = Programme.objects.filter(key=PROGRAMME_KEY).first() or self._loaded()
        # A run of another day continues the year that was begun.
        in_force = self.programme.activations.order_by("effective_from").values_list(
            "effective_from", flat=True
        )
        self.start: date = in_force[0].astimezone(ZONE).date()
        return 1

    def _loaded(self) -> Programme:
        start = self.now.astimezone(ZONE).date() - timedelta(days=receipts.DAYS)
        return load(
            PROGRAMME_FILE.read_text(encoding="utf-8"),
            now=self.now,
            file_name=PROGRAMME_FILE.name,
            publish=True,
            effective_from=datetime(start.year, start.month, start.day, tzinfo=ZONE),
        ).programme

    def _products(self) -> int:
        return desk.list_products(self.partner)

    def _examples(self) -> int:
        desk.write_brief(self.programme)
        return desk.work_examples(self.programme, self.now)

    def _people(self) -> int:
        self.customers = people.invent(self.members, self.start, SEED)
        return people.enrol_customers(self.programme, self.customers, self.now)

    def _openings(self) -> int:
        return history.open_some(self.programme, max(2, self.members // 50), SEED + 3)

    def _receipts(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"receipts-{self.start:%Y-%m-%d}.csv"
            receipts.write_receipts(path, self.customers, self.start, SEED)
            batch = import_purchases(
                path=path, programme=self.programme, partner=self.partner, options=Options(enrol=True)
            )
        return int(batch.counts["posted"])

    def _redemptions(self) -> int:
        return history.redeem_some(self.programme, self.partner, self.members // 8, self.now, SEED)

    def _returns(self) -> int:
        return history.return_some(self.programme, self.members // 15, self.now, SEED + 1)

    def _due(self) -> int:
        """Points expire, tiers end and birthdays come for those, too, who bought nothing since."""
        return advance(self.programme, self.now)

    def _transfers(self) -> int:
        return history.transfer_some(self.programme, self.partner, self.few, self.now, SEED + 4)

    def _holds(self) -> int:
        return history.hold_some(self.programme, self.partner, self.few, self.now, SEED + 5)

    @transaction.atomic
    def _staff(self) -> int:
        """Adjustments have no number that would tell a repetition, so they come and go with the staff."""
        staff = add_staff()
        caller = staff[CALL_CENTRE]
        rng = Random(SEED + 2)  # noqa: S311 (nothing here is a secret)
        lucky = history.adjustable(self.programme, 3 * len(ADJUSTMENTS), SEED + 2)
        for membership in lucky:
            points, reason = rng.choice(ADJUSTMENTS)
            adjust(membership=membership, points=points, reason=reason, now=self.now, actor=caller)
        history.give_some(self.programme, self.partner, self.few, self.now, SEED + 6, staff[MARKETING])
        if not Approval.objects.waiting().exists():
            self._ask(lucky[0], caller)
        # A worker does it: on tables that were filled a moment ago it can take longer than all the rest.
        jobs.enqueue(verification.KIND)
        return len(lucky)

    def _ask(self, membership: Membership, caller: User) -> None:
        """More points than one person may give: it waits for the approver."""
        point_type = self.programme.point_types.get(position=0)
        give_or_ask(
            membership=membership,
            point_type=point_type,
            points=4 * settings.ADJUSTMENT_LIMIT * 10**point_type.decimals,
            reason="The cake for the wedding came a day late",
            actor=User.objects.get(pk=caller.pk),
            now=self.now,
        )


@transaction.atomic
def _partner() -> Partner:
    """The chain itself with its shops; it runs the programme."""
    partner = Partner.objects.filter(is_operator=True).first()
    if partner is None:
        partner = ensure_partner(OPERATOR_CODE, is_operator=True)
        partner.name = COMPANY_NAME
        partner.save(update_fields=["name"])
    for shop in SHOPS:
        Store.objects.get_or_create(partner=partner, code=shop.code, defaults={"name": shop.name})
    return partner
