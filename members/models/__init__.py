"""Members, what happened to them, and the points ledger.

The ledger's rows are registered here but not re-exported: `members.services.ledger` alone writes them, selectors
read them.
"""

from members.models import ledger as _ledger  # registered with Django, not offered from here
from members.models.counters import BudgetCounter, MemberStats, RuleUsage
from members.models.documents import DocumentKey, Purchase, Return
from members.models.events import Event, Transfer
from members.models.imports import StagedReceipt
from members.models.payments import Payment
from members.models.people import Identifier, Member, Membership, Person
from members.models.referrals import Referral
from members.models.tiers import QualificationCounter, TierDecision, TierGrant, TierPeriod
from members.models.uploads import Upload
from members.models.verification import HistoryMark

__all__ = [
    "BudgetCounter",
    "DocumentKey",
    "Event",
    "HistoryMark",
    "Identifier",
    "Member",
    "MemberStats",
    "Membership",
    "Payment",
    "Person",
    "Purchase",
    "QualificationCounter",
    "Referral",
    "Return",
    "RuleUsage",
    "StagedReceipt",
    "TierDecision",
    "TierGrant",
    "TierPeriod",
    "Transfer",
    "Upload",
]

del _ledger
