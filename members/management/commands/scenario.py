"""manage.py scenario FILE…: run worked examples.

Exit status 0: all hold. 1: some do not. 2: a file is not valid, and nothing was run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from loyalty.core.problems import ProblemCommand, print_problem
from members.services.scenarios import InvalidScenario, Outcome, Scenario, read_file, run


class Command(ProblemCommand):
    help = "Run scenarios: worked examples of programmes. Nothing stays in the database."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="a scenario in YAML; see docs/scenarios.md"
        )

    def run(self, *args: Any, **options: Any) -> None:
        outcomes = [run(scenario) for scenario in self._read(options["files"], as_json=options["json"])]
        for outcome in outcomes:
            if options["json"]:
                self.stdout.write(json.dumps(outcome.as_dict(), ensure_ascii=False))
            else:
                self._tell(outcome)
        held = sum(outcome.ok for outcome in outcomes)
        if not options["json"]:
            self.stdout.write(_("%(held)d of %(all)d hold.") % {"held": held, "all": len(outcomes)})
        if held < len(outcomes):
            raise SystemExit(1)

    def _read(self, files: list[Path], *, as_json: bool) -> list[Scenario]:
        """All files, or the faults of all that have some and exit status 2; then none is run."""
        scenarios: list[Scenario] = []
        invalid: list[InvalidScenario] = []
        for path in files:
            try:
                scenarios.append(read_file(path))
            except InvalidScenario as refused:
                invalid.append(refused)
        for problem in invalid:
            print_problem(self.stderr, problem, as_json=as_json)
        if invalid:
            raise SystemExit(InvalidScenario.exit_status)
        return scenarios

    def _tell(self, outcome: Outcome) -> None:
        mark = pgettext("an example", "holds") if outcome.ok else pgettext("an example", "does not hold")
        self.stdout.write(f"{outcome.id}: {mark} ({outcome.title})")
        for failure in outcome.failures:
            where = _("step %(number)d") % {"number": failure.step} if failure.step else _("at the end")
            self.stdout.write(f"  {where}, {failure.at} {failure.kind}: {failure.what}")
            self.stdout.write(f"    {_('expected')}: {_shown(failure.expected)}")
            self.stdout.write(f"    {_('got')}:      {_shown(failure.got)}")
            for line in failure.trace:
                self.stdout.write(f"      {', '.join(f'{name} {value}' for name, value in line.items())}")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
