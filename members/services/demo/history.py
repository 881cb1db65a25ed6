"""What customers of the demo company did besides buying: they spent points, brought goods back, gave points away."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction

from loyalty.core.models import User
from members.choices import GrantMode
from members.models import Membership, Purchase, Transfer
from members.selectors.demo import held, members_with, opened
from members.services.grants import give_tier
from members.services.holds import capture, hold
from members.services.openings import Opening, open_balance
from members.services.paying import Bill, pay
from members.services.returns import ReturnLine, record_return
from members.services.transfers import transfer
from programs.models import Partner, Programme

STEP = 50
SET_ASIDE = 50
# An order that is picked up on the same day, tomorrow, or at the end of the week.
PICKED_UP_AFTER = (timedelta(hours=2), timedelta(days=1), timedelta(days=5))
HIGHEST = 1_000
# Why marketing gave a tier: which, how, and for how many days (none: as long as such a tier lasts).
GIVEN = (
    ("silver", GrantMode.LIFT, None, "Silver in the club of the bakery that we took over"),
    ("gold", GrantMode.FLOOR, 180, "The jury of the summer fair"),
    ("silver", GrantMode.FLOOR, 90, "An order came three weeks late"),
)


def redeem_some(programme: Programme, partner: Partner, count: int, now: datetime, seed: int) -> int:
    """Let members pay half of a bill with points, `count` times; each spends what was earned by then. Doing it again
    adds nothing."""
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    purchases = _picked(programme, 4 * count, rng)
    done = 0
    spenders: set[int] = set()
    for purchase in purchases:
        if done == count:
            break
        if purchase.membership_id in spenders:
            continue
        moment = purchase.occurred_at + timedelta(minutes=1)
        points = int(_earned(purchase.membership_id, moment) * rng.choice((30, 50, 70, 95)) // 100)
        points = min(points // STEP * STEP, HIGHEST)
        if not points:
            continue
        spenders.add(purchase.membership_id)
        pay(
            membership=purchase.membership,
            # A point is a cent.
            bill=Bill(2 * points, points),
            partner=partner,
            reference=f"till-{purchase.number}",
            now=now,
            occurred_at=moment,
        )
        done += 1
    return done


def return_some(programme: Programme, count: int, now: datetime, seed: int) -> int:
    """Let goods come back, `count` times: a whole receipt, a line, or one piece of several."""
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    purchases = _picked(programme, count, rng)
    for purchase in purchases:
        moment = min(purchase.occurred_at + timedelta(days=rng.randrange(1, 15), minutes=7), now)
        record_return(
            purchase=purchase,
            number=f"back-{purchase.number}",
            now=now,
            occurred_at=moment,
            lines=_lines(purchase, rng),
        )
    return len(purchases)


def _picked(programme: Programme, count: int, rng: Random) -> list[Purchase]:
    """Purchases drawn by lot, in the order in which they happened; the same ones every time."""
    everything = list(
        Purchase.objects.filter(membership__programme=programme)
        .order_by("occurred_at", "number")
        .values_list("pk", flat=True)
    )
    chosen = rng.sample(everything, min(count, len(everything)))
    rank = {pk: place for place, pk in enumerate(chosen)}
    purchases = Purchase.objects.filter(pk__in=chosen).select_related("membership__programme")
    return sorted(purchases, key=lambda each: rank[each.pk])


def _earned(membership: int, until: datetime) -> int:
    """Points of the membership's purchases up to a moment."""
    traces = Purchase.objects.filter(membership_id=membership, occurred_at__lte=until)
    return sum(
        award["points"] for trace in traces.values_list("trace", flat=True) for award in trace["awards"]
    )


def _lines(purchase: Purchase, rng: Random) -> list[ReturnLine] | None:
    """What of the purchase comes back; None: everything."""
    if len(purchase.lines) == 1 or rng.random() < 0.15:
        return None
    position = rng.randrange(len(purchase.lines))
    several = purchase.lines[position]["qty"] >= 2_000 and purchase.lines[position]["qty"] % 1_000 == 0
    return [ReturnLine(position, quantity=1_000 if several else None)]


def adjustable(programme: Programme, count: int, seed: int) -> list[Membership]:
    """Members whom staff gave something, drawn by lot."""
    memberships = list(Membership.objects.filter(programme=programme).order_by("number"))
    return Random(seed).sample(memberships, min(count, len(memberships)))  # noqa: S311 (no secret)


@transaction.atomic
def open_some(programme: Programme, count: int, seed: int) -> int:
    """Let members of the first day bring points from their paper cards, earned in the year before. Again: nothing."""
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    everybody = Membership.objects.filter(programme=programme).order_by("joined_at", "number")
    memberships = list(everybody[:count])
    if any(opened(membership) for membership in memberships):
        return 0
    for membership in memberships:
        joined = membership.joined_at
        openings = [
            Opening(STEP * rng.randrange(1, 6), joined - timedelta(days=rng.randrange(30, 330)))
            for _ in range(rng.randrange(1, 3))
        ]
        open_balance(membership=membership, openings=openings, now=joined, reason="Points of the paper card")
    return len(memberships)


@transaction.atomic
def hold_some(programme: Programme, partner: Partner, count: int, now: datetime, seed: int) -> int:
    """Let members set points aside for orders; every third order was picked up already. Again: nothing."""
    if held(programme):
        return 0
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    memberships = rng.sample(members_with(programme, SET_ASIDE), count)
    for number, membership in enumerate(memberships):
        order = f"order-{membership.number}"
        until = now + PICKED_UP_AFTER[number % len(PICKED_UP_AFTER)]
        about: dict[str, Any] = {"membership": membership, "partner": partner, "now": now}
        set_aside = hold(points=SET_ASIDE, reference=order, expires_at=until, **about)
        if number % 3 == 0:
            capture(hold_id=set_aside.hold_id, points=SET_ASIDE // 2, reference=order, **about)
    return len(memberships)


@transaction.atomic
def transfer_some(programme: Programme, partner: Partner, count: int, now: datetime, seed: int) -> int:
    """Let members give points to others. Again: nothing."""
    if Transfer.objects.filter(giver__programme=programme).exists():
        return 0
    rng = Random(seed)  # noqa: S311 (nothing here is a secret)
    chosen = rng.sample(members_with(programme, STEP), 2 * count)
    for giver, receiver in zip(chosen[:count], chosen[count:], strict=True):
        transfer(
            giver=giver,
            receiver=receiver,
            points=STEP,
            partner=partner,
            reference=f"gift-{giver.number}",
            now=now,
            reason=rng.choice(("For a birthday", "For the family", "Thank you for helping me move")),
        )
    return count


def give_some(
    programme: Programme, partner: Partner, count: int, now: datetime, seed: int, actor: User
) -> int:
    """Let marketing give members a tier. Again: nothing."""
    memberships = adjustable(programme, count, seed)
    for number, membership in enumerate(memberships):
        tier, mode, days, reason = GIVEN[number % len(GIVEN)]
        give_tier(
            membership=membership,
            tier=tier,
            mode=mode,
            until=now.date() + timedelta(days=days) if days else None,
            reason=reason,
            partner=partner,
            reference=f"{tier}-{membership.number}",
            now=now,
            actor=actor,
        )
    return len(memberships)
