"""The back office pages of members, what they bought and what their points did."""

from members.admin import (
    documents,
    events,
    figures,
    grants,
    holds,
    imports,
    ledger,
    lots,
    people,
    programme_figures,
    statement,
    suggestions,
    tiers,
    transfers,
    uploads,
    verification,
)

__all__ = [
    "documents",
    "events",
    "figures",
    "grants",
    "holds",
    "imports",
    "ledger",
    "lots",
    "people",
    "programme_figures",
    "statement",
    "suggestions",
    "tiers",
    "transfers",
    "uploads",
    "verification",
]
