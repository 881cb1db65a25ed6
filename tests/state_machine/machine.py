"""The machine for Hypothesis: a step is an operation, so a story that failed is shortened to what matters.

The programme's rows are rolled back after each story: one database serves them all.
"""

from __future__ import annotations

from random import Random

from django.db import transaction
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.state_machine.verbs import WEIGHTS, Verbs

# The product's own verification looks at each story once, at its end; see `story`.
AT_THE_END = 10**6
decided = st.randoms(use_true_random=False)
verbs = st.sampled_from([verb for verb, often in WEIGHTS.items() for _each in range(often)])


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story: Verbs | None = None
        self.broken = False
        self.undone = transaction.atomic()
        self.undone.__enter__()

    @initialize(random=decided)
    def begin(self, random: Random) -> None:
        self.story = Verbs(random, verify_every=AT_THE_END)

    @rule(random=decided, verb=verbs)
    def step(self, random: Random, verb: str) -> None:
        assert self.story is not None
        try:
            self.story.pass_time(random)
            getattr(self.story, verb)(random)
        except BaseException:
            self.broken = True
            note("\n".join(self.story.told))
            raise

    def teardown(self) -> None:
        try:
            if self.story is not None and not self.broken:
                self.story.finish()
        except AssertionError:
            note("\n".join(self.story.told if self.story else ()))
            raise
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)
