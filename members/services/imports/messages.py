"""What is wrong with a row, in words."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_WORDS = {
    "unreadable": _("The file cannot be read from here on."),
    "wrong_width": _("This row has another number of columns than the first row."),
    "bad_text": _("This text is empty, too long, or has blanks around it."),
    "bad_time": _("This is not a time that exists."),
    "in_future": _("This time lies in the future."),
    "receipt_mixed": _("Rows of one receipt name different members, times or stores."),
    "product_mixed": _("This article stands in the file twice, with different words."),
    "not_a_number": _("This is not a plain number."),
    "too_many_decimals": _("This number has too many decimals."),
    "unknown_choice": _("This is not one of the possible values."),
    "negative": _("This may not be negative."),
    "unknown_member": _("Nobody has this number."),
    "unknown_receipt": _("There is no such receipt."),
    "unknown_line": _("The receipt has no such line."),
    "duplicate_receipt": _("This receipt is already recorded with other content."),
    "no_revision": _("No rules of the programme were in force at that time."),
    "empty_purchase": _("A purchase needs at least one line."),
    "return_too_large": _("More is returned than is left of the purchase."),
    "nothing_to_return": _("Nothing of this purchase is left to return."),
}


def message(code: str) -> str:
    """The sentence for a fault's code, in the active language."""
    return str(_WORDS.get(code) or gettext("This row cannot be used."))


# What the columns of a file are called by people.
COLUMNS = {
    "receipt": _("number of the receipt"),
    "occurred_at": _("time of the purchase"),
    "member": _("card or number of the member"),
    "store": _("store"),
    "sku": _("article"),
    "name": _("name"),
    "quantity": _("quantity"),
    "amount": _("amount of the line"),
    "till": _("till"),
    "cashier": _("cashier"),
    "category": _("category"),
    "department": _("department"),
    "brand": _("brand"),
    "label": _("labels"),
    "kind": _("kind of line"),
    "discount": _("discount of the line"),
    "tax": _("tax in the amount"),
    "channel": _("channel"),
    "payment": _("way of paying"),
    "line": _("number of the line"),
    "so_far": _("counts what came back earlier (yes)"),
    "number": _("number of the return"),
}
