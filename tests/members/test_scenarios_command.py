"""manage.py scenario: exit status, words, and what --json tells."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from members.services.scenarios import read_text, run
from tests.members.test_scenarios_files import BUY, HEAD


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    good = HEAD + BUY.replace("}]}}", "}]}, expect: {awarded: 1}}")
    texts = {
        "good": good.replace("id: bad", "id: good"),
        "wrong": good.replace("id: bad", "id: wrong").replace("awarded: 1", "awarded: 2"),
        "invalid": HEAD + "  - {at: 2026-03-02T10:00, dance: true}\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return {name: str(tmp_path / f"{name}.yaml") for name in texts}


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = 0
    try:
        call_command("scenario", *arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.django_db
def test_exit_status(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _err = command(capsys, files["good"])
    assert (status, "good: holds" in out) == (0, True)

    for order in ([files["good"], files["wrong"]], [files["wrong"], files["good"]]):
        status, out, _err = command(capsys, *order)
        assert status == 1
        assert "wrong: does not hold" in out
        assert "good: holds" in out
        assert "expected: 2" in out
        assert "rule base, points 1" in out

    for order in ([files["wrong"], files["invalid"]], [files["invalid"], files["wrong"]]):
        status, out, err = command(capsys, *order)
        assert (status, out) == (2, "")
        assert "invalid.yaml" in err
        assert "9:28: /steps/0/dance: " in err


@pytest.mark.django_db
def test_json_has_one_object_for_each_scenario(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _err = command(capsys, files["good"], files["wrong"], "--json")
    good, wrong = (json.loads(line) for line in out.splitlines())
    assert status == 1
    assert good == {
        "id": "good",
        "ok": True,
        "steps": [
            {
                "at": "2026-03-02T10:00",
                "kind": "purchase",
                "result": {"awarded": {"points": "1"}, "trace": [{"rule": "base", "points": "1"}]},
            }
        ],
        "failures": [],
    }
    assert wrong["failures"] == [
        {
            "step": 1,
            "at": "2026-03-02T10:00",
            "kind": "purchase",
            "what": "awarded",
            "expected": "2",
            "got": "1",
            "trace": [{"rule": "base", "points": "1"}],
        }
    ]


MOVING = """\
id: moving
title: Each step tells what it moved
programme:
  programme: {key: example, name: Example, zone: Europe/Tallinn, currency: EUR}
  point_types:
    - key: points
      name: Points
      transferable: true
      expiry: {kind: after, days: 30}
      conversions: [{to: miles, take: 10, give: "0.5"}]
    - {key: miles, name: Miles, decimals: 1, pending: {kind: days, days: 7}}
  rules: [{key: base, title: A mile, point_type: miles, effect: {kind: fixed, points: 1}}]
steps:
  - {at: 2026-03-02T10:00, open: {member: anna, points: 100}}
  - {at: 2026-03-02T11:00, hold: {member: anna, points: 60, ref: h1, until: 2026-04-05T10:00}}
  - {at: 2026-03-02T12:00, capture: {hold: h1, points: 20}}
  - {at: 2026-03-02T13:00, release: {hold: h1, points: 10}}
  - {at: 2026-03-02T14:00, transfer: {from: anna, to: mark, points: 5}}
  - {at: 2026-03-02T15:00, convert: {member: anna, points: 20, to: miles}}
  - {at: 2026-03-02T16:00, purchase: {ref: r1, member: anna, lines: [{sku: A, amount: 1}]}}
  - {at: 2026-03-09T00:00, advance: true}
  - {at: 2026-04-05T10:00, redeem: {member: anna, points: 1}, expect: {refused: insufficient_points}}
"""


@pytest.mark.django_db
def test_results_tell_what_a_step_moved_and_what_fell_due_before_it() -> None:
    outcome = run(read_text(MOVING))
    assert [step["result"] for step in outcome.steps] == [
        {"opened": {"points": "100"}},
        {"held": {"points": "60"}},
        {"spent": {"points": "20"}},
        {"released": {"points": "10"}},
        {"given": {"points": "5"}},
        {"converted": {"miles": "1.0"}},
        {
            "awarded": {"miles": "1.0"},
            "pending": {"miles": "1.0"},
            "trace": [{"rule": "base", "points": "1.0"}],
        },
        {"activated": {"miles": "1.0"}},
        {"refused": "insufficient_points", "expired": {"points": "60"}},
    ]


@pytest.mark.django_db
def test_a_missing_file_is_not_valid(capsys: pytest.CaptureFixture[str]) -> None:
    status, _out, err = command(capsys, "nowhere.yaml")
    assert (status, "nowhere.yaml" in err) == (2, True)
