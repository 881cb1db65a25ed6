"""A member's history as sentences: what each movement of points was, for the member, the call centre and the auditor.

The points themselves are not in the sentence: they stand beside it, with their sign.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.choices import DONATION, LotState, PostingKind, Side
from members.models import Payment
from members.models.ledger import Lot, Posting
from members.selectors.events import event_name, waits_in_words
from members.selectors.explain.amounts import moment, money
from members.selectors.statement import last_day_of

__all__ = [
    "REASONS",
    "day_in_words",
    "end_in_words",
    "last_day_in_words",
    "reason_in_words",
    "sentence",
    "usable_in_words",
]

# Reasons that nobody wrote down.
REASONS: dict[str, str | Promise] = {
    "friend_returned": _("the friend brought the goods back"),
    "hold_timed_out": _("not used in time"),
    "not_in_time": _("what they waited for did not come in time"),
}


def reason_in_words(reason: str) -> str:
    """The reason of a movement: what somebody wrote, or the words of a code."""
    return str(REASONS.get(reason, reason))


def sentence(posting: Posting) -> str:
    """What the movement was. The purchase, return and event of the posting should be loaded with it."""
    return _SENTENCES[PostingKind(posting.kind)](posting)


def _earned(posting: Posting) -> str:
    if posting.event is not None:
        said = gettext("Earned: %(event)s") % {
            "event": event_name(posting.event.kind, posting.event.revision)
        }
    elif posting.purchase is not None:
        said = gettext("Earned with receipt %(number)s") % {"number": posting.purchase.number}
    else:
        said = gettext("Earned")
    return (
        gettext("%(earned)s; not usable yet") % {"earned": said} if posting.to_side == Side.PENDING else said
    )


def _spent(posting: Posting) -> str:
    if posting.purchase is not None:
        return gettext("Paid for goods of receipt %(number)s") % {"number": posting.purchase.number}
    if posting.reason == DONATION:
        return gettext("Donated to %(charity)s") % {"charity": posting.partner}
    payment: Payment | None = getattr(posting, "payment", None)
    if payment is None:
        return _with_reference(gettext("Spent"), posting)
    said = gettext("Paid %(amount)s of a bill of %(bill)s") % {
        "amount": money(payment.amount, payment.currency),
        "bill": money(payment.bill, payment.currency),
    }
    return _with_reference(said, posting)


def _restored(posting: Posting) -> str:
    if posting.returned is None:
        return _with_reason(
            _with_reference(gettext("Redemption undone, points given back"), posting), posting
        )
    return gettext("Spent points given back with return %(number)s") % {"number": posting.returned.number}


def _reversed(posting: Posting) -> str:
    number = "" if posting.returned is None else posting.returned.number
    if posting.from_side == Side.DEBT:
        return gettext("Owed after return %(number)s: the points were spent already") % {"number": number}
    return gettext("Taken back with return %(number)s") % {"number": number}


def _adjusted(posting: Posting) -> str:
    up = posting.to_side == Side.AVAILABLE
    return _with_reason(gettext("Given by staff") if up else gettext("Taken by staff"), posting)


def _released(posting: Posting) -> str:
    return _with_reason(_with_reference(gettext("No longer set aside"), posting), posting)


def _forfeited(posting: Posting) -> str:
    return _with_reason(gettext("Lapsed"), posting)


def _opened(posting: Posting) -> str:
    up = posting.to_side == Side.AVAILABLE
    said = gettext("Brought along from before") if up else gettext("Brought along by mistake, taken back")
    return _with_reason(said, posting)


def _with_reason(said: str, posting: Posting) -> str:
    return f"{said}: {reason_in_words(posting.reason)}" if posting.reason else said


def _with_reference(said: str, posting: Posting) -> str:
    return f"{said} ({posting.reference})" if posting.reference else said


_SENTENCES: dict[PostingKind, Callable[[Posting], str]] = {
    PostingKind.EARN: _earned,
    PostingKind.ACTIVATE: lambda _posting: gettext("Became usable"),
    PostingKind.SPEND: _spent,
    PostingKind.RESTORE: _restored,
    PostingKind.REVERSE: _reversed,
    PostingKind.DEBT_REPAY: lambda _posting: gettext("Used to pay what was owed"),
    PostingKind.ADJUST: _adjusted,
    PostingKind.HOLD: lambda posting: _with_reference(gettext("Set aside"), posting),
    PostingKind.CAPTURE: lambda posting: _with_reference(gettext("Spent of what was set aside"), posting),
    PostingKind.RELEASE: _released,
    PostingKind.EXPIRE: lambda _posting: gettext("Expired: not used before their last day"),
    PostingKind.FORFEIT: _forfeited,
    PostingKind.OPENING: _opened,
    PostingKind.TRANSFER_OUT: lambda posting: _with_reason(gettext("Given to another member"), posting),
    PostingKind.TRANSFER_IN: lambda posting: _with_reason(gettext("Received from another member"), posting),
    PostingKind.CONVERT_OUT: lambda _posting: gettext("Converted to other points"),
    PostingKind.CONVERT_IN: lambda _posting: gettext("Converted from other points"),
}


# --- lots -------------------------------------------------------------------------------------------------------
def usable_in_words(lot: Lot, zone: str) -> str:
    """From when the points can be used, or what they wait for and until when."""
    if lot.state != LotState.PENDING:
        return gettext("now") if lot.state == LotState.ACTIVE else ""
    if not lot.awaits:
        return (
            gettext("from %(moment)s") % {"moment": moment(lot.activates_at, zone)}
            if lot.activates_at
            else ""
        )
    words = {"what": waits_in_words(lot.awaits, lot.revision)}
    if lot.lapses_at is None:
        return gettext("waits for: %(what)s") % words
    words["moment"] = moment(lot.lapses_at, zone)
    if lot.lapse:
        return gettext("waits for: %(what)s; lapses on %(moment)s") % words
    return gettext("waits for: %(what)s; usable on %(moment)s at the latest") % words


def last_day_in_words(lot: Lot) -> str:
    """The last usable day; empty for a lot that is used up and had none."""
    last = last_day_of(lot)
    return _undated(lot) if last is None else day_in_words(last)


def end_in_words(lot: Lot, told: date | None) -> str:
    """The last usable day with the notice that goes before it; `told` is the day on which it was given."""
    last = last_day_of(lot)
    if last is None or not lot.notice_days or lot.state == LotState.CLOSED:
        return last_day_in_words(lot)
    notice = timedelta(days=lot.notice_days)
    if told is not None:
        usable = max(last, told + notice - timedelta(days=1))
        words = {"last": day_in_words(usable), "day": day_in_words(told)}
        return gettext("%(last)s; notice given on %(day)s") % words
    words = {"last": day_in_words(last), "day": day_in_words(last + timedelta(days=1) - notice)}
    return gettext("%(last)s; notice due on %(day)s, nothing expires without it") % words


def day_in_words(last: date | None) -> str:
    """A last usable day, or that there is none."""
    return gettext("does not expire") if last is None else date_format(last, "DATE_FORMAT")


def _undated(lot: Lot) -> str:
    if lot.expires_on is not None:
        return gettext("as long as the member is in the tier")
    if lot.state == LotState.CLOSED:
        return ""
    if lot.state == LotState.PENDING and lot.rule:
        return gettext("counted from when they can be used")
    return gettext("does not expire")
