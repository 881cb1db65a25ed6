"""Where a member stands on a tier ladder: pure code that decides, with no Django, no clock and no database.

`join` puts a member on a ladder; the `MemberLadder` it gives is told what happens (`credit`, `returned`, `fall_due`,
`grant`, `revoke`, `revised`), answers with decisions, and keeps a `LadderState` that the caller stores and loads.
"""

from members.engine.tiers.counters import Counter
from members.engine.tiers.deciding import MemberLadder, join
from members.engine.tiers.periods import Stretch, periods
from members.engine.tiers.progress import Progress, progress
from members.engine.tiers.revising import revised
from members.engine.tiers.states import Decision, Grant, LadderState, Mode, Reason, Source, Upcoming, Validity

__all__ = [
    "Counter",
    "Decision",
    "Grant",
    "LadderState",
    "MemberLadder",
    "Mode",
    "Progress",
    "Reason",
    "Source",
    "Stretch",
    "Upcoming",
    "Validity",
    "join",
    "periods",
    "progress",
    "revised",
]
