"""Posting a document once: the same number again gives the first answer, other content is a conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from django.db import IntegrityError, transaction

from members.choices import DocumentKind
from members.models import DocumentKey, Membership
from members.services.ledger import Sheet
from members.services.problems import DuplicateReceipt
from members.services.recording import Recorder
from programs.models import Programme

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
        key = DocumentKey.objects.filter(
            programme=self.programme,
            partner_id=self.partner,
            source=self.source,
            kind=self.kind,
            number=self.number,
        ).first()
        if key is not None and (bytes(key.digest), key.member_id) != (self.digest, self.member):
            raise DuplicateReceipt
        return key


def post_once(
    said: Said,
    now: datetime,
    memberships: Sequence[Membership],
    do: Callable[[Recorder, list[Sheet]], T],
    again: Callable[[DocumentKey], T],
) -> T:
    """Lock the memberships, do it in a transaction of its own and write; or tell what was done before."""
    try:
        with transaction.atomic():
            recorder = Recorder(said.programme, now)
            recorder.open([membership.pk for membership in memberships])
            if key := said.known():
                return again(key)
            done = do(recorder, [recorder.sheets[membership.pk] for membership in memberships])
            recorder.flush()
            return done
    except IntegrityError:
        # Somebody was faster with the same number; the key says whether it was the same document.
        key = said.known()
        if key is None:
            raise
        return again(key)
