"""An invented supermarket chain with a year behind it, made through the same services as a real one."""

from members.services.demo.company import LOGINS, Company, Summary, prepare

__all__ = ["LOGINS", "Company", "Summary", "prepare"]
