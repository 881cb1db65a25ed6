"""What the model answers. Everything is added up anew from lots, shortages and the journal."""

from __future__ import annotations

from collections import Counter

from tests.state_machine.books import Books
from tests.state_machine.rows import Account, Buckets, OpenLot


class Answers(Books):
    def buckets(self, member: str, point_type: str) -> Buckets:
        account = self.account(member, point_type)
        return Buckets(account.available, account.pending, account.held, account.debt)

    def balance(self, member: str, point_type: str) -> int:
        """What is shown: below zero while there is a debt."""
        account = self.account(member, point_type)
        return account.available - account.debt

    def version(self, member: str, point_type: str) -> int:
        """How many rows the account has; 0: untouched."""
        return self.account(member, point_type).rows

    def open_lots(self, member: str, point_type: str) -> list[OpenLot]:
        """Usable and held lots in spending order, then pending ones by number."""
        lots = [lot for lot in self.account(member, point_type).lots if lot.state != "closed"]
        active = self.in_spending_order(lot for lot in lots if not lot.pending)
        return [
            OpenLot(
                lot.number,
                lot.remaining,
                lot.held,
                lot.state,
                self.expires_on(lot),
                lot.earned_at,
                lot.amount,
            )
            for lot in active + [lot for lot in lots if lot.pending]
        ]

    def open_holds(self, member: str, point_type: str) -> dict[str, int]:
        """What each hold that is still open holds."""
        return {
            hold.ref: hold.left
            for hold in self.running_holds
            if (hold.member, hold.point_type) == (member, point_type) and hold.left
        }

    def shortages(self, member: str, point_type: str) -> list[tuple[str, int]]:
        """The debt by the award whose reversal left it, in the order in which it is paid."""
        account = self.account(member, point_type)
        return [(shortage.award, shortage.left) for shortage in account.shortages if shortage.left]

    def sums_by_move(self, point_type: str) -> Counter[tuple[str, str, str]]:
        """Points of the whole programme by (kind, from, to)."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in self.journal:
            if row.point_type == point_type:
                sums[row.kind, row.source, row.target] += row.points
        return sums

    def totals(self, point_type: str) -> dict[str, int]:
        """The programme's figures. `redeemed` is net of what was given back, `adjusted`, `opened` and `converted` are
        up minus down and in minus out; outstanding = what members have, less what they owe."""
        flow: Counter[str] = Counter()
        for (_kind, source, target), points in self.sums_by_move(point_type).items():
            flow[source] -= points
            flow[target] += points
        moved: Counter[str] = Counter()
        for (kind, _source, _target), points in self.sums_by_move(point_type).items():
            moved[kind] += points
        return {
            "issued": moved["earn"],
            "reversed": moved["reverse"],
            "redeemed": flow["redemption"],
            "expired": flow["expiry"],
            "forfeited": flow["forfeiture"],
            "adjusted": -flow["adjustment"],
            "opened": -flow["opening"],
            "converted": -flow["conversion"],
            "outstanding": sum(self._worth(account) for account in self._accounts_of(point_type)),
        }

    def state(self) -> dict[str, object]:
        """Everything that may be seen, to compare two models or one before and after a refusal."""
        seen: dict[str, object] = {"rows": list(self.journal), "notices": dict(self.notices)}
        for (member, point_type), account in sorted(self.accounts.items()):
            if account.lots or account.closed or account.shortages or account.extended_to:
                seen[f"{member}, {point_type}"] = (
                    self.buckets(member, point_type),
                    self.open_lots(member, point_type),
                    self.open_holds(member, point_type),
                    self.shortages(member, point_type),
                    account.extended_to,
                )
        seen["asked back"] = {ref: award.asked_back for ref, award in self.awards.items()}
        seen["spent"] = {ref: spending.left for ref, spending in self.spendings.items()}
        return seen

    def _accounts_of(self, point_type: str) -> list[Account]:
        return [account for account in self.accounts.values() if account.point_type == point_type]

    @staticmethod
    def _worth(account: Account) -> int:
        return account.available + account.pending + account.held - account.debt
