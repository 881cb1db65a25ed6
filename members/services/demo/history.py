"""What customers of the demo company did besides buying: they spent points and brought goods back."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from members.models import Membership, Purchase
from members.services.redemptions import redeem
from members.services.returns import ReturnLine, record_return
from programs.models import Partner, Programme

STEP = 50
HIGHEST = 1_000


def redeem_some(programme: Programme, partner: Partner, count: int, now: datetime, seed: int) -> int:
    """Let members spend points, `count` times; each spends what was earned by then. Doing it again adds nothing."""
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
        redeem(
            membership=purchase.membership,
            points=points,
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
    """Members whom the call centre gave something, drawn by lot."""
    memberships = list(Membership.objects.filter(programme=programme).order_by("number"))
    return Random(seed).sample(memberships, min(count, len(memberships)))  # noqa: S311 (no secret)
