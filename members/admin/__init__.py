"""The back office pages of members, what they bought and what their points did."""

from members.admin import documents, figures, ledger, people, statement

__all__ = ["documents", "figures", "ledger", "people", "statement"]
