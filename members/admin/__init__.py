"""The back office pages of members, what they bought and what their points did."""

from members.admin import (
    documents,
    events,
    figures,
    holds,
    imports,
    ledger,
    lots,
    people,
    referrals,
    statement,
    tiers,
    transfers,
    verification,
)

__all__ = [
    "documents",
    "events",
    "figures",
    "holds",
    "imports",
    "ledger",
    "lots",
    "people",
    "referrals",
    "statement",
    "tiers",
    "transfers",
    "verification",
]
