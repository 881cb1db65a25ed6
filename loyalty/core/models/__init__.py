"""Models of the floor: who logs in and what they may do, what changed, what a second person decides, what must be
told onwards, what runs in the background."""

from loyalty.core.models.approvals import Approval
from loyalty.core.models.audit import AuditEntry, AuditPersonalValue
from loyalty.core.models.history import AppendOnly
from loyalty.core.models.jobs import ImportBatch, ImportRowError, Job
from loyalty.core.models.outbox import HandlerRun, OutboxEvent
from loyalty.core.models.roles import Role
from loyalty.core.models.users import User

__all__ = [
    "AppendOnly",
    "Approval",
    "AuditEntry",
    "AuditPersonalValue",
    "HandlerRun",
    "ImportBatch",
    "ImportRowError",
    "Job",
    "OutboxEvent",
    "Role",
    "User",
]
