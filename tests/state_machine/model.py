"""The model as a whole; the package's docstring tells how to drive it."""

from __future__ import annotations

from tests.state_machine.holds import Holds
from tests.state_machine.transfers import Transfers


class ProgrammeModel(Holds, Transfers):
    """One programme's ledger for a handful of members, kept as plainly as can be."""
