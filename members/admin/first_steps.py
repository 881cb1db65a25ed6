"""What to do next with a programme, as far as members are concerned."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.models import Purchase
from programs.admin.desk import steps
from programs.admin.desk.steps import Step
from programs.admin.desk.tabs import tab_url
from programs.models import Programme


@steps.contribute
def _of_members(programme: Programme, request: HttpRequest) -> Sequence[Step]:
    found = [
        Step(
            _("Write down examples of what must come out"),
            programme.examples.exists(),
            tab_url(programme, "examples"),
            30,
        )
    ]
    if request.user.has_perm("members.add_upload"):
        bought = Purchase.objects.filter(membership__programme=programme).exists()
        url = f"{reverse('admin:members_upload_add')}?programme={programme.pk}"
        found.append(Step(_("Take in the receipts of last month"), bought, url, 60))
    return found
