"""Tiers of members: where they stand, what is missing to the next tier, and every decision with its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core import clock
from loyalty.core.admin.base import ReadOnlyAdmin
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import text
from members.admin.links import EMPTY, link, moment
from members.choices import TierSource
from members.engine.tiers import Source
from members.models import Membership, TierDecision
from members.selectors import tiers
from programs.selectors.ladders import tiers_in_words
from programs.selectors.rulesets import compiled

MOST_DECISIONS = 20


@admin.register(TierDecision)
class TierDecisionAdmin(ReadOnlyAdmin):
    """Every decision, the latest recorded first."""

    about = _("Every tier that was reached, kept, lost or given, with the reason.")
    when_empty = _(
        "Decisions come with purchases, and by themselves when a tier ends, in programmes with tiers."
    )
    list_display = ("happened", "member_page", "ladder_name", "change", "why", "counted")
    list_select_related = ("membership__programme", "revision")
    search_fields = ("id",)
    search_help_text = _("The whole number of a member.")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "member_page",
        "ladder_name",
        "change",
        "why",
        "counted",
        "happened",
        "recorded",
        "revision_number",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TierDecision]:
        rows: QuerySet[TierDecision] = super().get_queryset(request)
        return rows.defer("revision__canonical")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        # Few ids, written out, let the planner take the index of the member's decisions.
        memberships = list(Membership.objects.filter(number=text).values_list("pk", flat=True))
        return queryset.filter(membership_id__in=memberships), False

    @display(description=_("happened"))
    def happened(self, decision: TierDecision) -> str:
        return moment(decision.occurred_at, decision.membership.programme.zone)

    @display(description=_("recorded"))
    def recorded(self, decision: TierDecision) -> str:
        return moment(decision.recorded_at, decision.membership.programme.zone)

    @display(description=_("member"))
    def member_page(self, decision: TierDecision) -> SafeString | str:
        return link(decision.membership, decision.membership.number)

    @display(description=_("ladder"))
    def ladder_name(self, decision: TierDecision) -> str:
        return _ladder(decision)

    @display(description=_("change"))
    def change(self, decision: TierDecision) -> str:
        return _change(decision)

    @display(description=_("why"))
    def why(self, decision: TierDecision) -> str:
        return tiers.reason_in_words(decision.reason)

    @display(description=_("counted"))
    def counted(self, decision: TierDecision) -> str:
        return _counted(decision)

    @display(description=_("revision"))
    def revision_number(self, decision: TierDecision) -> str:
        return EMPTY if decision.revision is None else str(decision.revision.number)


def _ladder(decision: TierDecision) -> str:
    ladder = tiers.ladder_in(decision.revision, decision.ladder)
    return (text(dict(ladder.name)) if ladder else "") or decision.ladder


def _change(decision: TierDecision) -> str:
    """Silver → Gold, or only Gold where it stays or is the first."""
    ladder = tiers.ladder_in(decision.revision, decision.ladder)
    to = tiers.tier_name(ladder, decision.to_tier)
    if decision.from_tier in ("", decision.to_tier):
        return to
    return f"{tiers.tier_name(ladder, decision.from_tier)} → {to}"


def _counted(decision: TierDecision) -> str:
    """What the metric had counted."""
    ladder, revision = tiers.ladder_in(decision.revision, decision.ladder), decision.revision
    if ladder is None or revision is None:
        return EMPTY
    return tiers.counted_in_words(decision.value, ladder, compiled(revision.sha256, revision.pk).core)


# --- the page of a membership -------------------------------------------------------------------------------------
def standings_context(membership: Membership, request: HttpRequest) -> dict[str, Any] | None:
    """Each ladder with the member's tier on it; nothing in a programme without ladders."""
    now = clock.now()
    standings = tiers.standings_of(membership, now)
    if not standings:
        return None
    may_give = request.user.has_perm("members.add_tiergrant")
    return {
        "standings": [_card(each, membership, now) for each in standings],
        "give": reverse("admin:members_membership_give_tier", args=[membership.pk]) if may_give else "",
    }


def _card(standing: tiers.Standing, membership: Membership, now: datetime) -> dict[str, Any]:
    state, ladder, zone = standing.state, standing.ladder, membership.programme.zone
    shown = next((each for each in tiers_in_words(ladder, standing.core) if each.key == state.tier), None)
    overdue = standing.due_at is not None and standing.due_at <= now
    return {
        "ladder": text(dict(ladder.name)) or ladder.key,
        "tier": tiers.tier_name(ladder, state.tier),
        "source": "" if state.source is Source.EARNED else TierSource(state.source).label,
        "since": moment(state.since, zone),
        "until": date_format(state.ends_on, "DATE_FORMAT") if state.ends_on else gettext("no end"),
        "benefits": shown.benefits if shown else "",
        "sentences": tiers.prospects(standing),
        "overdue": moment(standing.due_at, zone) if overdue else "",
    }


def decisions_table(membership: Membership, request: HttpRequest) -> Table | None:
    """The latest decisions; nothing in a programme without tiers."""
    decisions = tiers.decisions_of(membership, MOST_DECISIONS)
    if not decisions:
        return None
    zone = membership.programme.zone
    return Table(
        (_("Happened"), _("Ladder"), _("Change"), _("Why"), _("Counted")),
        [
            (
                link(each, moment(each.occurred_at, zone)),
                _ladder(each),
                _change(each),
                tiers.reason_in_words(each.reason),
                _counted(each),
            )
            for each in decisions
        ],
    )


def periods_table(membership: Membership, request: HttpRequest) -> Table | None:
    """From when to when the member had which tier; nothing where it is still the first."""
    periods = tiers.periods_of(membership, MOST_DECISIONS)
    if len(periods) < 2:
        return None
    zone, rows = membership.programme.zone, []
    for each in periods:
        ladder = tiers.ladder_in(each.revision, each.ladder)
        rows.append(
            (
                (text(dict(ladder.name)) if ladder else "") or each.ladder,
                tiers.tier_name(ladder, each.tier),
                moment(each.valid.lower, zone),
                moment(each.valid.upper, zone) if each.valid.upper else gettext("now"),
                each.get_source_display(),
            )
        )
    return Table((_("Ladder"), _("Tier"), pgettext("time", "From"), pgettext("time", "To"), _("How")), rows)


_PAGE = "members.Membership"
panels.contribute(
    _PAGE,
    Panel(
        _("Tiers"),
        "members.view_tierperiod",
        template="admin/members/tiers.html",
        context=standings_context,
        order=15,
    ),
)
panels.contribute(
    _PAGE, Panel(_("Tiers until now"), "members.view_tierperiod", content=periods_table, order=70)
)
panels.contribute(
    _PAGE, Panel(_("Decisions about tiers"), "members.view_tierdecision", content=decisions_table, order=80)
)
