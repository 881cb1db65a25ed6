"""Random worlds: programmes, and what is bought and brought back in them, in time or late, in one file or several."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

START = datetime(2025, 11, 3, 10, tzinfo=UTC)
SWITCH = START + timedelta(days=45)
MEMBERS = 3
DAYS = (0, 1, 2, 3, 10, 28, 40, 59, 60, 100, 200, 365, 400)
RETURNS = "receipt,line,amount,number,occurred_at"


# --- programmes -------------------------------------------------------------------------------------------------
def _one_of(*values: Any) -> Any:
    return st.sampled_from(values)


LASTING = _one_of(
    {"kind": "never"},
    {"kind": "after", "days": 30},
    {"kind": "after", "months": 1, "round_up": "month"},
    {"kind": "activity", "days": 40},
    {"kind": "fixed", "dates": ["12-31", "02-28"], "least_days": 5},
)
WAITING = _one_of({"kind": "at_once"}, {"kind": "days", "days": 14})
WINDOW = _one_of(
    {"kind": "calendar_year"},
    {"kind": "membership_year"},
    {"kind": "lifetime"},
    {"kind": "rolling", "months": 2},
)
METRIC = _one_of(
    {"of": "spend"}, {"of": "visits"}, {"of": "purchases"}, {"of": "points", "point_type": "points"}
)
FALLS = _one_of(
    {"ends": "end_of_period"},
    {"ends": "end_of_next_period", "grace_days": 20},
    {"ends": "months_after", "months": 1, "falls": "one_level"},
    {"ends": "anniversary", "starts": "next_period"},
    {"ends": "end_of_period", "after_return": "kept"},
    {"ends": "never", "falls": "at_once"},
    {"ends": "never", "falls": "after_days", "fall_days": 7},
)
POLICIES = st.fixed_dictionaries(
    {
        "spent_points": _one_of("debt", "clamp", "pending_only"),
        "restored_points": _one_of("original", "new"),
        "spending_order": _one_of("soonest", "oldest", "newest"),
        "expiry_day": _one_of("last_usable", "first_expired"),
        "expiry_from": _one_of("activation", "earning"),
        "lift_rate": _one_of("before", "new"),
        "bonus_after_return": _one_of("kept_in_proportion", "taken_back"),
    }
)


@st.composite
def programmes(draw: Any) -> dict[str, Any]:
    """Two point types, a ladder or two, rules that look at tiers and have limits."""
    ladders = [
        _ladder(key, draw(METRIC), draw(WINDOW), draw(FALLS))
        for key in ("status", "club")[: draw(st.integers(0, 2))]
    ]
    rules: list[dict[str, Any]] = [
        {"key": "base", "title": "Base", "effect": {"kind": "per_step", "points": 1, "step": "1.00"}},
        {
            "key": "stars",
            "title": "Stars",
            "point_type": "stars",
            "effect": {"kind": "percent", "percent": "10"},
        },
        {"key": "gift", "title": "Gift", "effect": {"kind": "fixed", "points": 7}, "caps": draw(CAPS)},
    ]
    if draw(st.booleans()):
        rules.append({"key": "own", "title": "Own", "effect": {"kind": "fixed", "points": 3},
                      "expiry": {"kind": "after", "days": 9}, "pending": {"kind": "days", "days": 2}})  # fmt: skip
    if draw(st.booleans()):
        yearly = {"key": "yearly", "title": "Yearly", "trigger": "anniversary"}
        rules.append({**yearly, "effect": {"kind": "fixed", "points": 70}})
    if ladders:
        wanted = {"fact": "member.tier", "is": "one_of", "value": ["silver", "gold"]}
        rules.append(
            {
                "key": "twice",
                "title": "Twice",
                "group": "status",
                "effect": {"kind": "multiplier", "factor": 2},
                "when": wanted,
            }
        )
        if draw(st.booleans()):
            reached = {"key": "risen", "title": "Risen", "trigger": "tier_reached"}
            rules.append({**reached, "effect": {"kind": "fixed", "points": 11}})
    return {
        "programme": {"key": "club", "name": "Club", "zone": "Europe/Tallinn", "currency": "EUR"},
        "point_types": [
            {"key": "points", "name": "Points", "expiry": draw(LASTING), "pending": draw(WAITING)},
            {"key": "stars", "name": "Stars", "expiry": draw(LASTING), "pending": draw(WAITING)},
        ],
        "ladders": ladders,
        "groups": [{"key": "base"}, {"key": "status"}],
        "rules": rules,
        "policies": draw(POLICIES),
    }


CAPS = _one_of(
    {"times": [{"per": "month", "times": 1}]},
    {"per_member": [{"per": "year", "points": 20}]},
    {"cooldown_hours": 36},
    {"per_member": [{"per": "day", "points": 10}], "on_excess": "reject"},
    {"budget": {"per": "year", "points": 20}},
)


def _ladder(
    key: str, metric: dict[str, str], window: dict[str, Any], falls: dict[str, Any]
) -> dict[str, Any]:
    low, high = {"visits": (2, 3), "purchases": (2, 4)}.get(metric["of"], (60, 150))
    tiers = [
        {"key": "base", "name": "Base"},
        {"key": "silver", "name": "Silver", "threshold": low},
        {"key": "gold", "name": "Gold", "threshold": high},
    ]
    falls = {**falls, "ends": "never"} if window["kind"] == "lifetime" else falls
    if falls["ends"] == "never":
        falls = {name: value for name, value in falls.items() if name not in ("grace_days", "months")}
    return {"key": key, "name": key.title(), "metric": metric, "window": window, **falls, "tiers": tiers}


# --- documents --------------------------------------------------------------------------------------------------
class Bought(NamedTuple):
    """A receipt of lines in cents; `late`: it comes with the second file."""

    who: int
    at: int
    amounts: tuple[int, ...]
    late: bool


class Brought(NamedTuple):
    """A return of one of the receipts so far: all that is left (0), or so many percent of its first line."""

    receipt: int
    after: int
    percent: int
    late: bool


class World(NamedTuple):
    programme: dict[str, Any]
    revised: bool
    bought: list[Bought]
    brought: list[Brought]
    first_file: int
    nights: list[int]
    chunk: int


bought = st.builds(
    Bought,
    st.integers(0, MEMBERS - 1),
    st.sampled_from(DAYS),
    st.lists(st.sampled_from([100, 999, 2500, 6000, 16000]), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
brought = st.builds(
    Brought, st.integers(0, 20), st.sampled_from([0, 1, 15, 70]), st.sampled_from([0, 30, 70]), st.booleans()
)
worlds = st.builds(
    World,
    programmes(),
    st.booleans(),
    st.lists(bought, min_size=2, max_size=8),
    st.lists(brought, max_size=4),
    st.sampled_from([20, 90, 210]),
    st.lists(st.integers(1, 800), max_size=5),
    st.sampled_from([1, 2, 5, 1_000]),
)


class Document(NamedTuple):
    """A receipt, or a return where it has a `receipt` to come back from."""

    who: int
    at: datetime
    number: str
    amounts: tuple[int, ...] = ()
    receipt: str = ""


class Delivery(NamedTuple):
    """A file: when it comes, and what is in it."""

    at: datetime
    documents: list[Document]


def moment(day: int, place: int) -> datetime:
    return START + timedelta(days=day, minutes=place)


END = moment(900, 0)
