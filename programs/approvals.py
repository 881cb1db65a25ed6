"""What can be asked for about programmes."""

from loyalty.core import approvals
from programs.services.proposing import PUBLISHING

approvals.register(PUBLISHING)
