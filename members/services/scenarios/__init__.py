"""Worked examples: a file says what a programme is, what happens, and what must be true afterwards."""

from members.services.scenarios.files import InvalidScenario, Scenario, read_file, read_text
from members.services.scenarios.running import Failure, Outcome, run

__all__ = ["Failure", "InvalidScenario", "Outcome", "Scenario", "read_file", "read_text", "run"]
