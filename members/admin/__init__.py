"""The back office pages of members, what they bought and what their points did."""

from members.admin import documents, figures, imports, ledger, people, statement, verification

__all__ = ["documents", "figures", "imports", "ledger", "people", "statement", "verification"]
