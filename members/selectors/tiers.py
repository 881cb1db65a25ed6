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
from members.engine.tiers import Counter, LadderState, MemberLadder, Mode, Progress, Reason, join, progress
from members.models import Membership, QualificationCounter, TierDecision, TierPeriod
from members.selectors.explain.amounts import money, quantity
from members.selectors.qualification import recount
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

    member: MemberLadder
    core: Core
    progress: Progress
    due_at: datetime | None

    @property
    def ladder(self) -> Ladder:
        return self.member.ladder

    @property
    def state(self) -> LadderState:
        return self.member.state


def standings_of(membership: Membership, now: datetime) -> list[Standing]:
    """The membership on each ladder, in the order of the ladders. Where nobody put it on a ladder yet, as it will be."""
    stretches = [each for each in timeline(membership.programme_id) if each.effective_from <= now]
    if not any(stretch.ruleset.core.ladders for stretch in stretches):
        return []
    open_periods = list(TierPeriod.objects.filter(membership=membership, valid__endswith__isnull=True))
    counted = _counted(membership)
    found = [_standing(period, membership, stretches, counted, now) for period in open_periods]
    known = {period.ladder for period in open_periods}
    if membership.joined_at <= now:
        fresh = [each for each in stretches[-1].ruleset.core.ladders if each.key not in known]
        found += [_joining(ladder, membership, stretches[-1], now) for ladder in fresh]
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
    joined_on = local_day(membership.joined_at, zone)
    member = MemberLadder(ladder, zone, joined_on, counter, stored_state(period.state))
    return Standing(member, core, progress(member, local_day(now, zone)), period.due_at)


def _joining(ladder: Ladder, membership: Membership, stretch: Activated, now: datetime) -> Standing:
    """Where the membership will stand on a ladder that is new to it, by what was counted before."""
    zone, core = stretch.ruleset.zone, stretch.ruleset.core
    at = max(membership.joined_at, stretch.effective_from)
    counted = recount(ladder.metric.counter, membership.programme_id, zone, [membership.pk])
    values = {day: value for (_membership, day), value in counted.items()}
    member, _decisions = join(ladder, zone, local_day(membership.joined_at, zone), at, values)
    member.fall_due(now)
    return Standing(member, core, progress(member, local_day(now, zone)), at)


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
    """What staff gave, what is counted, what is missing to the next tier and to keep this one, and what comes by
    itself: a sentence each."""
    state, told = standing.state, standing.progress
    said = _given_in_words(standing)
    if not any(grant.mode is Mode.FIXED for grant in state.grants):
        said.append(_next_in_words(standing))
    said.append(gettext("%(amount)s counted so far.") % {"amount": _amount(standing, told.value)})
    if told.projection is not None and told.projected_tier is not None and told.projection > told.value:
        reached = {
            "amount": _amount(standing, told.projection),
            "tier": tier_name(standing.ladder, told.projected_tier),
        }
        said.append(gettext("At this pace it will be %(amount)s: %(tier)s.") % reached)
    if state.upcoming is not None:
        coming = {
            "tier": tier_name(standing.ladder, state.upcoming.tier),
            "day": _day(state.upcoming.starts_on),
        }
        said.append(gettext("%(tier)s begins on %(day)s.") % coming)
    said += _keeping_in_words(standing)
    if state.falls_on is not None:
        lost = {"tier": tier_name(standing.ladder, state.earned.tier), "day": _day(state.falls_on)}
        said.append(gettext("%(tier)s is lost on %(day)s, unless enough is counted before.") % lost)
    return said


def _amount(standing: Standing, value: int) -> str:
    return counted_in_words(value, standing.ladder, standing.core)


def _given_in_words(standing: Standing) -> list[str]:
    """The grant by which the member has the tier, and what would be without it."""
    state, ladder = standing.state, standing.ladder
    fixed = [grant for grant in state.grants if grant.mode is Mode.FIXED]
    tracked = standing.member.tracked()
    if not fixed and tracked.tier == state.tier:
        return []
    words = {"tier": tier_name(ladder, state.tier), "other": tier_name(ladder, tracked.tier)}
    if state.ends_on is not None:
        words["day"] = _day(state.ends_on)
    if fixed:
        said = (
            gettext("Staff set exactly %(tier)s, whatever is counted, until %(day)s.")
            if state.ends_on
            else gettext("Staff set exactly %(tier)s, whatever is counted, until somebody ends it.")
        )
    else:
        said = (
            gettext("Staff gave %(tier)s until %(day)s.")
            if state.ends_on
            else gettext("Staff gave %(tier)s until somebody ends it.")
        )
    return [said % words, gettext("Without that the tier would be %(other)s.") % words]


def _next_in_words(standing: Standing) -> str:
    told = standing.progress
    if told.next_tier is None:
        return gettext("No higher tier can be reached.")
    words = {"amount": _amount(standing, told.missing), "tier": tier_name(standing.ladder, told.next_tier)}
    if told.counts_until is None:
        return gettext("%(amount)s to %(tier)s.") % words
    return gettext("%(amount)s to %(tier)s by %(day)s.") % {**words, "day": _day(told.counts_until)}


def _keeping_in_words(standing: Standing) -> list[str]:
    """What the tier that is earned, or was lifted to, needs to go on after its end."""
    told, tracked = standing.progress, standing.member.tracked()
    if told.to_keep is None or tracked.ends_on is None:
        return []
    keep = {
        "tier": tier_name(standing.ladder, tracked.tier),
        "day": _day(tracked.ends_on),
        "amount": _amount(standing, told.to_keep),
    }
    if not told.to_keep:
        return [gettext("%(tier)s goes on after %(day)s: enough is counted.") % keep]
    if told.keeps_from is None:
        return [gettext("%(amount)s more and %(tier)s goes on after %(day)s.") % keep]
    keep["from"] = _day(told.keeps_from)
    return [gettext("%(amount)s from %(from)s on and %(tier)s goes on after %(day)s.") % keep]


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
