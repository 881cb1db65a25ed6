"""The second pair of eyes: who may ask, who may decide, what is done then, and that nobody decides for themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction

from loyalty.core import approvals, audit
from loyalty.core.approvals import Described, Operation
from loyalty.core.models import Approval, AuditEntry, OutboxEvent, User
from loyalty.core.problems import Conflict, NotAllowed, Problem
from loyalty.core.tasks import expire_approvals

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
RENAME = "tests.rename"


class NameTaken(Conflict):
    code = "name_taken"


def rename(approval: Approval, by: User, now: datetime) -> dict[str, Any]:
    """Rename a role, unless the name is taken."""
    name = approval.arguments["name"]
    if Group.objects.filter(name=name).exists():
        raise NameTaken
    Group.objects.filter(pk=approval.arguments["group"]).update(name=name)
    return {"name": name, "by": by.pk}


@pytest.fixture
def closed() -> Iterator[list[int]]:
    """An operation of the test's own, and the requests it was told ended without it."""
    told: list[int] = []
    operation = Operation(
        name=RENAME,
        title="Renaming",
        permission_to_ask="auth.change_group",
        permission_to_decide="auth.view_group",
        carry_out=rename,
        describe=lambda approval: Described(f"Rename to {approval.arguments['name']}"),
        state_of=lambda arguments: Group.objects.get(pk=arguments["group"]).name,
        closed=lambda approval: told.append(approval.pk),
    )
    approvals.register(operation)
    yield told
    del approvals._operations[RENAME]


def somebody(email: str, *codenames: str, everything: bool = False) -> User:
    user = User.objects.create_staff(email, is_superuser=everything)
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="auth", codename__in=codenames)
    )
    return user


def asker() -> User:
    return somebody("asks@example.com", "change_group", "view_group")


def decider(email: str = "decides@example.com") -> User:
    return somebody(email, "view_group")


def ask(author: User, *, group: Group | None = None, name: str = "New", now: datetime = NOON) -> Approval:
    subject = group or Group.objects.get_or_create(name="Old")[0]
    return approvals.request(
        RENAME,
        subject=subject,
        arguments={"group": subject.pk, "name": name},
        difference={"before": subject.name, "after": name},
        reason="A better name",
        requested_by=author,
        now=now,
    )


def waits(approval: Approval) -> bool:
    approval.refresh_from_db()
    return approval.outcome is None and Group.objects.filter(name="Old").exists()


@pytest.mark.django_db
class TestDeciding:
    @pytest.fixture(autouse=True)
    def _operation(self, closed: list[int]) -> None:
        self.closed = closed

    def test_another_person_approves_and_it_is_done(self) -> None:
        approval = ask(asker())
        boss = decider()
        approvals.approve(approval, by=boss, now=LATER, comment=" Good ")
        approval.refresh_from_db()
        assert Group.objects.filter(name="New").exists()
        assert (approval.outcome, approval.decided_by, approval.decided_at) == ("approved", boss, LATER)
        assert (approval.decision_reason, approval.result) == ("Good", {"name": "New", "by": boss.pk})
        assert self.closed == []
        assert list(OutboxEvent.objects.order_by("id").values_list("name", "payload__outcome")) == [
            ("approval.requested", ""), ("approval.decided", "approved"),
        ]  # fmt: skip

    @pytest.mark.parametrize("decide", [approvals.approve, approvals.send_back, approvals.refuse])
    @pytest.mark.parametrize("everything", [False, True])
    def test_nobody_decides_what_they_asked_for(self, decide: Callable[..., Any], everything: bool) -> None:
        author = somebody("both@example.com", "change_group", "view_group", everything=everything)
        approval = ask(author)
        with pytest.raises(approvals.SelfApproval) as refusal:
            decide(approval, by=author, now=LATER, comment="me")
        assert refusal.value.status == 403
        assert waits(approval)

    def test_the_database_refuses_it_too(self) -> None:
        author = asker()
        approval = ask(author)
        for outcome in ("approved", "returned", "refused"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Approval.objects.filter(pk=approval.pk).update(
                    outcome=outcome, decided_by=author, decided_at=LATER, decision_reason="",
                    result={} if outcome == "approved" else None,
                )  # fmt: skip
            with pytest.raises(IntegrityError), transaction.atomic():
                Approval.objects.filter(pk=approval.pk).update(
                    outcome=outcome, decided_at=LATER, decision_reason="",
                    result={} if outcome == "approved" else None,
                )  # fmt: skip
        assert waits(approval)

    @pytest.mark.parametrize(
        "change", [{"arguments": {"group": 1, "name": "Other"}}, {"requested_by_id": 1}, {"reason": "x"},
                   {"subject_state": "x"}, {"expires_at": LATER}],
    )  # fmt: skip
    def test_what_was_asked_is_frozen(self, change: dict[str, Any]) -> None:
        approval = ask(asker())
        with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
            Approval.objects.filter(pk=approval.pk).update(**change)
        assert waits(approval)

    def test_a_decision_is_made_once(self) -> None:
        approval = ask(asker())
        boss = decider()
        approvals.refuse(approval, by=boss, now=LATER, comment="No")
        for decide in (approvals.approve, approvals.send_back, approvals.refuse):
            with pytest.raises(approvals.AlreadyDecided):
                decide(approval, by=boss, now=LATER, comment="Again")
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            Approval.objects.filter(pk=approval.pk).update(outcome="approved")
        approval.refresh_from_db()
        assert (approval.outcome, approval.decision_reason) == ("refused", "No")
        assert self.closed == [approval.pk]

    def test_without_the_right_nobody_asks_or_decides(self) -> None:
        stranger = somebody("stranger@example.com")
        with pytest.raises(NotAllowed):
            ask(stranger)
        assert not Approval.objects.exists()
        approval = ask(asker())
        for decide in (approvals.approve, approvals.send_back, approvals.refuse):
            with pytest.raises(NotAllowed):
                decide(approval, by=stranger, now=LATER, comment="me")
        assert waits(approval)

    def test_a_right_that_was_taken_away_counts_no_more(self) -> None:
        approval, boss = ask(asker()), decider()
        assert boss.has_perm("auth.view_group")
        User.objects.get(pk=boss.pk).user_permissions.clear()
        with pytest.raises(NotAllowed):
            approvals.approve(approval, by=boss, now=LATER)
        assert waits(approval)

    def test_what_changed_meanwhile_is_not_approved(self) -> None:
        approval = ask(asker())
        Group.objects.filter(name="Old").update(name="Another")
        with pytest.raises(approvals.SubjectChanged):
            approvals.approve(approval, by=decider(), now=LATER)
        approval.refresh_from_db()
        assert approval.outcome is None
        assert Group.objects.filter(name="Another").exists()

    def test_a_refusal_of_the_operation_leaves_the_request_waiting(self) -> None:
        approval, boss = ask(asker()), decider()
        taken = Group.objects.create(name="New")
        with pytest.raises(NameTaken):
            approvals.approve(approval, by=boss, now=LATER)
        assert waits(approval)
        taken.delete()
        approvals.approve(approval, by=boss, now=LATER)
        assert Group.objects.filter(name="New").exists()

    @pytest.mark.parametrize("decide", [approvals.send_back, approvals.refuse])
    def test_saying_no_needs_a_comment(self, decide: Callable[..., Any]) -> None:
        approval = ask(asker())
        with pytest.raises(approvals.ReasonMissing):
            decide(approval, by=decider(), now=LATER, comment="  ")
        assert waits(approval)

    def test_what_was_sent_back_can_be_asked_again(self) -> None:
        author = asker()
        first = ask(author)
        with pytest.raises(approvals.AlreadyAsked):
            ask(author, name="Better")
        approvals.send_back(first, by=decider(), now=LATER, comment="Better, please")
        assert ask(author, name="Better").state == "waiting"
        assert self.closed == [first.pk]

    def test_only_the_author_takes_a_request_back(self) -> None:
        author = asker()
        approval = ask(author)
        with pytest.raises(approvals.NotAuthor):
            approvals.withdraw(approval, by=decider(), now=LATER)
        assert waits(approval)
        approvals.withdraw(approval, by=author, now=LATER)
        approval.refresh_from_db()
        assert (approval.outcome, approval.decided_by) == ("withdrawn", author)
        assert self.closed == [approval.pk]

    def test_nobody_decides_after_the_time_is_over(self) -> None:
        author, boss = asker(), decider()
        approval = ask(author)
        over = NOON + approvals.TIME_TO_DECIDE
        with pytest.raises(approvals.ApprovalExpired):
            approvals.approve(approval, by=boss, now=over)
        assert waits(approval)
        assert approvals.expire(now=over - timedelta(seconds=1)) == 0
        # A new request closes the old one, whether or not the timetable came first.
        again = ask(author, now=over)
        approval.refresh_from_db()
        assert (approval.outcome, approval.decided_by) == ("expired", None)
        assert again.outcome is None
        assert self.closed == [approval.pk]

    def test_the_timetable_closes_what_nobody_decided(self) -> None:
        approval = ask(asker(), now=NOON - timedelta(days=10_000))
        assert expire_approvals() == 1
        approval.refresh_from_db()
        assert approval.outcome == "expired"

    def test_every_step_is_on_record(self) -> None:
        author, boss = asker(), decider()
        approval = ask(author)
        with audit.context(source="test"):
            approvals.approve(approval, by=boss, now=LATER, comment="Fine")
        entries = AuditEntry.objects.filter(subject_type="core.approval").order_by("id")
        assert [(entry.operation, entry.actor_id, entry.reason) for entry in entries] == [
            ("insert", author.pk, "A better name"), ("update", boss.pk, "Fine"),
        ]  # fmt: skip
        renamed = AuditEntry.objects.filter(subject_type="auth.group", operation="update").get()
        assert (renamed.actor_id, renamed.reason) == (boss.pk, "Fine")


def at_once(calls: Sequence[Callable[[], Any]]) -> list[str]:
    """The outcome of each call, or the code of its refusal; all of them start together."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> str:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return str(call().state)
        except Problem as problem:
            return problem.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_two_approvers_at_once_have_one_effect(committed_database: Any, closed: list[int]) -> None:
    approval = ask(asker())
    bosses = [decider(f"boss{number}@example.com") for number in range(8)]
    answers = at_once([lambda boss=boss: approvals.approve(approval, by=boss, now=LATER) for boss in bosses])
    assert Counter(answers) == {"approved": 1, "already_decided": 7}
    assert Group.objects.filter(name="New").count() == 1
    assert OutboxEvent.objects.filter(name="approval.decided").count() == 1
    approval.refresh_from_db()
    assert approval.result["by"] == approval.decided_by_id


def test_approving_and_refusing_at_once_is_one_of_the_two(committed_database: Any, closed: list[int]) -> None:
    approval, boss, other = ask(asker()), decider(), decider("other@example.com")
    answers = at_once(
        [
            lambda: approvals.approve(approval, by=boss, now=LATER),
            lambda: approvals.refuse(approval, by=other, now=LATER, comment="No"),
        ]
    )
    approval.refresh_from_db()
    assert sorted(answers) == sorted([approval.outcome, "already_decided"])
    assert Group.objects.filter(name="New").exists() == (approval.outcome == "approved")


def test_asking_at_once_is_one_request(committed_database: Any, closed: list[int]) -> None:
    author, group = asker(), Group.objects.create(name="Old")
    answers = at_once([lambda: ask(author, group=group)] * 8)
    assert Counter(answers) == {"waiting": 1, "already_asked": 7}
    assert Approval.objects.count() == 1


def test_the_owner_of_the_tables_cannot_approve_own_requests_either(
    committed_database: Any, closed: list[int]
) -> None:
    author = somebody("both@example.com", everything=True)
    approval = ask(author)
    with psycopg.connect(committed_database.owner_url, autocommit=True) as owner:
        with pytest.raises(psycopg.errors.CheckViolation, match="approval_decided_by_another"):
            owner.execute(
                "UPDATE core_approval SET outcome = 'approved', decided_by_id = requested_by_id,"
                " decided_at = now(), decision_reason = '', result = '{}'"
            )
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            owner.execute("UPDATE core_approval SET requested_by_id = requested_by_id + 1")
    assert waits(approval)
