"""What members do when something was told."""

from __future__ import annotations

from loyalty.core import clock, outbox
from loyalty.core.models import OutboxEvent
from members.services import keeping, referrals


@outbox.handler(keeping.REFERRAL_BOUGHT)
def conclude_referral(event: OutboxEvent) -> None:
    """A friend bought something: the first purchase that counts brings what the rules give for it."""
    referrals.conclude(
        referral=event.payload["referral"], purchase=event.payload["purchase"], now=clock.now()
    )


@outbox.handler(keeping.REFERRAL_RETURNED)
def review_referral(event: OutboxEvent) -> None:
    """A friend brought back what counted."""
    referrals.review(referral=event.payload["referral"], at=event.recorded_at, now=clock.now())
