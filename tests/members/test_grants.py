"""Tiers given by hand: what the member has then, who gave it and why, how it ends, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loyalty.core.models import User
from loyalty.core.problems import Problem
from members.choices import GrantMode, MembershipStatus
from members.models import DocumentKey, Membership, TierDecision, TierGrant, TierPeriod
from members.selectors.tiers import standings_of
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.grants import end_tier, give_tier
from members.services.purchases import record_purchase
from programs.services.programmes import load
from tests.members.club import FIRST, NOON, RULES, basket, club, counted, member, operator, query
from tests.members.test_concurrency import at_once

FLOOR, FIXED, LIFT = GrantMode.FLOOR, GrantMode.FIXED, GrantMode.LIFT
LADDER = """
ladders:
  - key: status
    name: Status
    tiers:
      - {key: green, name: Green}
      - {key: silver, name: Silver, threshold: "500.00"}
      - {key: gold, name: Gold, threshold: "1000.00"}
      - {key: circle, name: Circle, threshold: "5000.00", invitation: true}
  - key: visits
    name: Visits
    metric: {of: visits}
    tiers: [{key: guest, name: Guest}, {key: friend, name: Friend, threshold: 10}]
"""


def anna(number: str = "A-1") -> Membership:
    return member(club(LADDER), number)


def give(
    membership: Membership, tier: str, mode: GrantMode = FLOOR, reference: str = "g1", **more: Any
) -> int:
    said: dict[str, Any] = {"reason": "A regular guest", "now": NOON, **more}
    return give_tier(
        membership=membership, tier=tier, mode=mode, partner=operator(), reference=reference, **said
    ).grant_id


def end(membership: Membership, grant: int, reference: str = "e1", **more: Any) -> int:
    said: dict[str, Any] = {"reason": "Given by mistake", "now": NOON + timedelta(days=1), **more}
    return end_tier(
        membership=membership, grant_id=grant, partner=operator(), reference=reference, **said
    ).grant_id


def has(membership: Membership, ladder: str = "status") -> tuple[str, str, date | None]:
    """Tier, why, and last day as they stand."""
    [state] = [each.state for each in standings_of(membership, NOON) if each.ladder.key == ladder]
    return state.tier, state.source.value, state.ends_on


def buys(membership: Membership, cents: int, at: datetime = NOON) -> None:
    record_purchase(
        membership=membership, basket=basket(cents, at=at), receipt=str(at), partner=operator(), now=at
    )


def day(text: str) -> datetime:
    """The beginning of a day in Tallinn (winter)."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=2)


# --- giving -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_floor_lifts_until_its_last_day_and_then_what_was_earned_counts() -> None:
    membership = anna()
    give(membership, "gold", until=date(2026, 12, 31))
    assert has(membership) == ("gold", "manual", date(2026, 12, 31))
    buys(membership, 600_00, NOON + timedelta(days=1))
    assert has(membership) == ("gold", "manual", date(2026, 12, 31))
    advance(membership.programme, day("2027-01-01") - timedelta(seconds=1))
    assert has(membership)[0] == "gold"
    advance(membership.programme, day("2027-01-01"))
    assert has(membership) == ("silver", "earned", date(2027, 12, 31))
    assert [(each.reason, each.to_tier) for each in TierDecision.objects.filter(ladder="status")] == [
        ("joined", "green"),
        ("grant_started", "gold"),
        ("grant_ended", "silver"),
    ]
    assert verify().ok


@pytest.mark.django_db
def test_a_fixed_tier_holds_down_and_a_lift_lasts_as_if_it_had_been_reached() -> None:
    membership = anna()
    buys(membership, 1200_00)
    give(membership, "silver", FIXED, until=date(2026, 3, 31))
    assert has(membership) == ("silver", "manual", date(2026, 3, 31))
    give(membership, "friend", LIFT, "g2", ladder="visits")
    assert has(membership, "visits") == ("friend", "manual", date(2027, 12, 31))
    advance(membership.programme, day("2026-04-02"))
    assert has(membership) == ("gold", "earned", date(2027, 12, 31))
    assert verify().ok


@pytest.mark.django_db
def test_only_an_invitation_leads_to_a_tier_by_invitation() -> None:
    membership = anna()
    buys(membership, 9000_00)
    assert has(membership)[0] == "gold"
    give(membership, "circle", LIFT)
    assert has(membership) == ("circle", "invitation", date(2027, 12, 31))
    assert verify().ok


@pytest.mark.django_db
def test_who_gave_it_and_why_is_kept() -> None:
    membership, bea = anna(), User.objects.create_superuser("bea@example.com")
    give(membership, "gold", actor=bea, until=date(2026, 12, 31), reason="  Won the draw ")
    row = TierGrant.objects.get()
    assert (row.ladder, row.tier, row.mode, row.reason) == ("status", "gold", "floor", "Won the draw")
    assert (row.starts_at, row.until, row.actor, row.revoked_at) == (NOON, date(2026, 12, 31), bea, None)


@pytest.mark.django_db
def test_today_may_be_the_last_day() -> None:
    membership = anna()
    give(membership, "gold", until=date(2026, 3, 2))
    assert has(membership)[0] == "gold"
    advance(membership.programme, day("2026-03-03"))
    assert has(membership)[0] == "green"


@pytest.mark.django_db
def test_the_same_reference_gives_once_and_other_content_is_refused() -> None:
    membership = anna()
    first = give(membership, "gold", until=date(2026, 3, 2))
    # Sent again days later it is still the same document, though its last day is over by then.
    again = give(membership, "gold", until=date(2026, 3, 2), now=NOON + timedelta(days=9))
    assert (again, TierGrant.objects.count()) == (first, 1)
    assert refusal(lambda: give(membership, "silver", until=date(2026, 3, 2))) == "duplicate_receipt"
    other = member(membership.programme, "B-2")
    assert refusal(lambda: give(other, "gold", until=date(2026, 3, 2))) == "duplicate_receipt"
    assert TierGrant.objects.count() == 1


# --- ending early -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_tier_is_ended_before_its_time_with_a_reason() -> None:
    membership, bea = anna(), User.objects.create_superuser("bea@example.com")
    grant = give(membership, "gold")
    assert end(membership, grant, actor=bea) == grant
    assert end(membership, grant, actor=bea) == grant
    assert has(membership) == ("green", "earned", None)
    row = TierGrant.objects.get()
    ended_at = NOON + timedelta(days=1)
    assert (row.revoked_at, row.revoked_by, row.revoked_because) == (ended_at, bea, "Given by mistake")
    assert refusal(lambda: end(membership, grant, "e2")) == "grant_over"
    assert verify().ok


@pytest.mark.django_db
@pytest.mark.parametrize("higher_first", [True, False])
def test_under_a_lift_a_lower_one_goes_on_when_the_higher_is_ended(higher_first: bool) -> None:
    membership = anna()
    tiers = ["gold", "silver"] if higher_first else ["silver", "gold"]
    grants = {tier: give(membership, tier, LIFT, tier) for tier in tiers}
    assert has(membership)[0] == "gold"
    end(membership, grants["gold"])
    assert has(membership) == ("silver", "manual", date(2027, 12, 31))
    end(membership, grants["silver"], "e2")
    assert has(membership)[0] == "green"
    assert verify().ok


@pytest.mark.django_db
def test_what_has_ended_by_itself_cannot_be_ended() -> None:
    membership = anna()
    grant = give(membership, "gold", until=date(2026, 3, 31))
    later = NOON + timedelta(days=60)
    assert refusal(lambda: end(membership, grant, now=later)) == "grant_over"
    assert TierGrant.objects.get().revoked_at is None


# --- refusals ---------------------------------------------------------------------------------------------------
def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ladder": "stars"}, "unknown_ladder"),
        ({"tier": "platinum"}, "unknown_tier"),
        ({"tier": "friend"}, "unknown_tier"),
        ({"until": date(2026, 3, 1)}, "end_out_of_range"),
        ({"until": date(2126, 3, 3)}, "end_out_of_range"),
        ({"until": date.max}, "end_out_of_range"),
        ({"reason": "  "}, "reason_needed"),
        ({"reason": "x" * 201}, "reason_needed"),
    ],
)
def test_what_cannot_be_given_is_refused_and_changes_nothing(said: dict[str, Any], code: str) -> None:
    membership = anna()
    before = counted("tiergrant", "tierdecision", "tierperiod", "documentkey")
    assert refusal(lambda: give(membership, **{"tier": "gold", **said})) == code
    assert counted("tiergrant", "tierdecision", "tierperiod", "documentkey") == before
    assert has(membership)[0] == "green"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "status", [MembershipStatus.LEFT, MembershipStatus.SUSPENDED, MembershipStatus.APPLIED]
)
def test_who_is_not_a_member_now_is_given_nothing(status: MembershipStatus) -> None:
    membership = anna()
    Membership.objects.update(status=status)
    assert refusal(lambda: give(membership, "gold")) == "membership_closed"
    assert counted("tiergrant", "documentkey") == [0, 0]


@pytest.mark.django_db
def test_a_programme_without_ladders_gives_no_tier() -> None:
    assert refusal(lambda: give(member(club()), "gold")) == "unknown_ladder"
    assert counted("tiergrant", "documentkey") == [0, 0]


@pytest.mark.django_db
def test_only_what_the_member_was_given_is_ended_and_only_with_a_reason() -> None:
    membership = anna()
    other = member(membership.programme, "B-2")
    grant = give(membership, "gold")
    assert refusal(lambda: end(other, grant)) == "unknown_grant"
    assert refusal(lambda: end(membership, grant + 1)) == "unknown_grant"
    assert refusal(lambda: end(membership, grant, reason="")) == "reason_needed"
    assert has(membership)[0] == "gold"
    assert counted("documentkey") == [1]


# --- at once ----------------------------------------------------------------------------------------------------
def test_two_tiers_given_at_once_both_stand(committed_database: Any) -> None:
    membership = anna()
    answers = at_once(
        [
            lambda: give(membership, "silver", reference="g1"),
            lambda: give(membership, "gold", reference="g2", until=date(2026, 12, 31)),
        ]
    )
    assert all(isinstance(answer, int) for answer in answers)
    assert TierGrant.objects.count() == 2
    assert has(membership)[0] == "gold"
    advance(membership.programme, day("2027-01-01"))
    assert has(membership) == ("silver", "manual", None)
    assert verify().ok


def test_one_reference_given_many_times_at_once_is_one_tier(committed_database: Any) -> None:
    membership = anna()
    answers = at_once([lambda: give(membership, "gold")] * 8)
    assert len(set(answers)) == 1
    assert TierGrant.objects.count() == DocumentKey.objects.filter(kind="tier").count() == 1


def test_one_tier_is_ended_once(committed_database: Any) -> None:
    membership = anna()
    grant = give(membership, "gold")
    answers = at_once([lambda number=number: end(membership, grant, f"e{number}") for number in range(6)])
    assert sorted(map(str, answers)) == sorted([str(grant), *["grant_over"] * 5])
    assert verify().ok


# --- joining ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_who_joins_stands_on_every_ladder_at_once() -> None:
    membership = anna()
    assert has(membership) == ("green", "earned", None)
    assert has(membership, "visits") == ("guest", "earned", None)
    assert TierPeriod.objects.count() == 2


@pytest.mark.django_db
def test_a_tier_that_the_programme_no_longer_has_runs_on_as_the_next_lower_one() -> None:
    membership = anna()
    grant = give(membership, "gold", until=date(2026, 12, 31))
    without = LADDER.replace('      - {key: gold, name: Gold, threshold: "1000.00"}\n', "")
    at = NOON + timedelta(hours=1)

    load(RULES + without, now=at, publish=True, effective_from=at)
    advance(membership.programme, at)
    assert has(membership) == ("silver", "manual", date(2026, 12, 31))
    assert verify().ok
    end(membership, grant)
    assert has(membership)[0] == "green"
    assert query("SELECT count(*) FROM members_tiergrant") == [(1,)]
    assert at > FIRST


@pytest.mark.django_db
def test_the_page_tells_the_tier_on_a_ladder_that_nobody_put_the_member_on_yet() -> None:
    membership = member(club())
    buys(membership, 600_00)
    at = NOON + timedelta(days=1)
    load(RULES + LADDER, now=at, publish=True, effective_from=at)
    assert TierPeriod.objects.count() == 0
    read = [
        (each.ladder.key, each.state.tier, each.progress.missing) for each in standings_of(membership, at)
    ]
    assert read == [("status", "silver", 400_00), ("visits", "guest", 9)]
    advance(membership.programme, at)
    stored = [
        (each.ladder.key, each.state.tier, each.progress.missing) for each in standings_of(membership, at)
    ]
    assert stored == read
    assert standings_of(membership, NOON) == []


@pytest.mark.django_db
def test_a_tier_that_begins_with_the_next_period_is_not_forgotten_meanwhile() -> None:
    """It changes nothing yet and so has no decision, but it is kept with the period that stands open."""
    membership = member(club(LADDER.replace("name: Status\n", "name: Status\n    starts: next_period\n")))
    buys(membership, 600_00)
    assert has(membership) == ("green", "earned", None)
    advance(membership.programme, day("2027-01-01"))
    assert has(membership) == ("silver", "earned", date(2028, 12, 31))
