"""The only writer of the points ledger.

`opening` locks memberships and loads their books, `writing` puts the rows of many operations into the database at
once. What an operation means stands in `members.engine.ledger`; the single way and the batch way share all of it.
"""

from members.services.ledger.numbers import Numbers, plan_numbers
from members.services.ledger.opening import Opened, Sheet, plan_sheets
from members.services.ledger.writing import Rows, write

__all__ = ["Numbers", "Opened", "Rows", "Sheet", "plan_numbers", "plan_sheets", "write"]
