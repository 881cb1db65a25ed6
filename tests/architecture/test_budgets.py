"""Files and functions stay short enough to be read in one go."""

from statistics import quantiles

from tests.architecture.sources import ROOT, functions, source_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FILES_P90 = 300
FUNCTIONS_P90 = 30
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def test_no_file_is_longer_than_its_budget() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in source_files()}
    _report("file lines", [length for length in lengths.values() if length >= 5], FILES_P90)
    too_long = {
        str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE
    }
    assert too_long == {}


def test_no_function_is_longer_than_its_budget() -> None:
    lengths = dict(entry for path in source_files() for entry in functions(path))
    _report("function lines", list(lengths.values()), FUNCTIONS_P90)
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = [
        str(path.relative_to(ROOT))
        for path in source_files()
        if path.name in FORBIDDEN_NAMES or path.stem.endswith("_helpers")
    ]
    assert drawers == []


def test_the_top_level_is_fixed() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= {"loyalty", "programs", "members", "rewards", "surveys", "tests", "benchmarks"}


def _report(what: str, lengths: list[int], budget: int) -> None:
    """Print the middle and the tail (seen with pytest -s), and hold the tail."""
    cuts = quantiles(lengths, n=10)
    p50, p90 = cuts[4], cuts[8]
    print(f"{what}: p50 {p50:.0f}, p90 {p90:.0f}, max {max(lengths)}")
    assert p90 <= budget
