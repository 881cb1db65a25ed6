"""Terms of points, ladders, events and rules about them in words."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import override

from programs.engine.document import Core, read_core
from programs.engine.events import FieldType, Trigger
from programs.engine.ladders import BenefitKind, Ends, Falls, Starts
from programs.engine.reader import Reader
from programs.engine.terms import Activity, RoundUp, read_expiry, read_pending
from programs.models import Rule, TierLadder
from programs.selectors import events, ladders, terms
from programs.selectors.documents import as_yaml, rule_in_words
from programs.selectors.events import fields_in_words
from programs.selectors.ladders import ladder_in_words, tiers_in_words
from programs.selectors.sentences import rule_sentence
from programs.selectors.terms import expiry_in_words, pending_in_words, terms_in_words
from programs.services.programmes import load
from tests.engine.whole import WHOLE

CORE = read_core(WHOLE)
ANNIVERSARY = "It lasts to the next anniversary of joining."


@pytest.fixture(autouse=True)
def english() -> Any:
    with override("en"):
        yield


def changed(ladder: Mapping[str, Any]) -> Core:
    """The document with other settings of its first ladder; a setting of None is left out."""
    data = deepcopy(WHOLE)
    data["ladders"][0] |= ladder
    return read_core(data)


# --- terms --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "never"}, "never"),
        ({"kind": "after", "months": 12}, "12 months after earning"),
        (
            {"kind": "after", "months": 12, "round_up": "month"},
            "12 months after earning, to the end of the month",
        ),
        (
            {"kind": "after", "days": 1, "round_up": "quarter"},
            "1 day after earning, to the end of the quarter",
        ),
        ({"kind": "after", "years": 1, "round_up": "year"}, "1 year after earning, to the end of the year"),
        (
            {"kind": "after", "years": 2, "notice_days": 30},
            "2 years after earning; nothing expires without a notice 30 days before",
        ),
        ({"kind": "fixed", "dates": ["12-31"]}, "on December 31"),
        (
            {"kind": "fixed", "dates": ["06-30", "12-31"], "least_days": 30, "notice_days": 1},
            (
                "on June 30 or December 31, but not before 30 days have passed;"
                " nothing expires without a notice 1 day before"
            ),
        ),
        (
            {"kind": "activity", "months": 6, "activities": ["purchase", "earn"]},
            "6 months after the last activity (earning points or a purchase)",
        ),
        (
            {"kind": "tier", "ladder": "status", "tiers": ["gold", "black"], "months": 6},
            "never while the tier is Gold or Black, otherwise 6 months after earning or after losing the tier",
        ),
    ],
)
def test_expiry_in_words(settings: dict[str, Any], words: str) -> None:
    assert expiry_in_words(read_expiry(Reader(settings)), CORE) == words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "at once"),
        ({"kind": "days", "days": 14}, "14 days after earning"),
        ({"kind": "date", "on": "2026-12-01"}, "from December 1, 2026 on"),
        ({"kind": "event", "event": "review"}, "when this happens: Review"),
        (
            {"kind": "event", "event": "review", "timeout_days": 30},
            "when this happens: Review; they lapse when it has not happened after 30 days",
        ),
        (
            {"kind": "event", "event": "review", "timeout_days": 1, "on_timeout": "activate"},
            "when this happens: Review, at the latest after 1 day",
        ),
        (
            {"kind": "days", "days": 1, "approval_above": 1000},
            "1 day after earning; more than 1000 Points at a time wait for approval",
        ),
    ],
)
def test_pending_in_words(settings: dict[str, Any], words: str) -> None:
    assert pending_in_words(read_pending(Reader(settings), 0), CORE.main, CORE) == words


def test_the_terms_of_a_point_type_in_words() -> None:
    stars = CORE.point_type("stars")
    assert stars
    assert terms_in_words(stars, CORE) == [
        (
            "Expire",
            (
                "on June 30 or December 31, but not before 30 days have passed;"
                " nothing expires without a notice 14 days before"
            ),
        ),
        ("Can be used", "when this happens: Review, at the latest after 30 days"),
        ("Spending", "not possible: these points only count"),
        ("Giving to another member", "possible"),
        ("Conversion", "2.50 Stars become 10 Points, from 5.00 Stars on"),
    ]
    assert [how for _what, how in terms_in_words(CORE.point_types[3], CORE)][2:] == [
        "possible",
        "not possible",
    ]


def test_what_points_pay_at_the_till_in_words() -> None:
    miles = CORE.point_type("miles")
    assert miles
    [said] = [how for what, how in terms_in_words(miles, CORE) if what == "Paying bills"]
    assert said == (
        "100 Miles pay 0.50 EUR; at least 500 Miles at a time; at most 5000 Miles at a time; at most 33.5% of a bill"
    )


# --- ladders ------------------------------------------------------------------------------------------------
def test_ladders_in_words() -> None:
    assert [" ".join(ladder_in_words(ladder, CORE)) for ladder in CORE.ladders] == [
        (
            "A tier is reached by the sum of purchases in a calendar year. It begins at once."
            " It lasts to the end of the next calendar year. Then the member has the tier that was earned meanwhile."
            " After a return the tier is decided again."
        ),
        (
            "A tier is reached by the sum of “nights” (Stay) within the last 24 months."
            " It begins with the next calendar year. It lasts for 15 months. 30 days of grace are added."
            " Then the member falls by one tier at most. A return does not change the tier before its end."
        ),
        (
            "A tier is reached by the sum of earned points (Stars) in a membership year. It begins at once."
            " Whoever is still below the threshold after 60 days falls."
        ),
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"metric": {"of": "purchases"}}, "A tier is reached by the number of purchases in a calendar year."),
        (
            {"metric": {"of": "visits"}, "window": {"kind": "rolling", "months": 1}},
            "A tier is reached by the number of days with a purchase within the last 1 month.",
        ),
        ({"window": {"kind": "lifetime"}}, "A tier is reached by the sum of purchases since joining."),
        ({"window": {"kind": "lifetime"}}, "It has no end."),
        (
            {"window": {"kind": "membership_year"}, "starts": "next_period"},
            "It begins with the next membership year.",
        ),
        ({"window": {"kind": "membership_year"}, "ends": "end_of_period"}, "It lasts to the end of the membership year."),
        ({"ends": "anniversary"}, ANNIVERSARY),
        ({"ends": "anniversary", "grace_days": 1}, f"{ANNIVERSARY} 1 day of grace is added."),
        ({"falls": "never"}, "Then it begins anew: nobody falls."),
        ({"falls": "at_once"}, "Whoever is below the threshold falls at once."),
    ],
)  # fmt: skip
def test_each_way_of_a_ladder_in_words(settings: dict[str, Any], said: str) -> None:
    tiers = [{"key": "member", "name": "Member"}, {"key": "gold", "name": "Gold", "threshold": 5}]
    data = deepcopy(WHOLE)
    data["ladders"][0] |= {"tiers": tiers, **settings}
    data["rules"][0]["when"]["value"] = data["point_types"][2]["expiry"]["tiers"] = ["gold"]
    core = read_core(data)
    assert said in ladder_in_words(core.ladders[0], core)


@pytest.mark.parametrize(
    ("settings", "unsaid"),
    [
        ({"falls": "never"}, "return"),
        ({"falls": "at_once"}, "lasts"),
        ({"window": {"kind": "lifetime"}}, "Then"),
    ],
)
def test_what_cannot_be_is_not_said(settings: dict[str, Any], unsaid: str) -> None:
    core = changed(settings)
    assert unsaid not in " ".join(ladder_in_words(core.ladders[0], core))


def test_tiers_in_words() -> None:
    assert tiers_in_words(CORE.ladders[0], CORE) == [
        ("Member", "member", "by everybody", ""),
        ("Gold", "gold", "from 500.50 EUR", "free delivery, Double points × 2, A seat in the lounge"),
        ("Black", "black", "by invitation; kept from 500.50 EUR", ""),
    ]
    assert [tier.reached for tier in tiers_in_words(CORE.ladders[1], CORE)] == [
        "by everybody",
        "from 7.5 (nights)",
    ]
    assert [tier.reached for tier in tiers_in_words(CORE.ladders[2], CORE)] == [
        "by everybody",
        "from 20.25 Stars",
    ]
    with override("et"):
        assert [tier.name for tier in tiers_in_words(CORE.ladders[0], CORE)] == ["Member", "Kuld", "Black"]


@pytest.mark.parametrize(
    ("metric", "reached"),
    [("purchases", "from 1 purchase"), ("visits", "from 1 day with a purchase"), ("spend", "from 1.00 EUR")],
)
def test_a_threshold_is_said_in_the_unit_of_its_metric(metric: str, reached: str) -> None:
    tiers = [*WHOLE["ladders"][0]["tiers"]]
    tiers[1] = {"key": "gold", "name": "Gold", "threshold": 1}
    tiers[2] = {"key": "black", "name": "Black", "threshold": 2, "invitation": True}
    core = changed({"metric": {"of": metric}, "tiers": tiers})
    assert tiers_in_words(core.ladders[0], core)[1].reached == reached


# --- events and rules ---------------------------------------------------------------------------------------
def test_what_is_sent_with_an_event_in_words() -> None:
    stay, review = CORE.events
    assert fields_in_words(stay) == [
        ("nights", "number", "yes", "its quantity"),
        ("price", "amount of money", "no", "the amount of the event"),
        ("room", "text", "no", ""),
        ("arrival", "date", "no", ""),
        ("breakfast", "yes or no", "no", ""),
    ]
    assert fields_in_words(review) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (0, "1 Points for every full €1.00, when tier is one of Gold, Black"),
        (1, "100 Points, on joining, expiry: 30 days after earning"),
        (
            2,
            (
                "100 Points, on the birthday, also when it becomes known up to 7 days later,"
                " can be used at once; more than 50 Points at a time wait for approval"
            ),
        ),
        (3, "100 Points, on each anniversary of joining, can be used at once"),
        (4, "100 Points, on reaching a tier, when tier in “Nights” is known"),
        (5, "100.00 Stars, for bringing a friend, can be used from December 31, 2026 on"),
        (6, "100 Points, for joining through a friend, can be used 14 days after earning, expiry: never"),
        (
            7,
            (
                "1 Points for every whole unit of “nights”, for each event “Stay”,"
                " when “nights” of the event is at least 1.5 and not (“price” of the event is less than €10.00)"
                " and (“room” of the event begins with suite or “breakfast” of the event is true"
                " or “arrival” of the event is at least 2026-06-01)"
            ),
        ),
        (8, "10 % as Points, for each event “Stay”, expiry: 2 years after earning, to the end of the year"),
        (9, "Points × 2, for each event “Stay”"),
    ],
)
def test_rules_that_wait_for_something_else_in_words(rule: int, words: str) -> None:
    assert rule_sentence(CORE.rules[rule], CORE, "en") == words


def test_everything_has_words() -> None:
    assert set(terms.ACTIVITIES) == set(Activity)
    assert set(terms.ROUNDED) == set(RoundUp)
    assert set(ladders.BENEFITS) == set(BenefitKind)
    assert {starts for starts, _membership in ladders._STARTS} == set(Starts)
    assert {ends for ends, _membership in ladders._ENDS} == set(Ends) - {Ends.MONTHS_AFTER}
    assert set(ladders._THEN) == {falls for falls in Falls if falls not in (Falls.AT_ONCE, Falls.AFTER_DAYS)}
    assert set(events.TRIGGERS) == set(Trigger) - {Trigger.PURCHASE, Trigger.EVENT}
    assert set(events.FIELD_TYPES) == set(FieldType)


@pytest.mark.django_db
def test_rows_of_the_working_copy_speak_of_ladders_and_events() -> None:
    load(as_yaml(CORE), now=datetime(2026, 3, 1, tzinfo=UTC))
    assert [rule_in_words(row, "en") for row in Rule.objects.all()] == [
        rule_sentence(rule, CORE, "en") for rule in CORE.rules
    ]
    TierLadder.objects.update(settings={"key": "broken"})
    assert rule_in_words(Rule.objects.get(key="nights"), "en") == "nights"
