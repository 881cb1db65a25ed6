"""The back office pages of the floor, and the base classes every app's pages are declared with."""

from django.contrib.admin import site
from django.utils.translation import gettext_lazy as _

from loyalty.core.admin import approvals, audit, jobs, outbox, schedule, users

site.index_title = _("Overview")
# There is no public site behind the back office to return to.
site.site_url = None
site.empty_value_display = "—"

__all__ = ["approvals", "audit", "jobs", "outbox", "schedule", "users"]
