"""The machine for Hypothesis: one rule for each operation, so that a story that failed is shortened to what matters.

The programme's rows are rolled back after each story: one database serves them all.
"""

from __future__ import annotations

from random import Random
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.state_machine.verbs import WEIGHTS, Verbs

# A step ends with the product's own verification at the end of a story only; see `story`.
AT_THE_END = 10**6
decided = st.randoms(use_true_random=False)


class LedgerMachine(RuleBasedStateMachine):
    story: Verbs

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()

    @initialize(random=decided)
    def begin(self, random: Random) -> None:
        self.story = self.new_story(random)

    def new_story(self, random: Random) -> Verbs:
        return Verbs(random, verify_every=AT_THE_END)

    @rule(random=decided, verb=st.sampled_from([verb for verb, often in WEIGHTS.items() for _ in range(often)]))
    def step(self, random: Random, verb: str) -> None:
        self.story.pass_time(random)
        getattr(self.story, verb)(random)

    def teardown(self) -> None:
        try:
            self.story.finish()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)


def machine_of(story: type[Verbs]) -> type[LedgerMachine]:
    """The same machine over other verbs: for planting faults."""

    class Other(LedgerMachine):
        def new_story(self, random: Random) -> Any:
            return story(random, verify_every=AT_THE_END)

    return Other
