"""A page that asks something about one object before it is done: what, why, and a button."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from loyalty.core.models import User
from loyalty.core.registry import Table

__all__ = ["ReasonField", "ask_about", "found", "person_of"]


class ReasonField(forms.CharField):
    """Why, in a few lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"label": _("Reason"), "widget": UnfoldAdminTextareaWidget(attrs={"rows": 3}), **options}
        )


def person_of(request: HttpRequest) -> User:
    """Who is logged in: nobody else comes to a page of the back office."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def found(admin: Any, request: HttpRequest, object_id: str) -> Any:
    """The object of a page that the person may see. Raises Http404."""
    obj = admin.get_object(request, unquote(object_id))
    if obj is None:
        raise Http404
    return obj


def ask_about(
    admin: Any,
    request: HttpRequest,
    obj: models.Model,
    *,
    form: forms.BaseForm,
    title: Any,
    button: Any,
    about: Any = "",
    table: Table | None = None,
) -> HttpResponse:
    """The page with the form; what was typed wrongly stands beside its field."""
    context = {
        **admin.admin_site.each_context(request),
        "title": title, "opts": admin.opts, "original": obj, "form": form, "button": button, "about": about,
        "table": table,
    }  # fmt: skip
    return TemplateResponse(request, "admin/ask.html", context)
