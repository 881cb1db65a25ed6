"""A page of the back office with a form that has both kinds of builders, for tests: see `settings.ROOT_URLCONF`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from loyalty.urls import urlpatterns as everything
from programs.admin.conditions import ConditionField, ConditionsInForm, for_programme
from programs.engine.vocabulary import Scope
from programs.models import Programme

PAGE = """{% extends "admin/base_site.html" %}
{% block extrahead %}{{ block.super }}{{ form.media }}{% endblock %}
{% block content %}<form method="post" id="host" novalidate>{% csrf_token %}
<p><label for="id_title">Title</label>
<input name="title" id="id_title" value="{{ form.title.value|default:"" }}" class="conditions-field"></p>
<h2 class="font-semibold my-3">When</h2>{{ form.when.errors }}{{ form.when }}
<h2 class="font-semibold my-3">On which lines</h2>{{ form.lines.errors }}{{ form.lines }}
<p class="mt-4"><button type="submit" id="save" class="conditions-button">Save</button></p>
</form><pre id="saved">{{ saved }}</pre>{% endblock %}"""


class HostForm(ConditionsInForm, forms.Form):
    title = forms.CharField(required=True)
    when = ConditionField(scope=Scope.PURCHASE)
    lines = ConditionField(scope=Scope.LINE)

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for_programme(self, programme)


SAVED: list[dict[str, Any]] = []
INITIAL: dict[str, Any] = {}


def page(request: HttpRequest, programme: int) -> HttpResponse:
    owner = Programme.objects.get(pk=programme)
    if request.method == "POST":
        form = HostForm(request.POST, programme=owner)
        if form.is_valid():
            SAVED.append(form.cleaned_data)
    else:
        form = HostForm(initial=INITIAL, programme=owner)
    context = {
        **admin.site.each_context(request),
        "form": form,
        "saved": SAVED[-1:] or "",
        "title": "Try a condition",
    }
    return HttpResponse(engines["django"].from_string(PAGE).render(context, request))


urlpatterns = [path("admin/try/<int:programme>/", admin.site.admin_view(page)), *everything]
