"""The second pair of eyes: somebody asks, somebody else approves, and only then it is done.

An app registers what can be asked for as an `Operation` (in its module `approvals`) and calls `request()` where a
person may not act alone. What was asked is frozen. `approve()` carries it out in its own transaction: when the
operation refuses, the request goes on waiting, and when the subject is not as it was, nothing is done. Nobody
decides a request of their own; the database refuses it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty.core import audit, outbox
from loyalty.core.choices import ApprovalOutcome
from loyalty.core.models import Approval, User
from loyalty.core.problems import Conflict, Invalid, NotAllowed, Problem
from loyalty.core.registry import Table, Text

TIME_TO_DECIDE = timedelta(days=14)


class UnknownOperation(Problem):
    code = "unknown_operation"
    title = _("Nothing of that name can be asked for.")


class SelfApproval(NotAllowed):
    """Whoever asks needs another person, whatever rights they have."""

    code = "self_approval"
    title = _("You asked for this yourself: another person has to decide it.")


class NotAuthor(NotAllowed):
    code = "not_author"
    title = _("Only the person who asked can take a request back.")


class AlreadyAsked(Conflict):
    """One request at a time waits for one thing."""

    code = "already_asked"
    title = _("Somebody has asked for this already: the request waits for a decision.")


class AlreadyDecided(Conflict):
    code = "already_decided"
    title = _("This request has been decided already.")


class ApprovalExpired(Conflict):
    code = "approval_expired"
    title = _("Nobody decided this request in time: it has to be asked for again.")


class SubjectChanged(Conflict):
    """The approver would agree to something that nobody showed them."""

    code = "subject_changed"
    title = _("What was asked for is not what is there now: it has to be asked for again.")


class ReasonMissing(Invalid):
    code = "reason_missing"
    title = _("Say why, so that the other person understands.")


# --- what can be asked for ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Described:
    """A request in the reader's language: one line that says what would be done, and what it changes."""

    title: str
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for. `carry_out` does it and answers with plain data that is kept as the result.

    `describe` puts the request into words. `state_of` tells in a short text how the subject stands now; an approval
    needs the same text as at the request. `closed` is told when a request ends without being carried out.
    """

    name: str
    title: Text
    permission_to_ask: str
    permission_to_decide: str
    carry_out: Callable[[Approval, User, datetime], dict[str, Any]]
    describe: Callable[[Approval], Described]
    state_of: Callable[[dict[str, Any]], str]
    closed: Callable[[Approval], None] | None = None
    time_to_decide: timedelta = TIME_TO_DECIDE


_operations: dict[str, Operation] = {}


def register(operation: Operation) -> Operation:
    """From now on this can be asked for."""
    _operations[operation.name] = operation
    return operation


def operation_of(name: str) -> Operation:
    """Raises UnknownOperation."""
    if name not in _operations:
        raise UnknownOperation(name)
    return _operations[name]


def title_of(approval: Approval) -> str:
    """What kind of thing is asked for, also when its app is no longer installed."""
    operation = _operations.get(approval.operation)
    return approval.operation if operation is None else str(operation.title)


def describe(approval: Approval) -> Described:
    """A request in the reader's language."""
    operation = _operations.get(approval.operation)
    return Described(approval.operation) if operation is None else operation.describe(approval)


def operations() -> list[Operation]:
    """Everything that can be asked for, by name."""
    return [_operations[name] for name in sorted(_operations)]


# --- who sees what ------------------------------------------------------------------------------------------
def to_decide(user: User) -> models.QuerySet[Approval]:
    """Requests that wait for this person."""
    names = [each.name for each in operations() if user.has_perm(each.permission_to_decide)]
    return Approval.objects.waiting().filter(operation__in=names).exclude(requested_by=user)


def visible_to(user: User) -> models.QuerySet[Approval]:
    """One's own requests and those of a kind that one may decide; all of them with the right to see them."""
    if user.has_perm("core.view_approval"):
        return Approval.objects.all()
    names = [each.name for each in operations() if user.has_perm(each.permission_to_decide)]
    return Approval.objects.filter(Q(operation__in=names) | Q(requested_by=user))


def concerns(user: User) -> bool:
    """Whether this person can see, ask for or decide anything here."""
    return user.has_perm("core.view_approval") or takes_part(user)


def takes_part(user: User) -> bool:
    """Whether this person can ask for or decide anything."""
    return any(
        user.has_perm(each.permission_to_ask) or user.has_perm(each.permission_to_decide)
        for each in operations()
    )


def may_decide(approval: Approval, user: User) -> bool:
    """Whether this person could decide this request."""
    operation = _operations.get(approval.operation)
    others = approval.requested_by_id != user.pk
    return others and operation is not None and user.has_perm(operation.permission_to_decide)


# --- asking -------------------------------------------------------------------------------------------------
@transaction.atomic
def request(
    name: str,
    *,
    subject: models.Model,
    arguments: dict[str, Any],
    difference: dict[str, Any],
    reason: str,
    requested_by: User,
    now: datetime,
) -> Approval:
    """Ask for an operation. Raises NotAllowed, ReasonMissing, AlreadyAsked."""
    operation = operation_of(name)
    author = _fresh(requested_by)
    if not author.has_perm(operation.permission_to_ask):
        raise NotAllowed
    about = {"operation": name, "subject_type": subject._meta.label_lower, "subject_id": str(subject.pk)}
    expire(now=now, only=Q(**about))
    approval = Approval(
        **about,
        arguments=arguments,
        subject_state=operation.state_of(arguments),
        difference=difference,
        reason=_said(reason),
        requested_by=author,
        requested_at=now,
        expires_at=now + operation.time_to_decide,
    )
    try:
        with transaction.atomic(), audit.context(actor=author.pk, reason=approval.reason):
            approval.save(force_insert=True)
    except IntegrityError:
        # An index lets one of two through who ask at once.
        if Approval.objects.waiting().filter(**about).exists():
            raise AlreadyAsked from None
        raise
    _tell("approval.requested", approval, now)
    return approval


# --- deciding -----------------------------------------------------------------------------------------------
@transaction.atomic
def approve(approval: Approval, *, by: User, now: datetime, comment: str = "") -> Approval:
    """Carry out what was asked for. What the operation refuses comes through, and the request waits on.

    Raises SelfApproval, NotAllowed, AlreadyDecided, ApprovalExpired, SubjectChanged.
    """
    locked, decider = _locked(approval), _fresh(by)
    operation = _decidable(locked, decider, now)
    if operation.state_of(locked.arguments) != locked.subject_state:
        raise SubjectChanged
    with audit.context(actor=decider.pk, reason=comment.strip() or locked.reason):
        result = operation.carry_out(locked, decider, now)
        _close(locked, ApprovalOutcome.APPROVED, now=now, by=decider, comment=comment, result=result)
    return locked


def send_back(approval: Approval, *, by: User, now: datetime, comment: str = "") -> Approval:
    """Not like this: whoever asked mends it and asks again. Raises like `approve`, and ReasonMissing."""
    return _decline(approval, ApprovalOutcome.RETURNED, by=by, now=now, comment=comment)


def refuse(approval: Approval, *, by: User, now: datetime, comment: str = "") -> Approval:
    """No. Raises like `approve`, and ReasonMissing."""
    return _decline(approval, ApprovalOutcome.REFUSED, by=by, now=now, comment=comment)


@transaction.atomic
def withdraw(approval: Approval, *, by: User, now: datetime, comment: str = "") -> Approval:
    """The person who asked thinks better of it. Raises NotAuthor, AlreadyDecided."""
    locked = _locked(approval)
    if locked.requested_by_id != by.pk:
        raise NotAuthor
    _refuse_decided(locked)
    with _closing(locked, by):
        _close(locked, ApprovalOutcome.WITHDRAWN, now=now, by=by, comment=comment)
    return locked


@transaction.atomic
def expire(*, now: datetime, only: Q | None = None) -> int:
    """Close what nobody decided in time; returns how many."""
    overdue = Approval.objects.overdue(now).filter(only or Q()).order_by("pk")
    rows = list(overdue.select_for_update(of=("self",), skip_locked=True))
    for row in rows:
        with _closing(row, None):
            _close(row, ApprovalOutcome.EXPIRED, now=now, by=None, comment="")
    return len(rows)


# --- inside -------------------------------------------------------------------------------------------------
@transaction.atomic
def _decline(
    approval: Approval, outcome: ApprovalOutcome, *, by: User, now: datetime, comment: str
) -> Approval:
    locked, decider = _locked(approval), _fresh(by)
    _decidable(locked, decider, now)
    said = _said(comment)
    with _closing(locked, decider, said):
        _close(locked, outcome, now=now, by=decider, comment=said)
    return locked


def _locked(approval: Approval) -> Approval:
    """The request as it is now; of two people who decide at once, the second waits and finds it decided."""
    return Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)


def _fresh(user: User) -> User:
    """The person with the rights they have now, not those they had when they logged in."""
    return User.objects.get(pk=user.pk)


def _decidable(approval: Approval, by: User, now: datetime) -> Operation:
    if approval.requested_by_id == by.pk:
        raise SelfApproval
    operation = operation_of(approval.operation)
    if not by.has_perm(operation.permission_to_decide):
        raise NotAllowed
    _refuse_decided(approval)
    if approval.expires_at <= now:
        raise ApprovalExpired
    return operation


def _refuse_decided(approval: Approval) -> None:
    if approval.outcome is not None:
        raise AlreadyDecided


def _said(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise ReasonMissing
    return said


@contextmanager
def _closing(approval: Approval, by: User | None, reason: str = "") -> Iterator[None]:
    """Close a request without carrying it out, and tell the operation."""
    with audit.context(actor=None if by is None else by.pk, reason=reason):
        yield
        operation = _operations.get(approval.operation)
        if operation is not None and operation.closed is not None:
            operation.closed(approval)


def _close(
    approval: Approval,
    outcome: ApprovalOutcome,
    *,
    now: datetime,
    by: User | None,
    comment: str,
    result: dict[str, Any] | None = None,
) -> None:
    approval.outcome = outcome
    approval.decided_by = by
    approval.decided_at = now
    approval.decision_reason = comment.strip()
    approval.result = result
    approval.save(update_fields=Approval.set_once)
    _tell("approval.decided", approval, now)


def _tell(name: str, approval: Approval, now: datetime) -> None:
    outbox.publish(
        name,
        subject=f"approval:{approval.pk}",
        payload={"approval": approval.pk, "operation": approval.operation, "outcome": approval.outcome or ""},
        occurred_at=now,
        recorded_at=now,
    )
