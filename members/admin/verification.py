"""What a verification of the ledger found, on the page of its job."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from loyalty.core.models import Job
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_quantity
from members.services import verification


def checks_table(job: Job, request: HttpRequest) -> Table | None:
    """One row for each check; nothing on the pages of other jobs."""
    if job.kind != verification.KIND or not job.result:
        return None
    return Table(
        (_("What must hold"), _("Rows looked at"), _("Found")),
        [
            # A worker writes the titles down in English, whoever reads them.
            (_(check["title"]), format_quantity(check["checked"]), _found(check))
            for check in job.result["checks"]
        ],
    )


def _found(check: dict[str, Any]) -> str:
    if check["ok"]:
        return pgettext("an invariant", "holds")
    named = "; ".join(
        f"{_(row['what'])}: {row['table']}" + ("" if row["id"] is None else f" {row['id']}")
        for row in check["rows"]
    )
    count = ngettext("%(count)d row is wrong", "%(count)d rows are wrong", check["bad"])
    return f"{count % {'count': check['bad']}}: {named}"


panels.contribute("core.Job", Panel(gettext_lazy("Checks"), "core.view_job", content=checks_table))
