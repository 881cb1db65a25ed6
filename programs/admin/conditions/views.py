"""What a builder asks while somebody works on it: to be drawn after an operation, and values to choose from."""

from __future__ import annotations

import re

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from programs.admin.conditions.forms import ConditionWidget
from programs.engine.vocabulary import Scope
from programs.models import Programme
from programs.selectors.suggestions import suggestions

_NAME = re.compile(r"[A-Za-z][\w-]{0,99}", re.ASCII)


@never_cache
@require_POST
@permission_required("programs.view_programme", raise_exception=True)
def operate(request: HttpRequest, programme: int) -> HttpResponse:
    """The builder after the operation in its fields. Nothing is saved."""
    name, scope = request.POST.get("builder", ""), request.POST.get("scope", "")
    if not _NAME.fullmatch(name) or scope not in list(Scope):
        return HttpResponseBadRequest()
    widget = ConditionWidget(Scope(scope))
    widget.programme = get_object_or_404(Programme, pk=programme)
    draft = widget.value_from_datadict(request.POST, request.FILES, name)
    return render(request, widget.template_name, {"builder": widget.builder(name, draft)})


@never_cache
@require_GET
@permission_required("programs.view_programme", raise_exception=True)
def suggest(request: HttpRequest, programme: int) -> HttpResponse:
    """Values of a fact that contain what was typed."""
    offered = suggestions.offered(
        request.GET.get("fact", ""), get_object_or_404(Programme, pk=programme), request.GET.get("typed", "")
    )
    return JsonResponse({"values": [each._asdict() for each in offered]})
