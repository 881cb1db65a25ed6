"""Tiers given by hand as staff read them: what may be given, what was, and what would be without it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext

from loyalty.core.exact import local_day
from loyalty.core.translated import text
from members.models import Membership, TierGrant, TierPeriod
from members.selectors.tier_states import stored_state
from members.selectors.tiers import Standing, counted_in_words, tier_name
from programs.engine.document import Core
from programs.engine.ladders import Ladder, Tier
from programs.selectors.rulesets import timeline

__all__ = [
    "grants_of",
    "has_in_words",
    "has_ladders",
    "runs",
    "tiers_to_give",
    "today_of",
    "without_in_words",
]


def today_of(membership: Membership, now: datetime) -> date:
    """The day on the calendar of the programme."""
    return local_day(now, ZoneInfo(membership.programme.zone))


def has_ladders(programme: int, now: datetime) -> bool:
    """Whether the programme in force has tiers to give."""
    core = _core(programme, now)
    return core is not None and bool(core.ladders)


def tiers_to_give(membership: Membership, now: datetime) -> list[tuple[str, list[tuple[str, str]]]]:
    """The tiers of each ladder in force, the lowest first, as LADDER:TIER with the words for it."""
    core = _core(membership.programme_id, now)
    if core is None:
        return []
    return [
        (
            text(dict(ladder.name)) or ladder.key,
            [
                (f"{ladder.key}:{tier.key}", tier_name(ladder, tier.key) + _reached(tier, ladder, core))
                for tier in ladder.tiers
            ],
        )
        for ladder in core.ladders
    ]


def _reached(tier: Tier, ladder: Ladder, core: Core) -> str:
    """How members get there by themselves."""
    if tier.invitation:
        return f" ({gettext('by invitation')})"
    return f" ({counted_in_words(tier.threshold, ladder, core)})" if tier.threshold else ""


def _core(programme: int, now: datetime) -> Core | None:
    stretches = [each for each in timeline(programme) if each.effective_from <= now]
    return stretches[-1].ruleset.core if stretches else None


def grants_of(membership: Membership, now: datetime) -> list[tuple[TierGrant, bool]]:
    """Every tier that was given by hand, the latest first, and whether it still runs."""
    rows = list(
        TierGrant.objects.select_related("actor", "revoked_by", "revision")
        .defer("revision__canonical")
        .filter(membership=membership)
        .order_by("-id")
    )
    open_periods = _open_periods(membership) if rows else []
    today = today_of(membership, now)
    return [(row, _runs(row, open_periods, today)) for row in rows]


def runs(grant: TierGrant, now: datetime) -> bool:
    """Whether a tier given by hand has not ended yet."""
    return _runs(grant, _open_periods(grant.membership), today_of(grant.membership, now))


def _open_periods(membership: Membership) -> list[TierPeriod]:
    return list(TierPeriod.objects.filter(membership=membership, valid__endswith__isnull=True))


def _runs(grant: TierGrant, open_periods: Sequence[TierPeriod], today: date) -> bool:
    if grant.until is not None and grant.until < today:
        return False
    states = [stored_state(each.state) for each in open_periods if each.ladder == grant.ladder]
    return any(state.has_grant(str(grant.pk)) for state in states)


# --- words ------------------------------------------------------------------------------------------------------
def has_in_words(standing: Standing) -> str:
    """What the member has on a ladder."""
    state, ladder = standing.state, standing.ladder
    words = {"ladder": text(dict(ladder.name)) or ladder.key, "tier": tier_name(ladder, state.tier)}
    if state.ends_on is None:
        return gettext("%(ladder)s: %(tier)s, without an end.") % words
    return gettext("%(ladder)s: %(tier)s until %(day)s.") % {**words, "day": _day(state.ends_on)}


def without_in_words(standing: Standing, grant: TierGrant, now: datetime) -> str:
    """What the member will have when a tier given by hand is ended now."""
    trial = copy.deepcopy(standing.member)
    trial.revoke(str(grant.pk), now)
    words = {"tier": tier_name(standing.ladder, trial.state.tier)}
    if trial.state.ends_on is None:
        return gettext("Without it the tier will be %(tier)s, without an end.") % words
    return gettext("Without it the tier will be %(tier)s until %(day)s.") % {
        **words,
        "day": _day(trial.state.ends_on),
    }


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
