"""Files that bring what is older than what was done before, and work that is done late: each counts as of its time, or,
where the tiers stand as of later already, as of then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loyalty.core import clock
from loyalty.core.exact import local_day
from members.models import Membership, MemberStats, TierDecision, TierPeriod
from members.selectors.facts import facts_document
from members.selectors.verification import verify
from members.services.advancing import advance
from members.services.enrolment import enrol
from members.services.imports.batches import Options
from members.services.imports.purchases import import_purchases
from programs.engine.facts import MemberFacts, Usage
from programs.models import Programme
from programs.selectors.rulesets import timeline
from programs.services.programmes import load
from tests.members.club import FIRST, balances, member, operator, row, written

pytestmark = pytest.mark.django_db
TALLINN = ZoneInfo("Europe/Tallinn")
HEAD = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR}
point_types: [{key: points, name: Points}]
groups: [{key: base}, {key: status}]
"""
BASE = """
rules:
  - {key: base, title: Base, effect: {kind: per_step, points: 1, step: "1.00"}}
"""
TWICE = """
  - {key: gold, title: Gold, group: status, effect: {kind: multiplier, factor: 2},
     when: {fact: member.tier, is: equals, value: gold}}
"""
# Follows the last two months.
FOLLOWING = """
ladders:
  - key: status
    name: Status
    metric: METRIC
    window: {kind: rolling, months: 2}
    ends: never
    falls: at_once
    tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: THRESHOLD}]
"""
SPENT = FOLLOWING.replace("METRIC", "{of: spend}").replace("THRESHOLD", '"50.00"')
POINTS = FOLLOWING.replace("METRIC", "{of: points, point_type: points}").replace("THRESHOLD", "10")


def club(text: str, since: datetime = FIRST) -> Programme:
    return load(HEAD + text, now=FIRST, publish=True, effective_from=since).programme


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sent(programme: Programme, path: Path, now: str, **receipts: tuple[str, str]) -> None:
    """A file of receipts of A-1, each with a time and an amount."""
    rows = [row(number, occurred_at=when, amount=amount) for number, (when, amount) in receipts.items()]
    with clock.at(at(now)):
        import_purchases(
            path=written(path, *rows), programme=programme, partner=operator(), options=Options()
        )


def decided() -> list[tuple[str, str]]:
    """The tiers of A-1 with the day of each decision."""
    found = TierDecision.objects.order_by("id").values_list("to_tier", "occurred_at")
    return [(tier, local_day(occurred_at, TALLINN).isoformat()) for tier, occurred_at in found]


def test_a_later_file_counts_in_the_order_of_time_where_nothing_later_was_done(tmp_path: Path) -> None:
    """The tier is reached and lost on the days of the receipts, though the first file was posted after them."""
    programme = club(SPENT + BASE)
    member(programme)
    sent(programme, tmp_path / "1", "2026-06-01", r1=("2026-01-10T12:00", "10.00"))
    sent(programme, tmp_path / "2", "2026-06-02", r2=("2026-02-10T12:00", "60.00"))
    assert decided() == [("base", "2025-01-01"), ("gold", "2026-02-10"), ("base", "2026-04-10")]
    assert verify().ok


def test_a_receipt_from_before_what_was_done_is_late_as_of_then(tmp_path: Path) -> None:
    """As of 10 April only the receipt of that day counts, so the earlier one raises nobody for February."""
    programme = club(SPENT + BASE)
    member(programme)
    sent(programme, tmp_path / "1", "2026-06-01", r1=("2026-04-10T12:00", "10.00"))
    sent(
        programme,
        tmp_path / "2",
        "2026-06-02",
        r2=("2026-02-09T12:00", "60.00"),
        r3=("2026-04-11T12:00", "45.00"),
    )
    assert decided() == [("base", "2025-01-01"), ("gold", "2026-04-11")]
    assert MemberStats.objects.get().tiers_until == at("2026-04-11T09:00")
    assert verify().ok


def test_nothing_that_a_job_decided_is_decided_anew_by_an_older_receipt(tmp_path: Path) -> None:
    """As of 10 March, when the tier was lost, the receipt of 12 January would have kept it two days more."""
    programme = club(SPENT + BASE)
    member(programme)
    sent(programme, tmp_path / "1", "2026-01-11", r1=("2026-01-10T12:00", "60.00"))
    advance(programme, at("2026-05-01T00:00"))
    before = decided()
    assert before == [("base", "2025-01-01"), ("gold", "2026-01-10"), ("base", "2026-03-10")]
    sent(programme, tmp_path / "2", "2026-05-02", r2=("2026-01-12T12:00", "60.00"))
    assert decided() == [*before, ("gold", "2026-03-10"), ("base", "2026-03-12")]
    assert verify().ok


@pytest.mark.parametrize(
    ("first", "points"), [("2026-01-20T12:00", 10 + 2 * 45), ("2026-06-20T12:00", 10 + 45)]
)
def test_a_late_receipt_has_the_rate_of_the_tier_that_it_leads_to_and_of_no_other(
    tmp_path: Path, first: str, points: int
) -> None:
    """In June the receipt of January leads nowhere any more."""
    programme = club("policies: {lift_rate: new}" + SPENT + BASE + TWICE)
    member(programme)
    sent(programme, tmp_path / "1", "2026-07-01", r1=(first, "10.00"))
    sent(programme, tmp_path / "2", "2026-07-02", r2=("2026-01-10T12:00", "45.00"))
    assert balances() == {"A-1": (points, 0)}
    assert verify().ok


@pytest.mark.parametrize("nights", [["2026-01-02", "2026-06-01"], ["2026-06-01"]], ids=["in time", "late"])
def test_what_comes_by_itself_counts_as_of_its_day_whenever_the_job_runs(nights: list[str]) -> None:
    """The points of an anniversary reach the tier for two months."""
    cake = "  - {key: cake, title: Cake, trigger: anniversary, effect: {kind: fixed, points: 13}}\n"
    programme = club(POINTS + BASE + cake)
    member(programme)
    for night in nights:
        advance(programme, at(night))
    assert decided() == [("base", "2025-01-01"), ("gold", "2026-01-01"), ("base", "2026-03-01")]
    assert verify().ok


def test_a_member_who_joined_long_ago_is_not_late_for_the_receipts_since(tmp_path: Path) -> None:
    """The card is known here since June, the receipts are from before."""
    programme = club(SPENT + BASE)
    enrol(programme=programme, number="A-1", now=at("2026-06-01"), joined_at=FIRST)
    sent(programme, tmp_path / "1", "2026-06-02", r1=("2026-01-10T12:00", "60.00"))
    assert decided() == [("base", "2025-01-01"), ("gold", "2026-01-10"), ("base", "2026-03-10")]


def test_a_tier_period_names_the_revision_that_it_ended_under_also_where_a_file_brings_years(
    tmp_path: Path,
) -> None:
    programme = club(SPENT + BASE)
    club(SPENT.replace("50.00", "70.00") + BASE, since=at("2026-03-01"))
    member(programme)
    receipts = {"r1": ("2026-01-10T12:00", "80.00"), "r2": ("2026-04-10T12:00", "80.00")}
    sent(programme, tmp_path / "1", "2026-05-01", **receipts)
    periods = TierPeriod.objects.order_by("valid").values_list("tier", "revision__number")
    assert list(periods) == [("base", 1), ("gold", 2), ("base", 2), ("gold", 2)]


def test_one_receipt_that_raises_on_two_ladders_raises_on_them_in_the_order_of_their_keys(
    tmp_path: Path,
) -> None:
    """So the points for rising on the first count there when they have been counted, however rows come back."""
    alpha = POINTS.replace("status", "alpha").replace("threshold: 10", "threshold: 5")
    more = ", {key: gold, name: Gold, threshold: 45}]"
    alpha = alpha.replace("threshold: 5}]", "threshold: 5}" + more).replace(
        "{key: gold, name: Gold, threshold: 5}", "{key: fine, name: Fine, threshold: 5}"
    )
    beta = SPENT.replace("status", "beta").replace("\nladders:\n", "")
    risen = "  - {key: risen, title: Risen, trigger: tier_reached, effect: {kind: fixed, points: 11}}\n"
    programme = club(alpha + beta + BASE + risen)
    member(programme)
    sent(programme, tmp_path / "1", "2026-01-11", r1=("2026-01-10T12:00", "6.00"))
    sent(programme, tmp_path / "2", "2026-01-13", r2=("2026-01-12T12:00", "46.00"))
    found = TierDecision.objects.order_by("operation").values_list("ladder", "to_tier", "value")
    assert list(found) == [
        ("alpha", "base", 0),
        ("beta", "base", 0),
        ("alpha", "fine", 6),
        ("alpha", "gold", 63),
        ("beta", "gold", 5200),
    ]


def test_what_a_receipt_was_judged_with_is_written_in_one_order() -> None:
    """Counters come in the order of the database, or in that of documents in a file."""
    needs = timeline(club(BASE).pk)[0].ruleset.needs
    used = {("gift", "2026-02"): Usage(7, 1), ("gift", "2026-01"): Usage(5, 1)}
    backwards = dict(reversed(used.items()))
    assert list(used) != list(backwards)
    said = [facts_document(MemberFacts(usage=each), needs)["usage"] for each in (used, backwards)]
    assert said == [[["gift", "2026-01", 5, 1], ["gift", "2026-02", 7, 1]]] * 2


def test_tiers_that_stand_as_of_before_what_was_decided_are_found(tmp_path: Path) -> None:
    programme = club(SPENT + BASE)
    anna = member(programme)
    sent(programme, tmp_path / "1", "2026-01-11", r1=("2026-01-10T12:00", "60.00"))
    MemberStats.objects.filter(membership=Membership.objects.get(pk=anna.pk)).update(tiers_until=FIRST)
    assert [result.id for result in verify().results if not result.ok] == ["I18"]
