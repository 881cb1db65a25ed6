"""A page of a programme that is a form over a part of its document that has no row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from loyalty.core.clock import now
from programs.admin.desk.tabs import desk_context
from programs.admin.forms.parts import DocumentForm
from programs.models import Programme
from programs.services.working_copy import write_working_copy

CHANGE = "programs.change_programme"


def javascript_condition(form: type[DocumentForm] | DocumentForm, name: str) -> str:
    """When a field is shown, as the theme's pages want it: `effect__kind == 'per_step'`."""
    terms: list[str] = []
    parts = name.split("__")
    for length in range(len(parts), 0, -1):
        found = form.only_if.get("__".join(parts[:length]))
        while found is not None:
            other, options = found
            terms.append("(" + " || ".join(f"{other} == '{option}'" for option in options) + ")")
            found = form.only_if.get(other)
    return " && ".join(terms)


def conditional_fields(form: type[DocumentForm] | DocumentForm, names: Sequence[str]) -> dict[str, str]:
    """The fields that are shown only sometimes, and when."""
    found = {name: javascript_condition(form, name) for name in names}
    return {name: condition for name, condition in found.items() if condition}


class _Page:
    """What the theme's form template asks of the class of a page."""

    compressed_fields = True
    warn_unsaved_form = True
    change_form_before_template = None
    change_form_after_template = None
    change_form_outer_before_template = "admin/programs/tabs.html"
    change_form_outer_after_template = "admin/programs/theirs.html"

    def __init__(self, conditional: dict[str, str]) -> None:
        self.conditional_fields = conditional
        self.admin_site = admin.site


@transaction.atomic
def form_page(
    request: HttpRequest,
    programme: Programme,
    form_class: type[DocumentForm],
    fieldsets: Sequence[tuple[Any, dict[str, Any]]],
    *,
    active: str,
    saved: str,
) -> HttpResponse:
    """Show the form, or save it and show it again. The programme stays locked from the check to the saving."""
    may_change = request.user.has_perm(CHANGE)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        form = form_class(request.POST, instance=programme)
        if form.is_valid() and form.core is not None:
            write_working_copy(form.core, now=now())
            messages.success(request, saved)
            return HttpResponseRedirect(request.path)
    else:
        form = form_class(instance=programme)
    return form_response(
        request,
        programme,
        form,
        fieldsets,
        active=active,
        may_change=may_change,
        conditional=conditional_fields(
            form, [name for _title, options in fieldsets for name in options["fields"]]
        ),
        more={"theirs": form.theirs},
    )


def form_response(
    request: HttpRequest,
    programme: Programme,
    form: forms.ModelForm,
    fieldsets: Sequence[tuple[Any, dict[str, Any]]],
    *,
    active: str,
    may_change: bool,
    conditional: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
    template: str = "admin/programs/form.html",
) -> HttpResponse:
    """The form in the theme's own frame, with the tabs above it; who may only look cannot type."""
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    page: Any = _Page(conditional or {})
    context = {
        **desk_context(request, programme, active),
        "adminform": AdminForm(form, list(fieldsets), {}, (), model_admin=page),
        "form": form,
        "errors": form.errors,
        # The theme's own scripts for forms, and what the fields need.
        "media": admin.site._registry[Programme].media + form.media,  # noqa: SLF001 - the only way to them
        "add": False,
        "change": True,
        "is_popup": False,
        "save_as": False,
        "show_save": may_change,
        "show_save_and_continue": False,
        "show_save_and_add_another": False,
        "show_delete": False,
        "show_close": False,
        "has_add_permission": False,
        "has_change_permission": may_change,
        "has_view_permission": True,
        "has_delete_permission": False,
        "has_editable_inline_admin_formsets": False,
        "inline_admin_formsets": [],
        "form_url": "",
        **(more or {}),
    }
    return TemplateResponse(request, template, context)
