"""An invented supermarket chain with a year behind it, made through the same services as a real one."""

from members.services.demo.company import MEMBERS, OtherCompany, Summary, prepare
from members.services.demo.staff import LOGINS

__all__ = ["LOGINS", "MEMBERS", "OtherCompany", "Summary", "prepare"]
