"""Refusals as the API, files and commands show them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management.base import OutputWrapper
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import (
    Conflict,
    FieldError,
    Invalid,
    InvalidFile,
    NotFound,
    Problem,
    ProblemCommand,
    print_problem,
    sentence_of,
)


class TooMuch(Problem):
    code = "too_much"
    title = _("That is too much.")


def test_the_shape_of_a_problem() -> None:
    problem = TooMuch(
        "At most 5.", errors=[FieldError("too_big", "6 is too big.", pointer="/points")], limit=5
    )
    assert problem.as_dict() == {
        "type": "urn:loyalty:problem:too_much",
        "title": "That is too much.",
        "status": 422,
        "code": "too_much",
        "detail": "At most 5.",
        "errors": [{"code": "too_big", "message": "6 is too big.", "pointer": "/points"}],
        "limit": 5,
    }
    assert Conflict().as_dict()["status"] == 409


def test_an_error_says_where_and_what_was_expected() -> None:
    error = FieldError(
        "unknown_key", "“rat” is not known.", pointer="/rules/0", line=3, column=5, expected="rate"
    )
    assert str(error) == "3:5: /rules/0: “rat” is not known. (expected: rate)"


class Refusing(ProblemCommand):
    problem: Problem = TooMuch("At most 5.")

    def run(self, *args: Any, **options: Any) -> None:
        raise self.problem


@pytest.mark.django_db
@pytest.mark.parametrize(("problem", "status"), [(TooMuch("At most 5."), 1), (InvalidFile("Empty."), 2)])
def test_a_command_ends_with_a_sentence_and_a_status(problem: Problem, status: int) -> None:
    errors = io.StringIO()
    command = Refusing(stderr=errors, no_color=True)
    command.problem = problem
    with pytest.raises(SystemExit) as ended:
        command.handle(json=False)
    assert ended.value.code == status
    assert errors.getvalue() == f"{problem.title} {problem.detail}\n"


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (NotFound("Nobody is called Anna."), "Nobody is called Anna."),
        (NotFound(), "There is no such thing."),
        (Invalid("No such zone."), "No such zone."),
        (TooMuch("At most 5."), "That is too much. At most 5."),
        (TooMuch(), "That is too much."),
    ],
)
def test_a_title_that_says_nothing_beside_the_reason_is_left_out(problem: Problem, sentence: str) -> None:
    assert sentence_of(problem) == sentence


def test_a_problem_as_json_has_every_error() -> None:
    out = io.StringIO()
    errors = [FieldError("bad", "bad", line=number) for number in range(100)]
    print_problem(OutputWrapper(out), TooMuch(errors=errors), as_json=True)
    assert len(json.loads(out.getvalue())["errors"]) == 100
    out = io.StringIO()
    print_problem(OutputWrapper(out), TooMuch(errors=errors))
    assert out.getvalue().endswith("… and 50 more.\n")
