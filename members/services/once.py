"""Posting a document once: the same number again gives the first answer, other content is a conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from django.db import IntegrityError

from loyalty.core.trips import Trip, transaction_in_trips
from members.choices import DocumentKind
from members.models import DocumentKey, Membership
from members.services.ledger import Sheet, plan_numbers, plan_sheets
from members.services.problems import DuplicateReceipt
from members.services.recording import Recorder
from programs.models import Programme
from programs.selectors.rulebooks import plan_rulebook

T = TypeVar("T")


class Said(NamedTuple):
    """The business key of a document and the digest of what it says."""

    programme: Programme
    partner: int
    kind: DocumentKind
    number: str
    digest: bytes
    member: int
    source: str = "main"

    def known(self) -> DocumentKey | None:
        """The document recorded under this key. Raises DuplicateReceipt when it said something else, or is another
        member's."""
        trip = Trip()
        found = self.plan(trip)
        trip.go()
        return found()

    def plan(self, trip: Trip) -> Callable[[], DocumentKey | None]:
        """Take along what reads the key; after the trip the result tells as `known` does."""
        columns = ("digest", "member_id", "document_id")
        answer = trip.ask(
            """
            SELECT digest, member_id, document_id FROM members_documentkey
             WHERE programme_id = %s AND partner_id = %s AND source = %s AND kind = %s AND number = %s
            """,
            [self.programme.pk, self.partner, self.source, self.kind.value, self.number],
        )

        def found() -> DocumentKey | None:
            if not answer.rows:
                return None
            key = DocumentKey(**dict(zip(columns, answer.rows[0], strict=True)))
            if (bytes(key.digest), key.member_id) != (self.digest, self.member):
                raise DuplicateReceipt
            return key

        return found


# What a document of each kind is numbered from, and what nearly every document needs.
_TABLES = {
    DocumentKind.PURCHASE: "members_purchase",
    DocumentKind.RETURN: "members_return",
    DocumentKind.EVENT: "members_event",
}
_USUAL = {"members_operation": 2, "members_posting": 4, "members_lot": 2, "core_outboxevent": 2}


def post_once(
    said: Said,
    now: datetime,
    memberships: Sequence[Membership],
    do: Callable[[Recorder, list[Sheet]], T],
    again: Callable[[DocumentKey], T],
    trip: Trip | None = None,
) -> T:
    """Lock the memberships, do it in a transaction of its own and write; or tell what was done before.

    All reading is one trip to the database, all writing another; `trip` has what else `do` wants to know.
    """
    trip = trip or Trip()
    numbers = dict(_USUAL)
    if said.kind in _TABLES:
        numbers[_TABLES[said.kind]] = 1
    try:
        with transaction_in_trips() as last:
            opened = plan_sheets(trip, [membership.pk for membership in memberships])
            known, book = said.plan(trip), plan_rulebook(trip, said.programme.pk)
            fetched = plan_numbers(trip, numbers)
            trip.go()
            if key := known():
                return again(key)
            recorder = Recorder(said.programme, now, book())
            recorder.begin(opened, fetched())
            done = do(recorder, [recorder.sheets[membership.pk] for membership in memberships])
            recorder.flush(last)
            return done
    except IntegrityError:
        # Somebody was faster with the same number; the key says whether it was the same document.
        key = said.known()
        if key is None:
            raise
        return again(key)
