"""The back office pages of members, what they bought and what their points did."""

from members.admin import (
    documents,
    events,
    examples,
    figures,
    holds,
    imports,
    ledger,
    lots,
    people,
    statement,
    tiers,
    transfers,
    trying,
    verification,
)

__all__ = [
    "documents",
    "events",
    "examples",
    "figures",
    "holds",
    "imports",
    "ledger",
    "lots",
    "people",
    "statement",
    "tiers",
    "transfers",
    "trying",
    "verification",
]
