"""What can be asked for about members."""

from loyalty.core import approvals
from members.services.adjusting import ADJUSTING

approvals.register(ADJUSTING)
