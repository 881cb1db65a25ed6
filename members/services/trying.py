"""Trying a basket: it is recorded as a till would, looked at, and taken back whole. Nothing stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core import clock
from loyalty.core.problems import Conflict
from loyalty.core.translated import text
from members.models import Membership, Purchase
from members.selectors.explain import Explanation, explain
from members.selectors.scenarios import Points, points_of, tiers_of
from members.services import enrolment
from members.services.purchases import record_purchase
from members.services.recording import Recorder
from programs.engine.document import Core
from programs.engine.events import Trigger
from programs.engine.facts import Basket
from programs.models import Partner, Programme, RevisionActivation, Store
from programs.selectors.events import trigger_in_words
from programs.selectors.rulesets import ruleset_at
from programs.services.partners import OPERATOR_CODE, ensure_partner
from programs.services.publishing import publish

# No till has such a receipt, and no company such a card.
NOBODY = "\N{EM DASH}/try"


class NothingInForce(Conflict):
    """What is in force cannot be tried before anything was published."""

    code = "nothing_in_force"
    title = gettext_lazy("Nothing was in force at that time. Try the working copy instead.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member has: points by point type, tiers by ladder."""

    points: Mapping[str, Points]
    tiers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the basket would have brought. `idle` are the rules that purchases do not ask, with the reason."""

    core: Core
    told: Explanation
    awarded: Mapping[str, int]
    pending: Mapping[str, int]
    before: Standing
    after: Standing
    idle: Sequence[str]


def try_basket(
    programme: Programme,
    basket: Basket,
    *,
    now: datetime,
    membership: Membership | None = None,
    working_copy: bool = True,
) -> Trial:
    """Record a purchase by the working copy or by what is in force, tell what came of it, and take it back.

    Without a membership somebody joins for it. Raises NothingInForce and what publishing and recording raise.
    """
    # Who joins for it has no later history, so it is looked at when it happens. For a member what happens later is
    # looked at later, and what happened earlier is a late receipt.
    recorded_at = basket.occurred_at if membership is None else max(now, basket.occurred_at)
    with transaction.atomic(), clock.at(recorded_at):
        try:
            return _tried(programme.pk, basket, recorded_at, membership, working_copy)
        finally:
            transaction.set_rollback(True)


def _tried(
    programme_id: int, basket: Basket, now: datetime, membership: Membership | None, working_copy: bool
) -> Trial:
    programme = Programme.objects.get(pk=programme_id)
    joins_at = basket.occurred_at
    if working_copy:
        starts = _free_instant(programme, basket.occurred_at)
        publish(programme, now=starts, effective_from=starts)
        joins_at = starts
        basket = basket._replace(occurred_at=max(basket.occurred_at, starts))
    elif not programme.activations.filter(withdrawn_at=None, effective_from__lte=joins_at).exists():
        raise NothingInForce
    member = membership or enrolment.enrol(
        programme=programme, number=NOBODY, now=max(now, joins_at), joined_at=joins_at
    )
    _settle(programme, member, max(now, basket.occurred_at))
    before = _standing(member)
    recorded = record_purchase(
        membership=member,
        basket=basket,
        receipt=NOBODY,
        partner=_partner(basket.partner),
        store=_store(basket),
        now=max(now, basket.occurred_at),
    )
    told = explain(Purchase.objects.get(pk=recorded.document_id))
    core = ruleset_at(programme_id, basket.occurred_at).ruleset.core
    after = _standing(member)
    return Trial(core, told, recorded.awarded, recorded.pending, before, after, _idle(core))


def _free_instant(programme: Programme, instant: datetime) -> datetime:
    """The instant, or the next one at which no revision comes into force."""
    taken = set(
        RevisionActivation.objects.filter(
            programme=programme, withdrawn_at=None, effective_from__gte=instant
        ).values_list("effective_from", flat=True)
    )
    while instant in taken:
        instant += timedelta(microseconds=1)
    return instant


def _settle(programme: Programme, membership: Membership, now: datetime) -> None:
    """Everything that falls due on the member by then has happened."""
    recorder = Recorder(programme, now)
    recorder.open([membership.pk])
    for sheet in recorder.sheets.values():
        recorder.settle(sheet)
    recorder.flush()


def _standing(membership: Membership) -> Standing:
    return Standing(points_of(membership.pk), tiers_of(membership.pk))


def _partner(code: str) -> Partner:
    if code == OPERATOR_CODE:
        return Partner.objects.get(is_operator=True)
    return ensure_partner(code)


def _store(basket: Basket) -> Store | None:
    if not basket.store:
        return None
    partner = _partner(basket.partner)
    return Store.objects.get_or_create(
        partner=partner, code=basket.store, defaults={"name": {"*": basket.store}}
    )[0]


def _idle(core: Core) -> list[str]:
    """The rules that no purchase is asked about, and why."""
    said = []
    for rule in core.rules:
        if not rule.enabled:
            said.append(f"{text(dict(rule.title))}: {_('it is switched off')}")
        elif rule.trigger is not Trigger.PURCHASE:
            waits = _("it looks at something else: %(what)s") % {"what": trigger_in_words(rule, core)}
            said.append(f"{text(dict(rule.title))}: {waits}")
    return said
