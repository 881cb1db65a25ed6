"""A document in which every setting of terms, events, ladders and rules of events is used."""

from tests.engine.building import Document, document, fixed, per_step, per_unit, percent, times

TIERS = [
    {"key": "member", "name": "Member"},
    {
        "key": "gold",
        "name": {"en": "Gold", "et": "Kuld"},
        "threshold": "500.50",
        "benefits": [
            {"kind": "free_delivery"},
            {"kind": "multiplier", "name": "Double points", "value": "× 2"},
            {"kind": "other", "name": {"en": "A seat in the lounge"}},
        ],
    },
    {"key": "black", "name": "Black", "threshold": "500.50", "invitation": True},
]
LADDERS = [
    {"key": "status", "name": "Status", "metric": {"of": "spend"}, "tiers": TIERS},
    {
        "key": "nights",
        "name": "Nights",
        "metric": {"of": "event", "event": "stay", "field": "nights"},
        "window": {"kind": "rolling", "months": 24},
        "ends": "months_after",
        "months": 15,
        "grace_days": 30,
        "starts": "next_period",
        "falls": "one_level",
        "after_return": "kept",
        "tiers": [{"key": "guest", "name": "Guest"}, {"key": "friend", "name": "Friend", "threshold": "7.5"}],
    },
    {
        "key": "stars",
        "name": "Stars",
        "metric": {"of": "points", "point_type": "stars"},
        "window": {"kind": "membership_year"},
        "falls": "after_days",
        "fall_days": 60,
        "tiers": [{"key": "one", "name": "One"}, {"key": "two", "name": "Two", "threshold": "20.25"}],
    },
]
EVENTS = [
    {
        "key": "stay",
        "name": {"en": "Stay", "ru": "Проживание"},
        "fields": [
            {"key": "nights", "type": "number", "required": True},
            {"key": "price", "type": "money"},
            {"key": "room", "type": "text"},
            {"key": "arrival", "type": "date"},
            {"key": "breakfast", "type": "boolean"},
        ],
        "amount": "price",
        "quantity": "nights",
    },
    {"key": "review", "name": "Review"},
]
LISTS = [
    {"key": "coffee-week", "name": {"en": "Coffee week", "et": "Kohvinädal"}, "skus": ["C-1", "C-2", "0042"]},
    {"key": "sweets", "name": "Sweets", "skus": ["S-1"]},
]
POINT_TYPES = [
    {
        "key": "stars",
        "name": "Stars",
        "decimals": 2,
        "expiry": {"kind": "fixed", "dates": ["06-30", "12-31"], "least_days": 30, "notice_days": 14},
        "pending": {"kind": "event", "event": "review", "timeout_days": 30, "on_timeout": "activate"},
        "spendable": False,
        "transferable": True,
        "conversions": [{"to": "points", "take": "2.50", "give": "10", "smallest": "5.00"}],
    },
    {
        "key": "miles",
        "name": "Miles",
        "expiry": {"kind": "tier", "ladder": "status", "tiers": ["gold", "black"], "years": 1},
        "pending": {"kind": "date", "on": "2026-12-01"},
        "money": {"points": 100, "amount": "0.50", "lowest": 500, "highest": 5000, "share": "33.50"},
    },
    {
        "key": "crumbs",
        "name": "Crumbs",
        "expiry": {"kind": "activity", "days": 90, "activities": ["transfer", "earn"], "round_up": "quarter"},
    },
]
WHOLE: Document = document(
    per_step(when={"fact": "member.tier", "is": "one_of", "value": ["gold", "black"]}),
    fixed("welcome", trigger="registration", expiry={"kind": "after", "days": 30}),
    fixed("cake", trigger="birthday", grace_days=7, pending={"kind": "at_once", "approval_above": "50"}),
    fixed("years", trigger="anniversary", pending={"kind": "at_once"}),
    fixed("risen", trigger="tier_reached", when={"fact": "member.tier.nights", "is": "is_set"}),
    fixed("brought", trigger="referral", point_type="stars", pending={"kind": "date", "on": "2026-12-31"}),
    fixed("came", trigger="referred", expiry={"kind": "never"}, pending={"kind": "days", "days": 14}),
    per_unit(
        "nights",
        trigger="event",
        event="stay",
        when={
            "all": [
                {"fact": "event.number.nights", "is": "at_least", "value": "1.5"},
                {"not": {"fact": "event.money.price", "is": "less_than", "value": "10.00"}},
                {
                    "any": [
                        {"fact": "event.text.room", "is": "starts_with", "value": "suite"},
                        {"fact": "event.text.breakfast", "is": "equals", "value": "true"},
                        {"fact": "event.date.arrival", "is": "at_least", "value": "2026-06-01"},
                    ]
                },
            ]
        },
    ),
    percent("share", trigger="event", event="stay", expiry={"kind": "after", "years": 2, "round_up": "year"}),
    times("double", "2", trigger="event", event="stay"),
    fixed("coffee", lines={"fact": "line.list", "is": "one_of", "value": ["coffee-week", "sweets"]}),
    groups=[{"key": "base"}, {"key": "multipliers"}],
    expiry={"kind": "after", "months": 12, "round_up": "month", "notice_days": 30},
    pending={"kind": "days", "days": 14, "approval_above": "1000"},
    point_types=POINT_TYPES,
    events=EVENTS,
    ladders=LADDERS,
    lists=LISTS,
    policies={"expiry_day": "first_expired", "lift_rate": "new", "leap_birthday": "mar_1"},
)
