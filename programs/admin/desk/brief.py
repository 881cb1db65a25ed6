"""The brief of a programme: what it is for, step by step."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from programs.admin.desk.forms import CHANGE, form_response
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.fields import Code
from programs.admin.forms.rows import Rows
from programs.choices import Goal
from programs.models import Brief, Programme

FIELDSETS = (
    (_("What it is for"), {"fields": ("goal", "key_factor", "positioning")}),
    (_("How"), {"fields": ("feasibility", "tools", "telling")}),
    (_("How you will know"), {"fields": ("effectiveness", "targets")}),
)
TEXTS = ("key_factor", "feasibility", "tools", "effectiveness", "positioning", "telling")


class BriefForm(forms.ModelForm):
    """Nothing of it is demanded: it may be written over weeks."""

    targets = Rows(
        {
            "what": Code(label=_("What is measured")),
            "now": Code(label=_("Now")),
            "target": Code(label=_("Target")),
            "by": Code(label=_("Until")),
        },
        label=_("Targets"),
        help_text=_("Such as: share of customers who come again, 31 %, 38 %, end of 2027."),
    )

    class Meta:
        model = Brief
        fields = ("goal", *TEXTS, "targets")
        widgets: ClassVar = {
            "goal": UnfoldAdminRadioSelectWidget(),
            **{name: UnfoldAdminTextareaWidget({"rows": 3}) for name in TEXTS},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goal: Any = self.fields["goal"]
        goal.choices = Goal.choices


def _page(request: HttpRequest, programme: Programme) -> HttpResponse:
    brief = Brief.objects.filter(programme=programme).first() or Brief(programme=programme)
    may_change = request.user.has_perm(CHANGE)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        form = BriefForm(request.POST, instance=brief)
        if form.is_valid():
            form.save()
            messages.success(request, gettext("Saved."))
            return HttpResponseRedirect(request.path)
    else:
        form = BriefForm(instance=brief)
    return form_response(
        request,
        programme,
        form,
        FIELDSETS,
        active="brief",
        may_change=may_change,
        more={"steps": brief.steps, "done": sum(done for _step, done in brief.steps)},
        template="admin/programs/brief.html",
    )


tabs.contribute(Tab("brief", _("Brief"), "programs.view_programme", _page, order=15, changes=CHANGE))
