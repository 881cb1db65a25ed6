"""What measurements compare is the same work: a measurement that has fallen behind the code says nothing."""

from __future__ import annotations

from benchmarks import evaluation
from programs.engine.document import read_core
from programs.engine.evaluate import evaluate
from programs.engine.facts import MemberFacts
from programs.engine.ruleset import Ruleset


def test_the_bare_loop_gives_the_points_of_the_evaluation() -> None:
    rules, bought, member = (
        Ruleset(read_core(evaluation.document())),
        evaluation.purchase(),
        MemberFacts(purchases=4),
    )
    points = evaluate(bought, member, rules).total("points")
    assert points > 0
    assert evaluation.bare(bought, member, rules) == points
