"""What a purchase would earn now, without recording it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from members.models import Membership
from members.services.recording import Recorder
from programs.engine.drafts import Evaluation
from programs.engine.evaluate import evaluate
from programs.engine.facts import Basket


def quote(*, membership: Membership, basket: Basket, now: datetime) -> Evaluation:
    """Evaluate a purchase as recording it would, and leave nothing behind. Raises NoRevision."""
    with transaction.atomic():
        recorder = Recorder(membership.programme, now)
        recorder.open([membership.pk])
        ruleset = recorder.ruleset_at(basket.occurred_at).ruleset
        facts = recorder.facts(recorder.sheets[membership.pk], basket.occurred_at, ruleset)
        # Looking at a budget makes its counter.
        transaction.set_rollback(True)
    return evaluate(basket, facts, ruleset)
