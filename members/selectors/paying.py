"""What members' points are worth at the till, for people who look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from members.models.ledger import Account
from members.selectors.explain.amounts import money
from programs.models import Programme
from programs.selectors.rulesets import NoRevision, ruleset_at

__all__ = ["worth_of"]


def worth_of(programme: Programme, accounts: Sequence[Account], now: datetime) -> dict[int, str]:
    """The money that can be paid with what is available on each account, by its id, as the rules in force say. Accounts
    whose points pay no bills are not there."""
    if not accounts:
        return {}
    try:
        core = ruleset_at(programme.pk, now).ruleset.core
    except NoRevision:
        return {}
    worths = {}
    for account in accounts:
        item = core.point_type(account.point_type.key)
        if item is not None and item.money is not None and item.spendable:
            worths[account.pk] = money(item.money.worth(account.available), core.currency)
    return worths
