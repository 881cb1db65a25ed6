"""Cells that lead to the page of what they name."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from loyalty.core.admin.cells import EMPTY, link, moment
from members.models import Purchase, Return
from members.models.ledger import Posting
from members.selectors.events import event_name
from members.selectors.statement_words import reason_in_words, sentence

__all__ = ["EMPTY", "cause", "link", "moment", "told"]


def cause(posting: Posting) -> SafeString | str:
    """Why points moved: the document, else the reason or reference that was given."""
    returned: Return | None = posting.returned
    purchase: Purchase | None = posting.purchase
    if returned is not None:
        return link(returned, _("Return %(number)s") % {"number": returned.number})
    if purchase is not None:
        return link(purchase, _("Receipt %(number)s") % {"number": purchase.number})
    event = posting.event
    if event is not None:
        return link(event, event_name(event.kind, event.revision))
    return reason_in_words(posting.reason) or posting.reference or EMPTY


def told(posting: Posting) -> SafeString | str:
    """What the movement was, as a sentence that leads to its document."""
    document = posting.returned or posting.purchase or posting.event
    return sentence(posting) if document is None else link(document, sentence(posting))
