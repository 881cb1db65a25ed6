"""The commands as somebody meets them who has only read the README: what they say, and how they refuse."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from loyalty.core.models import ImportBatch
from members.models import Purchase
from members.services.purchases import record_purchase
from programs.models import Programme, Revision
from tests.architecture.sources import ROOT
from tests.members.club import HEADER, NOON, basket, club, member, operator, row, written


@pytest.fixture
def programme(db: None) -> Programme:
    made = club()
    record_purchase(membership=member(made), basket=basket(1000), receipt="r1", partner=operator(), now=NOON)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands look for files: good ones and bad ones."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for suffix in ("csv", "yaml"):
        (tmp_path / f"empty.{suffix}").write_bytes(b"\n")
        (tmp_path / f"picture.{suffix}").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    written(tmp_path / "good.csv", row("r2"))
    written(tmp_path / "mixed.csv", row("r2"), row("r3", quantity="few"), row("r4", member="nobody"))
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    """Exit status, what was answered and what was complained about."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


CLUB = ("--programme", "club")
TIMES = "2026-01-31, 2026-01-31T12:00, 2026-01-31T12:00+02:00"
REFUSALS = {
    "programme of a report": (("report", "balances", "--programme", "no"), 1, "There is no programme “no”."),
    "programme of an import": (
        ("import", "purchases", "good.csv", "--programme", "no"), 1, "There is no programme “no”.",
    ),
    "programme of an explanation": (("explain", "r1", "--programme", "no"), 1, "There is no programme “no”."),
    "programme of a verification": (("verify_ledger", "--programme", "no"), 1, "There is no programme “no”."),
    "receipt": (("explain", "r9"), 1, "No receipt “r9” was recorded."),
    "partner": (("import", "returns", "good.csv", *CLUB, "--partner", "no"), 1, "There is no partner “no”."),
    "zone": (
        ("import", "purchases", "good.csv", *CLUB, "--timezone", "Mars"), 1, "There is no time zone “Mars”.",
    ),
    "no purchases": (
        ("import", "purchases", "no.csv", *CLUB), 2, "The file cannot be taken. There is no file no.csv.",
    ),
    "folder of purchases": (
        ("import", "purchases", "folder", *CLUB), 2, "The file cannot be taken. folder is a folder, not a file.",
    ),
    "folder of returns": (
        ("import", "returns", "folder", *CLUB), 2, "The file cannot be taken. folder is a folder, not a file.",
    ),
    "empty purchases": (
        ("import", "purchases", "empty.csv", *CLUB), 2, "The file cannot be taken. The file is empty.",
    ),
    "picture of purchases": (
        ("import", "purchases", "picture.csv", *CLUB),
        2,
        "The file cannot be taken. The file is not UTF-8 text. Save it as CSV UTF-8.",
    ),
    "no scenario": (("scenario", "no.yaml"), 2, "The file cannot be taken. no.yaml: No such file or directory"),
    "folder of scenarios": (("scenario", "folder"), 2, "The file cannot be taken. folder: Is a directory"),
    "empty scenario": (("scenario", "empty.yaml"), 2, "The file cannot be taken. empty.yaml is empty."),
    "no day": (
        ("report", "balances", *CLUB, "--as-of", "2026-02-30"),
        1,
        "Some values are not valid.\n  --as-of: This is not a time: 2026-02-30 (expected: " + TIMES + ")",
    ),
    "end before the beginning": (
        ("report", "totals", *CLUB, "--from", "2026-03-02", "--to", "2026-03-01"),
        1,
        "--from does not lie before --to.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_sentence_and_changes_nothing(programme: Programme, folder: Path, name: str) -> None:
    words, status, sentence = REFUSALS[name]
    assert run(*words) == (status, "", f"{sentence}\n")
    assert (Purchase.objects.count(), Revision.objects.count()) == (1, 1)


def test_the_totals_of_a_single_day_are_told(programme: Programme) -> None:
    status, answer, _complaints = run("report", "totals", *CLUB, "--from", "2026-03-02", "--to", "2026-03-02")
    assert (status, answer.splitlines()[1].split(",")[:2]) == (0, ["points", "1"])


def test_an_import_says_what_it_did_and_what_to_do(programme: Programme, folder: Path) -> None:
    status, answer, complaints = run("import", "purchases", "mixed.csv", *CLUB)
    assert status == 0
    lines = [" ".join(line.split()) for line in answer.splitlines()]
    for words in (
        "rows 3 lines in the file",
        "posted 1 of them recorded now",
        "refused 1 of them refused, for example because nobody has the number",
        "amount 1000 value of what was recorded: €10.00",
    ):
        assert words in lines
    assert answer.endswith("what is recorded already stays as it is.\n")
    assert complaints.splitlines() == [
        "3: quantity: This is not a plain number. (not_a_number: 'few'; expected: a plain number such as 12.50)",
        "4: member: Nobody has this number. (unknown_member: 'nobody'; expected: --enrol)",
    ]
    assert run("import", "purchases", "good.csv", *CLUB)[1].endswith("Everything was taken.\n")
    dry = run("import", "purchases", "good.csv", *CLUB, "--dry-run")[1]
    assert dry.endswith("This was a dry run: nothing was changed.\n")


def test_of_many_faults_the_first_are_told_and_where_the_others_are(
    programme: Programme, folder: Path
) -> None:
    written(folder / "bad.csv", *[row(f"b{number}", amount="x") for number in range(60)])
    _status, _answer, complaints = run("import", "purchases", "bad.csv", *CLUB)
    number = ImportBatch.objects.get().pk
    assert len(complaints.splitlines()) == 51
    assert complaints.endswith(f"… and 10 more: in the back office under Imports, {number}.\n")


@pytest.mark.parametrize("what", ["purchases", "returns"])
def test_all_or_nothing_names_the_rows_that_are_in_the_way(
    programme: Programme, folder: Path, what: str
) -> None:
    if what == "returns":
        written(folder / "mixed.csv", "r1", "", "nothing", header="receipt")
    status, answer, complaints = run("import", what, "mixed.csv", *CLUB, "--strict")
    assert (status, answer) == (1, "")
    first, *faults = complaints.splitlines()
    assert first == "Not every row can be taken, so nothing was imported."
    assert faults
    assert faults[0].startswith("  3: ")
    told = json.loads(run("import", what, "mixed.csv", *CLUB, "--strict", "--json")[2])
    assert told["code"] == "strict_import_refused"
    assert told["errors"][0]["line"] == 3
    assert Purchase.objects.count() == 1


def test_help_names_the_columns_and_leaves_out_what_every_command_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        call_command("import", "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert f"Columns of purchases: {HEADER.replace(',', ', ')}; possible: till" in told
    assert "--pythonpath" not in told


def test_returns_make_nobody_join(programme: Programme, folder: Path) -> None:
    written(folder / "back.csv", "r1", header="receipt")
    status, answer, complaints = run("import", "returns", "back.csv", *CLUB, "--enrol")
    assert (status, answer, complaints) == (1, "", "Only purchases make somebody join: leave --enrol out.\n")
    assert not ImportBatch.objects.exists()


def test_a_verification_ends_with_a_verdict(programme: Programme) -> None:
    assert run("verify_ledger")[1].endswith("Everything holds.\n")


@pytest.mark.parametrize("number", ["-5", "0", "many"])
def test_a_demo_company_needs_a_number_of_members(db: None, number: str) -> None:
    with pytest.raises(CommandError, match=f"{number} is not a number from 1 on"):
        call_command("demo_data", f"--members={number}")
    assert not Programme.objects.exists()


def test_a_reader_that_has_seen_enough_makes_no_traceback(committed_database: Any, folder: Path) -> None:
    club()
    written(
        folder / "many.csv", *[row(f"r{number}", member=f"member-{number:020}") for number in range(2_000)]
    )
    run("import", "purchases", "many.csv", *CLUB, "--enrol")
    command = subprocess.Popen(
        [sys.executable, "manage.py", "report", "balances", *CLUB],
        cwd=ROOT, env=committed_database.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert command.stdout is not None
    assert command.stderr is not None
    assert command.stdout.readline().startswith("member,point_type")
    command.stdout.close()
    assert command.stderr.read() == ""
    assert command.wait() == 1
