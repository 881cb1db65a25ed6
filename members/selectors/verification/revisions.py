"""The rules by which the purchases in scope were judged."""

from __future__ import annotations

from collections.abc import Iterator

from members.selectors.verification.results import ROWS, Scope
from programs.engine.ruleset import Ruleset
from programs.models import Revision
from programs.selectors.rulesets import ruleset_of

__all__ = ["rulesets"]

USED = """
SELECT * FROM programs_revision
 WHERE id IN (SELECT revision_id FROM purchase UNION SELECT revision_id FROM happening) ORDER BY id
"""


def rulesets(scope: Scope) -> Iterator[tuple[int, Ruleset]]:
    """Every revision that judged a purchase, with its compiled rules."""
    for revision in Revision.objects.raw(ROWS + USED, {"programme": scope.programme}):
        yield revision.pk, ruleset_of(revision)
