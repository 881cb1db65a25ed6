"""Where a membership stands on the tier ladders of its programme, as staff and members read it; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import local_day
from loyalty.core.translated import format_quantity, text
from members.engine.tiers import Counter, LadderState, MemberLadder, Progress, Reason, progress
from members.models import Membership, QualificationCounter, TierDecision, TierPeriod
from members.selectors.explain.amounts import money, quantity
from members.selectors.tier_states import stored_state
from programs.engine.document import Core
from programs.engine.ladders import Ladder, MetricKind
from programs.models import Revision
from programs.selectors.rulesets import Activated, compiled, timeline

__all__ = [
    "REASONS",
    "Standing",
    "counted_in_words",
    "decisions_of",
    "ladder_in",
    "periods_of",
    "prospects",
    "reason_in_words",
    "standings_of",
    "tier_name",
]

# Why a decision was taken, in words.
REASONS: dict[str, str | Promise] = {
    Reason.JOINED: _("joined the ladder"),
    Reason.REACHED: _("reached by what was counted"),
    Reason.CONFIRMED: _("reached again, so it lasts longer"),
    Reason.NEXT_PERIOD_BEGAN: _("reached earlier, begins with the new period"),
    Reason.RENEWED: _("it ended and goes on"),
    Reason.VALIDITY_ENDED: _("the time of the tier was over"),
    Reason.RETURNED: _("goods came back"),
    Reason.ROLLED_OUT: _("what it was reached by no longer counts"),
    Reason.WAITING_ENDED: _("not reached again in time"),
    Reason.LIFTED: _("lifted by staff"),
    Reason.GRANT_STARTED: _("given by staff"),
    Reason.GRANT_ENDED: _("what staff gave has ended"),
    Reason.INSERTED: _("the programme got a new tier"),
    Reason.REMOVED: _("the programme no longer has the tier"),
    Reason.REVISED: _("the programme has other thresholds"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A membership on a ladder. `core` is the document that its ladder stands in; `progress` is up to the day asked for.
    `due_at`: when the next decision is due by itself; when that is over, nobody has looked yet."""

    ladder: Ladder
    core: Core
    state: LadderState
    progress: Progress
    due_at: datetime | None


def standings_of(membership: Membership, now: datetime) -> list[Standing]:
    """The membership on each ladder, in the order of the ladders; a ladder that nobody put it on yet is left out."""
    open_periods = list(TierPeriod.objects.filter(membership=membership, valid__endswith__isnull=True))
    if not open_periods:
        return []
    stretches = timeline(membership.programme_id)
    counted = _counted(membership)
    found = [_standing(period, membership, stretches, counted, now) for period in open_periods]
    places = {ladder.key: place for place, ladder in enumerate(stretches[-1].ruleset.core.ladders)}
    return sorted(found, key=lambda each: places.get(each.ladder.key, len(places)))


def _counted(membership: Membership) -> dict[str, dict[date, int]]:
    counted: dict[str, dict[date, int]] = {}
    rows = QualificationCounter.objects.filter(membership=membership).values_list("metric", "day", "value")
    for metric, day, value in rows:
        counted.setdefault(metric, {})[day] = value
    return counted


def _standing(
    period: TierPeriod,
    membership: Membership,
    stretches: Sequence[Activated],
    counted: Mapping[str, Mapping[date, int]],
    now: datetime,
) -> Standing:
    """The ladder as it was in the revision by which the period was decided last."""
    applied = datetime.fromisoformat(period.state["applied"])
    core, ladder = next(
        (each.ruleset.core, ladder)
        for each in reversed(stretches)
        if each.effective_from <= applied and (ladder := each.ruleset.core.ladder(period.ladder))
    )
    zone = stretches[-1].ruleset.zone
    counter = Counter(counted.get(ladder.metric.counter), visits=ladder.metric.kind is MetricKind.VISITS)
    state = stored_state(period.state)
    member = MemberLadder(ladder, zone, local_day(membership.joined_at, zone), counter, state)
    return Standing(ladder, core, state, progress(member, local_day(now, zone)), period.due_at)


def decisions_of(membership: Membership, most: int) -> list[TierDecision]:
    """The latest decisions, the latest first."""
    rows = TierDecision.objects.select_related("revision").defer("revision__canonical")
    return list(rows.filter(membership=membership).order_by("-occurred_at", "-id")[:most])


def periods_of(membership: Membership, most: int) -> list[TierPeriod]:
    """The latest stretches in which it had a tier, the latest first."""
    rows = TierPeriod.objects.select_related("revision").defer("revision__canonical")
    return list(rows.filter(membership=membership).order_by("-valid__startswith", "ladder")[:most])


def ladder_in(revision: Revision | None, key: str) -> Ladder | None:
    """A ladder as a revision has it; the revision's document need not be loaded."""
    if revision is None:
        return None
    return compiled(revision.sha256, revision.pk).core.ladder(key)


def tier_name(ladder: Ladder | None, key: str) -> str:
    """A tier as people call it; its code where the ladder does not have it any more."""
    tiers = () if ladder is None else ladder.tiers
    return next((text(dict(tier.name)) for tier in tiers if tier.key == key), "") or key


# --- words ------------------------------------------------------------------------------------------------------
def reason_in_words(reason: str) -> str:
    """Why a decision was taken."""
    return str(REASONS.get(reason, reason))


def counted_in_words(value: int, ladder: Ladder, core: Core) -> str:
    """What the metric of a ladder has counted: €240.00, 3 purchases."""
    metric = ladder.metric
    match metric.kind:
        case MetricKind.SPEND:
            return money(value, core.currency)
        case MetricKind.POINTS:
            item = core.point_type(metric.point_type)
            if item is None:
                return format_quantity(value)
            unit = {spoken: dict(forms) for spoken, forms in item.unit}
            return format_quantity(value, item.decimals, unit or dict(item.name))
        case MetricKind.PURCHASES:
            return ngettext("%(count)d purchase", "%(count)d purchases", value) % {"count": value}
        case MetricKind.VISITS:
            words = ngettext("%(count)d day with a purchase", "%(count)d days with a purchase", value)
            return words % {"count": value}
        case _:
            return f"{quantity(value)} ({metric.field})"


def prospects(standing: Standing) -> list[str]:
    """What is counted, what is missing to the next tier and to keep this one, and what comes by itself: a sentence
    each."""
    ladder, state, told = standing.ladder, standing.state, standing.progress
    name = tier_name(ladder, state.tier)

    def amount(value: int) -> str:
        return counted_in_words(value, ladder, standing.core)

    said = [_next_in_words(standing, amount(told.missing))]
    said.append(gettext("%(amount)s counted so far.") % {"amount": amount(told.value)})
    if told.projection is not None and told.projected_tier is not None and told.projection > told.value:
        reached = {"amount": amount(told.projection), "tier": tier_name(ladder, told.projected_tier)}
        said.append(gettext("At this pace it will be %(amount)s: %(tier)s.") % reached)
    if state.upcoming is not None:
        coming = {"tier": tier_name(ladder, state.upcoming.tier), "day": _day(state.upcoming.starts_on)}
        said.append(gettext("%(tier)s begins on %(day)s.") % coming)
    if told.to_keep is not None and state.ends_on is not None:
        keep = {"tier": name, "day": _day(state.ends_on), "amount": amount(told.to_keep)}
        said.append(
            gettext("%(amount)s more and %(tier)s goes on after %(day)s.") % keep
            if told.to_keep
            else gettext("%(tier)s goes on after %(day)s: enough is counted.") % keep
        )
    if state.falls_on is not None:
        lost = {"tier": name, "day": _day(state.falls_on)}
        said.append(gettext("%(tier)s is lost on %(day)s, unless enough is counted before.") % lost)
    return said


def _next_in_words(standing: Standing, missing: str) -> str:
    told = standing.progress
    if told.next_tier is None:
        return gettext("No higher tier can be reached.")
    words = {"amount": missing, "tier": tier_name(standing.ladder, told.next_tier)}
    if told.counts_until is None:
        return gettext("%(amount)s to %(tier)s.") % words
    return gettext("%(amount)s to %(tier)s by %(day)s.") % {**words, "day": _day(told.counts_until)}


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
