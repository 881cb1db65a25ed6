"""The only writer of the points ledger.

`opening` locks memberships and loads their books, `writing` puts the rows of many operations into the database at
once. What an operation means stands in `members.engine.ledger`; the single way and the batch way share all of it.
"""

from members.services.ledger.numbers import Numbers
from members.services.ledger.opening import Sheet, open_sheets
from members.services.ledger.writing import Rows, write

__all__ = ["Numbers", "Rows", "Sheet", "open_sheets", "write"]
