"""Every page, action, inline and search of the back office lets in those who are in the checked-in matrix."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from loyalty.core.models import AuditEntry, User
from tests.architecture.access import (
    ASKING,
    COMMAND,
    DOES,
    FILE,
    NO,
    NOBODY,
    SITE,
    Matrix,
    action_names,
    measure,
    people,
)

# What everybody who can log in may open; the pages decide for themselves what they show.
FOR_EVERYBODY = {
    "autocomplete", "index", "jsi18n", "login", "logout", "password_change", "password_change_done", "search",
}  # fmt: skip
# A basket is tried in a transaction that is taken back: whoever sees the rules may.
LEAVES_NOTHING = ("programs.programme", "tab try")
OURS = ("core", "programs", "members", "rewards", "surveys", "auth")


@pytest.fixture(scope="module")
def matrix(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Matrix:
    with django_db_blocker.unblock(), transaction.atomic():
        measured = measure(people())
        transaction.set_rollback(True)
    return measured


def test_the_matrix_is_the_checked_in_one(matrix: Matrix) -> None:
    text = matrix.text()
    if os.environ.get("ACCESS_MATRIX") == "write":
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text, f"who may do what changed: look, then {COMMAND}"


def test_every_page_of_the_back_office_is_in_it(matrix: Matrix) -> None:
    assert {model._meta.label_lower for model in site._registry} <= set(matrix.pages)


def test_without_a_role_nothing_opens(matrix: Matrix) -> None:
    opened = {(page, line) for page, line, cell in matrix.cells(NOBODY) if cell != NO}
    assert {page for page, _line in opened} == {SITE}
    assert {line for _page, line in opened} <= FOR_EVERYBODY


def test_the_auditor_and_finance_change_nothing(matrix: Matrix) -> None:
    for role in ("auditor", "finance"):
        done = {(page, line) for page, line, cell in matrix.cells(role) if cell == DOES and page != SITE}
        assert done == {LEAVES_NOTHING}, role


def test_the_auditor_opens_every_list(matrix: Matrix) -> None:
    closed = [page for page, line, cell in matrix.cells("auditor") if line == "changelist" and cell == NO]
    assert closed == []


def test_only_the_administrator_edits_users(matrix: Matrix) -> None:
    editors = {
        column
        for column in matrix.columns
        for page, _line, cell in matrix.cells(column)
        if page == "core.user" and cell == DOES
    }
    assert editors == {"administrator"}


def test_who_asks_does_not_decide(matrix: Matrix) -> None:
    asking = {column: set() for column in matrix.columns}
    for column in matrix.columns:
        asking[column] = {line for page, line, cell in matrix.cells(column) if (page, cell) == (ASKING, DOES)}
    assert asking.pop("marketing") == {"ask: programs.publish"}
    assert asking.pop("call_centre") == {"ask: members.adjust"}
    assert asking.pop("approver") == {"decide: programs.publish", "decide: members.adjust"}
    assert set().union(*asking.values()) == set()


def test_the_call_centre_writes_no_programme(matrix: Matrix) -> None:
    written = [
        (page, line)
        for page, line, cell in matrix.cells("call_centre")
        if page.startswith("programs.") and cell == DOES
    ]
    assert written == [LEAVES_NOTHING]


@pytest.mark.django_db
def test_nothing_of_ours_is_deleted_not_even_by_those_who_may_do_everything(rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("boss@example.com")
    deletable = {
        model._meta.label_lower
        for model, page in site._registry.items()
        if model._meta.app_label in OURS and page.has_delete_permission(request)
    }
    # A role of the operator's own making says what people may do; it is no history. A part of a programme is only taken
    # out of the working copy: its row stays.
    parts = {"pointtype", "eventtype", "tierladder", "productlist", "rulegroup", "rule"}
    assert deletable == {"auth.group", *(f"programs.{part}" for part in parts)}


def test_every_action_says_which_right_it_needs() -> None:
    silent = []
    for model_admin in site._registry.values():
        functions = [function for function, _name, _words in model_admin._get_base_actions()]
        for kind in ("list", "row", "detail", "submit_line"):
            functions += [each.method for each in getattr(model_admin, f"_get_base_actions_{kind}")()]
        silent += [
            f"{model_admin}: {function}"
            for function in functions
            if not getattr(function, "allowed_permissions", None)
        ]
    assert silent == []


@pytest.mark.django_db
def test_an_action_sent_without_the_right_is_refused_and_recorded() -> None:
    staff = people()
    tried = 0
    for model, model_admin in site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for name in action_names(model_admin) | {"delete_selected"}:
            if model._meta.app_label not in OURS:
                continue
            for role in (NOBODY, "auditor"):
                client = Client()
                client.force_login(staff[role])
                answer = client.post(address, {"action": name, "_selected_action": ["1", "999"]})
                assert answer.status_code == 403, (address, name, role)
                tried += 1
    refused = AuditEntry.objects.filter(operation="refuse", source__startswith="POST /admin/")
    assert refused.count() == tried > 20
